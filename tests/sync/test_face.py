"""The synchronous face is that of the asynchronous classes: same names, same parameters, same words."""

from __future__ import annotations

import inspect
from typing import get_type_hints

import pytest

import buttplug.sync
from buttplug import funscript
from buttplug.client import ButtplugClient, ButtplugDevice, DeviceFeature
from buttplug.server import ButtplugServer
from buttplug.sync import Client, Device, Feature, Server
from tests.cases import for_each
from tools import sync_face

PAIRS = [
    (ButtplugClient, Client),
    (ButtplugDevice, Device),
    (DeviceFeature, Feature),
    (ButtplugServer, Server),
    (funscript.FunscriptPlayer, buttplug.sync.FunscriptPlayer),
]


def public(class_: type) -> set[str]:
    return {name for name in dir(class_) if not name.startswith("_")}


EACH = [
    (asynchronous, face, name) for asynchronous, face in PAIRS for name in sorted(public(asynchronous) - sync_face.LEFT_OUT)
]


@pytest.mark.parametrize("part", sync_face.PARTS, ids=lambda part: part.name)
def test_the_files_are_what_would_be_made_now(part: sync_face.Part) -> None:
    written = (sync_face.FOLDER / f"{part.name}.py").read_text()
    assert written == sync_face.source_of(part), "run python -m tools.sync_face"


@pytest.mark.parametrize(("asynchronous", "face"), PAIRS)
def test_the_two_have_the_same_names(asynchronous: type, face: type) -> None:
    attributes = {name for name, *_ in sync_face.ATTRIBUTES.get(asynchronous, ())}
    assert public(face) == public(asynchronous) - sync_face.LEFT_OUT | attributes


@for_each(("asynchronous", "face", "name"), EACH)
def test_methods_have_the_same_parameters_and_wait_for_nothing(asynchronous: type, face: type, name: str) -> None:
    theirs, ours = getattr(asynchronous, name), getattr(face, name)
    if not inspect.isfunction(theirs):
        assert isinstance(ours, property)
        return
    assert not inspect.iscoroutinefunction(ours)
    wanted, found = inspect.signature(theirs), inspect.signature(ours)
    assert list(wanted.parameters) == list(found.parameters)
    for parameter in wanted.parameters.values():
        other = found.parameters[parameter.name]
        assert (other.kind, other.default) == (parameter.kind, parameter.default)
        if parameter.name != "self":
            assert other.annotation == sync_face.face_type(parameter.annotation)
    assert found.return_annotation == sync_face.face_type(wanted.return_annotation)


@for_each(("asynchronous", "face", "name"), EACH)
def test_what_is_public_says_the_same_on_hover(asynchronous: type, face: type, name: str) -> None:
    if name.startswith("on_"):
        assert inspect.getdoc(getattr(face, name))
        return
    words = inspect.getdoc(getattr(face, name))
    assert words == sync_face.in_words(inspect.getdoc(getattr(asynchronous, name)) or "")
    assert words
    assert "await" not in words
    assert "async " not in words


@pytest.mark.parametrize("face", [face for _, face in PAIRS])
def test_the_types_of_everything_public_can_be_looked_up(face: type) -> None:
    for name in public(face):
        value = inspect.getattr_static(face, name)
        function = value.fget if isinstance(value, property) else value
        assert "return" in get_type_hints(function), name


def test_every_difference_in_words_is_needed() -> None:
    text = "".join(
        inspect.getdoc(thing) or ""
        for class_ in sync_face.NAMES
        for thing in [class_, *(getattr(class_, name) for name in public(class_))]
    )
    assert [words for words, _ in sync_face.WORDS if words not in text] == []


def test_no_asynchronous_type_is_given_out() -> None:
    for _, face in PAIRS:
        for name in public(face):
            value = inspect.getattr_static(face, name)
            function = value.fget if isinstance(value, property) else value
            assert function is not None
            result = str(inspect.signature(function).return_annotation)
            assert not any(word in result for word in ("Buttplug", "DeviceFeature", "Async", "Awaitable")), (name, result)


def test_all_that_a_script_needs_is_in_one_module() -> None:
    assert all(getattr(buttplug.sync, name) is not None for name in buttplug.sync.__all__)
    wanted = {name for name in __import__("buttplug").__all__ if not name.startswith("_")}
    assert wanted - set(buttplug.sync.__all__) == {"Devices", "InProcessConnector"}
