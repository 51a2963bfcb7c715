"""Devices that note what runs, and have every trouble that a device can have."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf

from buttplug.core.enums import InputType, OutputType
from buttplug.hardware.base import Hardware, Packet
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError
from buttplug.hardware.simulated import SimulatedDevice, SimulatedHardware
from buttplug.hardware.specifier import Specifier
from buttplug.server.protocols.base import Reading
from tests.fakes.families import Family, Feature
from tests.fakes.protocols import OnePacket, PacketPerFeature, Sensing, TwoPackets, text

#: The highest level, and the longest move in milliseconds. What is sent tells which command it is of, see :func:`level`.
HIGHEST = 1_000_000
LONGEST = 20_000
SHORTEST = 300
COMMANDS = 10_000

#: Seconds that a write takes on a link without trouble.
WRITE_TIME = 0.001
#: Seconds after which what was cut off may still arrive, at the most.
LATE = 7.0

#: What clients of version 3 know the first and the second motor by.
MOTORS = ("first", "second")
VIBRATOR: Feature = {"index": 0, "description": MOTORS[0], "output": {"vibrate": {"value": [0, HIGHEST]}}}
SECOND: Feature = {"index": 1, "description": MOTORS[1], "output": {"vibrate": {"value": [0, HIGHEST]}}}
MOVE = {"value": [0, HIGHEST], "duration": [0, LONGEST]}
SHAFT: Feature = {"index": 1, "output": {"hw_position_with_duration": MOVE}}
SENSORS: list[Feature] = [
    {"index": 2, "input": {"battery": {"value": [[0, 100]], "command": ["Read"]}}},
    {"index": 3, "input": {"pressure": {"value": [[0, 1000]], "command": ["Subscribe"]}}},
]


class Asking(Sensing):
    """Shakes hands, and takes what it cannot read from a sensor for nothing."""

    handshake_timeout = 5.0

    async def initialise(self, hardware: Hardware) -> None:
        await hardware.subscribe("rx")
        with hardware.listen() as listener:
            await hardware.write(text("hello"))
            await listener.find(lambda notification: True if notification.data == b"hi" else None, 4.0)

    async def unsubscribe(self, hardware: Hardware, feature: int, type: InputType) -> None:  # noqa: A002
        self.wanted.discard(feature)

    def notified(self, endpoint: str, data: bytes) -> list[Reading]:
        with suppress(ValueError):
            return list(super().notified(endpoint, data))
        return []


class Together(OnePacket):
    """Sends one packet for both of its motors, and again each second."""

    repeat_after = 1.0


FAMILIES = {
    "asking": Family(Asking, [VIBRATOR, SECOND, *SENSORS]),
    "together": Family(Together, [VIBRATOR, SECOND], message_gap_ms=100),
    "stroker": Family(PacketPerFeature, [VIBRATOR, SHAFT], message_gap_ms=20),
    "straying": Family(TwoPackets, [VIBRATOR, SECOND], message_gap_ms=50),
}


def level(command: int, strength: int) -> int:
    """Return a level that tells of which command it is: ``strength`` is 0 to 98."""
    return strength * COMMANDS + command % COMMANDS


class Toy(SimulatedDevice):
    """A device that knows what it was told, and by which command.

    Attributes:
        delay: Seconds that a write takes.
        fails: Writes fail. ``arrives``: what they should have written arrives all the same.
        is_stuck: No write ends.
        is_mute: The hand-shake is not answered.
        running: By feature the number of the command that its motor runs by; 0 where it rests.
        late_at: When something was cut off last, which may arrive later.
        command_of: Tells of which command a value is for which that is not the rule, see :func:`level`; None for all others.
        on_told: Called with the feature, the number of the command and the value itself for every value that arrives.
    """

    def __init__(self, kind: str, number: int, seed: int) -> None:
        # Found by the advertisement that its family has in the configuration.
        from buttplug.hardware.bluetooth.specifier import BluetoothAdvertisement

        super().__init__(kind, BluetoothAdvertisement(kind), address=f"toy-{number}")
        self.kind = kind
        self.delay = WRITE_TIME
        self.fails = self.arrives = self.is_stuck = self.is_mute = False
        self.running: dict[int, int] = {0: 0, 1: 0}
        self.late_at = -inf
        self.command_of: Callable[[int, int], int | None] = lambda feature, value: None
        self.on_told: Callable[[int, int, int], None] = lambda feature, command, value: None
        self.random = random.Random(seed)
        self.waiting: list[asyncio.Future[None]] = []
        self._rests: dict[int, asyncio.TimerHandle] = {}
        self.readable = {"rx": [b"50"]}

    @property
    def is_troubled(self) -> bool:
        return self.fails or self.is_stuck or self.is_mute or self.delay != WRITE_TIME or not self.in_range

    def recover(self) -> None:
        """Have no trouble any more, but for a link that is lost."""
        self.fails = self.arrives = self.is_mute = False
        self.delay = WRITE_TIME
        self.loosen()

    def loosen(self) -> None:
        """Let stuck writes end."""
        self.is_stuck = False
        waiting, self.waiting = self.waiting, []
        for write in waiting:
            if not write.done():
                write.set_result(None)

    def received(self, packet: Packet) -> None:
        super().received(packet)
        words = packet.data.decode().split()
        if words[0] == "hello":
            if not self.is_mute:
                asyncio.get_running_loop().call_later(WRITE_TIME, self.notify, "rx", b"hi")
        elif words[0] == "all":
            for feature, value in enumerate(words[1:]):
                self._set(feature, int(value))
        elif words[0] == OutputType.POSITION_WITH_DURATION:
            self._move(int(words[1]), int(words[2]), int(words[3]) if len(words) > 3 else 0)
        elif words[0] != "ready":
            self._set(int(words[1]), int(words[2]))

    def _set(self, feature: int, value: int) -> None:
        command = self.command_of(feature, value)
        self._told(feature, value % COMMANDS if command is None else command, value)

    def _told(self, feature: int, command: int, value: int) -> None:
        self.on_told(feature, command, value)
        self.running[feature] = command

    def _move(self, feature: int, place: int, duration: int) -> None:
        """Move for a while. The durations of halts are those at both ends; the others tell of which command they are."""
        if feature in self._rests:
            self._rests[feature].cancel()
        is_halt = duration < SHORTEST or duration >= LONGEST
        command = self.command_of(feature, place)
        self._told(feature, 0 if is_halt else duration - SHORTEST if command is None else command, place)
        if not is_halt:
            rest = asyncio.get_running_loop().call_later(duration / 1000, self.running.__setitem__, feature, 0)
            self._rests[feature] = rest

    def end(self) -> None:
        """End its own timers."""
        for rest in self._rests.values():
            rest.cancel()

    async def _connect(self, specifiers: Sequence[Specifier]) -> Hardware:
        if not self.in_range:
            raise HardwareDisconnectedError(f"{self.name} is out of range")
        await self.take_time()
        link = Straying if self.kind == "straying" else ToyLink
        self.hardware = link(self, specifiers[0])
        return self.hardware

    async def take_time(self) -> None:
        """Take as long as a write takes now."""
        if self.is_stuck:
            self.waiting.append(asyncio.get_running_loop().create_future())
            await self.waiting[-1]
        else:
            await asyncio.sleep(self.delay)


class ToyLink(SimulatedHardware):
    """A link on which what was cut off may still arrive, before anything that is written later."""

    device: Toy

    def __init__(self, toy: Toy, specifier: Specifier) -> None:
        super().__init__(toy, specifier)
        self._late: list[Packet] = []

    async def write(self, packet: Packet) -> None:
        self.require(packet.endpoint)
        self._arrive()
        toy = self.device
        try:
            await toy.take_time()
        except asyncio.CancelledError:
            if toy.random.random() < 0.5:
                toy.late_at = asyncio.get_running_loop().time()
                self.cut_off(packet)
            raise
        self.require(packet.endpoint)
        if not toy.fails or toy.arrives:
            toy.received(packet)
        if toy.fails:
            raise HardwareError("no luck")

    async def read(self, endpoint: str) -> bytes:
        self.require(endpoint)
        await self.device.take_time()
        if self.device.fails:
            raise HardwareError("no luck")
        return await super().read(endpoint)

    async def disconnect(self) -> None:
        self.lost("the server closed it")
        await asyncio.sleep(0)

    def lost(self, reason: str) -> None:
        """Also what was cut off does not arrive any more."""
        self._late.clear()
        super().lost(reason)

    def cut_off(self, packet: Packet) -> None:
        """Have a packet arrive later, if something else is written then or not."""
        self._late.append(packet)
        asyncio.get_running_loop().call_later(self.device.random.random() * LATE, self._arrive)

    def _arrive(self) -> None:
        late, self._late = self._late, []
        for packet in late:
            self.device.received(packet)


class Straying(ToyLink):
    """A link on which what was cut off may arrive behind what is written later."""

    keeps_order = False

    def __init__(self, toy: Toy, specifier: Specifier) -> None:
        super().__init__(toy, specifier)
        self._under_way: dict[int, Packet] = {}
        self._all_arrived: asyncio.Future[None] | None = None

    def settled(self) -> asyncio.Future[None] | None:
        return self._all_arrived

    def lost(self, reason: str) -> None:
        self._under_way.clear()
        super().lost(reason)

    def cut_off(self, packet: Packet) -> None:
        loop = asyncio.get_running_loop()
        if self._all_arrived is None:
            self._all_arrived = loop.create_future()
        self._under_way[id(packet)] = packet
        loop.call_later(self.device.random.random() * LATE, self._arrive_late, packet)

    def _arrive_late(self, packet: Packet) -> None:
        if self._under_way.pop(id(packet), None) is not None:
            self.device.received(packet)
        if not self._under_way and self._all_arrived is not None:
            arrived, self._all_arrived = self._all_arrived, None
            arrived.set_result(None)

    def _arrive(self) -> None:
        """What is written later does not wait for it."""
