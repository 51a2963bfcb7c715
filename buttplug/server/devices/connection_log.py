"""Tells on the log of devices that come and go, and of one that does so again and again only now and then."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from buttplug.core.log import logger_of
from buttplug.hardware.common.addresses import ByAddress

logger: logging.Logger = logger_of(__name__)

#: Lines about one device in as many seconds; of more only the number is told.
MOST = 20
PERIOD = 600.0
#: Devices that are remembered. They choose their own addresses.
REMEMBERED = 1000


@dataclass
class _Logged:
    since: float
    lines: int = 0
    left_out: int = 0


class ConnectionLog:
    """Logs that devices came and went: a toy in a loop of the two would fill any disk."""

    def __init__(self) -> None:
        self._logged: ByAddress[_Logged] = ByAddress()

    def log(self, address: str, label: str, what: str) -> bool:
        """Log what happened to a device; return whether it was logged."""
        now = asyncio.get_running_loop().time()
        lately = self._logged.pop(address, None) or _Logged(now)
        left_out = 0
        if now >= lately.since + PERIOD:
            left_out, lately = lately.left_out, _Logged(now)
        self._logged[address] = lately
        if len(self._logged) > REMEMBERED:
            del self._logged[next(iter(self._logged))]
        lately.lines += 1
        if lately.lines > MOST:
            lately.left_out += 1
            if lately.left_out == 1:
                logger.warning("%s comes and goes again and again; no more is told of that for some minutes", label)
            return False
        logger.info("%s %s%s", label, what, f" ({left_out} lines about it were left out)" if left_out else "")
        return True
