"""One open game pad.

What a pad can do is all that identifies it, so :attr:`GamepadHardware.name`, by which devices are looked up, is for pads with
trigger motors not their own name but :data:`BODY_AND_TRIGGERS` or :data:`TRIGGERS_ONLY`. Clients are told a pad's own name.

Endpoint tx takes 8 bytes: the speeds of the low and high frequency motors and of the left and right trigger, each 0..65535,
low byte first. Endpoint rx is read for the battery: one byte, in percent.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Sequence
from concurrent.futures import Future

from buttplug.core.log import logger_of
from buttplug.core.text import escaped
from buttplug.hardware.base import Packet
from buttplug.hardware.common.polling import PolledHardware
from buttplug.hardware.errors import (
    HardwareDisconnectedError,
    HardwareError,
    HardwareTimeoutError,
)
from buttplug.hardware.gamepad.sdl import CALL_LIMIT, UPDATE_INTERVAL, Pad, PadLink, Sdl
from buttplug.hardware.gamepad.specifier import GamepadSpecifier

logger: logging.Logger = logger_of(__package__)

BODY_AND_TRIGGERS = "__sdl-rumble-and-triggers"
TRIGGERS_ONLY = "__sdl-triggers-only"

#: Seconds that a pad rumbles after one command, and seconds after which the command is repeated: without repeats it ends.
HOLD_TIME = 2.0
REFRESH_INTERVAL = HOLD_TIME / 3

#: Seconds in which SDL gets the first reports of what is plugged in.
REPORT_TIME = 3 * UPDATE_INTERVAL

#: Seconds that closing a pad may take.
CLOSE_LIMIT = 5.0

_LEVELS = struct.Struct("<4H")


class GamepadHardware(PolledHardware):
    """An open game pad."""

    def __init__(self, sdl: Sdl, pad: Pad, specifier: GamepadSpecifier) -> None:
        name = pad.name
        if pad.triggers:
            name = BODY_AND_TRIGGERS if pad.body else TRIGGERS_ONLY
        super().__init__(name=name, address=pad.address, endpoints=("tx", "rx"), specifier=specifier)
        self.pad = pad
        self.own_name: str | None = escaped(pad.name)
        self._sdl = sdl
        self._link = PadLink(pad, self._gone)
        self._holding: asyncio.Task[None] | None = None
        self._closing: Future[None] | None = None
        self._has_battery = False
        self._loop = asyncio.get_running_loop()

    async def open(self) -> None:
        """Open the pad, and see whether it has a battery.

        Raises:
            HardwareError: It is gone, or SDL hangs.
        """
        opened = False
        try:
            await self._sdl.open(self._link)
            # Its first reports say whether it has a battery.
            await asyncio.sleep(REPORT_TIME)
            self._has_battery = await self._sdl.battery(self._link) is not None
            opened = True
        except TimeoutError:
            raise HardwareTimeoutError(f"{self.pad.name} did not open within {CALL_LIMIT:g} s: plug it in again") from None
        except OSError as error:
            raise HardwareDisconnectedError(f"{self.pad.name} could not be opened: {error}; plug it in again") from error
        finally:
            if not opened:
                self.connected = False
                self._begin_close()

    @property
    def knows_battery(self) -> bool:
        return self._has_battery

    async def write(self, packet: Packet) -> None:
        self.require(packet.endpoint)
        if packet.endpoint != "tx":
            raise HardwareError(f"{self.pad.name}: endpoint {packet.endpoint} cannot be written")
        levels = self._levels(packet.data)
        self._end_hold()
        await self._set(levels)
        if any(levels) and self.connected:
            self._holding = asyncio.create_task(self._hold(levels), name=f"{self.pad.name} hold")

    async def read(self, endpoint: str) -> bytes:
        self.require(endpoint)
        if endpoint != "rx":
            return await super().read(endpoint)
        try:
            percent = await self._sdl.battery(self._link)
        except (TimeoutError, OSError) as error:
            raise HardwareError(f"{self.pad.name} did not report its battery level: {error or 'SDL hangs'}") from error
        if percent is None:
            raise HardwareError(f"{self.pad.name} has no battery, or does not report its level")
        return bytes((percent,))

    async def disconnect(self) -> None:
        self._end_hold()
        self.lost("the server closed it")
        closing = asyncio.wrap_future(self._begin_close())
        await asyncio.wait({closing}, timeout=CLOSE_LIMIT)
        if not closing.done():
            logger.warning("%s did not close within %g s", self.pad.name, CLOSE_LIMIT)

    def fail(self, reason: str) -> None:
        self._end_hold()
        self._begin_close()
        super().fail(reason)

    def _levels(self, data: bytes) -> tuple[int, ...]:
        if len(data) != _LEVELS.size:
            raise HardwareError(f"{self.pad.name} takes {_LEVELS.size} bytes, not {len(data)}")
        levels = _LEVELS.unpack(data)
        for has, part, motors in ((self.pad.body, "body", levels[:2]), (self.pad.triggers, "triggers", levels[2:])):
            if any(motors) and not has:
                raise HardwareError(f"{self.pad.name} has no motors in its {part}")
        return levels

    async def _set(self, levels: Sequence[int]) -> None:
        try:
            await self._sdl.rumble(self._link, levels, HOLD_TIME if any(levels) else 0)
        except TimeoutError:
            self.fail(f"SDL did nothing for {CALL_LIMIT:g} s")
            raise HardwareTimeoutError(f"{self.pad.name} took nothing for {CALL_LIMIT:g} s: plug it in again") from None
        except OSError as error:
            self.fail(f"it does not rumble any more: {error}")
            raise HardwareDisconnectedError(f"{self.pad.name} was lost: {error}") from error

    async def _hold(self, levels: Sequence[int]) -> None:
        """Repeat the command, each time changed enough that SDL passes it on and too little to be felt."""
        nudged = [level - 1 if level > 1 else level * 2 for level in levels]
        while True:
            for wanted in (nudged, levels):
                await asyncio.sleep(REFRESH_INTERVAL)
                try:
                    await self._set(wanted)
                except HardwareError:
                    return  # The device is lost, and that was reported.
                except Exception:
                    # Without being told again it rests in a moment, so nobody may think that it runs.
                    logger.exception("%s: its rumbling cannot be kept up", self.pad.name)
                    self.fail("the server failed")
                    return

    def _end_hold(self) -> None:
        if self._holding is not None:
            self._holding.cancel()
            self._holding = None

    def _begin_close(self) -> Future[None]:
        if self._closing is None:
            self._closing = self._sdl.close(self._link)
        return self._closing

    def _gone(self) -> None:
        self._loop.call_soon_threadsafe(self.fail, "it was unplugged")
