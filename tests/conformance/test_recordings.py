"""Recordings are played: every byte that was sent counts, repeats apart; and each fails for every reason there is."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.__main__ import main
from tests.conformance.runner import Outcome, Verdict, run_file

Recording = dict[str, Any]
RunRecording = Callable[[Recording], list[Outcome]]


def level(feature: int, value: int, *packets: str) -> Recording:
    return {"feature": feature, "output": "Vibrate", "value": value, "packets": list(packets)}


def stop(*packets: str) -> Recording:
    return {"stop": True, "answer": "Ok", "packets": list(packets)}


def recording(protocol: str, name: str, device_name: str, *steps: Recording, on_connect: list[str] | None = None) -> Recording:
    model = {"device_name": device_name, "features": {}, "on_connect": on_connect or [], "steps": list(steps)}
    return {"protocol": protocol, "recorded_from": "a test", "models": {name: model}}


VIVI = recording(
    "aneros",
    "Massage Demo",
    "Aneros Vivi",
    level(0, 127, "f1 7f"),
    level(0, 127),
    level(0, 0, "f1 00"),
    level(1, 63, "f2 3f"),
    stop("f2 00"),
)

#: A family that answers, has a hand-shake, and repeats what it was told: what it gets is both motors, four times each.
DUAL = recording(
    "satisfyer",
    "SF Love Triangle",
    "Satisfyer Love Triangle",
    level(0, 100, "64 64 64 64 00 00 00 00"),
    level(1, 50, "64 64 64 64 00 00 00 00", "64 64 64 64 32 32 32 32", "64 64 64 64 32 32 32 32"),
    stop("00 00 00 00 00 00 00 00"),
    on_connect=["01"],
)


@pytest.fixture
def run_recording(tmp_path: Path) -> RunRecording:
    def run_it(recorded: Recording) -> list[Outcome]:
        path = tmp_path / "recording.json"
        path.write_text(json.dumps(recorded))
        return run_file(path)

    return run_it


def first_model(recorded: Recording) -> Recording:
    return next(iter(recorded["models"].values()))


def changed(recorded: Recording, change: Callable[[Recording], object]) -> Recording:
    copy = deepcopy(recorded)
    change(first_model(copy))
    return copy


def test_a_recording_passes(run_recording: RunRecording) -> None:
    assert run_recording(VIVI) == [Outcome("aneros Massage Demo", Verdict.PASSED)]


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model["steps"][0]["packets"].insert(0, "f1 01"),
        lambda model: model["steps"][0].update(packets=["f1 7e"]),
        lambda model: model["steps"][0].update(packets=["f1 7f 00"]),
        lambda model: model["steps"][0].update(packets=[]),
        lambda model: model["steps"][1].update(packets=["f1 11"]),
        lambda model: model["steps"][3]["packets"].append("f2 11"),
        lambda model: model["steps"][-1].update(packets=["f2 01"]),
        lambda model: model["on_connect"].append("f1 00"),
    ],
)
def test_a_recording_fails_by_every_packet(run_recording: RunRecording, change: Callable[[Recording], object]) -> None:
    [outcome] = run_recording(changed(VIVI, change))
    assert outcome.verdict is Verdict.FAILED
    assert "expected" in outcome.details[0]
    assert "; came" in outcome.details[0]


def test_a_hand_shake_is_compared_and_answered(run_recording: RunRecording) -> None:
    assert run_recording(DUAL) == [Outcome("satisfyer SF Love Triangle", Verdict.PASSED)]
    [outcome] = run_recording(changed(DUAL, lambda model: model.update(on_connect=["02"])))
    assert outcome.verdict is Verdict.FAILED
    assert "at first: expected tx 02; came tx 01" in outcome.details[0]


def test_repeats_may_have_fallen_into_a_step_or_not(run_recording: RunRecording) -> None:
    none_fell_in = changed(DUAL, lambda model: model["steps"][1].update(packets=["64 64 64 64 32 32 32 32"]))
    assert run_recording(none_fell_in)[0].verdict is Verdict.PASSED


def test_what_is_no_repeat_must_come(run_recording: RunRecording) -> None:
    another = changed(DUAL, lambda model: model["steps"][1]["packets"].insert(1, "00 00 00 00 32 32 32 32"))
    assert run_recording(another)[0].verdict is Verdict.FAILED


def test_a_stop_may_end_in_one_packet_what_was_ended_one_after_the_other(run_recording: RunRecording) -> None:
    one_by_one = changed(DUAL, lambda model: model["steps"][-1]["packets"].insert(0, "00 00 00 00 32 32 32 32"))
    assert run_recording(one_by_one)[0].verdict is Verdict.PASSED
    unfinished = changed(DUAL, lambda model: model["steps"][-1].update(packets=["00 00 00 00 32 32 32 32"]))
    assert run_recording(unfinished)[0].verdict is Verdict.FAILED


def test_places_of_a_move_may_have_fallen_into_a_later_step_or_into_none(run_recording: RunRecording) -> None:
    def text(*commands: str) -> list[str]:
        return [command.encode().hex(" ") for command in commands]

    def move(place: int, duration: int) -> Recording:
        return {"feature": 0, "output": "HwPositionWithDuration", "value": place, "duration": duration, "packets": []}

    strokes = {"feature": 0, "output": "Oscillate", "value": 10, "packets": text("FSetSite:25;", "Mply:10:20;")}
    steps = [move(100, 500), move(0, 1000), move(50, 200), strokes, stop(*text("Mply:0:20;"))]
    recorded = recording("lovense", "LVS-BA01", "Lovense Solace Pro", *steps, on_connect=text("DeviceType;"))
    assert run_recording(recorded)[0].verdict is Verdict.PASSED
    other_speed = changed(recorded, lambda model: model["steps"][3].update(packets=text("Mply:11:20;")))
    assert run_recording(other_speed)[0].verdict is Verdict.FAILED


def test_every_model_has_its_own_verdict(run_recording: RunRecording) -> None:
    recorded = deepcopy(VIVI)
    recorded["models"]["nobody knows me"] = deepcopy(first_model(VIVI)) | {"device_name": "Nobody"}
    passed, failed = run_recording(recorded)
    assert passed.verdict is Verdict.PASSED
    assert failed == Outcome("aneros nobody knows me", Verdict.FAILED, ("the configuration knows no such model of aneros",))


def test_a_model_may_be_recorded_under_a_name_that_it_does_not_advertise(run_recording: RunRecording) -> None:
    recorded = deepcopy(VIVI)
    recorded["models"] = {"aneros-somewhere": first_model(VIVI)}
    assert run_recording(recorded) == [Outcome("aneros aneros-somewhere", Verdict.PASSED)]


def test_a_family_without_a_module_is_not_supported(run_recording: RunRecording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.conformance.runner.supports", "vorze-sa".__eq__)
    assert run_recording(VIVI) == [Outcome("aneros Massage Demo", Verdict.NOT_SUPPORTED, ("aneros",))]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda model: model["steps"][0].update(extra=1), "unknown field `extra`"),
        (lambda model: model["steps"][0].pop("packets"), "missing required field `packets`"),
        (lambda model: model["steps"][0].pop("value"), "needs a feature, an output and a value"),
        (lambda model: model["steps"][0].update(output="Shake"), "Shake"),
        (lambda model: model["steps"][0].update(packets=["0x"]), "hexadecimal"),
    ],
)
def test_a_recording_that_is_not_understood_fails(
    run_recording: RunRecording, change: Callable[[Recording], object], problem: str
) -> None:
    [outcome] = run_recording(changed(VIVI, change))
    assert outcome.verdict is Verdict.FAILED
    assert problem in outcome.details[0]


def test_of_a_family_that_never_connected_nothing_is_played(run_recording: RunRecording) -> None:
    assert run_recording({"protocol": "patoo", "recorded_from": "a test", "not_connected": ["PBT821"]}) == []


@pytest.mark.parametrize(
    ("step", "problem"), [(level(7, 1), "feature 7 has no output Vibrate"), (level(0, 128), "128 is outside")]
)
def test_a_command_that_cannot_be_given_fails(run_recording: RunRecording, step: Recording, problem: str) -> None:
    [outcome] = run_recording(changed(VIVI, lambda model: model["steps"].append(step)))
    assert outcome.verdict is Verdict.FAILED
    assert problem in outcome.details[0]


def test_vectors_and_recordings_are_played_by_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "aneros.json").write_text(json.dumps(VIVI))
    vector = Path(__file__).parent / "vectors" / "aneros_vivi.json"
    (tmp_path / "vector.json").write_bytes(vector.read_bytes())
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == ["2 passed, 0 failed, 0 not supported"]


@pytest.mark.parametrize(
    ("version", "verdict"), [(4, Verdict.PASSED), (3, Verdict.NOT_FOR_VERSION), (0, Verdict.NOT_FOR_VERSION)]
)
def test_steps_are_for_clients_that_are_told_them(tmp_path: Path, version: int, verdict: Verdict) -> None:
    (tmp_path / "aneros.json").write_text(json.dumps(VIVI))
    [outcome] = run_file(tmp_path / "aneros.json", version)
    assert outcome.verdict is verdict
