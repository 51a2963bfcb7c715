"""One client's messages, whatever its version, as messages of version 4; and what it is told, in its own version.

It knows no server and does no I/O: frames go in and messages of version 4 come out, and the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct, structs

from buttplug.core.codec import Element, Frame, Malformed, split_client_frame
from buttplug.core.errors import ButtplugError
from buttplug.core.legacy import version_of
from buttplug.core.legacy.conversion import Conversion, OldMessage
from buttplug.core.legacy.device import Device, Devices
from buttplug.core.legacy.v3 import DeviceRemoved, SensorReading, reading_of
from buttplug.core.legacy.versions import VERSIONS, Version, codec, read_element
from buttplug.core.messages import (
    SPEC_MAJOR,
    U32_MAX,
    ClientMessage,
    DeviceInfo,
    DeviceList,
    Error,
    InputReading,
    RequestDeviceList,
    RequestServerInfo,
    ServerInfo,
    ServerMessage,
)


class _Request(Struct):
    """A client's message that is not answered yet, with the replies that are there."""

    id: int
    waiting: int
    conversion: Conversion
    replies: dict[int, ServerMessage]


class Translator:
    """Stands between one client and its session.

    What :meth:`read` returns is for the session, one after the other, and what the session says is for :meth:`send`. Until
    the handshake, and for clients of version 4, messages go through as they are.

    Args:
        send: Gets what the client is told.
        devices: Tells which devices there are.
    """

    def __init__(self, send: Callable[[ServerMessage], None], devices: Callable[[], Mapping[int, DeviceInfo]]) -> None:
        self._send = send
        self._list_devices = devices
        self._asked_version = SPEC_MAJOR
        self._is_new = False
        self._version: Version | None = None
        self._devices = Devices({})
        self._known_devices: set[int] = set()
        # Clients may use an id again at any time; the ids that the session sees are unique.
        self._last_id = 0
        self._requests: dict[int, _Request] = {}

    # From the client

    def read(self, frame: Frame) -> Iterator[ClientMessage | Malformed | None]:
        """Return the messages of a frame. Each is to be received by the session before the next is taken.

        None is no message: it stands for a step that was made to find them, so that others can go first in between.
        """
        elements = split_client_frame(frame)
        return map(read_element, elements) if self._is_new else self._read(elements)

    def _read(self, elements: Iterator[Element | Malformed | None]) -> Iterator[ClientMessage | Malformed | None]:
        for element in elements:
            if self._version is not None and element is not None:
                yield from self._converted(codec(self._version.number).message(element))
                continue
            message = read_element(element)
            if isinstance(message, RequestServerInfo):
                self._asked_version = version_of(message)
            yield message

    def _converted(self, message: ClientMessage | Malformed) -> Iterator[ClientMessage | Malformed]:
        if isinstance(message, Malformed):
            yield self._refused(message)
            return
        try:
            conversion = self._conversion(message)
        except ButtplugError as error:
            name = type(message).__name__
            yield self._refused(Malformed(error.message, message.id, name, error.code))
            return
        yield from self._requested(message.id, conversion)

    def _conversion(self, message: ClientMessage) -> Conversion:
        if isinstance(message, OldMessage):
            return message.convert(self._devices)
        if isinstance(message, RequestDeviceList):
            return Conversion([message]).then(self._list)
        return Conversion([message])

    def _requested(self, id_: int, conversion: Conversion) -> list[ClientMessage]:
        """Return the messages of a conversion, each with an id of its own."""
        messages = list(conversion.messages)
        request = _Request(id_, len(messages), conversion, {})
        for message in messages:
            message.id = self._next_id()
            self._requests[message.id] = request
        return messages

    def _refused(self, message: Malformed) -> Malformed:
        """Return what cannot be done, for the session to answer: it may have a more important reason to refuse it."""
        if not message.id:
            return message
        id_ = self._next_id()
        self._requests[id_] = _Request(message.id, 1, Conversion([]), {})
        return structs.replace(message, id=id_)

    def _next_id(self) -> int:
        while True:
            self._last_id = self._last_id % U32_MAX + 1
            if self._last_id not in self._requests:
                return self._last_id

    # To the client

    def send(self, message: ServerMessage) -> None:
        """Tell the client what the session says."""
        if self._is_new:
            self._send(message)
        elif isinstance(message, ServerInfo):
            self._shake_hands(message)
        elif self._version is None:
            self._send(message)
        elif message.id:
            self._reply(message)
        elif isinstance(message, DeviceList):
            self._tell_changes(self._version, message.devices)
        elif isinstance(message, InputReading):
            self._send(self._reading(message))
        else:
            self._send(message)

    def _shake_hands(self, info: ServerInfo) -> None:
        if self._asked_version == SPEC_MAJOR:
            self._is_new = True
            self._send(info)
        else:
            self._version = VERSIONS[self._asked_version]
            self._devices = Devices(self._list_devices())
            self._send(self._version.server_info(info, self._version.number))

    def _reply(self, message: ServerMessage) -> None:
        """Answer a request once the last of its replies is there: with what went wrong, if anything did."""
        request = self._requests.pop(message.id)
        request.replies[message.id] = message
        if len(request.replies) < request.waiting:
            return
        replies = [reply for _, reply in sorted(request.replies.items())]
        for reply in replies:
            reply.id = request.id
        errors = [reply for reply in replies if isinstance(reply, Error)]
        if errors:
            text = "; ".join(dict.fromkeys(error.error_message for error in errors))
            self._send(Error(request.id, text, errors[0].error_code))
        else:
            self._send(request.conversion.reply(replies))

    def _list(self, reply: ServerMessage) -> ServerMessage:
        assert isinstance(reply, DeviceList)
        assert self._version is not None
        # The list may be ahead of the event of a change: what is told after it would be of devices that it lacks, or has.
        self._tell_changes(self._version, reply.devices)
        self._known_devices.update(reply.devices)
        return self._version.device_list(reply.id, self._devices)

    def _tell_changes(self, version: Version, infos: Mapping[int, DeviceInfo]) -> None:
        """Tell which devices went and which came. One that is described otherwise than before went and came."""
        before, self._devices = self._devices, self._devices.updated(infos)
        gone = [device for device in before if self._devices.get(device.index) is not device]
        changed = [device.index for device in gone if not _is_same(version, device, self._devices.get(device.index))]
        removed = [index for index in changed if index in self._known_devices]
        for index in removed:
            self._known_devices.remove(index)
            self._send(DeviceRemoved(0, index))
        for device in self._devices:
            if device.index in removed or before.get(device.index) is None:
                self._known_devices.add(device.index)
                self._send(version.device_added(device))

    def _reading(self, reading: InputReading) -> ServerMessage:
        type_, value = reading_of(reading)
        named = self._devices.device(reading.device_index).subscription(reading.feature_index, type_)
        return SensorReading(0, reading.device_index, named.index, named.type, [value])


def _is_same(version: Version, before: Device, now: Device | None) -> bool:
    return now is not None and version.description(before) == version.description(now)
