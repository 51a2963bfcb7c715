"""Device families for tests of everything above them: each is the plainest of its kind, with packets a person can read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from buttplug.core.enums import InputType
from buttplug.hardware.base import Hardware
from buttplug.server.protocols.base import Output, Packet, Protocol, Reading


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


class Repeating(OnePacket):
    """Sends its packet again each second."""

    repeat_after = 1.0


class TwoPackets(Protocol):
    """Sends ``ready <feature>`` and then ``go <feature> <value>``, and knows what was written."""

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
