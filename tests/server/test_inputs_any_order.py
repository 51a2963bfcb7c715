"""Subscriptions in any order, by several clients, at a device that refuses, hangs and loses its answers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from buttplug.core.messages import InputCmd, InputReading, Ok, StopCmd
from buttplug.hardware.errors import HardwareError
from buttplug.server.devices.sensors import INPUT_LIMIT
from buttplug.server.session import State
from tests.fakes.families import EVERYTHING, Family, install
from tests.fakes.protocols import Sensing
from tests.server.conftest import BuildHouse, House, Talker, is_ok
from tests.server.test_inputs import PRESSURE, PRESSURES, link, press

FEATURES = (PRESSURE, 20)
#: Seconds for ever.
NEVER = 1e9

Act = Callable[[str], Awaitable[None]]


class Moods:
    """What the device does with each request, by dice, until it is calm."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self.calm = False

    def spoilt(self, act: Act) -> Act:
        async def do(endpoint: str) -> None:
            mood = "good" if self.calm else self._dice.choice(["good"] * 5 + ["refuses", "odd", "slow", "deaf", "mute"])
            if mood == "refuses":
                raise HardwareError("no")
            if mood == "odd":
                raise ValueError("odd")
            if mood == "slow":
                await asyncio.sleep(self._dice.choice([0.1, 3.0, 4.9]))
            if mood == "deaf":
                await asyncio.sleep(NEVER)
            await act(endpoint)
            if mood == "mute":
                await asyncio.sleep(NEVER)

        return do


class Asked:
    """What clients asked for, and what they are to get by now."""

    def __init__(self, dice: random.Random, talkers: list[Talker]) -> None:
        self._dice = dice
        self._talkers = talkers
        #: Each message that is to be answered: by when.
        self._due: dict[tuple[Talker, int], float] = {}
        #: The subscriptions of each client to each feature, since something ended those before.
        self._subscribed: dict[tuple[Talker, int], list[int]] = {}

    async def ask_something(self) -> None:
        talker, feature = self._dice.choice(self._talkers), self._dice.choice(FEATURES)
        if talker.session.state is State.CONNECTED:
            what = self._dice.choice(["Subscribe"] * 9 + ["Unsubscribe"] * 6 + ["stop"] * 4 + ["leave"])
            if what == "leave":
                # In the same turn of the event loop as what it said before.
                talker.session.stop_driving()
                await talker.session.close("gone")
                return
            self._ask(talker, feature, what)
        await asyncio.sleep(self._dice.choice([0.0, 0.0, 0.01, 0.5, 3.0, 6.0]))

    def _ask(self, talker: Talker, feature: int, what: str) -> None:
        limit = 2 * INPUT_LIMIT
        if what == "stop":
            id_ = talker.say(StopCmd, self._dice.choice((None, 0)))
            limit = 1.0
            for each in FEATURES:
                self._subscribed.pop((talker, each), None)
        else:
            id_ = talker.say(InputCmd, 0, feature, "Pressure", what)
            if what == "Subscribe":
                self._subscribed.setdefault((talker, feature), []).append(id_)
            else:
                self._subscribed.pop((talker, feature), None)
        self._due[talker, id_] = asyncio.get_running_loop().time() + limit + 0.1

    def check_answers(self) -> None:
        """Whatever was asked long enough ago was answered once."""
        now = asyncio.get_running_loop().time()
        for (talker, id_), due in self._due.items():
            answers = [message for message in talker.heard if message.id == id_]
            assert len(answers) == 1 if due < now else len(answers) <= 1, id_

    def listens(self, talker: Talker, feature: int) -> bool:
        """Whether a client was told Ok for a subscription that nothing has ended."""
        ids = self._subscribed.get((talker, feature), [])
        return talker.session.state is State.CONNECTED and any(Ok(id_) in talker.heard for id_ in ids)


@pytest.fixture
async def house(build: BuildHouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> House:
    family = Family(Sensing, [*EVERYTHING, *PRESSURES])
    return await build("toy", configuration=install(monkeypatch, tmp_path, {"toy": family}))


@pytest.mark.parametrize("seed", range(40))
async def test_who_was_told_ok_gets_readings_nobody_else_does_and_in_the_end_the_device_is_quiet(
    house: House, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    dice = random.Random(seed)
    toy, moods = house.simulated[0], Moods(dice)
    for name in ("subscribe", "unsubscribe"):
        monkeypatch.setattr(link(toy), name, moods.spoilt(getattr(link(toy), name)))
    talkers = [await house.client(f"client {number}") for number in range(3)]
    asked = Asked(dice, talkers)
    for _ in range(dice.randint(5, 40)):
        await asked.ask_something()
        asked.check_answers()
    await asyncio.sleep(2 * INPUT_LIMIT + 1)
    asked.check_answers()
    moods.calm = True
    for feature in FEATURES:
        before = [len(talker.events(InputReading)) for talker in talkers]
        press(toy, 5, feature)
        for talker, count in zip(talkers, before, strict=True):
            assert len(talker.events(InputReading)) - count == asked.listens(talker, feature), talker.name
    for talker in talkers:
        await talker.session.close("gone")
    # What the device was deaf to each time is ended with the next one who listens.
    fresh = await house.client("fresh")
    for feature in FEATURES:
        assert is_ok(await fresh.ask(InputCmd, 0, feature, "Pressure", "Subscribe"))
    await fresh.session.close("gone")
    await asyncio.sleep(1)
    assert link(toy).subscribed == set()
    assert house.server._tasks == set()
