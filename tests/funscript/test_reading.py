"""Funscript files: what is read, and what is refused with the place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.funscript import Action, FunscriptError, load, parse

PLAIN = [{"at": 0, "pos": 0}, {"at": 500, "pos": 100}, {"at": 1500, "pos": 50}]


def text(**keys: Any) -> str:
    return json.dumps({"actions": PLAIN, **keys})


def places(**keys: Any) -> list[float]:
    return [action.position for action in parse(text(**keys)).axes["stroke"].actions]


def test_actions_are_in_seconds_and_shares() -> None:
    script = parse(text(version="1.0", metadata={"title": "x"}))
    assert script.axes["stroke"].actions == (Action(0.0, 0.0), Action(0.5, 1.0), Action(1.5, 0.5))
    assert script.duration == 1.5
    assert repr(script) == "<Funscript of 1.5 s: stroke (3 actions)>"


def test_inverted_and_range() -> None:
    assert places(inverted=True) == [1.0, 0.0, 0.5]
    assert places(range=80) == [0.0, 0.8, 0.4]
    assert places(inverted=True, range=80) == [0.8, 0.0, 0.4]


def test_between_actions_it_moves_evenly() -> None:
    axis = parse(text()).axes["stroke"]
    assert [axis.position(time) for time in (-1, 0, 0.25, 0.5, 1.0, 9)] == [0, 0, 0.5, 1, 0.75, 0.5]
    assert axis.way(0.25, 1.0) == 0.75
    assert axis.next_action(0.5) == Action(1.5, 0.5)
    assert axis.next_action(1.5) is None


def test_further_axes_in_the_file() -> None:
    twist = {"id": "R0", "actions": [{"at": 10, "pos": 30}], "inverted": True}
    script = parse(text(axes=[twist], channels={"Vib": {"actions": [{"at": 5, "pos": 100}]}}))
    assert list(script.axes) == ["stroke", "twist", "vib"]
    assert script.axes["twist"].actions == (Action(0.01, 0.7),)


def test_further_axes_in_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "my [best] video.funscript").write_text(text(), "utf-8-sig")
    (tmp_path / "my [best] video.roll.funscript").write_text(text(inverted=True))
    (tmp_path / "my [best] video.old.roll.funscript").write_text("broken")
    (tmp_path / "another.pitch.funscript").write_text("broken")
    script = load(tmp_path / "my [best] video.funscript")
    assert list(script.axes) == ["stroke", "roll"]
    assert script.axes["roll"].actions[0].position == 1.0


def test_the_same_action_twice_is_one() -> None:
    assert len(parse(json.dumps({"actions": [PLAIN[0], PLAIN[0], PLAIN[1]]})).axes["stroke"].actions) == 2


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ('{"actions": [\n  {"at": 1 "pos": 3}]}', "video, line 2, column 12: Expecting ',' delimiter"),
        ("", "video, line 1, column 1: Expecting value"),
        ("[" * 100_000, "video: it is nested too deeply"),
        ("[]", "video, $: it is no object"),
        ("{}", "video, $.actions: there is no list of actions"),
        ('{"actions": []}', "video, $.actions: there are no actions"),
        ('{"actions": [1]}', "video, $.actions[0]: it is no object"),
        ('{"actions": [{"pos": 1}]}', "video, $.actions[0].at: there is no number"),
        ('{"actions": [{"at": "1", "pos": 1}]}', "video, $.actions[0].at: there is no number"),
        ('{"actions": [{"at": true, "pos": 1}]}', "video, $.actions[0].at: there is no number"),
        ('{"actions": [{"at": -5, "pos": 1}]}', "video, $.actions[0].at: -5 is outside 0 to inf"),
        ('{"actions": [{"at": NaN, "pos": 1}]}', "video, $.actions[0].at: nan is outside 0 to inf"),
        ('{"actions": [{"at": Infinity, "pos": 1}]}', "video, $.actions[0].at: inf is outside 0 to inf"),
        ('{"actions": [{"at": 1, "pos": 101}]}', "video, $.actions[0].pos: 101 is outside 0 to 100"),
        (text(actions=[PLAIN[1], PLAIN[0]]), "video, $.actions[1].at: 0 ms does not come after 500 ms"),
        (
            text(actions=[PLAIN[1], {"at": 500, "pos": 0}]),
            "video, $.actions[1].at: 500 ms does not come after 500 ms",
        ),
        (text(inverted="yes"), "video, $.inverted: it is true or false, not 'yes'"),
        (text(range=-1), "video, $.range: -1 is outside 0 to 100"),
        (text(axes={}), None),
        (text(axes={"a": 1}), "video, $.axes: it is no list"),
        (text(axes=[{"actions": PLAIN}]), "video, $.axes[0].id: the axis has no name"),
        (text(axes=[{"id": "R0"}]), "video, $.axes[0].actions: there is no list of actions"),
        (text(channels={"twist": {"actions": [{"at": 1}]}}), "video, $.channels.twist.actions[0].pos: there is no number"),
    ],
)
def test_a_broken_file_is_refused_with_the_place(document: str, message: str | None) -> None:
    if message is None:
        parse(document)
        return
    with pytest.raises(FunscriptError) as raised:
        parse(document, "video")
    assert str(raised.value) == message


def test_a_file_that_is_no_text_is_refused_with_the_place(tmp_path: Path) -> None:
    path = tmp_path / "video.funscript"
    path.write_bytes(b'{"actions": "\xff"}')
    with pytest.raises(FunscriptError, match=r"video\.funscript, byte 13: it is no text in UTF-8"):
        load(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["actions", "at", "pos", "axes", "id", "channels", "range", "inverted"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_whatever_a_file_says_it_is_a_script_or_refused(document: object) -> None:
    try:
        script = parse(json.dumps(document))
    except FunscriptError:
        return
    for axis in script.axes.values():
        assert all(0 <= action.position <= 1 and action.at >= 0 for action in axis.actions)
