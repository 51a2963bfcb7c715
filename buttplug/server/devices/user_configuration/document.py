"""JSON as people and programs leave it in files: in several encodings, with comments, with keys given twice.

What can be read is read. What could not be written back exactly as it is makes the file read-only: it is used, never saved.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from buttplug.server.devices.errors import ConfigurationError

#: How deep lists and objects may be nested. What is deeper is not read; the file's own content has ten levels.
MAX_DEPTH = 64

#: Stands where something was nested too deeply. Nothing of the file is ever a text like this.
TOO_DEEP = "nested too deeply"

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|//[^\n]*|/\*.*?(?:\*/|\Z)|[\[{]|[\]}]', re.DOTALL)


class RepeatedKeys(dict[str, object]):
    """An object in which keys are given more than once; it has the last value of each. ``repeated`` names them."""

    def __init__(self, content: dict[str, object], repeated: tuple[str, ...]) -> None:
        super().__init__(content)
        self.repeated = repeated


class Document(NamedTuple):
    """What a file has in it. ``read_only`` says why it cannot be written back as it is; None where it can."""

    content: object
    read_only: str | None


def parse(data: bytes) -> Document:
    """Return what is in a file.

    Raises:
        ConfigurationError: It is not JSON; the message has the line and column of the fault.
    """
    text, other_encoding = _decode(data)
    plain, comments, too_deep = _plain(text)
    losses = [loss for loss in (other_encoding, comments, too_deep) if loss is not None]

    def number(digits: str) -> object:
        """Return a number as it is; one that Python cannot hold as text, so that it costs what it stands for and no more."""
        try:
            value: float = float(digits) if set(digits) & set(".eE") else int(digits)
            if math.isfinite(value):
                return value
        except (ValueError, OverflowError):
            # It has thousands of digits, or is beyond what a number with a fraction can be.
            pass
        losses.append(f"it has the number {digits[:20]}")
        return digits

    def constant(name: str) -> object:
        losses.append(f"it has {name}")
        return name

    def fields(pairs: list[tuple[str, object]]) -> dict[str, object]:
        if len(content := dict(pairs)) == len(pairs):
            return content
        times = Counter(key for key, _ in pairs)
        content = RepeatedKeys(content, tuple(key for key in times if times[key] > 1))
        losses.append(f"the key {content.repeated[0]} is given more than once")
        return content

    try:
        content = json.loads(
            plain, strict=False, object_pairs_hook=fields, parse_float=number, parse_int=number, parse_constant=constant
        )
    except json.JSONDecodeError as error:
        truncated = error.pos >= len(plain.rstrip())
        reason = too_deep or ("the file is truncated" if truncated else error.msg)
        raise ConfigurationError(f"line {error.lineno}, column {error.colno}: {reason}") from None
    return Document(content, losses[0] if losses else None)


def kind(content: object) -> str:
    """Return what kind of JSON something is, for people."""
    if isinstance(content, RepeatedKeys):
        return f"one that has {content.repeated[0]} more than once"
    names = {dict: "object", list: "array", type(None): "null"}
    return f"`{names.get(type(content), type(content).__name__)}`"


def repeated_keys(content: object, place: str) -> Iterator[str]:
    """Return each key that is given more than once anywhere inside, with its place."""
    if isinstance(content, RepeatedKeys):
        yield from (f"{place} has the key {key} more than once" for key in content.repeated)
    if isinstance(content, dict):
        for key, value in content.items():
            yield from repeated_keys(value, f"{place}.{key}")
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield from repeated_keys(value, f"{place}[{number}]")


def is_text(content: object) -> bool:
    """Return whether all text inside can be sent to clients: JSON can have half a surrogate pair, which is no character."""
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def without_nulls(content: object) -> object:
    """Return the content with null meaning absent everywhere: programs write it where others refuse it."""
    if isinstance(content, RepeatedKeys):
        return content
    if isinstance(content, dict):
        return {key: without_nulls(value) for key, value in content.items() if value is not None}
    if isinstance(content, list):
        return [without_nulls(value) for value in content]
    return content


def write(content: object) -> bytes:
    """Return a file with this content."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair, which JSON can escape and UTF-8 cannot hold.
        return (json.dumps(content, indent=2) + "\n").encode()


def _decode(data: bytes) -> tuple[str, str | None]:
    """Return the text of a file, and what is lost if it is written as UTF-8."""
    encoding = json.detect_encoding(data)
    try:
        return data.decode(encoding), None
    except UnicodeDecodeError as error:
        reason = f"{_place(data[: error.start].decode('latin-1'), error.start)} is not {encoding.upper()}"
        if not encoding.startswith("utf-8"):
            raise ConfigurationError(f"{reason}: {error.reason}") from None
        # Every byte is some letter there; the names in the file may be wrong, its structure and numbers are not.
        return data.decode("latin-1"), f"{reason} and was read as Latin-1: save it as UTF-8"


def _plain(text: str) -> tuple[str, str | None, str | None]:
    """Return JSON without comments and without what is nested too deeply, each place where it was; what was taken out."""
    parts: list[str] = []
    comments = too_deep = None
    depth = end = 0
    for token in _TOKEN.finditer(text):
        first, cut = token[0][0], depth > MAX_DEPTH
        if not cut:
            parts.append(text[end : token.start()])
        end = token.end()
        if first in "[{":
            depth += 1
            if depth == MAX_DEPTH + 1:
                too_deep = too_deep or f"nested too deeply for recursion at {_place(text, token.start())}"
                parts.append(json.dumps(TOO_DEEP))
        elif first in "]}":
            depth -= 1
        if cut or depth > MAX_DEPTH:
            continue
        if first == "/":
            comments = "it has comments, which would be lost"
        parts.append(re.sub(r"[^\n]", " ", token[0]) if first == "/" else token[0])
    if depth <= MAX_DEPTH:
        parts.append(text[end:])
    return "".join(parts), comments, too_deep


def _place(text: str, position: int) -> str:
    return f"line {text.count(chr(10), 0, position) + 1}, column {position - text.rfind(chr(10), 0, position)}"
