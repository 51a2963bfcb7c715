"""The versions: what a client of each may send, and the forms in which one before 4 is told what there is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

from msgspec import structs

from buttplug.core import messages as v4
from buttplug.core.codec import Codec, Element, Frame, Malformed, foreign, named, split_client_frame
from buttplug.core.legacy import v0, v1, v2, v3
from buttplug.core.legacy.conversion import OldMessage
from buttplug.core.legacy.device import Device
from buttplug.core.messages import ClientMessage, ServerMessage, WireStruct

#: What clients of every version send in the same form.
COMMON: tuple[type[ClientMessage], ...] = (
    v4.RequestServerInfo,
    v4.Ping,
    v4.Disconnect,
    v4.StartScanning,
    v4.StopScanning,
    v4.RequestDeviceList,
)
OLD: tuple[type[OldMessage], ...] = (*v1.MESSAGES, *v2.MESSAGES, *v3.MESSAGES)
NEW: tuple[type[ClientMessage], ...] = (v4.OutputCmd, v4.InputCmd, v4.StopCmd)

#: Messages that this server does for nobody, with the reason.
REFUSED = v0.REFUSED | v1.REFUSED | v3.REFUSED

#: What only servers send, of all versions. Of the last two no server of this package sends any.
FROM_SERVERS = (
    *named(v4.SERVER_MESSAGES),
    *("DeviceAdded", "DeviceRemoved", "SensorReading", "BatteryLevelReading", "RSSILevelReading", "RawReading", "Log"),
)


#: The longest message of an older version that is read, in bytes. It may be a list with some 60 bytes for each part of a
#: device, and a long one would take long.
LONGEST = 1 << 13


class Version(NamedTuple):
    """One version. ``added`` and ``listed`` make the messages of what ``describe`` makes of devices."""

    number: int
    server_info: Callable[[v4.ServerInfo, int], ServerMessage]
    describe: Callable[[Device], WireStruct]
    added: Callable[..., ServerMessage]
    listed: Callable[[int, list[Any]], ServerMessage]

    def description(self, device: Device) -> WireStruct:
        """Return what clients are told of a device."""
        known = device.lists.descriptions.get(self.number)
        if known is None:
            known = device.lists.descriptions[self.number] = self.describe(device)
        return known

    def device_added(self, device: Device) -> ServerMessage:
        """Return the event that a device came."""
        return self.added(0, *structs.astuple(self.description(device)))

    def device_list(self, id_: int, devices: Iterable[Device]) -> ServerMessage:
        """Return a list of devices."""
        return self.listed(id_, [self.description(device) for device in devices])


VERSIONS = (
    Version(0, v1.server_info, v0.device_info, v2.DeviceAdded, v2.DeviceList),
    Version(1, v1.server_info, v1.device_info, v2.DeviceAdded, v2.DeviceList),
    Version(2, v3.server_info, v2.device_info, v2.DeviceAdded, v2.DeviceList),
    Version(3, v3.server_info, v3.device_info, v3.DeviceAdded, v3.DeviceList),
)


@cache
def codec(number: int) -> Codec[ClientMessage]:
    """Return what reads the messages of a client of version 0 to 4."""
    newer = COMMON if number < v4.SPEC_MAJOR else v4.CLIENT_MESSAGES
    kinds = named(newer) | {kind.wire_name or kind.__name__: kind for kind in OLD if number in kind.versions}
    return Codec(kinds, dict(_reasons(number)), LONGEST if number < v4.SPEC_MAJOR else None)


def read_element(element: Element | Malformed | None) -> ClientMessage | Malformed | None:
    """Return one message of a client of version 4, which may stop devices in the words of older ones; None for a mere step."""
    if element is None:
        return None
    message = codec(v4.SPEC_MAJOR).message(element)
    if isinstance(message, v3.StopDeviceCmd):
        return v4.StopCmd(message.id, message.device_index)
    if isinstance(message, v3.StopAllDevices):
        return v4.StopCmd(message.id)
    return message


def decode_client_frame(frame: Frame) -> list[ClientMessage | Malformed]:
    """Return the messages of a frame that a client of version 4 sent."""
    return [message for message in map(read_element, split_client_frame(frame)) if message is not None]


def _reasons(number: int) -> Iterator[tuple[str, str]]:
    """Go through the messages that are known and refused, with the reason."""
    for kind in OLD:
        first, last = kind.versions[0], kind.versions[-1]
        name = kind.wire_name or kind.__name__
        yield name, _belongs(name, f"version {first}" if first == last else f"versions {first} to {last}", number)
    for new in NEW:
        yield new.__name__, _belongs(new.__name__, f"version {v4.SPEC_MAJOR}", number)
    for name, reason in REFUSED.items():
        yield name, f"{name} is not supported: {reason}"
    yield from foreign(FROM_SERVERS, "client").items()


def _belongs(name: str, versions: str, number: int) -> str:
    return f"{name} belongs to message spec {versions}, not to version {number}"
