"""Each fuzzer, for a short while; ``python -m tests.fuzz`` runs them for as long as one likes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.__main__ import FUZZERS
from tests.fuzz.fuzzer import Finding, Fuzzer, mutated, run

#: Inputs of each, about a second of them.
INPUTS = {
    "frames": 1000,
    "upgrade": 150,
    "requests": 200,
    "devices": 300,
    "user-files": 40,
    "base-files": 150,
    "websocket-devices": 150,
    "dongle": 3000,
    "connect-app": 250,
}


@pytest.mark.parametrize("name", FUZZERS)
def test_no_input_does_harm(tmp_path: Path, name: str) -> None:
    fuzzer = FUZZERS[name](random.Random(1), tmp_path)
    run(fuzzer, lambda fed: fed < INPUTS[name])
    assert fuzzer.fed >= INPUTS[name]


@pytest.mark.parametrize("name", FUZZERS)
def test_every_seed_does_no_harm_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    seeds = iter(FUZZERS[name].seeds)
    monkeypatch.setattr("tests.fuzz.fuzzer.mutated", lambda dice, of: next(seeds))
    count = len(FUZZERS[name].seeds)
    rounds = iter(range(count))
    run(FUZZERS[name](random.Random(1), tmp_path), lambda fed: next(rounds, None) is not None)


class _Harmed(Fuzzer):
    """Is harmed by one input in hundred."""

    name = "harmed"
    seeds = (b"good",)
    harm = staticmethod(lambda: None)

    async def feed(self, data: bytes) -> None:
        self.fed += 1
        if self.fed == 100:
            self.harm()
        await asyncio.sleep(0.1)


def _raise() -> None:
    raise ValueError("harm")


def _raise_later() -> None:
    asyncio.get_running_loop().call_soon(_raise)


def _leave_a_task() -> None:
    kept.append(asyncio.get_running_loop().create_task(asyncio.sleep(1e6)))


kept: list[object] = []


@pytest.mark.parametrize(("harm", "told"), [(_raise, "harm"), (_raise_later, "ValueError"), (_leave_a_task, "tasks are left")])
def test_harm_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: Callable[[], None], told: str) -> None:
    monkeypatch.setattr(_Harmed, "harm", staticmethod(harm))
    with pytest.raises(Finding, match=told):
        run(_Harmed(random.Random(1), tmp_path), lambda fed: fed < 200)


def test_inputs_are_the_same_for_the_same_seed_and_differ_from_their_seeds() -> None:
    first, again = ([mutated(random.Random(seed), (b"0123456789", b"abc")) for seed in range(200)] for _ in range(2))
    assert first == again
    assert len(set(first)) > 100
