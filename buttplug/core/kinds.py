"""Kinds of outputs and inputs by their names: programs and people write ``Vibrate``, ``vibrate`` and ``VIBRATE``."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import TypeVar

from buttplug.core.enums import InputType, OutputType

Kind = TypeVar("Kind", bound=StrEnum)


def name_in(names: Collection[str], wanted: str) -> str | None:
    """Return how a name is spelled among others, None where it is not among them.

    Upper and lower case do not matter, nor whether it is the constant's name (``position_with_duration``) or the wire's
    (``HwPositionWithDuration``).
    """
    if wanted in names:
        return wanted
    folded = _folded(wanted)
    return next((str(name) for name in names if _folded(name) == folded), None)


def output_type(name: OutputType | str) -> OutputType:
    """Return a kind of output by its name.

    Raises:
        LookupError: There is no such kind; the text has all there are.
    """
    return _kind(OutputType, name, "output")


def input_type(name: InputType | str) -> InputType:
    """Return a kind of input by its name.

    Raises:
        LookupError: There is no such kind; the text has all there are.
    """
    return _kind(InputType, name, "input")


def _kind(kinds: type[Kind], name: str, what: str) -> Kind:
    found = name_in([str(kind) for kind in kinds], name)
    if found is None:
        known = ", ".join(kind.name.lower() for kind in kinds)
        raise LookupError(f"{name} is no kind of {what}; there are: {known}")
    return kinds(found)


def _folded(name: str) -> str:
    return str(name).replace("_", "").casefold().removeprefix("hw")
