"""Frames to messages and back: a frame is a JSON array of objects with one key, the message's name.

A frame is read element by element: a message that cannot be read becomes a :class:`Malformed`, with its id where one
can be read, and the others are not touched by it. A long frame, or one that is not simply an array of objects, is read in
steps, so that nobody else has to wait for all of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Generic, TypeAlias, TypeVar

import msgspec
from msgspec import Raw, Struct

from buttplug.core.elements import TooManyElementsError
from buttplug.core.elements import split as find_elements
from buttplug.core.enums import ErrorCode
from buttplug.core.messages import (
    CLIENT_MESSAGES,
    SERVER_MESSAGES,
    U32_MAX,
    ClientMessage,
    DeviceList,
    RequestId,
    ServerMessage,
    WireStruct,
)
from buttplug.core.text import printable

#: The longest frame that is read, in bytes; in characters where it comes as text.
MAX_FRAME = 1 << 20
#: The longest message of a client that is read, in characters. Frames up to this length are taken apart at once, longer ones
#: in steps.
MAX_MESSAGE = 1 << 16
#: The most messages that are read of one frame.
MAX_MESSAGES = 4096
#: The longest message, in characters, of which the faults are mended or its id is looked for in spite of them.
MENDED_LENGTH = 1 << 12

#: Messages that are read also of a frame that is refused: they do no harm, and may be all that counts.
STOPS = frozenset(("StopCmd", "StopDeviceCmd", "StopAllDevices"))

Frame: TypeAlias = str | bytes
Message = TypeVar("Message", ClientMessage, ServerMessage)
#: A message that is not read yet: its name and its body.
Element: TypeAlias = dict[str, Raw]

_encode = msgspec.json.Encoder().encode
_decode_element = msgspec.json.Decoder(Element).decode
_decode_elements = msgspec.json.Decoder(list[Element]).decode
#: Up to here every whole number is a float of its own. No message has one beyond, and to make long integers takes time.
_EXACT = 1 << 53
#: A message's name, and its id where that is the first field.
_BEGINNING = re.compile(r'\s*\{\s*"([^"\\]*)"\s*:\s*\{?(?:\s*"Id"\s*:\s*([0-9]{1,10})\s*[,}])?')


class Malformed(Struct, frozen=True):
    """A message, or a whole frame, that cannot be read: ``id`` is 0 and ``name`` empty where they cannot be either.

    ``code`` is that of the answer.
    """

    reason: str
    id: int = 0
    name: str = ""
    code: ErrorCode = ErrorCode.MSG


class _Envelope(WireStruct):
    id: int | None = None


def encode(message: ClientMessage | ServerMessage) -> bytes:
    """Return the frame of one message."""
    return _encode(({type(message).__name__: message},))


def encode_once(message: DeviceList) -> bytes:
    """Return the frame of an event that goes to many clients and is changed no more: the same object each time."""
    frame: bytes | None = message.__dict__.get("frame")
    if frame is None:
        frame = message.__dict__["frame"] = encode(message)
    return frame


class Codec(Generic[Message]):
    """Reads the messages of one direction.

    Args:
        kinds: They, by name.
        refused: The reason for names that are known and not for it.
        longest: The characters that a message may have, where that is less than otherwise.
    """

    def __init__(self, kinds: Mapping[str, type[Message]], refused: Mapping[str, str], longest: int | None = None) -> None:
        self._decoders: dict[str, msgspec.json.Decoder[Message]] = {
            name: msgspec.json.Decoder(kind) for name, kind in kinds.items()
        }
        self._refused = refused
        self._longest = longest

    def message(self, element: Element | Malformed) -> Message | Malformed:
        """Read one of the elements that :func:`split` found."""
        if isinstance(element, Malformed):
            return element
        if len(element) != 1:
            return Malformed(f"a message is an object with one key, not {len(element)}")
        ((name, body),) = element.items()
        if self._longest is not None and (length := len(memoryview(body))) > self._longest:
            return Malformed(_over_limit(length, self._longest), _readable_id(body), printable(name))
        try:
            return self._decoders[name].decode(body)
        except KeyError:
            return self._unknown(name, body)
        except (ValueError, RecursionError):
            return self._read_leniently(name, body)

    def _unknown(self, name: str, body: Raw) -> Malformed:
        if name in self._refused:
            return Malformed(self._refused[name], _readable_id(body), name)
        name = printable(name)
        return Malformed(f'unknown message "{name}"', _readable_id(body), name)

    def _read_leniently(self, name: str, body: Raw) -> Message | Malformed:
        """Read a message again with integral floats (``10.0``) as the integers they are, and without what is null."""
        try:
            if len(memoryview(body)) > MENDED_LENGTH:
                return self._decoders[name].decode(body)
            return msgspec.convert(_plainer(_read_json(body)), self._decoders[name].type, str_keys=True)
        except (ValueError, RecursionError) as error:
            return Malformed(f"{name}: {_plain(error)}", _readable_id(body), name)


def named(kinds: Iterable[type[Message]]) -> dict[str, type[Message]]:
    """Return messages by the names they have on the wire."""
    return {kind.__name__: kind for kind in kinds}


def foreign(names: Iterable[str], sender: str) -> dict[str, str]:
    """Return the reason for which each of these messages is refused: it is for the other side to send."""
    return {name: f"{name} is not for a {sender} to send" for name in names}


_server_codec = Codec[ServerMessage](named(SERVER_MESSAGES), foreign(named(CLIENT_MESSAGES), "server"))


def split(frame: Frame, long: int) -> Iterator[Element | Malformed | None]:
    """Return the elements of a frame, each to be read by a :class:`Codec`; None where the time was used to find them.

    Frames over ``long`` characters are read in steps; so long may a message be, too.
    """
    if len(frame) > long:
        return _split_in_steps(frame, long)
    try:
        elements: list[Element] = _decode_elements(frame)
    except (ValueError, RecursionError):
        return _split_in_steps(frame, long)
    if not elements:
        return iter((_nothing(),))
    if len(elements) > MAX_MESSAGES:
        return iter([*(element for element in elements if STOPS.intersection(element)), _too_many()])
    return iter(elements)


def _split_in_steps(frame: Frame, long: int) -> Iterator[Element | Malformed | None]:
    elements: list[str] = []
    fault = None
    try:
        yield from find_elements(frame if isinstance(frame, str) else frame.decode(), MAX_MESSAGES, elements)
    except TooManyElementsError:
        fault = _too_many()
    except ValueError as error:
        fault = Malformed(f"not a JSON array of messages: {_plain(error)}")
    if not elements and fault is None:
        fault = _nothing()
    is_over = len(frame) > MAX_FRAME
    for element in elements:
        if (fault is None and not is_over) or _beginning(element)[0] in STOPS:
            yield _element(element, long)
        else:
            yield _too_long(frame, element) if fault is None else None
    if fault is not None:
        yield _too_long(frame) if is_over else fault


def _element(text: str, long: int) -> Element | Malformed:
    if len(text) > long:
        name, id_ = _beginning(text)
        return Malformed(_over_limit(len(text), long), id_, name)
    try:
        return _decode_element(text)
    except msgspec.ValidationError:
        return Malformed("a message is an object")
    except RecursionError as error:
        name, id_ = _beginning(text)
        return Malformed(f"a message cannot be read: {_plain(error)}", id_, name)
    except ValueError as error:
        return _not_json(text, _plain(error))


def split_client_frame(frame: Frame) -> Iterator[Element | Malformed | None]:
    """Return the elements of a frame that a client sent, each to be read by the codec of its version.

    None is no element: it stands for a step that was made to find them, so that whoever reads a long frame can let others go
    first in between.
    """
    return split(frame, MAX_MESSAGE)


def decode_server_frame(frame: Frame) -> list[ServerMessage | Malformed]:
    """Return the messages of a frame that a server sent."""
    return [_server_codec.message(element) for element in split(frame, MAX_FRAME) if element is not None]


def _not_json(text: str, reason: str) -> Malformed:
    """Return what is said of a message that is not JSON, with its name and id where a more patient reader finds them."""
    found: object = None
    if len(text) <= MENDED_LENGTH:
        try:
            found = json.loads(text, strict=False)
        except (ValueError, RecursionError) as error:
            reason = _plain(error)
    if not isinstance(found, dict) or len(found) != 1:
        name, id_ = _beginning(text)
        return Malformed(f"a message is not JSON: {reason}", id_, name)
    ((name, body),) = found.items()
    id_ = _as_id(body.get("Id")) if isinstance(body, dict) else 0
    return Malformed(f"{printable(name)}: it is not JSON: {reason}", id_, printable(name))


def _too_long(frame: Frame, element: str = "") -> Malformed:
    name, id_ = _beginning(element)
    return Malformed(f"a frame of {len(frame)} bytes is over the limit of {MAX_FRAME}", id_, name)


def _beginning(text: str) -> tuple[str, int]:
    """Return a message's name and id by its first characters: empty and 0 where they do not tell."""
    found = _BEGINNING.match(text, 0, MENDED_LENGTH)
    if found is None:
        return "", 0
    id_ = int(found[2] or 0)
    return printable(found[1]), id_ if id_ <= U32_MAX else 0


def _readable_id(body: Raw) -> int:
    """Return the id in a message's body, whatever else is wrong with it; 0 where there is none a client may use."""
    with suppress(ValueError, RecursionError):
        return _as_id(msgspec.json.decode(body, type=_Envelope).id)
    if len(memoryview(body)) <= MENDED_LENGTH:
        with suppress(ValueError, RecursionError):
            found = _read_json(body)
            return _as_id(found.get("Id")) if isinstance(found, dict) else 0
    return 0


def _read_json(body: Raw) -> object:
    """Read what is known to be JSON. Over a float at the end of the range msgspec takes a hundred times as long."""
    try:
        return json.loads(bytes(body))
    except ValueError:
        raise ValueError("Number out of range") from None


def _as_id(value: object) -> int:
    try:
        return msgspec.convert(_plainer(value), RequestId)
    except (ValueError, RecursionError):
        return 0


def _plainer(value: object) -> object:
    if isinstance(value, float) and abs(value) <= _EXACT and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plainer(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_plainer(item) for item in value]
    return value


def _over_limit(length: int, limit: int) -> str:
    return f"a message of {length} characters is over the limit of {limit}"


def _nothing() -> Malformed:
    return Malformed("an empty array is no message")


def _too_many() -> Malformed:
    return Malformed(f"a frame may hold {MAX_MESSAGES} messages and no more; of these only stops were read")


def _plain(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error).replace("`", '"').replace(' - at "$"', "").replace("$.", "").replace("$[", "[")
