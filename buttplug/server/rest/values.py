"""The numbers and words in a path and its query. What cannot be used raises a :class:`RestError` with status 422."""

from __future__ import annotations

import re
from collections.abc import Iterable

from buttplug.core.enums import InputType, OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.core.messages import U32_MAX
from buttplug.core.text import printable
from buttplug.server.commands import input_of, output_type_of
from buttplug.server.rest.errors import RestError, unusable

#: The longest lease, in milliseconds: a day.
MAX_LEASE = 86_400_000
#: The query's field for the token, which was looked at before.
TOKEN = "token"
#: Characters of a word that are told in an answer.
SHOWN = 100

_FRACTION = re.compile(r"-?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:[eE][+-]?[0-9]{1,3})?")
_WHOLE = re.compile(r"-?[0-9]{1,10}")


def whole(text: str, what: str, low: int, high: int) -> int:
    """Return a whole number in a range."""
    if _WHOLE.fullmatch(text) is None or not low <= int(text) <= high:
        raise unusable(f'{what} is a whole number from {low} to {high}, not "{printable(text, SHOWN)}"')
    return int(text)


def index(text: str, what: str) -> int:
    """Return the index of a device or of a feature."""
    return whole(text, what, 0, U32_MAX)


def fraction(text: str) -> float:
    """Return a level as a share of the range."""
    if _FRACTION.fullmatch(text) is None or not -1.0 <= float(text) <= 1.0:
        raise unusable(
            f'a level is a share of the range, from -1 to 1 (0.5 is half), not "{printable(text, SHOWN)}"; '
            "for one of its steps leave it out and add ?steps=…"
        )
    return float(text)


def output_type(text: str) -> OutputType:
    """Return an output type."""
    try:
        return output_type_of(text)
    except ButtplugDeviceError as error:
        raise unusable(f"{error.message}: there are {', '.join(OutputType)}") from None


def input_type(text: str) -> InputType:
    """Return an input type."""
    try:
        return input_of(text)
    except ButtplugDeviceError as error:
        raise unusable(f"{error.message}: there are {', '.join(InputType)}") from None


class Query:
    """The fields of a query. One that is misspelt must not be overlooked: without its lease a device runs on."""

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        self._all = [(name, value) for name, value in fields if name != TOKEN]
        self._fields = dict(self._all)

    def require_only(self, *names: str) -> None:
        """Raise where there are other fields than these, or one of them more than once."""
        for position, (name, _) in enumerate(self._all):
            if any(name == before for before, _ in self._all[:position]):
                raise unusable(f'"{printable(name, SHOWN)}" is given more than once')
            if name not in names:
                there_are = f"there are {', '.join(names)}" if names else "there are none here"
                raise unusable(f'"{printable(name, SHOWN)}" is no field of this query: {there_are}')

    def number(self, name: str, low: int, high: int) -> int | None:
        """Return a whole number in a range, None where there is none."""
        text = self._fields.get(name)
        return None if text is None else whole(text, name, low, high)


class Level:
    """What is asked of outputs: a level, as a share of the range or as a step, and for how long."""

    def __init__(self, level: str | None, query: Query) -> None:
        query.require_only("steps", "duration", "lease")
        self.steps: int | None = query.number("steps", -U32_MAX, U32_MAX)
        #: Milliseconds that a movement takes; None where it is none.
        self.duration: int | None = query.number("duration", 0, U32_MAX)
        #: Milliseconds after which it ends, if nothing else was asked by then; None where it goes on.
        self.lease: int | None = query.number("lease", 1, MAX_LEASE)
        self.share: float | None = None if level is None else fraction(level)
        if (self.steps is None) is (self.share is None):
            raise _one_of_both()


def _one_of_both() -> RestError:
    return unusable("a level is asked for either in the path, as a share of the range, or by ?steps=…, and not by both")
