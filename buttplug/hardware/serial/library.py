"""The third-party library for serial ports, and what the system says of a port."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from buttplug.hardware.base import BusReport
from buttplug.hardware.common.nodes import denied
from buttplug.hardware.errors import (
    BusUnavailableError,
)

if TYPE_CHECKING:
    from serial.tools.list_ports_common import ListPortInfo


def pyserial() -> ModuleType:
    """Return the third-party library.

    Raises:
        BusUnavailableError: It is not installed.
    """
    try:
        import serial
        import serial.tools.list_ports
    except ImportError as error:
        raise BusUnavailableError(f"Serial ports need pyserial: pip install pyserial ({error})") from error
    return serial


def port_report(bus: str, ports: Sequence[str], summary: str) -> BusReport:
    """Return whether ports may be opened; ``summary`` is what is said when they may."""
    locked = list(filter(denied, ports))
    if not locked:
        return BusReport(bus, ok=True, summary=summary)
    remedies = dict.fromkeys(map(permission_remedy, locked))
    return BusReport(bus, ok=False, summary=f"no permission for {', '.join(locked)}", remedy="; ".join(remedies))


def system_ports() -> list[ListPortInfo]:
    """Return the serial ports the system lists; blocks.

    Raises:
        BusUnavailableError: The library is missing.
        OSError: They cannot be listed.
    """
    return list(pyserial().tools.list_ports.comports())


def permission_remedy(path: str) -> str:
    group = "dialout (uucp on Arch Linux)"
    if sys.platform != "win32":
        import grp

        with suppress(OSError, KeyError):
            owner = grp.getgrgid(Path(path).stat().st_gid).gr_name
            group = group if owner == "root" else owner
    return f"add yourself to the group {group} and log in again"
