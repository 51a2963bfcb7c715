"""Message spec version 2, where it differs from version 3: vibrators, battery and signal have commands of their own, and other
levels and sensors have none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Generic, TypeVar

from msgspec import Meta, field

from buttplug.core.enums import InputType, OutputType
from buttplug.core.legacy import v3
from buttplug.core.legacy.conversion import Conversion, DeviceCommand, OldMessage
from buttplug.core.legacy.device import Actuator, Device, shown
from buttplug.core.legacy.v3 import Nothing, Scalar, ScalarCmd, SensorReadCmd, Share, mentioned
from buttplug.core.messages import U32, ServerMessage, WireStruct

Messages = TypeVar("Messages")


# From client to server


class VibrateSpeed(WireStruct):
    """The speed of one vibrator."""

    index: U32
    speed: Share


class VibrateCmd(DeviceCommand):
    """Sets the speeds of vibrators."""

    versions: ClassVar[range] = range(1, 4)
    speeds: Annotated[list[VibrateSpeed], Meta(min_length=1)]

    def convert_for(self, device: Device) -> Conversion:
        """Return what it stands for: the index counts the scalars that vibrate.

        Raises:
            ButtplugDeviceError: There is no such vibrator.
        """
        vibrators = vibrators_of(device)
        if any(speed.index >= len(vibrators) for speed in self.speeds):
            highest = max(speed.index for speed in self.speeds)
            there_are = f"the highest is {len(vibrators) - 1}" if vibrators else "nothing vibrates"
            raise device.error(f"there is no VibrateCmd index {highest}: {there_are}")
        scalars = [Scalar(vibrators[speed.index], speed.speed, OutputType.VIBRATE) for speed in self.speeds]
        return ScalarCmd(self.id, self.device_index, scalars).convert_for(device)


class BatteryLevelCmd(DeviceCommand):
    """Reads the battery."""

    versions: ClassVar[range] = range(2, 4)

    def convert_for(self, device: Device) -> Conversion:
        """Return what it stands for: a reading of the first battery.

        Raises:
            ButtplugDeviceError: No battery can be read.
        """
        return SensorReadCmd(self.id, self.device_index, 0, InputType.BATTERY).convert_for(device).then(self._level)

    def _level(self, reply: ServerMessage) -> ServerMessage:
        return BatteryLevelReading(self.id, self.device_index, _datum(reply) / 100)


class RSSILevelCmd(DeviceCommand):
    """Reads the strength of the signal."""

    versions: ClassVar[range] = range(2, 4)

    def convert_for(self, device: Device) -> Conversion:
        """Return what it stands for.

        Raises:
            ButtplugDeviceError: The strength of its signal cannot be read.
        """
        return SensorReadCmd(self.id, self.device_index, 0, InputType.RSSI).convert_for(device).then(self._level)

    def _level(self, reply: ServerMessage) -> ServerMessage:
        return RSSILevelReading(self.id, self.device_index, _datum(reply))


MESSAGES: tuple[type[OldMessage], ...] = (VibrateCmd, BatteryLevelCmd, RSSILevelCmd)


def vibrators_of(device: Device) -> list[int]:
    """Return which of the scalars vibrate."""
    return [index for index, actuator in enumerate(device.scalars) if actuator.type is OutputType.VIBRATE]


def _datum(reply: ServerMessage) -> int:
    assert isinstance(reply, v3.SensorReading)
    return reply.data[0]


# From server to client


class Steps(WireStruct):
    """How many outputs a command reaches, and how many steps each has."""

    feature_count: U32
    step_count: list[U32]


class DeviceMessages(WireStruct):
    """The commands that a device takes."""

    stop_device_cmd: Nothing
    vibrate_cmd: Steps | None = None
    rotate_cmd: Steps | None = None
    linear_cmd: Steps | None = None
    battery_level_cmd: Nothing | None = None
    rssi_level_cmd: Nothing | None = field(default=None, name="RSSILevelCmd")


class DeviceInfo(WireStruct, Generic[Messages]):
    """A device in a list."""

    device_name: str
    device_index: U32
    device_messages: Messages


class DeviceList(ServerMessage, Generic[Messages]):
    """The connected devices: only ever a reply."""

    devices: list[DeviceInfo[Messages]]


class DeviceAdded(ServerMessage, Generic[Messages]):
    """A device came. An event."""

    device_name: str
    device_index: U32
    device_messages: Messages


class BatteryLevelReading(ServerMessage):
    """How full the battery is, from 0.0 to 1.0."""

    device_index: U32
    battery_level: float


class RSSILevelReading(ServerMessage):
    """The strength of the signal in dBm."""

    device_index: U32
    rssi_level: int = field(name="RSSILevel")


def device_info(device: Device) -> DeviceInfo[DeviceMessages]:
    """Return a device as clients see it."""
    return DeviceInfo(device.info.device_name, device.info.device_index, device_messages(device))


def device_messages(device: Device) -> DeviceMessages:
    """Return what a device is said to take."""
    sensors = {sensor.type for sensor in device.readable if sensor.is_enabled}
    return DeviceMessages(
        Nothing(),
        vibrate_cmd=_steps([device.scalars[index] for index in vibrators_of(device)]),
        rotate_cmd=_steps(device.rotators),
        linear_cmd=_steps(device.strokers),
        battery_level_cmd=mentioned(InputType.BATTERY in sensors),
        rssi_level_cmd=mentioned(InputType.RSSI in sensors),
    )


def _steps(actuators: Sequence[Actuator]) -> Steps | None:
    counts = [actuator.count for actuator in shown(actuators)]
    return Steps(len(counts), counts) if counts else None
