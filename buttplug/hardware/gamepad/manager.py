"""Finds game pads that rumble, by SDL."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from buttplug.core.log import logger_of
from buttplug.hardware.base import BusReport, Discovery, Hardware
from buttplug.hardware.common.nodes import ownership
from buttplug.hardware.common.polling import PollingManager
from buttplug.hardware.errors import (
    BusUnavailableError,
    HardwareDisconnectedError,
    HardwareError,
)
from buttplug.hardware.gamepad.link import REPORT_TIME, GamepadHardware
from buttplug.hardware.gamepad.sdl import Pad, Sdl
from buttplug.hardware.gamepad.specifier import GamepadAdvertisement, GamepadSpecifier
from buttplug.hardware.specifier import Specifier

logger: logging.Logger = logger_of(__package__)

#: What lets a Linux user who is not logged in at the machine itself write to pads.
PERMISSION_REMEDY = "add yourself to the group input and log in again, or install the rules that games use (steam-devices)"


class GamepadManager(PollingManager):
    """Offers game pads that can rumble."""

    bus = "game pads"

    def __init__(self) -> None:
        super().__init__()
        self._sdl: Sdl | None = None
        self._warned_of: set[int] = set()

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
            self._warn_of_locked(locked)
        return [
            Discovery(pad.name, pad.address, GamepadAdvertisement(), partial(self._connect_pad, pad))
            for pad in pads
            if pad.rumbles
        ]

    def _warn_of_locked(self, pads: Sequence[Pad]) -> None:
        for pad in pads:
            if pad.instance not in self._warned_of:
                self._warned_of.add(pad.instance)
                logger.warning(
                    "%s at %s may not be opened for writing, so that it cannot rumble: %s",
                    pad.name,
                    ownership(pad.node),
                    PERMISSION_REMEDY,
                )

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
