"""What a device can do, in the lists by whose positions versions 0 to 3 address it.

The same list shows what there is and tells what an index means, so that the two cannot differ. Nothing in these versions tells
the server which list a client has seen when it sends a command. So within a session no entry ever gets another place: what is
disabled keeps its own, and what is new goes behind all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct, field, structs

from buttplug.core.enums import InputCommandType, InputType, OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.core.messages import DeviceInfo, FeatureInfo, Range, WireStruct

#: The types that clients of version 3 know as scalars, in the order in which they are listed within a feature. Many of these
#: clients cannot read a device list that has a type beyond them.
SCALAR_TYPES = (OutputType.VIBRATE, OutputType.ROTATE, OutputType.OSCILLATE, OutputType.CONSTRICT, OutputType.POSITION)

#: Devices that have gone of which a session knows the lists, in case they come back. Devices choose their own addresses, so
#: without a limit one could fill the memory.
MOST_GONE = 100


class Actuator(Struct, frozen=True):
    """An output with a place in a list. ``count`` is the highest value it takes; the lowest is 0.

    ``is_enabled``: False where it only keeps its place, with what was last known of it.
    """

    feature: int
    description: str
    type: OutputType
    count: int
    is_enabled: bool = True


class Sensor(Struct, frozen=True):
    """An input with a place in a list. ``ranges`` are inclusive, one for each channel. ``is_enabled`` as of an output."""

    feature: int
    description: str
    type: InputType
    ranges: tuple[Range, ...]
    is_enabled: bool = True


Entry = TypeVar("Entry", Actuator, Sensor)


class Subscription(Struct, frozen=True):
    """How a client named a sensor when it subscribed to it."""

    index: int
    type: str


class Lists(Struct, eq=False):
    """The lists of a device. They are changed no more: all clients share those that nothing stands before.

    ``descriptions`` are what its clients are told of the device, by version.
    """

    scalars: list[Actuator]
    rotators: list[Actuator]
    strokers: list[Actuator]
    readable: list[Sensor]
    streams: list[Sensor]
    descriptions: dict[int, WireStruct] = field(default_factory=dict)

    def keeping_places_of(self, before: Lists) -> Lists:
        """Return lists in which everything keeps the place that it had before."""
        return Lists(
            _in_place(before.scalars, self.scalars),
            _in_place(before.rotators, self.rotators),
            _in_place(before.strokers, self.strokers),
            _in_place(before.readable, self.readable),
            _in_place(before.streams, self.streams),
        )


class Device:
    """A device as clients of versions 0 to 3 know it.

    ``before`` is the same device as it was known before: what it had keeps its place.

    Attributes:
        scalars: What has a level or a place to go to, without what old clients have no name for.
        rotators: What turns both ways.
        strokers: What moves to a place within a time.
        readable: Sensors that can be read.
        streams: Sensors that can be subscribed to.
        places: Where strokers were surely sent last, as a share of their way, by position in ``strokers``.
        subscriptions: How the client named what it subscribed to.
    """

    def __init__(self, info: DeviceInfo, before: Device | None = None) -> None:
        self.info = info
        self.lists: Lists = _lists(info) if before is None else _lists(info).keeping_places_of(before.lists)
        self.scalars: list[Actuator] = self.lists.scalars
        self.rotators: list[Actuator] = self.lists.rotators
        self.strokers: list[Actuator] = self.lists.strokers
        self.readable: list[Sensor] = self.lists.readable
        self.streams: list[Sensor] = self.lists.streams
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
    """The connected devices, and the lists of those that have gone."""

    def __init__(self, infos: Mapping[int, DeviceInfo]) -> None:
        self._devices = {index: Device(info) for index, info in sorted(infos.items())}
        #: By index and model; who went last is at the end.
        self._gone: dict[tuple[int, str], Device] = {}

    def updated(self, infos: Mapping[int, DeviceInfo]) -> Devices:
        """Return the devices there are now. What is known of those that are still there stays known, and everybody's lists.

        One that has not changed is the same object.
        """
        gone = self._gone | {_identity(device.info): device for device in self}
        devices = Devices({})
        for index, info in sorted(infos.items()):
            known = gone.pop(_identity(info), None)
            was_here = known is not None and known is self._devices.get(index)
            # There may be hundreds, and most have not changed.
            if known is not None and was_here and (known.info is info or known.info == info):
                devices._devices[index] = known
                continue
            device = devices._devices[index] = Device(info, known)
            if known is not None and was_here:
                device.subscriptions = known.subscriptions
        for identity in list(gone)[:-MOST_GONE]:
            del gone[identity]
        devices._gone = gone
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


def shown(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return what clients are shown of a list: all up to the last entry that is enabled."""
    return entries[: max((number for number, entry in enumerate(entries, 1) if entry.is_enabled), default=0)]


def enabled(entries: Sequence[Actuator]) -> list[int]:
    """Return the places of the outputs that can be driven."""
    return [place for place, entry in enumerate(entries) if entry.is_enabled]


def _lists(info: DeviceInfo) -> Lists:
    """Return the lists of a device: there may be hundreds, so they are made once."""
    lists: Lists | None = info.__dict__.get("lists")
    if lists is None:
        features = [feature for _, feature in sorted(info.device_features.items())]
        lists = info.__dict__["lists"] = Lists(
            [actuator for feature in features for actuator in _actuators(feature, SCALAR_TYPES)],
            [
                actuator
                for feature in features
                for actuator in _actuators(feature, [OutputType.ROTATE])
                if feature.output[OutputType.ROTATE].value[0] < 0
            ],
            [actuator for feature in features for actuator in _actuators(feature, [OutputType.POSITION_WITH_DURATION])],
            [sensor for feature in features for sensor in _sensors(feature, InputCommandType.READ)],
            [sensor for feature in features for sensor in _sensors(feature, InputCommandType.SUBSCRIBE)],
        )
    return lists


def _in_place(before: Sequence[Entry], now: Sequence[Entry]) -> list[Entry]:
    """Return a list with everything in the place that it had, and what is new behind that."""
    new: dict[tuple[int, str], Entry] = {(entry.feature, entry.type): entry for entry in now}
    kept: list[Entry] = []
    for entry in before:
        still = new.pop((entry.feature, entry.type), None)
        kept.append(structs.replace(entry, is_enabled=False) if still is None else still)
    kept.extend(new.values())
    return kept


def _identity(info: DeviceInfo) -> tuple[int, str]:
    return info.device_index, info.device_name


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
