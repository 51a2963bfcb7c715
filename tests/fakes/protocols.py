"""Device families for tests of everything above them: each is the plainest of its kind, with packets a person can read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.core.enums import InputType, OutputType
from buttplug.hardware.base import Hardware
from buttplug.server.protocols.base import Output, Packet, Protocol, Reading
from buttplug.server.protocols.shared.strokes import distance, longest_distance


def text(*words: object) -> Packet:
    """Return a packet of words."""
    return Packet(" ".join(str(word) for word in words).encode())


class PacketPerFeature(Protocol):
    """Sends ``<type> <feature> <value>``, and the duration of timed positions."""

    def output(self, output: Output) -> Iterable[Packet]:
        duration = (output.duration,) if output.duration else ()
        return (text(output.type, output.feature, output.value, *duration),)


class OnePacket(Protocol):
    """Sends ``all <value> <value> …``."""

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return (text("all", *values.values()),)


class OneSpeed(Protocol):
    """Sends ``all <value> <features that run>``: what runs does so at the highest value that none of their limits forbids."""

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        running = [feature for feature, value in values.items() if value]
        limits = [self.highest_levels[feature, OutputType.VIBRATE] for feature in running]
        return (text("all", min([max(values.values()), *limits]), *running),)


class Repeating(OnePacket):
    """Sends its packet again each second."""

    repeat_after = 1.0


class TwoPackets(Protocol):
    """Sends ``ready <feature>`` and then ``go <feature> <value>``, and knows what was written."""

    stops_in_order = True

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.written: list[Output] = []

    def output(self, output: Output) -> Iterable[Packet]:
        yield text("ready", output.feature)
        yield text("go", output.feature, output.value)
        self.written.append(output)


class Sensing(PacketPerFeature):
    """Reads ``rx`` as a number; takes ``<type> <feature> <value>`` on it for readings that were subscribed to."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.wanted: set[int] = set()

    async def read(self, hardware: Hardware, feature: int, type: InputType) -> int:  # noqa: A002
        return int(await hardware.read("rx"))

    async def subscribe(self, hardware: Hardware, feature: int, type: InputType) -> None:  # noqa: A002
        self.wanted.add(feature)
        await hardware.subscribe("rx")

    async def unsubscribe(self, hardware: Hardware, feature: int, type: InputType) -> None:  # noqa: A002
        self.wanted.discard(feature)
        if not self.wanted:
            await hardware.unsubscribe("rx")

    def notified(self, endpoint: str, data: bytes) -> Iterable[Reading]:
        for line in data.decode().splitlines():
            type_, feature, value = line.split()
            yield Reading(int(feature), InputType(type_), int(value))


class Stroker(PacketPerFeature):
    """Sends ``go <feature> <place> <speed>`` for moves: a speed in steps a second, 1 to 200, instead of a duration."""

    STROKE = 100

    def output(self, output: Output) -> Iterable[Packet]:
        if not output.type.is_position:
            return super().output(output)
        return (text("go", output.feature, output.value, self.speed(output)),)

    def travel_time(self, output: Output) -> int:
        return longest_distance(output, self.STROKE) * 1000 // self.speed(output)

    def speed(self, output: Output) -> int:
        """Return the speed that a move is sent with."""
        return min(max(distance(output, self.STROKE) * 1000 // max(output.duration, 1), 1), 200)


class LevelsFirst(Stroker):
    """Halts its part behind its motors."""

    def stop(self, stopped: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return super().stop(stopped[::-1], values)


class Halting(PacketPerFeature):
    """Knows a halt, ``halt``, for everything that moves."""

    halts = True

    def stop(self, stopped: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        if any(output.type.is_position for output in stopped):
            yield text("halt")
        yield from self.encode([output for output in stopped if not output.type.is_position], values)


class Lacking(PacketPerFeature):
    """Has no packet for rotation."""

    def output(self, output: Output) -> Iterable[Packet]:
        return Protocol.output(self, output) if output.type is OutputType.ROTATE else super().output(output)


class Stepping(PacketPerFeature):
    """Moves by a step every 100 ms: ``step <place>``, the last one being the target. It halts where it was told to be last."""

    repeats_regularly = True

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._left: list[int] = []
        self._place = 0

    def output(self, output: Output) -> Iterable[Packet]:
        if not output.type.is_position:
            yield from super().output(output)
            return
        start, steps = output.start or 0, max(output.duration // 100, 1)
        self._left = [start + round((output.value - start) * step / steps) for step in range(1, steps + 1)]
        yield from self.repeat((), {})

    def repeat(self, current: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        if self._left:
            self._place = self._left.pop(0)
            yield text("step", self._place)
        self.repeat_after = 0.1 if self._left else None

    def stop(self, stopped: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        self._left, self.repeat_after = [], None
        if any(output.type.is_position for output in stopped):
            yield text("step", self._place)
        yield from self.encode([output for output in stopped if not output.type.is_position], values)
