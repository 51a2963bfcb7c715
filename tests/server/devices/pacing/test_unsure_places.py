"""Where a part is whose last move may not have been made is not known, however long ago that should have ended.

The parts here take places and durations: a halt at an estimated place is a fast packet, harmless only where the part is there.
"""

from __future__ import annotations

from buttplug.hardware.errors import HardwareTimeoutError
from buttplug.server.devices.pacing import Slot
from buttplug.server.devices.pacing.moves import Move, Moves
from buttplug.server.devices.pacing.owed import RETRY_DELAY
from tests.fakes.protocols import PacketPerFeature
from tests.server.devices.pacing.bench import MOVE, NO_LUCK, POSITION, STROKER, Bench

PART: Slot = (0, POSITION)
SLOWLY_TO_100 = f"{MOVE} 0 100 10000"


def at_0() -> Bench:
    """Return a bench whose part has been sent to 0, and is there."""
    bench = Bench(PacketPerFeature, STROKER)
    bench.want(0, 0, 1)
    bench.run(5)
    return bench


def test_a_stop_throws_no_part_to_the_target_of_a_move_that_the_device_did_not_get() -> None:
    bench = at_0()
    bench.want(0, 100, 500)
    bench.begin_write()
    bench.finish_write(NO_LUCK)
    bench.run(1)
    bench.stop(PART)
    bench.run()
    assert bench.words[2:] in ([], [SLOWLY_TO_100])


def test_a_stop_throws_no_part_to_the_target_of_a_move_that_the_end_of_the_link_may_have_ended() -> None:
    bench = Bench(PacketPerFeature, STROKER, moves=Moves({0: Move(0, 100, -2.0, -0.2)}))
    bench.stop(PART)
    bench.run()
    assert bench.words in ([], [SLOWLY_TO_100])


def test_a_stop_throws_no_part_to_the_target_of_a_move_that_an_earlier_stop_may_have_ended() -> None:
    bench = at_0()
    bench.want(0, 100, 1000)
    bench.run(0.3)
    bench.stop(PART)
    for _ in range(2):
        bench.begin_write()
        bench.finish_write(NO_LUCK)
    bench.run(RETRY_DELAY)
    assert bench.words[2:4] == [f"{MOVE} 0 30 200"] * 2
    assert bench.words[4:] in ([], [f"{MOVE} 0 30 10000"])


def test_where_a_part_is_after_a_stop_that_may_have_sent_it_on_a_slow_way_is_not_known() -> None:
    bench = Bench(PacketPerFeature, STROKER)
    bench.want(0, 20, 100)
    bench.run()
    bench.stop(PART)
    for _ in range(2):
        assert bench.begin_write() is not None
        bench.now += 3
        bench.finish_write(HardwareTimeoutError("too late"))
    assert bench.begin_write() is None
    assert bench.machine.moves.place(0, bench.now) is None
    assert bench.machine.may_be_running(bench.now)
