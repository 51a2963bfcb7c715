"""F-Machine: presses of the buttons of its remote control, 18 bytes each, to be acknowledged.

====== ==========================================================
byte   meaning
====== ==========================================================
0      button
1      64
2..5   00
6..9   the pairing code: the digits 1234
10..16 00
17     checksum, from the number of bits in all before it
====== ==========================================================

====== ========================
button meaning
====== ========================
01, 02 on/off: pressed, released
05, 03 faster
06, 03 slower
====== ========================

The machine does not tell whether it runs, nor how fast, so both are counted: it is taken to be off when it is connected, and
is brought to its lowest step, 1, then. It is switched off at once, at any step. While it is off it is brought back to step 1,
since it would start at the old one; in case it takes no such presses while it is off, as many follow once it is on again.
Where it is not certain whether a press of on/off arrived (it was not confirmed in time, or the link broke in the middle of it)
it is not pressed again, not by a stop either, since that could start the machine. From then on every command and every stop
fails, and says that it has to be switched off by hand and connected again. The link is left open: a machine that comes back
by itself would be taken to be off. A press of a stop that the bus surely did not send is made again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from buttplug.core.errors import ButtplugDeviceError
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Hardware, Output, OutputType, Packet, Protocol

HEAD = b"\x64\x00\x00\x00\x00"
CODE = b"1234"
SIZE = 18

LOWEST_STEP = 1
#: Presses that bring it to its lowest step from any other.
PRESSES_TO_LOWEST = 55

#: Seconds between presses of faster and slower, and of slower while it is off or on its way to the lowest step.
PRESS_TIME = 0.2
SHORT_PRESS_TIME = 0.06

UNKNOWN = (
    "whether it runs is not known, since it may have missed a press of on/off: switch it off by hand, then connect it again"
)


def checksum(content: bytes) -> int:
    """Return the last byte."""
    bits = sum(byte.bit_count() for byte in content)
    return (222 - bits, bits // 2 + 111, bits // 3 + 177)[bits % 3]


def button(number: int) -> Packet:
    """Return what a button says."""
    content = (bytes((number,)) + HEAD + CODE).ljust(SIZE - 1, b"\x00")
    return Packet(bytes((*content, checksum(content))), response=True)


SWITCH = button(0x01)
RELEASE_SWITCH = button(0x02)
RELEASE_SPEED = button(0x03)
FASTER = button(0x05)
SLOWER = button(0x06)


class Fmachine(Protocol):
    """One oscillator, 0..28."""

    handshake_timeout: ClassVar[float] = 30.0
    repeats_regularly = True
    stops_in_order = True
    stops_once: ClassVar[Sequence[Packet]] = (SWITCH,)

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        #: Whether it runs; None where that is not known.
        self._running: bool | None = False
        #: What releases a button that is pressed, or may be.
        self._release: Packet | None = None
        #: The highest step that it may have, and presses of slower that it may have missed while it was off.
        self._step = LOWEST_STEP
        self._missed = 0
        self._goal = 0

    async def initialise(self, hardware: Hardware) -> None:
        await hardware.subscribe("rx")
        for _ in range(PRESSES_TO_LOWEST):
            await hardware.write(SLOWER)
            await hardware.write(RELEASE_SPEED)
            await asyncio.sleep(SHORT_PRESS_TIME)

    def output(self, output: Output) -> Iterable[Packet]:
        if output.type is not OutputType.OSCILLATE:
            yield from super().output(output)
        self._goal = output.value
        self.repeat_after = None
        yield from self._turn()

    def stop(self, stopped: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        self._require_known()
        self._goal = 0
        self.repeat_after = None
        release = () if self._release is None else (self._release,)
        return (*release, SWITCH, RELEASE_SWITCH) if self._running else release

    def stop_packet_written(self, packet: Packet) -> None:
        if packet == SWITCH:
            self._running, self._release = False, self._release or RELEASE_SWITCH
        elif packet == self._release:
            self._release = None

    def stop_unsure(self) -> str:
        self._running = None
        return UNKNOWN

    def stop_written(self) -> None:
        self._running, self._release = False, None
        self.repeat_after = self._due()

    def repeat(self, current: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return self._turn()

    def _turn(self) -> Iterable[Packet]:
        """Press what is next on the way to the goal: on/off, faster or slower, or both."""
        self._require_known()
        try:
            if self._release is not None:
                yield self._release
                self._release = None
            if bool(self._running) is not bool(self._goal) and (self._running or self._step == LOWEST_STEP):
                yield from self._switch()
            yield from self._step_on()
        finally:
            # Also where a press was not written: a button may have to be released.
            self.repeat_after = self._due()

    def _step_on(self) -> Iterable[Packet]:
        if not self._running:
            if self._step > LOWEST_STEP:
                yield from self._press(SLOWER)
                self._step -= 1
                self._missed += 1
        elif self._missed:
            yield from self._press(SLOWER)
            self._missed -= 1
        elif self._step < self._goal:
            self._step += 1
            yield from self._press(FASTER)
        elif self._step > self._goal:
            yield from self._press(SLOWER)
            self._step -= 1

    def _switch(self) -> Iterable[Packet]:
        runs, self._running, self._release = self._running, None, RELEASE_SWITCH
        yield SWITCH
        self._running = not runs
        yield RELEASE_SWITCH
        self._release = None

    def _press(self, button: Packet) -> Iterable[Packet]:
        self._release = RELEASE_SPEED
        yield button
        yield RELEASE_SPEED
        self._release = None

    def _due(self) -> float | None:
        """Return the seconds until the next press; None where there is none."""
        if self._running is None:
            return None
        if self._release is not None:
            return SHORT_PRESS_TIME
        if not self._running:
            return SHORT_PRESS_TIME if self._goal or self._step > LOWEST_STEP else None
        if self._missed:
            return SHORT_PRESS_TIME
        return PRESS_TIME if self._step != self._goal else None

    def _require_known(self) -> None:
        if self._running is None:
            raise ButtplugDeviceError(UNKNOWN)
