"""Reading funscripts: JSON files, one for all axes or one for each.

The format: ``actions`` is a list of ``{"at": milliseconds, "pos": 0 to 100}``; ``inverted`` turns positions round; ``range``
is how many percent of the way are used, from 0 upwards. Further axes are in ``axes`` (``[{"id": "R0", "actions": […]}]``), in
``channels`` (``{"twist": {"actions": […]}}``), or in files of their own beside the first: ``video.twist.funscript``.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path

from buttplug.funscript.script import STROKE, Action, Axis, Funscript

SUFFIX = ".funscript"

#: The names of axes that files call by their T-Code.
AXES = {
    "L0": STROKE,
    "L1": "surge",
    "L2": "sway",
    "R0": "twist",
    "R1": "roll",
    "R2": "pitch",
    "V0": "vib",
    "A0": "valve",
    "A1": "suck",
    "A2": "lube",
}


class FunscriptError(ValueError):
    """A file is no funscript; the message names the file and the place in it."""


def load(path: str | os.PathLike[str]) -> Funscript:
    """Read a file, and those of further axes beside it (``video.twist.funscript`` beside ``video.funscript``).

    Raises:
        FunscriptError: A file is broken.
        OSError: A file cannot be read.
    """
    first = Path(path)
    script = _read(first)
    for beside in sorted(first.parent.glob(f"{_escaped(first.stem)}.*{SUFFIX}")):
        name = beside.name[len(first.stem) + 1 : -len(SUFFIX)]
        if name and "." not in name:
            script.axes[name.casefold()] = _read(beside).axes[STROKE]
    return script


def parse(text: str, source: str = "the funscript") -> Funscript:
    """Read the text of a file. ``source`` is what errors call it.

    Raises:
        FunscriptError: It is broken.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise FunscriptError(f"{source}, line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise FunscriptError(f"{source}: it is nested too deeply") from None
    return _Reader(source).script(document)


def _read(path: Path) -> Funscript:
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FunscriptError(f"{path}, byte {error.start}: it is no text in UTF-8") from None
    return parse(text, str(path))


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source

    def script(self, document: object) -> Funscript:
        whole = self._object(document, "$")
        axes = {STROKE: self._axis(whole, "$", whole)}
        further = whole.get("axes") or []
        if not isinstance(further, list):
            raise self._error("$.axes", "it is no list")
        for number, entry in enumerate(further):
            place = f"$.axes[{number}]"
            axis = self._object(entry, place)
            name = axis.get("id")
            if not isinstance(name, str) or not name:
                raise self._error(f"{place}.id", "the axis has no name")
            axes[AXES.get(name.upper(), name.casefold())] = self._axis(axis, place, whole)
        channels = self._object(whole.get("channels") or {}, "$.channels")
        for name, entry in channels.items():
            place = f"$.channels.{name}"
            axes[AXES.get(name.upper(), name.casefold())] = self._axis(self._object(entry, place), place, whole)
        return Funscript(axes)

    def _axis(self, entry: Mapping[str, object], place: str, whole: Mapping[str, object]) -> Axis:
        inverted = self._one_of("inverted", place, entry, whole, False)
        if not isinstance(inverted, bool):
            raise self._error(f"{place}.inverted", f"it is true or false, not {inverted!r}")
        used = self._one_of("range", place, entry, whole, 100)
        share = self._number(used, f"{place}.range", 0, 100) / 100
        actions = entry.get("actions")
        if not isinstance(actions, list):
            raise self._error(f"{place}.actions", "there is no list of actions")
        result: list[Action] = []
        for number, each in enumerate(actions):
            action = self._action(each, f"{place}.actions[{number}]", inverted=inverted, share=share)
            if result and action.at <= result[-1].at:
                if action == result[-1]:
                    continue
                before = round(result[-1].at * 1000)
                raise self._error(
                    f"{place}.actions[{number}].at", f"{round(action.at * 1000)} ms does not come after {before} ms"
                )
            result.append(action)
        if not result:
            raise self._error(f"{place}.actions", "there are no actions")
        return Axis(result)

    def _action(self, entry: object, place: str, *, inverted: bool, share: float) -> Action:
        action = self._object(entry, place)
        at = self._number(action.get("at"), f"{place}.at", 0, math.inf)
        position = self._number(action.get("pos"), f"{place}.pos", 0, 100) / 100
        return Action(at / 1000, (1 - position if inverted else position) * share)

    def _one_of(
        self, key: str, place: str, entry: Mapping[str, object], whole: Mapping[str, object], default: object
    ) -> object:
        """Return a setting of an axis, or of the whole script."""
        value = entry.get(key, whole.get(key))
        return default if value is None else value

    def _object(self, value: object, place: str) -> dict[str, object]:
        if not isinstance(value, dict):
            raise self._error(place, "it is no object")
        return value

    def _number(self, value: object, place: str, low: float, high: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._error(place, "there is no number")
        if not low <= value <= high or value == math.inf:
            raise self._error(place, f"{value} is outside {low:g} to {high:g}")
        return float(value)

    def _error(self, place: str, what: str) -> FunscriptError:
        return FunscriptError(f"{self._source}, {place}: {what}")
