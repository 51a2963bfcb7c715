"""What a device can do, in the lists by whose positions versions 0 to 3 address it.

The same list shows what there is and tells what an index means, so that the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from buttplug.core.enums import InputCommandType, InputType, OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.core.messages import DeviceInfo, FeatureInfo, Range

#: The types that clients of version 3 know as scalars, in the order in which they are listed within a feature. Many of these
#: clients cannot read a device list that has a type beyond them.
SCALAR_TYPES = (OutputType.VIBRATE, OutputType.ROTATE, OutputType.OSCILLATE, OutputType.CONSTRICT, OutputType.POSITION)


class Actuator(Struct, frozen=True):
    """An output with a place in a list. ``count`` is the highest value it takes; the lowest is 0."""

    feature: int
    description: str
    type: OutputType
    count: int


class Sensor(Struct, frozen=True):
    """An input with a place in a list. ``ranges`` are inclusive, one for each channel."""

    feature: int
    description: str
    type: InputType
    ranges: tuple[Range, ...]


class Subscription(Struct, frozen=True):
    """How a client named a sensor when it subscribed to it."""

    index: int
    type: str


class Device:
    """A device as clients of versions 0 to 3 know it.

    Attributes:
        scalars: What has a level or a place to go to, without what old clients have no name for.
        rotators: What turns both ways.
        strokers: What moves to a place within a time.
        readable: Sensors that can be read.
        streams: Sensors that can be subscribed to.
        places: Where strokers were surely sent last, as a share of their way, by position in ``strokers``.
        subscriptions: How the client named what it subscribed to.
    """

    def __init__(self, info: DeviceInfo) -> None:
        self.info = info
        features = [feature for _, feature in sorted(info.device_features.items())]
        self.scalars: list[Actuator] = [actuator for feature in features for actuator in _actuators(feature, SCALAR_TYPES)]
        self.rotators: list[Actuator] = [
            actuator
            for feature in features
            for actuator in _actuators(feature, [OutputType.ROTATE])
            if feature.output[OutputType.ROTATE].value[0] < 0
        ]
        self.strokers: list[Actuator] = [
            actuator for feature in features for actuator in _actuators(feature, [OutputType.POSITION_WITH_DURATION])
        ]
        self.readable: list[Sensor] = [sensor for feature in features for sensor in _sensors(feature, InputCommandType.READ)]
        self.streams: list[Sensor] = [
            sensor for feature in features for sensor in _sensors(feature, InputCommandType.SUBSCRIBE)
        ]
        self.places: dict[int, float] = {}
        self.subscriptions: dict[tuple[int, InputType], Subscription] = {}

    @property
    def index(self) -> int:
        """The index of the device at the server."""
        return self.info.device_index

    def error(self, reason: str) -> ButtplugDeviceError:
        """Return an error that names the device."""
        name = self.info.device_display_name or self.info.device_name
        return ButtplugDeviceError(f'Device {self.index} "{name}": {reason}')

    def subscription(self, feature: int, type_: InputType) -> Subscription:
        """Return how the client knows a sensor whose readings it gets."""
        named = self.subscriptions.get((feature, type_))
        if named is not None:
            return named
        sensors = [(sensor.feature, sensor.type) for sensor in self.streams]
        return Subscription(sensors.index((feature, type_)), type_)


class Devices:
    """The connected devices."""

    def __init__(self, infos: Mapping[int, DeviceInfo]) -> None:
        self._devices = {index: Device(info) for index, info in sorted(infos.items())}

    def updated(self, infos: Mapping[int, DeviceInfo]) -> Devices:
        """Return the devices there are now. What is known of those that are still there stays known: the same object."""
        devices = Devices({})
        for index, info in sorted(infos.items()):
            known = self._devices.get(index)
            # There may be hundreds, and most have not changed.
            if known is not None and (known.info is info or known.info == info):
                devices._devices[index] = known
                continue
            devices._devices[index] = Device(info)
            if known is not None:
                devices._devices[index].subscriptions = known.subscriptions
        return devices

    def __iter__(self) -> Iterator[Device]:
        return iter(self._devices.values())

    def get(self, index: int) -> Device | None:
        """Return a device, None where there is none with this index."""
        return self._devices.get(index)

    def device(self, index: int) -> Device:
        """Return a device.

        Raises:
            ButtplugDeviceError: There is none with this index.
        """
        device = self._devices.get(index)
        if device is None:
            known = ", ".join(map(str, sorted(self._devices))) or "none"
            raise ButtplugDeviceError(f"Device {index} is not connected; connected are: {known}")
        return device


def _actuators(feature: FeatureInfo, types: Iterable[OutputType]) -> Iterator[Actuator]:
    if not feature.output:
        return
    for type_ in types:
        limits = feature.output.get(type_)
        # An output with nothing to choose from cannot be described: old clients want at least one step.
        if limits is not None and limits.value[1] > 0:
            yield Actuator(feature.feature_index, feature.feature_description, type_, limits.value[1])


def _sensors(feature: FeatureInfo, command: InputCommandType) -> Iterator[Sensor]:
    if not feature.input:
        return
    for type_ in InputType:
        limits = feature.input.get(type_)
        if limits is not None and command in limits.command:
            yield Sensor(feature.feature_index, feature.feature_description, type_, tuple(limits.value))
