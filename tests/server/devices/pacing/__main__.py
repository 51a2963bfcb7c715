"""``python -m tests.server.devices.pacing --examples 20000``: the stateful test of the pacing machine, by hand."""

from __future__ import annotations

import argparse
import logging

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.server.devices.pacing.any_order import AnyOrder

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--examples", type=int, default=20_000)
parser.add_argument("--steps", type=int, default=50)
given = parser.parse_args()
logging.getLogger("buttplug").setLevel(logging.CRITICAL)
run_state_machine_as_test(
    AnyOrder,
    settings=settings(
        max_examples=given.examples,
        stateful_step_count=given.steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    ),
)
print(  # noqa: T201 it is what was asked for
    f"{given.examples} examples of up to {given.steps} steps each: every rule held"
)
