"""OSSM, a self-built machine: text without an end, to be acknowledged.

========================= ==================================================
text                      meaning
========================= ==================================================
``go:menu``               leave the mode
``go:strokeEngine``       enter the mode in which it strokes by itself
``go:streaming``          enter the mode in which it is sent places
``set:speed:50``          speed, 0..100
``stream:75:500``         to place 75, 0..100, within 500 ms
``false`` on ``txmode``   its knob does not limit the speed
========================= ==================================================

It notifies its state as ``{"state": "streaming.idle", ...}``: once it is in the mode that it was told to enter, the speed is
told again, since the machine may have set its own. Depth and stroke are what its user set at the machine. A stop is speed 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Hardware, Output, OutputType, Packet, Protocol, Reading

STROKE_ENGINE = "strokeEngine"
STREAMING = "streaming"
FULL_SPEED = 100

#: Seconds between two looks whether a mode was entered, and looks after which that is no longer waited for.
LOOK_AFTER = 0.1
LOOKS = 50
#: The same after a stop, and where the packet that enters the mode was not written for certain: it may arrive as long as the
#: link holds. A link of Bluetooth LE is given up after at most 32 s of silence (its supervision timeout).
LOOKS_IN_DOUBT = 330

KNOB_IS_FREE = Packet(b"false", endpoint="txmode", response=True)


class State(Struct):
    """What the machine notifies, of that only its state."""

    state: str


class Ossm(Protocol):
    """A stroker that takes places or strokes by itself."""

    repeats_regularly = True
    follows_notifications = True
    halts = True

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        #: The mode it was told to enter, and whether that was written for certain; None where it is in neither.
        self._mode: str | None = None
        self._is_told = False
        #: The last state that it notified, and whether it was in the mode since it was told to enter.
        self._state = ""
        self._entered = False
        #: The speed that it was told last.
        self._speed: int | None = None
        self._looks = 0

    async def initialise(self, hardware: Hardware) -> None:
        await hardware.subscribe("rx")

    def output(self, output: Output) -> Iterable[Packet]:
        match output.type:
            case OutputType.OSCILLATE:
                if output.value:
                    yield from self._enter(STROKE_ENGINE)
                if output.value or self._mode == STROKE_ENGINE:
                    yield from self._set_speed(output.value)
            case OutputType.POSITION_WITH_DURATION:
                yield from self._enter(STREAMING)
                if self._speed not in (None, FULL_SPEED):
                    yield from self._set_speed(FULL_SPEED)
                yield _text(f"stream:{output.value}:{output.duration}")
            case _:
                yield from super().output(output)

    def stop(self, stopped: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        if self._mode != STROKE_ENGINE:
            # Places are taken up again as after any other mode, with full speed.
            self._mode, self._entered, self.repeat_after = None, False, None
        elif not self._entered:
            self._looks, self.repeat_after = LOOKS_IN_DOUBT, LOOK_AFTER
        return tuple(self._set_speed(0)) if stopped else ()

    def repeat(self, current: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        """Tell the speed again once the mode is entered."""
        self._entered = self._state == self._mode
        self._looks -= 1
        if self._entered or not self._looks:
            self.repeat_after = None
        if self._entered:
            yield KNOB_IS_FREE
            yield from self._set_speed(FULL_SPEED if self._mode == STREAMING else self._speed or 0)

    def notified(self, endpoint: str, data: bytes) -> Iterable[Reading]:
        try:
            state = msgspec.json.decode(data, type=State).state.partition(".")[0]
        except msgspec.DecodeError:
            return ()
        self._state = state
        if self._entered and state != self._mode:
            # Somebody left the mode at the machine.
            self._mode, self._entered = None, False
        return ()

    def _enter(self, mode: str) -> Iterable[Packet]:
        if self._mode == mode and self._is_told:
            return
        self._is_told, self.repeat_after = False, None
        yield _text("go:menu")
        self._state, self._entered = "", False
        # Before the packet: one whose write failed may arrive all the same, and is to be followed by speed 0.
        self._mode, self._looks, self.repeat_after = mode, LOOKS_IN_DOUBT, LOOK_AFTER
        if mode == STROKE_ENGINE:
            self._speed = 0
        yield _text(f"go:{mode}")
        self._is_told, self._looks = True, LOOKS

    def _set_speed(self, speed: int) -> Iterable[Packet]:
        yield _text(f"set:speed:{speed}")
        self._speed = speed


def _text(command: str) -> Packet:
    return Packet(command.encode(), response=True)
