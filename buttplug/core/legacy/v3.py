"""Message spec version 3, where it differs from version 4: speeds are shares, features are addressed by their place in a list
for each command, and devices come and go by messages of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, ClassVar

from msgspec import Meta

from buttplug.core import messages as v4
from buttplug.core.enums import InputCommandType, InputType, OutputType
from buttplug.core.legacy.conversion import Conversion, DeviceCommand, OldMessage, nothing
from buttplug.core.legacy.device import Actuator, Device, Devices, Sensor, Subscription, shown
from buttplug.core.legacy.orders import Order, conversion_of, entry_of, level_of, output_of, place_of
from buttplug.core.messages import (
    U32,
    U32_MAX,
    InputCmd,
    OutputArguments,
    Range,
    ServerMessage,
    StopCmd,
    WireStruct,
)
from buttplug.core.text import printable

Share = Annotated[float, Meta(ge=0, le=1)]
Milliseconds = Annotated[float, Meta(ge=0)]

#: Messages of this version that no server does any more, with the reason.
REFUSED = dict.fromkeys(
    ("RawWriteCmd", "RawReadCmd", "RawSubscribeCmd", "RawUnsubscribeCmd"),
    "it would send a device bytes that nobody checks; use the commands for its outputs and inputs",
)


# From client to server


class Scalar(WireStruct):
    """The level of one entry of a device's scalars."""

    index: U32
    scalar: Share
    actuator_type: str


class ScalarCmd(DeviceCommand):
    """Sets levels and places."""

    versions: ClassVar[range] = range(3, 4)
    scalars: Annotated[list[Scalar], Meta(min_length=1)]

    def convert_for(self, device: Device) -> Conversion:
        """Return what it stands for.

        The index finds a feature, the type one of its outputs.

        Raises:
            ButtplugDeviceError: There is no such entry, or its feature has no such output.
        """
        orders = []
        for scalar in self.scalars:
            entry = entry_of(device, device.scalars, scalar.index, "ScalarCmd")
            actuator = output_of(device, entry, scalar.actuator_type)
            orders.append(Order(scalar.index, actuator, OutputArguments(level_of(actuator, scalar.scalar))))
        return conversion_of(self, orders)


class Rotation(WireStruct):
    """The speed and direction of one entry of what turns both ways."""

    index: U32
    speed: Share
    clockwise: bool


class RotateCmd(DeviceCommand):
    """Sets speeds and directions."""

    versions: ClassVar[range] = range(1, 4)
    rotations: Annotated[list[Rotation], Meta(min_length=1)]

    def convert_for(self, device: Device) -> Conversion:
        """Return what it stands for.

        Raises:
            ButtplugDeviceError: There is no such entry.
        """
        orders = []
        for rotation in self.rotations:
            actuator = entry_of(device, device.rotators, rotation.index, "RotateCmd")
            speed = level_of(actuator, rotation.speed)
            orders.append(Order(rotation.index, actuator, OutputArguments(speed if rotation.clockwise else -speed)))
        return conversion_of(self, orders)


class Vector(WireStruct):
    """Where one entry of the strokers is to be, and in how many milliseconds."""

    index: U32
    duration: Milliseconds
    position: Share


class LinearCmd(DeviceCommand):
    """Moves strokers. Without vectors it does nothing."""

    versions: ClassVar[range] = range(1, 4)
    vectors: list[Vector]

    def convert_for(self, device: Device) -> Conversion:
        """Return what it stands for.

        Raises:
            ButtplugDeviceError: There is no such entry.
        """
        if not self.vectors:
            return nothing(self.id)
        orders = []
        for vector in self.vectors:
            actuator = entry_of(device, device.strokers, vector.index, "LinearCmd")
            duration = int(min(vector.duration, U32_MAX))
            orders.append(Order(vector.index, actuator, OutputArguments(place_of(actuator, vector.position), duration)))
        return conversion_of(self, orders).then(self._note_places(device))

    def _note_places(self, device: Device) -> Callable[[ServerMessage], ServerMessage]:
        """Forget where these strokers are until they surely were sent somewhere. A stop meanwhile leaves it unknown."""
        places = device.places
        for vector in self.vectors:
            places.pop(vector.index, None)

        def note(reply: ServerMessage) -> ServerMessage:
            places.update((vector.index, vector.position) for vector in self.vectors)
            return reply

        return note


class StopDeviceCmd(DeviceCommand):
    """Stops the outputs of one device. Subscriptions go on."""

    versions: ClassVar[range] = range(5)

    def convert_for(self, device: Device) -> Conversion:
        """Return what it stands for."""
        device.places = {}
        return Conversion([StopCmd(self.id, self.device_index, inputs=False)])


class StopAllDevices(OldMessage):
    """Stops the outputs of all devices. Subscriptions go on."""

    versions: ClassVar[range] = range(5)

    def convert(self, devices: Devices) -> Conversion:
        """Return what it stands for."""
        for device in devices:
            device.places = {}
        return Conversion([StopCmd(self.id, inputs=False)])


class SensorCommand(DeviceCommand):
    """A message to one sensor: to the one with this index if it is of this type, else to the first of the type."""

    sensor_index: int
    sensor_type: str

    def _input_cmd(self, device: Device, sensors: Sequence[Sensor], command: InputCommandType) -> tuple[Sensor, InputCmd]:
        wanted = self.sensor_type.casefold()
        fitting = [index for index, sensor in enumerate(sensors) if sensor.type.casefold() == wanted]
        if not fitting:
            known = ", ".join(dict.fromkeys(sensor.type for sensor in sensors)) or "none"
            doing = "read" if command is InputCommandType.READ else "subscribed to"
            raise device.error(f'no "{printable(self.sensor_type)}" sensor can be {doing}; those that can: {known}')
        first = next((index for index in fitting if sensors[index].is_enabled), fitting[0])
        sensor = sensors[self.sensor_index if self.sensor_index in fitting else first]
        return sensor, InputCmd(self.id, self.device_index, sensor.feature, sensor.type, command)


class SensorReadCmd(SensorCommand):
    """Reads a sensor."""

    versions: ClassVar[range] = range(3, 4)

    def convert_for(self, device: Device) -> Conversion:
        """Return what it stands for.

        Raises:
            ButtplugDeviceError: There is no such sensor.
        """
        _, message = self._input_cmd(device, device.readable, InputCommandType.READ)
        return Conversion([message]).then(self._reading)

    def _reading(self, reply: ServerMessage) -> ServerMessage:
        return SensorReading(self.id, self.device_index, self.sensor_index, self.sensor_type, [reading_of(reply)[1]])


class SensorSubscribeCmd(SensorCommand):
    """Asks for a sensor's readings."""

    versions: ClassVar[range] = range(3, 4)

    def convert_for(self, device: Device) -> Conversion:
        """Return what it stands for.

        Raises:
            ButtplugDeviceError: There is no such sensor.
        """
        sensor, message = self._input_cmd(device, device.streams, InputCommandType.SUBSCRIBE)
        device.subscriptions[sensor.feature, sensor.type] = Subscription(self.sensor_index, self.sensor_type)
        return Conversion([message])


class SensorUnsubscribeCmd(SensorCommand):
    """Asks for no more of a sensor's readings."""

    versions: ClassVar[range] = range(3, 4)

    def convert_for(self, device: Device) -> Conversion:
        """Return what it stands for.

        Raises:
            ButtplugDeviceError: There is no such sensor.
        """
        _, message = self._input_cmd(device, device.streams, InputCommandType.UNSUBSCRIBE)
        return Conversion([message])


MESSAGES: tuple[type[OldMessage], ...] = (
    ScalarCmd,
    RotateCmd,
    LinearCmd,
    StopDeviceCmd,
    StopAllDevices,
    SensorReadCmd,
    SensorSubscribeCmd,
    SensorUnsubscribeCmd,
)


# From server to client


class ServerInfo(ServerMessage):
    """The answer to the handshake. ``message_version`` is the client's own."""

    server_name: str
    message_version: U32
    max_ping_time: U32


class ActuatorInfo(WireStruct):
    """One entry of a list of outputs."""

    feature_descriptor: str
    step_count: U32
    actuator_type: str


class SensorInfo(WireStruct):
    """One entry of a list of inputs."""

    feature_descriptor: str
    sensor_type: str
    sensor_range: tuple[Range, ...]


class Nothing(WireStruct):
    """A command about which there is nothing to say."""


class DeviceMessages(WireStruct):
    """The commands that a device takes; an entry's place in a list is its index in the command."""

    stop_device_cmd: Nothing
    scalar_cmd: tuple[ActuatorInfo, ...] = ()
    rotate_cmd: tuple[ActuatorInfo, ...] = ()
    linear_cmd: tuple[ActuatorInfo, ...] = ()
    sensor_read_cmd: tuple[SensorInfo, ...] = ()
    sensor_subscribe_cmd: tuple[SensorInfo, ...] = ()


class DeviceInfo(WireStruct):
    """A device in a list. ``device_message_timing_gap`` is in milliseconds, 0 for none."""

    device_name: str
    device_index: U32
    device_messages: DeviceMessages
    device_message_timing_gap: U32
    device_display_name: str | None = None


class DeviceList(ServerMessage):
    """The connected devices: only ever a reply."""

    devices: list[DeviceInfo]


class DeviceAdded(ServerMessage):
    """A device came. An event."""

    device_name: str
    device_index: U32
    device_messages: DeviceMessages
    device_message_timing_gap: U32
    device_display_name: str | None = None


class DeviceRemoved(ServerMessage):
    """A device went. An event."""

    device_index: U32


class SensorReading(v4.Reading):
    """A reading, asked for or subscribed to, under the name by which the client did so."""

    sensor_index: int
    sensor_type: str
    data: list[int]


def server_info(info: v4.ServerInfo, version: int) -> ServerInfo:
    """Return the answer to the handshake of a client of this version."""
    return ServerInfo(info.id, info.server_name, version, info.max_ping_time)


def device_info(device: Device) -> DeviceInfo:
    """Return a device as clients see it."""
    info = device.info
    return DeviceInfo(
        info.device_name,
        info.device_index,
        device_messages(device),
        info.device_message_timing_gap,
        info.device_display_name,
    )


def device_messages(device: Device) -> DeviceMessages:
    """Return what a device is said to take."""
    return DeviceMessages(
        Nothing(),
        scalar_cmd=tuple(map(_actuator_info, shown(device.scalars))),
        rotate_cmd=tuple(map(_actuator_info, shown(device.rotators))),
        linear_cmd=tuple(map(_actuator_info, shown(device.strokers))),
        sensor_read_cmd=tuple(map(_sensor_info, shown(device.readable))),
        sensor_subscribe_cmd=tuple(map(_sensor_info, shown(device.streams))),
    )


def mentioned(there: bool) -> Nothing | None:
    """Return what is said of a command that a device takes, or not."""
    return Nothing() if there else None


def reading_of(reading: ServerMessage) -> tuple[InputType, int]:
    """Return the type and value of a reading of version 4."""
    assert isinstance(reading, v4.InputReading)
    ((word, value),) = reading.reading.items()
    return InputType(word), value.value


def _actuator_info(actuator: Actuator) -> ActuatorInfo:
    # The clients have no name for a timed position but that of a position.
    type_ = OutputType.POSITION if actuator.type is OutputType.POSITION_WITH_DURATION else actuator.type
    return ActuatorInfo(_description(actuator), actuator.count, type_)


def _sensor_info(sensor: Sensor) -> SensorInfo:
    return SensorInfo(_description(sensor), sensor.type, sensor.ranges)


def _description(entry: Actuator | Sensor) -> str:
    return entry.description if entry.is_enabled else f"{entry.description} (disabled)".lstrip()
