"""Defects that recordings of families show whose recordings are not here are met as what their fact sheets say instead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance.runner import Outcome, Verdict, run_file
from tests.conformance.test_recordings import Recording, recording, stop


def order(output: str, value: int, *packets: str, feature: int = 0, duration: int | None = None) -> Recording:
    step = {"feature": feature, "output": output, "value": value, "packets": list(packets)}
    return step if duration is None else step | {"duration": duration}


def text(*commands: str) -> list[str]:
    return [command.encode().hex(" ") for command in commands]


def presses(*buttons: str) -> list[str]:
    checksums = {"01": "b6", "02": "b6"}
    return [f"{button} 64 00 00 00 00 31 32 33 34 00 00 00 00 00 00 00 {checksums.get(button, 'cc')}" for button in buttons]


def jive(vibration: str, oscillation: str) -> str:
    return f"10 ff 04 0a 32 0a 00 04 08 {vibration} 64 00 04 08 {oscillation} 64 01"


SWITCH, FASTER, SLOWER = ("01", "02"), ("05", "03"), ("06", "03")

#: The oscillator is refused.
JIVE = recording(
    "magic-motion-2",
    "CBT001",
    "FunTown Jive",
    order("Vibrate", 100, jive("64", "00")),
    order("Vibrate", 0, jive("00", "00")),
    order("Oscillate", 100, feature=1) | {"answer": "refused"},
    order("Oscillate", 0, feature=1) | {"answer": "refused"},
    order("Vibrate", 50, jive("32", "00")),
    order("Oscillate", 50, feature=1) | {"answer": "refused"},
    stop(jive("00", "00")),
)

#: 0 sprays, and so does a stop behind 1.
PIUPIU = recording(
    "hismith-mini",
    "4002",
    "Sinloli Piupiu",
    order("Spray", 1, "cc 0b 01 0c"),
    order("Spray", 0, "cc 0b 01 0c"),
    order("Spray", 1, "cc 0b 01 0c"),
    stop("cc 0b 01 0c"),
)

#: Five presses go up and four down, if nobody is in a hurry: so many as a step had time for were recorded.
GIGOLO = recording(
    "fmachine",
    "FM-G",
    "F-Machine Gigolo BT-R",
    order("Oscillate", 5, *presses(*SWITCH, *FASTER)),
    order("Oscillate", 2, *presses(*SLOWER)),
    order("Oscillate", 4),
    order("Oscillate", 1),
    order("Oscillate", 0, *presses(*SWITCH)),
    order("Oscillate", 3, *presses(*SWITCH, *FASTER)),
    stop(*presses(*SWITCH, *SLOWER)),
    on_connect=presses(*SLOWER * 55),
)

#: A toy that does not say what it is; timed moves that were given another goal before they came to theirs.
SOLACE_PRO = recording(
    "lovense",
    "LVS-BA1",
    "Lovense Solace Pro",
    order("HwPositionWithDuration", 100, *text("FSetSite:20;"), duration=500),
    order("HwPositionWithDuration", 0, *text("FSetSite:18;"), duration=1000),
    order("Oscillate", 20, *text("Mply:20:20;", "FSetSite:16;")),
    order("Oscillate", 0, *text("Mply:0:20;")),
    order("HwPositionWithDuration", 50, *text("FSetSite:33;"), duration=200),
    order("Oscillate", 10, *text("Mply:10:20;")),
    stop(*text("FSetSite:50;", "Mply:0:20;")),
    on_connect=text(*["DeviceType;"] * 6),
)


def play(recorded: Recording, folder: Path) -> Outcome:
    path = folder / "recording.json"
    path.write_text(json.dumps(recorded))
    [outcome] = run_file(path)
    return outcome


@pytest.mark.parametrize(
    ("recorded", "reason"),
    [
        (JIVE, "a model that oscillates is told to"),
        (PIUPIU, "neither 0 nor a stop sprays"),
        (GIGOLO, "as many presses go up as down"),
        (SOLACE_PRO, "a timed move takes its time"),
    ],
    ids=lambda value: value["protocol"] if isinstance(value, dict) else "",
)
def test_a_defect_is_not_what_must_come(tmp_path: Path, recorded: Recording, reason: str) -> None:
    outcome = play(recorded, tmp_path)
    assert outcome.verdict is Verdict.PASSED, outcome.details
    assert any(reason in detail for detail in outcome.details)


@pytest.mark.parametrize(
    ("recorded", "place", "packets"),
    [
        (JIVE, 0, [jive("63", "00")]),
        (PIUPIU, 0, ["cc 0b 01 0d"]),
        (GIGOLO, None, presses(*SLOWER * 54)),
        (SOLACE_PRO, 2, text("Mply:19:20;")),
        (SOLACE_PRO, None, text("DeviceType;", "Battery;")),
    ],
)
def test_what_is_not_the_defect_fails(tmp_path: Path, recorded: Recording, place: int | None, packets: list[str]) -> None:
    changed = json.loads(json.dumps(recorded))
    [model] = changed["models"].values()
    if place is None:
        model["on_connect"] = packets
    else:
        model["steps"][place]["packets"] = packets
    assert play(changed, tmp_path).verdict is Verdict.FAILED
