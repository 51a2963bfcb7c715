"""Frames to messages and back: a frame is a JSON array of objects with one key, the message's name.

A frame is read element by element: a message that cannot be read becomes a :class:`Malformed`, with its id where one
can be read, and the others are not touched by it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Generic, TypeAlias, TypeVar

import msgspec
from msgspec import Raw, Struct

from buttplug.core.messages import (
    CLIENT_MESSAGES,
    SERVER_MESSAGES,
    U32,
    ClientMessage,
    RequestId,
    ServerMessage,
    StopCmd,
    WireStruct,
)

#: The longest frame that is read, in bytes; in characters where it comes as text.
MAX_FRAME = 1 << 20
#: The most messages that are read of one frame: more would keep everybody else waiting.
MAX_MESSAGES = 4096
#: Characters of an unknown message's name that are told.
NAME_LENGTH = 64

Frame: TypeAlias = str | bytes
Message = TypeVar("Message", ClientMessage, ServerMessage)
Element = dict[str, Raw]

_encode = msgspec.json.Encoder().encode
_SPACE = re.compile(r"[ \t\n\r]+")


class Malformed(Struct, frozen=True):
    """A message, or a whole frame, that cannot be read: ``id`` is 0 and ``name`` empty where they cannot be either."""

    reason: str
    id: int = 0
    name: str = ""


class StopDeviceCmd(ClientMessage):
    """The spelling of older clients for a :class:`StopCmd` of one device."""

    device_index: U32


class StopAllDevices(ClientMessage):
    """The spelling of older clients for a :class:`StopCmd` of all devices."""


class _Envelope(WireStruct):
    id: object = None


def encode(message: ClientMessage | ServerMessage) -> bytes:
    """Return the frame of one message."""
    return _encode(({type(message).__name__: message},))


class _Codec(Generic[Message]):
    """Reads the frames of one direction."""

    def __init__(self, kinds: Iterable[type[Message]], foreign: Iterable[type[WireStruct]], sender: str) -> None:
        self._decoders: dict[str, msgspec.json.Decoder[Message]] = {
            kind.__name__: msgspec.json.Decoder(kind) for kind in kinds
        }
        self._foreign = frozenset(kind.__name__ for kind in foreign)
        self._sender = sender
        self._elements = msgspec.json.Decoder(list[Element])

    def decode(self, frame: Frame) -> list[Message | Malformed]:
        if len(frame) > MAX_FRAME:
            return self._oversize(frame)
        try:
            elements: list[Element] = self._elements.decode(frame)
        except (ValueError, RecursionError):
            return self._decode_carefully(frame)
        if not elements:
            return [Malformed("an empty array is no message")]
        if len(elements) > MAX_MESSAGES:
            return [_too_many()]
        return [self._message(element) for element in elements]

    def _message(self, element: Element) -> Message | Malformed:
        if len(element) != 1:
            return Malformed(f"a message is an object with one key, not {len(element)}")
        ((name, body),) = element.items()
        try:
            return self._decoders[name].decode(body)
        except KeyError:
            return self._unknown(name, body)
        except (ValueError, RecursionError):
            return self._repaired(name, body)

    def _unknown(self, name: str, body: Raw) -> Malformed:
        if name in self._foreign:
            return Malformed(f"{name} is not for a {self._sender} to send", _readable_id(body), name)
        name = name[:NAME_LENGTH]
        return Malformed(f'unknown message "{name}"', _readable_id(body), name)

    def _repaired(self, name: str, body: Raw) -> Message | Malformed:
        """Read a message again with integral floats (``10.0``) as the integers they are, and without what is null."""
        try:
            return msgspec.convert(_plainer(msgspec.json.decode(body)), self._decoders[name].type, str_keys=True)
        except (ValueError, RecursionError) as error:
            return Malformed(f"{name}: {_plain(error)}", _readable_id(body), name)

    def _decode_carefully(self, frame: Frame) -> list[Message | Malformed]:
        """Read a frame that is not simply an array of objects: several arrays, or an array of something else too."""
        try:
            raws = [raw for array in _split(frame) for raw in msgspec.json.decode(array, type=list[Raw])]
        except (ValueError, RecursionError) as error:
            return [Malformed(f"not a JSON array of messages: {_plain(error)}")]
        if len(raws) > MAX_MESSAGES:
            return [_too_many()]
        return [self._element(raw) for raw in raws] or [Malformed("an empty array is no message")]

    def _element(self, raw: Raw) -> Message | Malformed:
        try:
            return self._message(msgspec.json.decode(raw, type=Element))
        except ValueError:
            return Malformed("a message is an object")

    def _oversize(self, frame: Frame) -> list[Message | Malformed]:
        reason = f"a frame of {len(frame)} bytes is over the limit of {MAX_FRAME}"
        try:
            elements = self._elements.decode(frame)
        except (ValueError, RecursionError):
            elements = []
        bodies = [body for element in elements[:MAX_MESSAGES] for body in element.items()]
        return [Malformed(reason, _readable_id(body), name[:NAME_LENGTH]) for name, body in bodies] or [Malformed(reason)]


_client_codec = _Codec[ClientMessage]((*CLIENT_MESSAGES, StopDeviceCmd, StopAllDevices), SERVER_MESSAGES, sender="client")
_server_codec = _Codec[ServerMessage](SERVER_MESSAGES, CLIENT_MESSAGES, sender="server")


def decode_client_frame(frame: Frame) -> list[ClientMessage | Malformed]:
    """Return the messages of a frame that a client sent."""
    messages = _client_codec.decode(frame)
    for index, message in enumerate(messages):
        if isinstance(message, StopDeviceCmd):
            messages[index] = StopCmd(message.id, message.device_index)
        elif isinstance(message, StopAllDevices):
            messages[index] = StopCmd(message.id)
    return messages


def decode_server_frame(frame: Frame) -> list[ServerMessage | Malformed]:
    """Return the messages of a frame that a server sent."""
    return _server_codec.decode(frame)


def _readable_id(body: Raw) -> int:
    """Return the id in a message's body, whatever else is wrong with it; 0 where there is none a client may use."""
    try:
        return msgspec.convert(_plainer(msgspec.json.decode(body, type=_Envelope).id), RequestId)
    except (ValueError, RecursionError):
        return 0


def _plainer(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plainer(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_plainer(item) for item in value]
    return value


def _split(frame: Frame) -> list[str]:
    """Return the text of each array in a frame."""
    text = frame if isinstance(frame, str) else frame.decode()
    decoder = json.JSONDecoder(parse_constant=_refuse)
    arrays: list[str] = []
    start = _after_space(text, 0)
    while start < len(text):
        value, end = decoder.raw_decode(text, start)
        if not isinstance(value, list):
            raise ValueError("it is no array")  # noqa: TRY004 a frame's fault, not a caller's
        if len(arrays) == MAX_MESSAGES:
            raise ValueError(f"it has more than {MAX_MESSAGES} of them")
        arrays.append(text[start:end])
        start = _after_space(text, end)
    return arrays


def _too_many() -> Malformed:
    return Malformed(f"a frame may hold {MAX_MESSAGES} messages and no more; none of them was read")


def _after_space(text: str, start: int) -> int:
    space = _SPACE.match(text, start)
    return space.end() if space else start


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _plain(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error).replace("`", '"').replace(' - at "$"', "").replace("$.", "").replace("$[", "[")
