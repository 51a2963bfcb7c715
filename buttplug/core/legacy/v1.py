"""Message spec version 1, where it differs from version 2: it has commands for single models and tests of the connection, and
neither steps nor sensors.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta, field

from buttplug.core import messages as v4
from buttplug.core.errors import ButtplugMessageError
from buttplug.core.legacy import v2
from buttplug.core.legacy.conversion import Conversion, DeviceCommand, OldMessage, nothing
from buttplug.core.legacy.device import Device, Devices, enabled
from buttplug.core.legacy.v2 import VibrateCmd, VibrateSpeed, vibrators_of
from buttplug.core.legacy.v3 import LinearCmd, Nothing, RotateCmd, Rotation, Share, Vector, mentioned
from buttplug.core.messages import U32, ServerMessage, WireStruct

#: Messages of this version that no server does any more, with the reason.
REFUSED = {"KiirooCmd": "it would send a device bytes that nobody checks; use SingleMotorVibrateCmd or LinearCmd"}

#: The longest text that a test echoes, in characters.
LONGEST_ECHO = 1024

# From client to server


class SingleMotorVibrateCmd(DeviceCommand):
    """Sets the speed of all vibrators of a device."""

    versions: ClassVar[range] = range(4)
    speed: Share

    def convert_for(self, device: Device) -> Conversion:
        """Return what it stands for.

        Raises:
            ButtplugDeviceError: Nothing vibrates.
        """
        vibrators = [device.scalars[index] for index in vibrators_of(device)]
        speeds = [VibrateSpeed(index, self.speed) for index in enabled(vibrators)]
        if not speeds:
            raise device.error("nothing vibrates")
        return VibrateCmd(self.id, self.device_index, speeds).convert_for(device)


class FleshlightLaunchFW12Cmd(DeviceCommand):
    """Moves all strokers of a device: to a place from 0 to 99, at a speed from 0 to 99."""

    versions: ClassVar[range] = range(2)
    position: Annotated[int, Meta(ge=0, le=99)]
    speed: Annotated[int, Meta(ge=0, le=99)]

    def convert_for(self, device: Device) -> Conversion:
        """Return what it stands for: moves from where the strokers were sent last, or from the far end if that is not known.

        Raises:
            ButtplugDeviceError: Nothing moves to a place within a time.
        """
        strokers = enabled(device.strokers)
        if not strokers:
            raise device.error("nothing moves to a place within a time")
        place = self.position / 99
        vectors = []
        for index in strokers:
            distance = abs(place - device.places[index]) if index in device.places else max(place, 1 - place)
            if distance and self.speed:
                vectors.append(Vector(index, stroke_duration(distance, self.speed / 99), place))
        return LinearCmd(self.id, self.device_index, vectors).convert_for(device)


def stroke_duration(distance: float, speed: float) -> int:
    """Return the milliseconds of a move of a Fleshlight Launch, by its measured curve.

    ``distance`` is a share of its way, ``speed`` of its full speed; both are above 0, and at most 1.
    """
    full_stroke = (speed / 250) ** -0.95
    return int(full_stroke / (90 / (distance * 100)))


class VorzeA10CycloneCmd(DeviceCommand):
    """Sets the speed, from 0 to 100, and the direction of all that turns both ways."""

    versions: ClassVar[range] = range(2)
    speed: Annotated[int, Meta(ge=0, le=100)]
    clockwise: bool

    def convert_for(self, device: Device) -> Conversion:
        """Return what it stands for.

        Raises:
            ButtplugDeviceError: Nothing turns both ways.
        """
        rotations = [Rotation(index, self.speed / 100, self.clockwise) for index in enabled(device.rotators)]
        if not rotations:
            raise device.error("nothing turns both ways")
        return RotateCmd(self.id, self.device_index, rotations).convert_for(device)


class TestRequest(OldMessage):
    """Asks for an echo."""

    versions: ClassVar[range] = range(2)
    wire_name: ClassVar[str] = "Test"
    test_string: str

    def convert(self, devices: Devices) -> Conversion:
        """Return what it stands for.

        Raises:
            ButtplugMessageError: The word is that by which a client asks for an error, or it is too long.
        """
        if self.test_string == "Error":
            raise ButtplugMessageError('Test: an error, since "Error" asks for one')
        if len(self.test_string) > LONGEST_ECHO:
            raise ButtplugMessageError(f"Test: {len(self.test_string)} characters are over the limit of {LONGEST_ECHO}")
        return nothing(self.id, lambda id_: Test(id_, self.test_string))


class RequestLog(OldMessage):
    """Asks for the server's log from a level on."""

    versions: ClassVar[range] = range(3)
    log_level: str

    def convert(self, devices: Devices) -> Conversion:
        """Return what it stands for.

        Raises:
            ButtplugMessageError: It asks for any log at all.
        """
        if self.log_level.casefold() != "off":
            raise ButtplugMessageError("RequestLog: this server sends its log to no client; see the log of the server itself")
        return nothing(self.id)


MESSAGES: tuple[type[OldMessage], ...] = (
    SingleMotorVibrateCmd,
    FleshlightLaunchFW12Cmd,
    VorzeA10CycloneCmd,
    TestRequest,
    RequestLog,
)


# From server to client


class Test(ServerMessage):
    """The echo of a test."""

    test_string: str


class ServerInfo(ServerMessage):
    """The answer to the handshake. ``message_version`` is the client's own; nobody reads the other versions."""

    server_name: str
    major_version: U32
    minor_version: U32
    build_version: U32
    message_version: U32
    max_ping_time: U32


class Count(WireStruct):
    """How many outputs a command reaches."""

    feature_count: U32


class DeviceMessages(WireStruct):
    """The commands that a device takes."""

    stop_device_cmd: Nothing
    single_motor_vibrate_cmd: Nothing | None = None
    vibrate_cmd: Count | None = None
    rotate_cmd: Count | None = None
    linear_cmd: Count | None = None
    fleshlight_launch_cmd: Nothing | None = field(default=None, name="FleshlightLaunchFW12Cmd")
    vorze_a10_cyclone_cmd: Nothing | None = field(default=None, name="VorzeA10CycloneCmd")


def server_info(info: v4.ServerInfo, version: int) -> ServerInfo:
    """Return the answer to the handshake of a client of this version."""
    return ServerInfo(info.id, info.server_name, 0, 0, 0, version, info.max_ping_time)


def device_info(device: Device) -> v2.DeviceInfo[DeviceMessages]:
    """Return a device as clients see it."""
    return v2.DeviceInfo(device.info.device_name, device.info.device_index, device_messages(device))


def device_messages(device: Device) -> DeviceMessages:
    """Return what a device is said to take."""
    newer = v2.device_messages(device)
    return DeviceMessages(
        newer.stop_device_cmd,
        single_motor_vibrate_cmd=mentioned(newer.vibrate_cmd is not None),
        vibrate_cmd=_count(newer.vibrate_cmd),
        rotate_cmd=_count(newer.rotate_cmd),
        linear_cmd=_count(newer.linear_cmd),
        fleshlight_launch_cmd=mentioned(newer.linear_cmd is not None),
        vorze_a10_cyclone_cmd=mentioned(newer.rotate_cmd is not None),
    )


def _count(steps: v2.Steps | None) -> Count | None:
    return None if steps is None else Count(steps.feature_count)
