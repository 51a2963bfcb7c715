"""Schedules: what is done to a server, step by step, drawn from a seed."""

from __future__ import annotations

import random
from typing import Any, TypeAlias

from tests.simulation.clients import KINDS
from tests.simulation.toys import FAMILIES

#: Seconds to wait before it, what is done, and to whom or what.
Step: TypeAlias = tuple[Any, ...]

#: Schedules that the test suite plays, from seed 0 on.
SCHEDULES = 200
CLIENTS = 4
TOYS = len(FAMILIES)
STROKER = list(FAMILIES).index("stroker")
PAUSES = (0.0, 0.0, 0.0, 0.0, 0.001, 0.002, 0.02, 0.1, 0.3, 1.1, 2.0, 6.0)
SHORTEST_SCHEDULE, LONGEST_SCHEDULE = 8, 40
TROUBLES = (
    "lose",
    "lose",
    "return",
    "return",
    "fail",
    "arrive and fail",
    "stuck",
    "slow",
    "mute",
    "recover",
    "recover",
    "noise",
)
#: Messages of one flood.
FLOOD = 150


def schedule(seed: int) -> list[Step]:
    """Return the schedule of a seed."""
    dice = random.Random(seed)
    steps = [(0.0, *_connect(dice, client, 0, 0)) for client in range(dice.randint(1, CLIENTS))]
    steps += [_step(dice) for _ in range(dice.randint(SHORTEST_SCHEDULE, LONGEST_SCHEDULE))]
    return steps


def _step(dice: random.Random) -> Step:
    client, toy, feature = dice.randrange(CLIENTS), dice.randrange(TOYS), dice.randrange(2)
    (draw,) = dice.choices(list(_DRAWS), weights=list(_DRAWS.values()))
    return (dice.choice(PAUSES), *draw(dice, client, toy, feature))


def _output(dice: random.Random, client: int, toy: int, feature: int) -> Step:
    return ("move" if (toy, feature) == (STROKER, 1) else "output", client, toy, feature, dice.randint(1, 98))


def _stop(dice: random.Random, client: int, toy: int, feature: int) -> Step:
    return ("stop", client, *dice.choice([(None, None), (toy, None), (toy, feature)]))


def _ask(dice: random.Random, client: int, toy: int, feature: int) -> Step:
    what = dice.choice(["scan", "end scan", "list", "read", "read", "subscribe", "unsubscribe", "nonsense", "hello again"])
    return ("ask", client, what, toy)


def _connect(dice: random.Random, client: int, toy: int, feature: int) -> Step:
    (kind,) = dice.choices(list(KINDS), weights=list(KINDS.values()))
    return ("connect", client, kind)


def _leave(dice: random.Random, client: int, toy: int, feature: int) -> Step:
    return ("leave", client, dice.random())


def _trouble(dice: random.Random, client: int, toy: int, feature: int) -> Step:
    name = dice.choice(TROUBLES)
    return (name, toy, dice.choice([0.05, 0.4, 0.9, 3.0])) if name == "slow" else (name, toy)


def _setting(dice: random.Random, client: int, toy: int, feature: int) -> Step:
    return dice.choice(
        [
            ("limit", toy, feature, dice.randint(1, 98)),
            ("disable", toy, feature, dice.random() < 0.5),
            ("gap", toy, dice.choice([0.0, 0.05, 0.5])),
            ("deny", toy, dice.random() < 0.5),
        ]
    )


def _flood(dice: random.Random, client: int, toy: int, feature: int) -> Step:
    return ("flood", client, dice.choice(["output", "read", "stop", "nonsense"]), toy)


def _manners(dice: random.Random, client: int, toy: int, feature: int) -> Step:
    return (dice.choice(["deaf", "hear", "quiet", "cancel", "stranger", "cancel settings"]), client)


def _shutdown(dice: random.Random, client: int, toy: int, feature: int) -> Step:
    return ("shutdown", dice.choice([None, 0.0, 0.01, 0.5]))


_DRAWS = {
    _output: 40,
    _stop: 12,
    _ask: 14,
    _connect: 6,
    _leave: 8,
    _trouble: 16,
    _setting: 4,
    _manners: 5,
    _flood: 1,
    _shutdown: 1,
}
