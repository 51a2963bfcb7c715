"""What was given up may still arrive, and the pacing machine counts on that, on a clock that is set by hand."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugError
from buttplug.server.devices.pacing import Slot
from buttplug.server.devices.pacing.moves import LAG
from buttplug.server.devices.pacing.owed import RETRY_DELAY, SETTLE_LIMIT
from tests.fakes.protocols import Halting, PacketPerFeature, Stroker
from tests.server.devices.pacing.bench import MOVE, NO_LUCK, POSITION, STROKER, TOO_LATE, VIBRATE, Asked, Bench

PLACE: Slot = (0, POSITION)


def give_up_a_level(bench: Bench) -> None:
    """Have a command for a level of 20 given up, which may still arrive."""
    bench.want(0, 20)
    bench.begin_write()
    bench.finish_write(NO_LUCK, may_arrive=True)


def test_a_stop_behind_a_write_that_may_still_arrive_is_repeated_and_answered_when_nothing_can_any_more() -> None:
    bench = Bench(PacketPerFeature)
    bench.want(0, 20)
    bench.begin_write()
    stopped = bench.stop()
    bench.finish_write(NO_LUCK, may_arrive=True)
    bench.run(1)
    assert bench.words == ["Vibrate 0 20", "Vibrate 0 0", "Vibrate 1 0"]
    assert not stopped.answers
    bench.settle()
    bench.run()
    assert bench.words[3:] == ["Vibrate 0 0", "Vibrate 1 0"]
    assert stopped.ok


def test_a_stop_is_answered_though_its_writes_are_given_up_and_arrive_late_each_time() -> None:
    bench = Bench(PacketPerFeature)
    stopped = bench.stop()
    for _ in range(4):
        bench.begin_write()
        bench.finish_write(NO_LUCK, may_arrive=True)
        bench.settle()
    assert not stopped.answers
    bench.begin_write()
    assert stopped.failed
    assert "no luck" in str(stopped.answers[0])
    bench.finish_write()
    bench.run(RETRY_DELAY)
    assert bench.words[-2:] == ["Vibrate 0 0", "Vibrate 1 0"]


def test_a_stop_is_answered_though_a_slow_device_takes_each_packet_at_the_second_try_only() -> None:
    bench = Bench(PacketPerFeature)
    stopped = bench.stop()
    for _ in range(2):
        assert not stopped.answers
        for error in (NO_LUCK, NO_LUCK, None, None):
            bench.begin_write()
            bench.finish_write(error, may_arrive=error is not None)
            bench.settle()
    bench.answer()
    assert "not certain" in str(stopped.answers)
    bench.run(RETRY_DELAY)
    assert bench.words[-2:] == ["Vibrate 0 0", "Vibrate 1 0"]


def test_a_command_that_is_cut_off_for_a_stop_has_not_failed_and_goes_on_where_the_stop_does_not_cover_it() -> None:
    bench = Bench(PacketPerFeature)
    covered, other = bench.want(0, 50), bench.want(1, 60)
    bench.begin_write()
    stop = bench.stop((0, VIBRATE))
    bench.finish_write(cut_off=True)
    bench.run()
    assert bench.words == ["Vibrate 0 50", "Vibrate 0 0", "Vibrate 1 60"]
    assert covered.ok
    assert other.ok
    assert stop.ok


def test_a_stop_that_stays_uncertain_is_reported_as_that_and_repeated_all_the_same() -> None:
    bench = Bench(PacketPerFeature)
    give_up_a_level(bench)
    stopped = bench.stop()
    bench.run(SETTLE_LIMIT)
    assert stopped.failed
    assert "not certain" in str(stopped.answers[0])
    bench.settle()
    bench.run()
    assert bench.words[-2:] == ["Vibrate 0 0", "Vibrate 1 0"]


@pytest.mark.parametrize("stop_fails", [True, False], ids=["a stop that failed", "a stop that is not certain"])
def test_a_command_that_fails_while_things_settle_is_no_end_of(stop_fails: bool) -> None:
    bench = Bench(PacketPerFeature)
    bench.want(0, 50)
    bench.begin_write()
    bench.finish_write(NO_LUCK, may_arrive=True)
    bench.stop((0, VIBRATE))
    for _ in range(2 if stop_fails else 1):
        bench.begin_write()
        bench.finish_write(NO_LUCK if stop_fails else None)
    bench.begin_write()
    bench.want(0, 70)
    bench.begin_write()
    bench.settle()
    bench.finish_write(NO_LUCK)
    assert bench.machine.owes_stop
    for _ in range(4):
        bench.begin_write()
        if bench.under_way is not None:
            bench.finish_write(NO_LUCK)
    assert bench.machine.owes_stop
    bench.run(2 * RETRY_DELAY)
    assert [words for words in bench.words if words.startswith("Vibrate 0")][-1] == "Vibrate 0 0"
    assert not bench.machine.may_be_running(bench.now)


def test_what_was_wanted_after_the_stop_is_said_again_instead_of_zero() -> None:
    bench = Bench(PacketPerFeature)
    give_up_a_level(bench)
    bench.stop()
    bench.run()
    bench.want(0, 5)
    bench.run()
    bench.settle()
    bench.run()
    assert bench.words[-2:] == ["Vibrate 1 0", "Vibrate 0 5"]


def stopped_in_the_middle(bench: Bench, value: int, *slots: Slot, duration: int = 0) -> Asked:
    """Stop outputs while a command to the first one is being written, which is cut off for it and may still arrive."""
    bench.want(0, value, duration)
    bench.begin_write()
    stopped = bench.stop(*slots)
    bench.finish_write(cut_off=True, may_arrive=True)
    bench.run()
    return stopped


def test_a_stop_is_answered_only_when_what_was_wanted_after_it_is_said_again() -> None:
    bench = Bench(PacketPerFeature, gap=0.1)
    stopped = stopped_in_the_middle(bench, 20)
    bench.want(0, 5)
    bench.run(0.2)
    bench.settle()  # The 20 arrived behind the 5.
    bench.run()
    assert bench.words[-1] == "Vibrate 1 0"
    assert not stopped.answers
    bench.run(0.1)
    assert bench.words[-1] == "Vibrate 0 5"
    assert stopped.ok


def test_a_stop_is_not_certain_while_what_was_wanted_after_it_cannot_be_said_again() -> None:
    bench = Bench(PacketPerFeature)
    stopped = stopped_in_the_middle(bench, 20, (0, VIBRATE))
    bench.want(0, 5)
    bench.run()
    bench.settle()
    while bench.now < SETTLE_LIMIT:
        if bench.begin_write() is None:
            bench.now = bench.wait
        else:
            bench.finish_write(NO_LUCK)
    bench.begin_write()
    assert stopped.failed
    assert "not certain" in str(stopped.answers[0])


@pytest.mark.parametrize("level", [5, 0])
def test_what_cannot_be_said_again_is_tried_again_until_it_is(level: int) -> None:
    bench = Bench(PacketPerFeature)
    give_up_a_level(bench)
    bench.want(0, level)
    bench.run()
    bench.settle()  # The 20 arrived behind that.
    for _ in range(3):
        assert bench.begin_write() is not None
        bench.finish_write(NO_LUCK)
        assert bench.begin_write() is None
        assert bench.machine.may_be_running(bench.now)
        bench.now = bench.wait
    bench.run()
    assert f"Vibrate 0 {level}" in bench.words[-2:]
    assert bench.machine.may_be_running(bench.now) is bool(level)


def test_what_cannot_be_said_again_is_stopped_once_something_newer_was_asked_for_and_failed() -> None:
    bench = Bench(PacketPerFeature)
    give_up_a_level(bench)
    bench.want(0, 50)
    bench.run()
    bench.settle()
    bench.begin_write()
    bench.finish_write(NO_LUCK)
    newer = bench.want(0, 0)
    bench.begin_write()
    bench.finish_write(NO_LUCK)
    bench.begin_write()
    assert newer.failed
    count = len(bench.words)
    bench.run(2 * RETRY_DELAY)
    assert "Vibrate 0 50" not in bench.words[count:]
    assert "Vibrate 0 0" in bench.words[count:]
    assert not bench.machine.may_be_running(bench.now)


def test_a_stop_is_answered_only_when_its_motor_rests_though_a_newer_command_failed_meanwhile() -> None:
    bench = Bench(PacketPerFeature)
    stopped = stopped_in_the_middle(bench, 100, (0, VIBRATE))
    bench.want(0, 5)
    bench.run()
    bench.settle()  # The 100 arrived behind the 5.
    bench.want(0, 7)
    while bench.begin_write() is not None:
        bench.finish_write(NO_LUCK)
    bench.stop((1, VIBRATE))
    bench.run()
    assert not stopped.answers
    bench.run(RETRY_DELAY)
    assert bench.words[-1] == "Vibrate 0 0"
    assert stopped.ok


@pytest.mark.parametrize("level", [5, 0])
def test_a_stop_does_not_wait_for_what_a_later_one_stopped(level: int) -> None:
    bench = Bench(PacketPerFeature)
    first = stopped_in_the_middle(bench, 20, (0, VIBRATE))
    bench.want(0, level)
    bench.run()
    second = bench.stop((0, VIBRATE))
    bench.run()
    bench.settle()
    bench.run()
    assert bench.words[-2:] == ["Vibrate 0 0", "Vibrate 1 0"]
    assert first.ok
    assert second.ok


def test_a_part_that_was_moved_after_its_stop_is_stopped_again_where_an_earlier_move_may_have_arrived() -> None:
    bench = Bench(Halting, STROKER)
    stopped = stopped_in_the_middle(bench, 90, (0, POSITION), duration=5000)
    bench.want(0, 50, 300)
    bench.run()
    bench.settle()
    count = len(bench.words)
    bench.run()
    assert bench.words[count] == "halt"
    assert stopped.ok


def test_a_device_may_be_running_while_a_command_may_still_arrive_behind_a_zero() -> None:
    bench = Bench(PacketPerFeature)
    give_up_a_level(bench)
    bench.want(0, 0)
    bench.run()
    assert bench.machine.may_be_running(bench.now)
    bench.settle()
    bench.run()
    assert not bench.machine.may_be_running(bench.now)


# Moves


def given_up(bench: Bench, place: int, duration: int, *, why: ButtplugError = TOO_LATE, after: float = 0.0) -> None:
    """Have a move given up, some seconds after its packet was begun."""
    bench.want(0, place, duration)
    bench.begin_write()
    bench.now += after
    bench.finish_write(why)


@pytest.mark.parametrize(("protocol", "halt"), [(Halting, "halt"), (Stroker, "go 0 80 8")])
@pytest.mark.parametrize("slots", [(), (PLACE,)], ids=["everything", "the part"])
def test_a_stop_ends_a_move_that_was_given_up_however_long_ago(
    protocol: type[PacketPerFeature], halt: str, slots: tuple[Slot, ...]
) -> None:
    bench = Bench(protocol, STROKER)
    given_up(bench, 80, 100, after=5)
    bench.run(60)
    assert bench.machine.may_be_running(bench.now)
    bench.stop(*slots)
    bench.run()
    assert bench.words[1] == halt


def test_a_move_that_the_bus_refused_is_over_in_its_time() -> None:
    bench = Bench(Stroker, STROKER)
    given_up(bench, 80, 100, why=NO_LUCK)
    bench.run(1 + LAG)
    bench.stop(PLACE)
    bench.run()
    assert len(bench.words) == 1


@pytest.mark.parametrize(("protocol", "halt"), [(Halting, "halt"), (Stroker, "go 0 90 9")])
def test_a_stop_ends_the_move_that_a_part_is_still_on_though_a_newer_one_was_refused(
    protocol: type[PacketPerFeature], halt: str
) -> None:
    bench = Bench(protocol, STROKER)
    bench.want(0, 90, 8000)
    bench.run()
    given_up(bench, 10, 1, why=NO_LUCK)
    bench.run(2 + LAG)
    bench.stop(PLACE)
    bench.run()
    assert bench.words[2:] == [halt]


def test_a_stop_ends_a_move_though_a_newer_one_was_refused_behind_that_of_another_part() -> None:
    bench = Bench(PacketPerFeature, {PLACE: (0, 100), (1, POSITION): (0, 100)})
    bench.want(1, 90, 8000)
    bench.run()
    bench.want(0, 50, 1)
    bench.want(1, 10, 1)
    bench.begin_write()
    bench.finish_write()
    bench.begin_write()
    bench.finish_write(NO_LUCK)
    bench.run(2 + LAG)
    bench.stop((1, POSITION))
    bench.run()
    assert bench.words[-1] == f"{MOVE} 1 10 10000"


@pytest.mark.parametrize("why", [NO_LUCK, TOO_LATE])
def test_a_stop_ends_the_move_of_a_part_that_was_not_driven_in_another_way_since(why: ButtplugError) -> None:
    bench = Bench(PacketPerFeature, {(0, OutputType.OSCILLATE): (0, 20), PLACE: (0, 100)})
    bench.want(0, 90, 8000)
    bench.run()
    bench.want(0, 10, type_=OutputType.OSCILLATE)
    bench.begin_write()
    bench.finish_write(why)
    bench.stop(PLACE)
    bench.run()
    assert bench.words[-1] == f"{MOVE} 0 90 10000"


def test_a_move_behind_one_that_was_given_up_is_over_in_its_time() -> None:
    bench = Bench(Halting, STROKER)
    given_up(bench, 80, 100)
    bench.want(0, 20, 100)
    bench.run(1 + LAG)
    assert not bench.machine.may_be_running(bench.now)


def test_a_short_move_whose_packet_hangs_when_the_link_breaks_may_be_under_way() -> None:
    bench = Bench(Halting, STROKER)
    bench.want(0, 80, 100)
    bench.begin_write()
    bench.now += 4
    assert bench.machine.moves.all_under_way(bench.now)[0].target == 80


@pytest.mark.parametrize(("protocol", "halt"), [(Halting, "halt"), (Stroker, "go 0 90 9")])
def test_a_part_is_stopped_again_where_its_move_may_have_arrived_behind_its_stop(
    protocol: type[PacketPerFeature], halt: str
) -> None:
    bench = Bench(protocol, STROKER)
    stopped = stopped_in_the_middle(bench, 90, PLACE, duration=5000)
    assert bench.words[1:] == [halt]
    bench.run(60)
    bench.settle()
    bench.run()
    assert bench.words[1:] == [halt, halt, "Vibrate 1 0"]
    assert len(stopped.answers) == 1


def test_what_stops_a_part_again_moves_it_nowhere_when_nothing_arrived() -> None:
    bench = Bench(Stroker, STROKER)
    for place, duration in ((0, 1), (100, 2000)):
        bench.want(0, place, duration)
        bench.run(1)
    bench.want(1, 10)
    bench.begin_write()
    bench.stop(PLACE)
    bench.finish_write(cut_off=True, may_arrive=True)
    bench.run(2)
    bench.settle()
    bench.run()
    ways = [words.split()[2] for words in bench.words if words.startswith("go")]
    assert ways == ["0", "100", "50", "50"]


def test_a_stop_ends_a_move_that_may_have_arrived_behind_a_newer_one() -> None:
    bench = Bench(Halting, STROKER)
    bench.want(0, 90, 5000)
    bench.begin_write()
    bench.finish_write(TOO_LATE, may_arrive=True)
    bench.want(0, 10, 100)
    bench.run(3)
    bench.settle()
    bench.run()
    bench.stop(PLACE)
    bench.run()
    assert bench.words[-1] == "halt"
