"""Whatever clients and devices do, in any order, no rule of :mod:`~tests.simulation.rules` is broken.

The suite plays as many schedules as find every planted fault; ``python -m tests.simulation`` plays a thousand, or more.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from buttplug.server.session import Session
from tests.simulation.__main__ import failures
from tests.simulation.rules import NOBODY
from tests.simulation.schedule import SCHEDULES, schedule
from tests.simulation.shrink import script, shrink
from tests.simulation.world import families, play

PARTS = 8


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with families(tmp_path) as folder:
        yield folder


@pytest.mark.parametrize("part", range(PARTS))
def test_no_schedule_breaks_a_rule(part: int) -> None:
    assert "\n".join(failures(range(part, SCHEDULES, PARTS))) == ""


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_a_seed_is_the_same_schedule_each_time_and_the_same_things_happen(folder: Path, seed: int) -> None:
    assert schedule(seed) == schedule(seed)
    first, again = (sorted(play(folder, schedule(seed), seed)[1]) for _ in range(2))
    assert first == again
    assert len(first) > 20


def test_a_schedule_that_breaks_a_rule_is_made_short_and_printed_as_a_script(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Session, "stop_driving", lambda self: None)
    steps = schedule(0)
    violation, _ = play(folder, steps, 0)
    assert violation is not None
    assert violation.rule == NOBODY
    shortest = shrink(steps, lambda steps: getattr(play(folder, steps, 0)[0], "rule", None) == NOBODY)
    assert len(shortest) <= 5 < len(steps)
    exec(compile(script(shortest, 0), "script", "exec"), {})
    assert NOBODY in capsys.readouterr().out
