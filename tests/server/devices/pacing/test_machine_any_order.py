"""The pacing machine in any order of events, and the proof that this test would notice: faults planted in it are found.

By hand, with many more examples: ``python -m tests.server.devices.pacing --examples 20000``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from buttplug.server.devices.pacing import stops
from buttplug.server.devices.pacing.batches import CommandBatch
from buttplug.server.devices.pacing.machine import Machine
from buttplug.server.devices.pacing.moves import Move, Moves
from buttplug.server.devices.pacing.owed import OwedStops
from buttplug.server.devices.pacing.pace import Pace
from buttplug.server.devices.pacing.repeats import Repeats
from buttplug.server.devices.pacing.stop_batch import StopBatch
from tests.fakes.protocols import TwoPackets
from tests.server.devices.pacing.any_order import AnyOrder

QUICKLY = settings(
    max_examples=200,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
#: A planted fault has to be found, not explained.
UNTIL_FOUND = settings(QUICKLY, max_examples=3000, phases=(Phase.generate,), report_multiple_bugs=False)


#: These take seconds where nothing else runs.
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(autouse=True)
def _silence(caplog: pytest.LogCaptureFixture) -> None:
    """Every failed stop is logged, and here there are many."""
    caplog.set_level(logging.CRITICAL, "buttplug")


def test_in_any_order_of_events_and_with_any_outcome_of_writes_the_rules_hold() -> None:
    run_state_machine_as_test(AnyOrder, settings=QUICKLY)


def _requeue_always(patch: pytest.MonkeyPatch) -> None:
    """What a stop interrupted is put back again and again, although it changes nothing any more."""
    finish = Machine._finish_commands

    def finish_commands(self: Machine, batch: CommandBatch, now: float) -> None:
        batch.was_cut_short = batch.was_cut_short or not batch.changed
        finish(self, batch, now)

    patch.setattr(Machine, "_finish_commands", finish_commands)


def _spin(patch: pytest.MonkeyPatch) -> None:
    """A repeat is always due."""
    patch.setattr(Repeats, "due", lambda self, written_at: 0.0)


def _all_or_nothing(patch: pytest.MonkeyPatch) -> None:
    """An output that cannot be encoded keeps the others from being stopped."""

    def stop_packets(protocol: object, stopped: object, values: object) -> tuple[list[object], str | None]:
        try:
            return list(protocol.stop(stopped, values)), None  # type: ignore[attr-defined]
        except Exception as error:  # noqa: BLE001 that is the fault
            return [], str(error)

    patch.setattr(stops, "stop_packets", stop_packets)


def _no_spacing(patch: pytest.MonkeyPatch) -> None:
    """Packets follow each other at once."""
    patch.setattr(Pace, "packet_due", property(lambda self: -1.0, lambda self, value: None), raising=False)


def _last_target(patch: pytest.MonkeyPatch) -> None:
    """A part is taken to be at its target already."""
    patch.setattr(Move, "place", lambda self, now: self.target)


def _low_end(patch: pytest.MonkeyPatch) -> None:
    """A place that is not known is taken for the low end."""
    place = Move.place
    patch.setattr(Move, "place", lambda self, now: 10 if (known := place(self, now)) is None else known)


def _forget_what_may_arrive(patch: pytest.MonkeyPatch) -> None:
    """What was given up counts as gone."""
    patch.setattr(OwedStops, "may_arrive", property(lambda self: False, lambda self, value: None), raising=False)


def _forget_moves(patch: pytest.MonkeyPatch) -> None:
    """A move that was given up ends like one that was written."""
    patch.setattr(CommandBatch, "may_arrive", property(lambda self: False, lambda self, value: None), raising=False)


def _believe_halts(patch: pytest.MonkeyPatch) -> None:
    """A part that was halted stands still, whatever may still arrive."""
    stopped = Moves.stopped
    patch.setattr(
        Moves,
        "stopped",
        lambda self, outputs, protocol, now, *, may_arrive: stopped(self, outputs, protocol, now, may_arrive=False),
    )


def _keep_moves(patch: pytest.MonkeyPatch) -> None:
    """What arrived late has set no part in motion."""
    patch.setattr(Moves, "may_have_moved", lambda self: None)


def _give_up_stops(patch: pytest.MonkeyPatch) -> None:
    """A stop that failed is not tried again."""
    patch.setattr(OwedStops, "failed", lambda self, batch, error, now: [(done, error) for done in batch.dones])


def _believe_everything(patch: pytest.MonkeyPatch) -> None:
    """A stop counts as written whatever became of its packets."""
    patch.setattr(StopBatch, "error", None)


def _out_of_order(patch: pytest.MonkeyPatch) -> None:
    """A packet of a stop that failed is tried again behind the others, also where these count only behind it."""
    patch.setattr(TwoPackets, "stops_in_order", False)


#: The faults, the kinds of devices that show each, and in how many steps it is found soonest.
FAULTS = (
    (_requeue_always, "PacketPerFeature", 15),
    (_spin, "Repeating", 15),
    (_all_or_nothing, "Lacking", 8),
    (_no_spacing, "PacketPerFeature", 15),
    (_last_target, "Stroker", 15),
    (_low_end, "Stroker", 15),
    (_forget_what_may_arrive, "PacketPerFeature without order", 15),
    (_forget_moves, "Halting", 15),
    (_believe_halts, "Halting without order", 15),
    (_keep_moves, "Halting without order", 20),
    (_give_up_stops, "PacketPerFeature", 10),
    (_believe_everything, "PacketPerFeature", 10),
    (_out_of_order, "TwoPackets", 10),
)


@pytest.mark.parametrize(("plant", "kind", "steps"), FAULTS, ids=[plant.__name__.strip("_") for plant, *_ in FAULTS])
def test_a_fault_of_each_kind_would_be_found(
    plant: Callable[[pytest.MonkeyPatch], None], kind: str, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    monkeypatch.setattr(AnyOrder, "kinds", [each for each in AnyOrder.kinds if each.name == kind])
    with pytest.raises(AssertionError):
        run_state_machine_as_test(AnyOrder, settings=settings(UNTIL_FOUND, stateful_step_count=steps))
