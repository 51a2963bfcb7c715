"""How Lelo's toys are paired: by a press of their power button, anew for every connection.

The toy notifies on its security endpoint:

================= ====================================================================
bytes             meaning
================= ====================================================================
00 00 …           not paired: its power button has to be pressed
01 00 …           paired
others, at most 8 a password, to be written to the endpoint as it is, while nobody
                  listens there
================= ====================================================================
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from buttplug.core.log import logger_of
from buttplug.hardware.base import Hardware, Notification, Packet
from buttplug.hardware.errors import HardwareError, HardwareTimeoutError

logger: logging.Logger = logger_of(__name__)

#: Seconds in which the button has to be pressed, and how many passwords a toy may say until one will do.
PAIRING_TIME = 60.0
TRIES = 10

PASSWORD_SIZE = 8


async def pair(hardware: Hardware, endpoint: str) -> None:
    """Wait until the toy is paired. Its security endpoint stays subscribed to.

    Raises:
        HardwareError: It was not paired in time, accepts no password, or the link is gone.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + PAIRING_TIME
    with hardware.listen() as listener:
        await hardware.subscribe(endpoint)
        logger.info("%s: press its power button now, to pair it", hardware.name)
        for _ in range(TRIES):
            try:
                password = await listener.find(partial(_password, endpoint), end - loop.time())
            except HardwareTimeoutError:
                raise HardwareTimeoutError(
                    f"it was not paired within {PAIRING_TIME:g} s: connect again, and press its power button shortly"
                ) from None
            if not password:
                return
            await hardware.unsubscribe(endpoint)
            await hardware.write(Packet(password, endpoint, response=True))
            await hardware.subscribe(endpoint)
    raise HardwareError("it accepts none of its own passwords: switch it off and on again")


def _password(endpoint: str, notification: Notification) -> bytes | None:
    """Return the password that was told, none from a toy that is paired; None where it was neither."""
    data = notification.data
    if notification.endpoint != endpoint or len(data) > PASSWORD_SIZE or not any(data):
        return None
    return b"" if data == b"\x01".ljust(len(data), b"\x00") else data
