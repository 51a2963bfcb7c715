"""A stop that took its time to fail is not made again with the place that its part had then.

The parts here take places and durations: to be told to be where they were seconds ago, at once, throws them back.
"""

from __future__ import annotations

import pytest

from buttplug.core.messages import Range
from buttplug.hardware.errors import HardwareTimeoutError
from buttplug.server.devices.pacing import Slot
from tests.fakes.protocols import PacketPerFeature
from tests.server.devices.pacing.bench import MOVE, NO_LUCK, POSITION, STROKER, Asked, Bench

PART: Slot = (0, POSITION)


def stopped_half_way(*, way: int) -> tuple[Bench, Asked]:
    """Return a bench whose part is stopped at 50, on its way from 0 to 100 in ``way`` ms."""
    bench = Bench(PacketPerFeature, STROKER)
    bench.want(0, 0, 1)
    bench.run(5)
    bench.want(0, 100, way)
    bench.run(way / 2000)
    return bench, bench.stop(PART)


@pytest.mark.parametrize("way", [1000, 8000])
def test_a_halt_that_failed_late_is_tried_again_so_slowly_that_it_throws_nothing_back(way: int) -> None:
    bench, stop = stopped_half_way(way=way)
    bench.begin_write()
    bench.now += 3
    bench.finish_write(HardwareTimeoutError("too late"))
    bench.run()
    assert bench.words[2:] == [f"{MOVE} 0 50 200", f"{MOVE} 0 50 10000"]
    assert stop.ok


def test_a_halt_that_failed_at_once_is_tried_again_as_it_is() -> None:
    bench, stop = stopped_half_way(way=1000)
    bench.begin_write()
    bench.finish_write(NO_LUCK)
    bench.run()
    assert bench.words[2:] == [f"{MOVE} 0 50 200"] * 2
    assert stop.ok


@pytest.mark.parametrize("first_fails", [True, False])
def test_what_was_written_of_a_stop_is_not_written_again_with_what_is_tried_again(first_fails: bool) -> None:
    bench, _ = stopped_half_way(way=8000)
    stop = bench.stop()
    for fails in (first_fails, not first_fails):
        bench.begin_write()
        bench.now += 3
        bench.finish_write(NO_LUCK if fails else None)
    bench.run()
    again = f"{MOVE} 0 50 10000" if first_fails else "Vibrate 1 0"
    assert bench.words[2:] == [f"{MOVE} 0 50 200", "Vibrate 1 0", again]
    assert stop.ok


def test_a_halt_that_fails_late_twice_is_told() -> None:
    bench, stop = stopped_half_way(way=8000)
    for _ in range(2):
        bench.begin_write()
        bench.now += 3
        bench.finish_write(HardwareTimeoutError("too late"))
    bench.begin_write()
    assert stop.failed
    bench.run(20)
    assert bench.words[3:] == [f"{MOVE} 0 50 10000"] * 2
    assert len(stop.answers) == 1


def test_everything_else_that_a_stop_is_for_is_stopped_all_the_same_and_every_asker_answered() -> None:
    bench, first = stopped_half_way(way=8000)
    bench.begin_write()
    second = bench.stop()
    bench.now += 0.9
    bench.finish_write(HardwareTimeoutError("too late"))
    bench.run()
    assert bench.words[-2:] == [f"{MOVE} 0 50 10000", "Vibrate 1 0"]
    assert second.ok
    assert first.answers


#: Two parts, each with a packet of its own.
PAIR: dict[Slot, Range] = {(0, POSITION): (0, 100), (1, POSITION): (0, 100)}


@pytest.mark.parametrize("fails", [False, True])
def test_a_halt_that_waits_for_the_slow_packet_of_another_part_throws_nothing_back(fails: bool) -> None:
    bench = Bench(PacketPerFeature, PAIR)
    for place, duration in ((0, 1), (100, 2000)):
        for part in (0, 1):
            bench.want(part, place, duration)
        bench.run(1)
    stop = bench.stop()
    bench.begin_write()
    bench.now += 0.9
    bench.finish_write(HardwareTimeoutError("too late") if fails else None)
    bench.run()
    assert bench.words[4:6] == [f"{MOVE} 0 50 200", f"{MOVE} 1 50 10000"]
    assert bench.words[6:] == [f"{MOVE} 0 50 10000"] * fails
    assert stop.ok


def test_a_halt_behind_another_part_is_made_as_it_is_where_that_takes_no_time() -> None:
    bench = Bench(PacketPerFeature, PAIR, spacing=0.04)
    for place, duration in ((0, 1), (100, 2000)):
        for part in (0, 1):
            bench.want(part, place, duration)
        bench.run(1)
    bench.stop()
    bench.run(1)
    assert [words.rpartition(" ")[2] for words in bench.words[4:]] == ["200", "200"]
