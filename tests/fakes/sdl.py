"""Game pads without hardware: SDL's own virtual joysticks, which the real SDL finds, opens and tells to rumble."""

from __future__ import annotations

import ctypes
import struct
import threading
import time
from types import TracebackType
from typing import Self

from buttplug.hardware.base import Packet
from buttplug.hardware.gamepad.sdl import sdl2
from buttplug.hardware.simulated import SimulatedDevice

LOW, HIGH, LEFT, RIGHT = range(4)


class VirtualPad:
    """One pad, plugged in from its making on; SDL must have been started by then.

    Attributes:
        levels: How its four motors run now: low and high frequency, left and right trigger.
        calls: Every call that reached it: when, "body" or "triggers", and the speeds of the two motors.
        refuses: While it is set, whatever it is told fails.
        hang: While it is not None, whatever it is told waits until it is set.
    """

    def __init__(
        self,
        name: str = "Test Pad",
        *,
        body: bool = True,
        triggers: bool = False,
        device: SimulatedDevice | None = None,
        vendor_id: int = 0x045E,
        product_id: int = 0x028E,
    ) -> None:
        """``device``: what stands behind it; it is handed the speeds of all motors as a packet when a change can be felt."""
        sdl = sdl2()
        self.device = device
        self.levels = [0, 0, 0, 0]
        self._felt: tuple[int, ...] = (0, 0, 0, 0)
        self.calls: list[tuple[float, str, int, int]] = []
        self.refuses = False
        self.hang: threading.Event | None = None
        # SDL keeps pointers into all of this.
        self._description = sdl.SDL_VirtualJoystickDesc(
            version=sdl.SDL_VIRTUAL_JOYSTICK_DESC_VERSION,
            type=sdl.SDL_JOYSTICK_TYPE_GAMECONTROLLER,
            naxes=6,
            nbuttons=15,
            vendor_id=vendor_id,
            product_id=product_id,
            name=name.encode(),
        )
        fields = dict(self._description._fields_)
        if body:
            self._description.Rumble = fields["Rumble"](lambda data, low, high: self._told("body", low, high))
        if triggers:
            self._description.RumbleTriggers = fields["RumbleTriggers"](
                lambda data, left, right: self._told("triggers", left, right)
            )
        index = sdl.SDL_JoystickAttachVirtualEx(ctypes.byref(self._description))
        assert index >= 0, sdl.SDL_GetError()
        self._instance = sdl.SDL_JoystickGetDeviceInstanceID(index)

    def unplug(self) -> None:
        """Be gone; nothing happens when it is."""
        sdl = sdl2()
        sdl.SDL_LockJoysticks()
        for index in range(sdl.SDL_NumJoysticks()):
            if sdl.SDL_JoystickGetDeviceInstanceID(index) == self._instance:
                sdl.SDL_JoystickDetachVirtual(index)
                break
        sdl.SDL_UnlockJoysticks()

    def told(self, part: str) -> list[tuple[int, int]]:
        """Return all speeds that a part was told, oldest first."""
        return [(first, second) for _, called, first, second in self.calls if called == part]

    def _told(self, part: str, first: int, second: int) -> int:
        if self.hang is not None:
            self.hang.wait()
        if self.refuses:
            return -1
        self.calls.append((time.monotonic(), part, first, second))
        start = LOW if part == "body" else LEFT
        self.levels[start : start + 2] = first, second
        if self.device is not None and any(abs(now - before) > 1 for now, before in zip(self.levels, self._felt, strict=True)):
            self._felt = tuple(self.levels)
            self.device.received(Packet(struct.pack("<4H", *self.levels)))
        return 0


class SdlInUse:
    """Another user of SDL in this process, which keeps virtual pads from vanishing with the server's use of it."""

    def __enter__(self) -> Self:
        sdl = sdl2()
        sdl.SDL_SetHint(sdl.SDL_HINT_NO_SIGNAL_HANDLERS, b"1")
        assert sdl.SDL_InitSubSystem(sdl.SDL_INIT_JOYSTICK) == 0, sdl.SDL_GetError()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        sdl = sdl2()
        sdl.SDL_QuitSubSystem(sdl.SDL_INIT_JOYSTICK)
