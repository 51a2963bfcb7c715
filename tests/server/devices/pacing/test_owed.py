"""The bookkeeping of stops that are owed, where thousands of clients' messages wait for the same one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from buttplug.core.errors import ButtplugDeviceError, ButtplugError
from buttplug.server.devices.pacing.batches import Done
from buttplug.server.devices.pacing.owed import Answer, OwedStops
from buttplug.server.devices.pacing.stop_batch import StopBatch
from tests.fakes.protocols import PacketPerFeature
from tests.server.devices.pacing.bench import VIBRATE, Bench

MANY = 1000
SLOTS = {(0, VIBRATE)}


class Asker:
    """Somebody who waits for a stop. All of them together count how often two of them are compared."""

    compared = 0

    def __call__(self, error: ButtplugError | None) -> None:
        raise AssertionError("answers are given by others")

    def __eq__(self, other: object) -> bool:
        Asker.compared += 1
        return self is other

    __hash__ = object.__hash__


def begun(owed: OwedStops, askers: Sequence[Done]) -> StopBatch:
    """Return a stop that is being written, of which each of these is to be told."""
    for asker in askers:
        owed.ask(SLOTS, [asker])
    slots, dones = owed.take()
    batch = StopBatch(slots, {}, (), dones, None, Bench(PacketPerFeature).protocol)
    batch.was_begun = True
    return batch


def fails(owed: OwedStops, batch: StopBatch) -> list[Answer]:
    owed.ask_again(batch)
    return owed.failed(batch, ButtplugDeviceError("no battery"), 0.0)


def settles(owed: OwedStops, batch: StopBatch) -> list[Answer]:
    owed.ask_again(batch)
    slots, dones = owed.take()
    batch = StopBatch(slots, {}, (), dones, None, Bench(PacketPerFeature).protocol)
    batch.was_begun = True
    return owed.settled(batch)


def is_written(owed: OwedStops, batch: StopBatch) -> list[Answer]:
    owed.may_arrive = True
    owed.written(batch, 0.0)
    owed.told(SLOTS)
    owed.settled(None)
    owed.stop_uncertain_again()
    owed.tell_again((1, VIBRATE))
    slots, dones = owed.take()
    again = StopBatch(slots, {}, (), dones, None, Bench(PacketPerFeature).protocol)
    return [*owed.written(again, 1.0), *owed.told([(1, VIBRATE)])]


@pytest.mark.parametrize("happens", [fails, settles, is_written])
def test_the_work_of_answering_many_grows_with_their_number_and_no_faster(
    happens: Callable[[OwedStops, StopBatch], list[Answer]],
) -> None:
    owed = OwedStops()
    askers = [Asker() for _ in range(MANY)]
    batch = begun(owed, askers)
    Asker.compared = 0
    answers = happens(owed, batch)
    assert sorted(id(done) for done, _ in answers) == sorted(map(id, askers))
    assert Asker.compared < 10 * MANY
