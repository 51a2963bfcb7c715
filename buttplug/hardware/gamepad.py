"""Game pads that rumble, by SDL.

What a pad can do is all that identifies it, so :attr:`GamepadHardware.name`, by which devices are looked up, is for pads with
trigger motors not their own name but :data:`BODY_AND_TRIGGERS` or :data:`TRIGGERS_ONLY`.

Endpoint tx takes 8 bytes: the speeds of the low and high frequency motors and of the left and right trigger, each 0..65535,
low byte first. Endpoint rx is read for the battery: one byte, in percent.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial

from buttplug.hardware.base import BusReport, Discovery, Hardware, Packet
from buttplug.hardware.errors import (
    BusUnavailableError,
    HardwareDisconnectedError,
    HardwareError,
    HardwareTimeoutError,
)
from buttplug.hardware.nodes import ownership
from buttplug.hardware.polling import PolledHardware, PollingManager
from buttplug.hardware.sdl import CALL_LIMIT, UPDATE_INTERVAL, Pad, PadLink, Sdl
from buttplug.hardware.specifiers import GamepadAdvertisement, GamepadSpecifier, Specifier

logger = logging.getLogger(__name__)

BODY_AND_TRIGGERS = "__sdl-rumble-and-triggers"
TRIGGERS_ONLY = "__sdl-triggers-only"

#: Seconds a pad rumbles by itself, and after which it is told again: when nobody tells it any more, it ends.
HOLD_TIME = 2.0
REFRESH_INTERVAL = HOLD_TIME / 3

#: Seconds in which SDL gets the first reports of what is plugged in.
REPORT_TIME = 3 * UPDATE_INTERVAL

#: What lets a process write to pads on Linux, who does not sit at the machine.
PERMISSION_REMEDY = "add yourself to the group input and log in again, or install the rules that games use (steam-devices)"

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
            # Its first reports tell.
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
            raise HardwareError(f"{self.pad.name} did not tell its battery level: {error or 'SDL hangs'}") from error
        if percent is None:
            raise HardwareError(f"{self.pad.name} has no battery, or does not tell its level")
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
        """Tell the pad again and again, each time differently enough that SDL passes it on and little enough to be felt."""
        nudged = [level - 1 if level > 1 else level * 2 for level in levels]
        while True:
            for wanted in (nudged, levels):
                await asyncio.sleep(REFRESH_INTERVAL)
                try:
                    await self._set(wanted)
                except HardwareError:
                    return  # The device is lost, and that was told.

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


class GamepadManager(PollingManager):
    """Offers game pads that can rumble."""

    bus = "game pads"

    def __init__(self) -> None:
        super().__init__()
        self._sdl: Sdl | None = None
        self._told_locked: set[int] = set()

    async def open(self) -> None:
        sdl = Sdl()
        await sdl.start()
        self._sdl = sdl

    async def close(self) -> None:
        await super().close()
        sdl, self._sdl = self._sdl, None
        if sdl is not None:
            await sdl.end()

    async def check(self) -> BusReport:
        sdl = Sdl()
        try:
            await sdl.start()
        except BusUnavailableError as error:
            return BusReport(self.bus, ok=False, summary="cannot be used", remedy=error.message)
        try:
            # Some pads are known only after their first reports.
            await asyncio.sleep(REPORT_TIME)
            pads = await sdl.pads()
        except TimeoutError:
            return BusReport(self.bus, ok=False, summary="SDL hangs", remedy="unplug the pads and plug them in again")
        finally:
            await sdl.end()
        if locked := [pad for pad in pads if pad.locked]:
            names = ", ".join(f"{pad.name} at {ownership(pad.node)}" for pad in locked)
            return BusReport(self.bus, ok=False, summary=f"no permission for {names}", remedy=PERMISSION_REMEDY)
        names = ", ".join(pad.name for pad in pads if pad.rumbles)
        return BusReport(self.bus, ok=True, summary=names or "no pads that can rumble")

    async def listed(self) -> list[Discovery]:
        assert self._sdl is not None  # it is open
        try:
            pads = await self._sdl.pads()
        except TimeoutError:
            raise BusUnavailableError("SDL hangs: unplug the game pads and plug them in again") from None
        if locked := [pad for pad in pads if pad.locked]:
            self._tell_locked(locked)
        return [
            Discovery(pad.name, pad.address, GamepadAdvertisement(), partial(self._connect_pad, pad))
            for pad in pads
            if pad.rumbles
        ]

    def _tell_locked(self, pads: Sequence[Pad]) -> None:
        for pad in pads:
            if pad.instance not in self._told_locked:
                self._told_locked.add(pad.instance)
                logger.warning("%s at %s may not be told to rumble: %s", pad.name, ownership(pad.node), PERMISSION_REMEDY)

    async def _connect_pad(self, pad: Pad, specifiers: Sequence[Specifier]) -> Hardware:
        if self._sdl is None:
            raise HardwareDisconnectedError(f"{pad.name}: game pads are closed")
        for specifier in specifiers:
            if isinstance(specifier, GamepadSpecifier):
                hardware = GamepadHardware(self._sdl, pad, specifier)
                self.adopt(hardware)
                await hardware.open()
                return hardware
        raise HardwareError(f"{pad.name}: no protocol is for game pads")
