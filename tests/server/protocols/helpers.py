"""Protocols made from the real configuration and driven as the pacer drives them, and devices for their hand-shakes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from msgspec import structs

from buttplug.core.enums import OutputType
from buttplug.hardware.base import Hardware, Packet
from buttplug.hardware.bluetooth import BluetoothAdvertisement
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.definition import DeviceDefinition, FeatureDefinition, OutputDefinition
from buttplug.server.devices.pacing.stops import HALT_TIME
from buttplug.server.protocols import load
from buttplug.server.protocols.base import Output, Protocol

ADDRESS = "01:23:45:67:89:AB"


@cache
def configuration() -> DeviceConfiguration:
    return DeviceConfiguration.load()


def definition_of(protocol: str, identifier: str | None = None) -> DeviceDefinition:
    """Return a definition that the configuration has, not the default for one it has not."""
    definition = configuration().definition(protocol, identifier)
    assert definition is not None
    assert definition.identifier == identifier
    return definition


def custom_definition(
    protocol: str,
    *outputs: dict[OutputType, tuple[int, int]],
    identifier: str | None = None,
    variant: str | None = None,
    first: int = 0,
) -> DeviceDefinition:
    """Return a definition as a user may write one: for each feature, from index ``first`` on, its outputs and their ranges."""
    features = tuple(
        FeatureDefinition(index, "", {type_: OutputDefinition(value) for type_, value in types.items()}, {})
        for index, types in enumerate(outputs, start=first)
    )
    return DeviceDefinition(protocol, identifier, "Custom device", features, variant)


class Driven:
    """A protocol driven as by the pacer: its packets are all taken, so everything behind their ``yield`` has run.

    Every move has ended when the next command is sent, unless that says where it starts.
    """

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.values = {feature.index: 0 for feature in protocol.definition.features if feature.outputs}
        self.current: dict[tuple[int, OutputType], Output] = {}
        self._places: dict[int, int] = {}

    def send(self, *outputs: Output) -> list[Packet]:
        """Return what is written when these outputs changed."""
        started = [self._started(output) for output in outputs]
        self._note(outputs)
        return list(self.protocol.encode(started, self.values))

    def stop(self, *outputs: Output) -> list[Packet]:
        """Return what is written for a stop of everything; ``outputs`` are for parts that are moving, see :func:`halted`."""
        zeros = [
            Output(feature.index, type_, 0)
            for feature in self.protocol.definition.features
            for type_ in feature.outputs
            if not type_.is_position
        ]
        return self.stop_only(*zeros, *outputs)

    def stop_only(self, *outputs: Output) -> list[Packet]:
        """Return what is written for a stop of some features."""
        self._note(outputs)
        return list(self.protocol.stop(outputs, self.values))

    def repeat(self) -> list[Packet]:
        """Return what is written when ``repeat_after`` is over."""
        return list(self.protocol.repeat(list(self.current.values()), self.values))

    def repeat_to_the_end(self) -> tuple[float, list[Packet]]:
        """Repeat for as long as the protocol wants it; return how many seconds that took, too."""
        elapsed, packets = 0.0, []
        while (after := self.protocol.repeat_after) is not None:
            elapsed += after
            packets += self.repeat()
        return elapsed, packets

    def _note(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            self.values[output.feature] = output.value
            self.current[output.feature, output.type] = output
            if output.type.is_position:
                self._places[output.feature] = output.value

    def _started(self, output: Output) -> Output:
        if not output.type.is_position or output.start is not None:
            return output
        return structs.replace(output, start=self._places.get(output.feature))


def drive(
    protocol: str, identifier: str | None = None, *, name: str | None = None, definition: DeviceDefinition | None = None
) -> Driven:
    """Return a fresh device of a model, or with a definition; its name is the identifier unless it is given."""
    protocol_class = load(protocol)
    assert protocol_class is not None
    definition = definition or definition_of(protocol, identifier)
    return Driven(protocol_class(definition, name=identifier or "" if name is None else name, address=ADDRESS))


def vibrate(feature: int, value: int) -> Output:
    return Output(feature, OutputType.VIBRATE, value)


def rotate(feature: int, value: int) -> Output:
    return Output(feature, OutputType.ROTATE, value)


def oscillate(feature: int, value: int) -> Output:
    return Output(feature, OutputType.OSCILLATE, value)


def constrict(feature: int, value: int) -> Output:
    return Output(feature, OutputType.CONSTRICT, value)


def position(feature: int, value: int) -> Output:
    return Output(feature, OutputType.POSITION, value)


def move(feature: int, value: int, duration: int) -> Output:
    return Output(feature, OutputType.POSITION_WITH_DURATION, value, duration)


def halted(feature: int, place: int) -> Output:
    """Return what stops a part that is at a place, on its way."""
    return Output(feature, OutputType.POSITION_WITH_DURATION, place, HALT_TIME, start=place)


def hexes(packets: Iterable[Packet]) -> list[str]:
    """Return the packets' bytes as people write them: ``F1 40``."""
    return [packet.data.hex(" ").upper() for packet in packets]


def texts(packets: Iterable[Packet]) -> list[str]:
    """Return the packets' bytes as text."""
    return [packet.data.decode("ascii") for packet in packets]


def silent_device(name: str = "Toy") -> SimulatedDevice:
    """Return a simulated device that takes everything and answers nothing."""
    return SimulatedDevice(name, BluetoothAdvertisement(name=name), address=ADDRESS)


async def link(device: SimulatedDevice, protocol: str) -> Hardware:
    """Connect a simulated device as the device manager does."""
    return await device.discovery().connect(configuration().specifiers(protocol))
