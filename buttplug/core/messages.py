"""Every message of spec version 4, one struct each.

Attribute names are Python's; on the wire they are PascalCase. Defaults are left out when sent, ``null`` counts as absent
when received. Values and durations are integers, durations in milliseconds.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias, TypeVar

from msgspec import Meta, Struct, field

SPEC_MAJOR = 4
SPEC_MINOR = 0

U32_MAX = 0xFFFF_FFFF
U32 = Annotated[int, Meta(ge=0, le=U32_MAX)]
RequestId = Annotated[int, Meta(ge=1, le=U32_MAX)]
Range: TypeAlias = tuple[int, int]

T = TypeVar("T", str, int)


def _sent_always(default: type[T]) -> T:
    """Return a field that other servers may leave out, and that is sent with its default too, since other clients need it."""
    return field(default_factory=default)


class WireStruct(Struct, rename="pascal", omit_defaults=True):
    """Anything that crosses the wire."""


class ClientMessage(WireStruct):
    """A message a client may send. ``id`` is 1 to 4294967295."""

    id: RequestId


class ServerMessage(WireStruct):
    """A message a server may send. ``id`` is 0 for events, else that of the request."""

    id: U32


# From client to server


class RequestServerInfo(ClientMessage):
    """The handshake: version 4 sends ``protocol_version_…``, versions 1 to 3 ``message_version``, version 0 neither."""

    client_name: str
    protocol_version_major: U32 | None = None
    protocol_version_minor: U32 | None = None
    message_version: U32 | None = None


class Ping(ClientMessage):
    """Restarts the ping timer."""


class Disconnect(ClientMessage):
    """Ends the session."""


class StartScanning(ClientMessage):
    """Looks for devices on every bus."""


class StopScanning(ClientMessage):
    """Ends this client's scan."""


class RequestDeviceList(ClientMessage):
    """Asks for the devices that are connected."""


# Commands and their answers come by the thousand, and make no cycles: they are kept out of the garbage collection.
class OutputArguments(WireStruct, gc=False):
    """The arguments of one output type. ``position`` and ``clockwise`` are spellings of other clients."""

    value: int | None = None
    duration: int | None = None
    position: int | None = None
    clockwise: bool | None = None


class OutputCmd(ClientMessage, gc=False):
    """Sets one output of one feature: ``command`` has exactly one entry, output type to arguments."""

    device_index: U32
    feature_index: U32
    command: dict[str, OutputArguments]


class InputCmd(ClientMessage):
    """Reads, subscribes to or unsubscribes from one input of one feature."""

    device_index: U32
    feature_index: U32
    type: str
    command: str


class StopCmd(ClientMessage):
    """Stops outputs and ends subscriptions: of all devices, of one, or of one feature of one."""

    device_index: U32 | None = None
    feature_index: U32 | None = None
    inputs: bool | None = None
    outputs: bool | None = None


# From server to client


class ServerInfo(ServerMessage):
    """The answer to the handshake. ``max_ping_time`` is in milliseconds, 0 for no pings."""

    server_name: str
    max_ping_time: U32
    protocol_version_major: U32
    protocol_version_minor: U32


class Ok(ServerMessage, gc=False):
    """Done."""


class Error(ServerMessage):
    """Not done, and why. ``error_code`` is an :class:`ErrorCode`; from other servers it may be another number."""

    error_message: str
    error_code: int


class ScanningFinished(ServerMessage):
    """The client's scan has ended. An event."""


class OutputLimits(WireStruct):
    """The inclusive range of one output type, and of its duration in milliseconds where it has one."""

    value: Range
    duration: Range | None = None


class InputLimits(WireStruct):
    """The inclusive ranges of an input, one per channel, and what can be asked of it."""

    value: list[Range]
    command: list[str]


class FeatureInfo(WireStruct):
    """One feature of a device, as clients see it."""

    feature_index: U32
    feature_description: str = _sent_always(str)
    output: dict[str, OutputLimits] = field(default_factory=dict)
    input: dict[str, InputLimits] = field(default_factory=dict)


class DeviceInfo(WireStruct, dict=True):
    """One device, as clients see it. ``device_message_timing_gap`` is in milliseconds, 0 for none.

    It may hold attributes that are not sent: what clients of older versions see of it is made once for all of them.
    """

    device_index: U32
    device_name: str
    device_features: dict[int, FeatureInfo]
    device_message_timing_gap: U32 = _sent_always(int)
    device_display_name: str | None = None


class DeviceList(ServerMessage, dict=True):
    """All connected devices: a reply, or an event whenever one came or went.

    It may hold attributes that are not sent: an event that goes to many clients keeps its frame.
    """

    devices: dict[int, DeviceInfo]


class InputValue(WireStruct):
    """The value of one reading."""

    value: int


class Reading(ServerMessage):
    """What a sensor of a device said, asked or, as an event, by itself."""

    device_index: U32


class InputReading(Reading):
    """A reading, asked for or subscribed to: ``reading`` has exactly one entry, input type to value."""

    feature_index: U32
    reading: dict[str, InputValue]


CLIENT_MESSAGES: tuple[type[ClientMessage], ...] = (
    RequestServerInfo,
    Ping,
    Disconnect,
    StartScanning,
    StopScanning,
    RequestDeviceList,
    OutputCmd,
    InputCmd,
    StopCmd,
)

SERVER_MESSAGES: tuple[type[ServerMessage], ...] = (
    ServerInfo,
    Ok,
    Error,
    ScanningFinished,
    DeviceList,
    InputReading,
)
