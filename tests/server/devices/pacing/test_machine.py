"""What the pacing machine does next: the rules of pacing and stopping, one by one, on a clock that is set by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.server.devices.pacing import Slot
from buttplug.server.devices.pacing.moves import LAG, Move, Moves
from buttplug.server.devices.pacing.owed import RETRY_DELAY
from buttplug.server.devices.pacing.repeats import RETRIES
from buttplug.server.protocols.base import Output, Packet
from tests.fakes.protocols import (
    Halting,
    Lacking,
    LevelsFirst,
    OnePacket,
    PacketPerFeature,
    Repeating,
    Stepping,
    Stroker,
    TwoPackets,
)
from tests.server.devices.pacing.bench import MOVE, NO_LUCK, POSITION, STROKER, TOO_LATE, VIBRATE, Bench

LEVELS_OF_ONE_PART: dict[Slot, tuple[int, int]] = {(0, OutputType.OSCILLATE): (0, 20), (0, POSITION): (0, 100)}


def test_a_feature_that_cannot_be_driven_keeps_its_place_in_packets_that_carry_all() -> None:
    bench = Bench(OnePacket, {(1, VIBRATE): (0, 100)}, features=(0, 1, 2))
    bench.want(1, 50)
    bench.run()
    assert bench.words == ["all 0 50 0"]


# Nothing spins


def test_a_zero_behind_a_stop_that_came_during_a_write_changes_nothing_and_is_answered() -> None:
    bench = Bench(PacketPerFeature)
    bench.want(0, 50)
    bench.begin_write()
    stopped = bench.stop()
    zero = bench.want(0, 0)
    bench.finish_write()
    bench.run(10)
    assert stopped.ok
    assert zero.ok
    assert bench.words == ["Vibrate 0 50", "Vibrate 0 0", "Vibrate 1 0"]


def test_one_level_again_and_again_with_a_stop_now_and_then() -> None:
    bench = Bench(PacketPerFeature, gap=0.075)
    for turn in range(200):
        asked = bench.want(turn % 2, 10)
        bench.begin_write()
        if turn % 7 == 0:
            bench.stop()
        bench.run(0.05)
        if bench.under_way is not None:
            bench.finish_write()
    bench.run(1)
    assert asked.ok


# Spacing


def test_the_packets_of_one_batch_keep_the_spacing_of_the_bus() -> None:
    bench = Bench(PacketPerFeature, spacing=0.04)
    bench.want(0, 1)
    bench.want(1, 2)
    bench.run(1)
    assert bench.sent == [(0.0, "Vibrate 0 1"), (0.04, "Vibrate 1 2")]


def test_the_packets_of_a_stop_keep_the_spacing_and_it_jumps_only_the_gap() -> None:
    bench = Bench(PacketPerFeature, gap=0.5, spacing=0.04)
    bench.want(0, 1)
    bench.run(0.01)
    stopped = bench.stop()
    bench.run(1)
    assert stopped.ok
    assert bench.sent == [(0.0, "Vibrate 0 1"), (0.04, "Vibrate 0 0"), (0.08, "Vibrate 1 0")]


def test_an_answer_does_not_wait_for_the_spacing_behind_its_packet() -> None:
    bench = Bench(PacketPerFeature, spacing=0.04)
    asked = bench.want(0, 1)
    bench.run()
    assert asked.ok


def test_a_packet_that_waits_for_its_spacing_is_dropped_by_a_stop() -> None:
    bench = Bench(PacketPerFeature, spacing=0.04)
    first, second = bench.want(0, 1), bench.want(1, 2)
    bench.run(0.01)
    stopped = bench.stop()
    bench.run(1)
    assert (first.ok, second.ok, stopped.ok) == (True, True, True)
    assert bench.words == ["Vibrate 0 1", "Vibrate 0 0", "Vibrate 1 0"]


def test_a_packet_is_followed_by_none_in_the_pause_that_it_asks_for() -> None:
    class Slow(TwoPackets):
        def output(self, output):  # type: ignore[no-untyped-def]
            for packet in super().output(output):
                yield type(packet)(packet.data, pause=0.1) if packet.data.startswith(b"ready") else packet

    bench = Bench(Slow)
    bench.want(0, 5)
    bench.run(1)
    assert bench.sent == [(0.0, "ready 0"), (0.1, "go 0 5")]


# What is not made any more


class Noting(TwoPackets):
    """Notes in the end of each output's packets, whatever became of them, that it is not on its way any more."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.events: list[str] = []

    def output(self, output: Output) -> Iterable[Packet]:
        try:
            yield from super().output(output)
        finally:
            self.events.append(f"end of {output.value}")

    def stop(self, stopped: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        self.events.append("stop")
        return (Packet(b"halt"),)


def test_packets_that_a_stop_interrupts_end_before_the_stop_is_made() -> None:
    bench = Bench(Noting)
    bench.want(0, 5)
    bench.begin_write()
    bench.stop()
    bench.finish_write()
    bench.run(1)
    assert isinstance(bench.protocol, Noting)
    assert bench.protocol.events == ["end of 5", "stop"]


def test_what_packets_begin_in_their_end_is_done_though_one_of_them_failed() -> None:
    class Following(TwoPackets):
        def output(self, output: Output) -> Iterable[Packet]:
            try:
                yield from super().output(output)
            finally:
                self.repeat_after = 0.5

    bench = Bench(Following)
    bench.want(0, 5)
    bench.begin_write()
    bench.finish_write(NO_LUCK)
    assert bench.begin_write() is None
    assert bench.wait == 0.5


# Output by output


def test_an_output_that_cannot_be_encoded_keeps_no_other_from_being_stopped() -> None:
    bench = Bench(Lacking, {(0, VIBRATE): (0, 100), (0, OutputType.ROTATE): (-9, 9), (1, VIBRATE): (0, 100)})
    bench.want(0, 50)
    bench.want(1, 50)
    bench.run()
    stopped = bench.stop()
    bench.run()
    assert bench.words[2:] == ["Vibrate 0 0", "Vibrate 1 0"]
    assert stopped.failed, "the stop of the other output is no success"


def test_a_packet_of_a_stop_that_fails_keeps_no_other_from_being_written() -> None:
    bench = Bench(PacketPerFeature)
    stopped = bench.stop()
    bench.begin_write()
    bench.finish_write(NO_LUCK)
    bench.run()
    assert bench.words == ["Vibrate 0 0", "Vibrate 1 0", "Vibrate 0 0"]
    assert stopped.ok


@pytest.mark.parametrize("failing", range(4))
def test_packets_that_count_only_in_their_order_are_tried_again_in_it(failing: int) -> None:
    bench = Bench(TwoPackets)
    stopped = bench.stop()
    for _ in range(failing):
        bench.begin_write()
        bench.finish_write()
    bench.begin_write()
    bench.finish_write(NO_LUCK)
    bench.run()
    in_order = ["ready 0", "go 0 0", "ready 1", "go 1 0"]
    assert bench.words == [*in_order[: failing + 1], *in_order[failing:]], "and none that was written is written again"
    assert stopped.ok


def test_a_packet_that_fails_again_and_again_keeps_none_behind_it_from_being_written() -> None:
    bench = Bench(TwoPackets)
    stopped = bench.stop()
    for _ in range(2):
        bench.begin_write()
        bench.finish_write(NO_LUCK)
    bench.run()
    assert bench.words == ["ready 0", "ready 0", "go 0 0", "ready 1", "go 1 0"]
    assert stopped.failed
    bench.run(RETRY_DELAY)
    assert bench.words[5:] == ["ready 0", "go 0 0", "ready 1", "go 1 0"]
    assert not bench.machine.owes_stop


def test_a_stop_that_fails_is_told_and_tried_again_until_it_is_written() -> None:
    bench = Bench(PacketPerFeature)
    stopped = bench.stop((0, VIBRATE))
    for _ in range(2):
        bench.begin_write()
        bench.finish_write(NO_LUCK)
    bench.begin_write()
    assert stopped.failed
    assert bench.machine.owes_stop
    bench.run(RETRY_DELAY)
    assert bench.sent[-1] == (RETRY_DELAY, "Vibrate 0 0")
    assert not bench.machine.owes_stop


def test_an_equal_stop_during_a_stop_shares_its_packets() -> None:
    bench = Bench(PacketPerFeature)
    first = bench.stop()
    bench.begin_write()
    others = [bench.stop() for _ in range(100)]
    bench.finish_write()
    bench.run()
    assert bench.words == ["Vibrate 0 0", "Vibrate 1 0"]
    assert all(asked.ok for asked in (first, *others))


# Where a part is


def test_a_move_that_breaks_off_another_is_computed_from_where_the_part_is_now() -> None:
    bench = Bench(Stroker, STROKER)
    bench.want(0, 0, 100)
    bench.run(5)
    bench.want(0, 100, 5000)
    bench.run(0.5)
    bench.want(0, 100, 300)
    bench.run()
    assert bench.words[-1] == "go 0 100 200"


def test_the_first_move_starts_nowhere_known() -> None:
    bench = Bench(Stroker, STROKER)
    bench.want(0, 0, 1000)
    bench.run()
    assert bench.words == ["go 0 0 100"], "to the low end it is sent, too, as from the other end"


def test_after_an_oscillation_of_the_same_part_its_place_is_not_known() -> None:
    bench = Bench(PacketPerFeature, LEVELS_OF_ONE_PART)
    bench.want(0, 50, 1000)
    bench.run(5)
    assert bench.machine.moves.place(0, bench.now) == 50
    bench.want(0, 10, type_=OutputType.OSCILLATE)
    bench.run()
    assert bench.machine.moves.place(0, bench.now) is None


def test_the_estimate_follows_the_speed_that_was_really_sent() -> None:
    bench = Bench(Stroker, STROKER)
    bench.want(0, 0, 100)
    bench.run(5)
    bench.want(0, 10, 100_000)
    bench.run(10 + LAG)
    bench.stop()
    bench.run()
    assert bench.words[-2:] == ["go 0 10 1", "Vibrate 1 0"], "at speed 1 it has long been there"


def test_a_stop_of_a_first_move_goes_no_further_and_no_faster() -> None:
    bench = Bench(Stroker, STROKER)
    bench.want(0, 80, 2000)
    bench.run(0.1)
    bench.stop()
    bench.run()
    assert bench.words == ["go 0 80 40", "go 0 80 8", "Vibrate 1 0"]


def test_a_stop_ends_the_slow_way_of_an_earlier_stop_inside_limits_that_were_set_meanwhile() -> None:
    bench = Bench(Stroker, STROKER)
    bench.want(0, 80, 2000)
    bench.run(0.1)
    bench.stop()
    bench.run(0.1)
    bench.machine.configure(type(bench.limits)({**STROKER, (0, POSITION): (0, 50)}, bench.limits.durations), 0.0)
    bench.stop()
    bench.run()
    assert bench.words[-2:] == ["go 0 50 5", "Vibrate 1 0"]


def test_where_a_halt_ended_a_move_outside_its_limits_is_not_known() -> None:
    bench = Bench(Halting, STROKER)
    bench.want(0, 0, 100)
    bench.run(5)
    bench.want(0, 100, 1000)
    bench.run(0.9)
    bench.machine.configure(type(bench.limits)({**STROKER, (0, POSITION): (0, 50)}, bench.limits.durations), 0.0)
    bench.stop()
    bench.run(20)
    assert bench.machine.moves.place(0, bench.now) is None


def test_a_stop_on_a_known_way_ends_it_where_the_part_is() -> None:
    bench = Bench(Stroker, STROKER)
    bench.want(0, 0, 100)
    bench.run(5)
    bench.want(0, 80, 2000)
    bench.run(1)
    bench.stop()
    bench.run()
    assert bench.words[2:] == ["go 0 40 1", "Vibrate 1 0"]
    assert bench.machine.moves.place(0, bench.now) == 40


#: A part behind two motors, on a bus that needs 40 ms between two packets.
PART_BEHIND_MOTORS: dict[Slot, tuple[int, int]] = {(0, VIBRATE): (0, 100), (1, VIBRATE): (0, 100), (2, POSITION): (0, 100)}


def spaced_stroker(place: int) -> Bench:
    """Return a stroker that has been at a place for long."""
    bench = Bench(Stroker, PART_BEHIND_MOTORS, spacing=0.04)
    bench.want(2, place, 100)
    bench.run(5)
    bench.sent.clear()
    return bench


def test_a_stop_halts_the_part_first_where_it_is_when_packets_have_to_wait_for_each_other() -> None:
    bench = spaced_stroker(90)
    bench.want(2, 0, 450)
    bench.run(0.1)
    bench.stop()
    bench.run(1)
    assert bench.words == ["go 2 0 200", "go 2 70 1", "Vibrate 0 0", "Vibrate 1 0"]
    assert bench.machine.moves.place(2, bench.now) == 70


def test_a_move_is_under_way_from_its_own_packet_on_though_others_of_its_batch_wait() -> None:
    bench = spaced_stroker(90)
    bench.want(0, 50)
    bench.want(2, 0, 450)
    bench.run(0.03)
    assert bench.words == ["go 2 0 200"]
    assert bench.machine.moves.place(2, bench.now) == 84


def test_a_part_whose_halt_failed_is_halted_again_though_other_packets_of_the_stop_were_written() -> None:
    bench = Bench(LevelsFirst, STROKER)
    bench.want(0, 0, 100)
    bench.run(5)
    bench.want(0, 100, 8000)
    bench.run(1)
    bench.stop()
    bench.begin_write()
    bench.finish_write()
    for _ in range(2):
        bench.begin_write()
        assert bench.words[-1].startswith("go 0")
        bench.finish_write(NO_LUCK)
    bench.sent.clear()
    bench.run(2)
    assert bench.words[-1].startswith("go 0"), "the stop that is tried again halts it"


def levels_first_on_the_way() -> Bench:
    """Return a part on its way from 0 to 100, whose stop has stopped a motor, and waits before it halts the part."""
    bench = Bench(LevelsFirst, STROKER, spacing=0.04)
    bench.want(0, 0, 100)
    bench.run(5)
    bench.want(0, 100, 8000)
    bench.run(1)
    bench.sent.clear()
    bench.stop()
    bench.run()
    assert bench.words == ["Vibrate 1 0"]
    return bench


@pytest.mark.parametrize("places", [(0, 100), (20, 80)])
def test_a_part_is_halted_though_settings_change_behind_the_first_packet_of_its_stop(places: tuple[int, int]) -> None:
    bench = levels_first_on_the_way()
    bench.machine.configure(type(bench.limits)({**STROKER, (0, POSITION): places}, bench.limits.durations), 0.0)
    again = bench.stop()
    bench.run(1)
    assert [words for words in bench.words if words.startswith("go")] == ["go 0 12 1"]
    assert bench.machine.moves.place(0, bench.now) == 12
    assert again.ok


def test_a_stop_that_was_asked_for_after_new_settings_is_made_under_them() -> None:
    bench = levels_first_on_the_way()
    bench.machine.configure(bench.limits, 0.0)
    again = bench.stop()
    bench.run(0.05)
    assert not again.answers
    bench.run(1)
    assert bench.words == ["Vibrate 1 0", "go 0 12 1", "Vibrate 1 0"]
    assert again.ok


def test_settings_that_change_all_the_time_hold_up_no_stop() -> None:
    bench = Bench(PacketPerFeature, spacing=0.04)
    stopped = bench.stop()
    for _ in range(30):
        bench.machine.configure(bench.limits, 0.0)
        bench.run(0.01)
    assert "Vibrate 1 0" in bench.words
    bench.run(1)
    assert stopped.ok


def test_a_part_counts_as_moving_until_its_stop_is_written_though_it_began_with_another_output() -> None:
    bench = levels_first_on_the_way()
    assert bench.machine.moves.all_under_way(bench.now), "should the link break now, it is halted on return"


def test_a_stop_that_begins_anew_knows_where_it_has_halted_the_part() -> None:
    bench = spaced_stroker(90)
    bench.want(2, 0, 450)
    bench.run(0.1)
    bench.stop()
    bench.run(0.01)
    bench.machine.configure(bench.limits, 0.0)
    bench.run(1)
    assert [words for words in bench.words if words.startswith("go")] == ["go 2 0 200", "go 2 70 1"]


def test_a_device_that_knows_a_halt_is_halted_and_told_no_place() -> None:
    bench = Bench(Halting, STROKER)
    bench.want(0, 80, 2000)
    bench.run(0.1)
    bench.stop()
    bench.run()
    assert bench.words[1:] == ["halt", "Vibrate 1 0"]


@pytest.mark.parametrize(("type_", "duration"), [(POSITION, 0), (MOVE, 1)])
def test_a_stop_halts_untimed_and_very_short_moves_too(type_: OutputType, duration: int) -> None:
    bench = Bench(Halting, STROKER)
    bench.want(0, 80, duration, type_)
    bench.run(0.3)
    bench.stop()
    bench.run()
    assert bench.words[1:] == ["halt", "Vibrate 1 0"]


def test_a_part_that_has_long_arrived_is_left_alone() -> None:
    bench = Bench(Halting, STROKER)
    bench.want(0, 80, 1000)
    bench.run(1 + LAG)
    bench.stop()
    bench.run()
    assert bench.words[1:] == ["Vibrate 1 0"]


def test_a_stop_of_a_part_of_which_nothing_is_known_halts_it_where_that_is_possible() -> None:
    bench = Bench(Halting, STROKER)
    bench.stop()
    bench.run()
    assert bench.words == ["halt", "Vibrate 1 0"]


def test_a_stop_sends_no_part_anywhere_that_was_never_sent_anywhere() -> None:
    bench = Bench(Stroker, STROKER)
    bench.stop()
    bench.run()
    assert bench.words == ["Vibrate 1 0"]


@pytest.mark.parametrize(("protocol", "halt"), [(Halting, "halt"), (Stroker, "go 0 90 9")])
def test_a_move_that_was_under_way_when_the_link_broke_is_halted_on_return(protocol: type[Stroker], halt: str) -> None:
    left = Move(20, 90, -1.0, 9.0)
    bench = Bench(protocol, STROKER, moves=Moves({0: left}))
    assert bench.machine.moves.place(0, 0.0) is None
    bench.stop()
    bench.run()
    assert bench.words[0] == halt


def test_a_move_that_was_being_written_when_the_link_broke_may_be_under_way() -> None:
    bench = Bench(PacketPerFeature, STROKER)
    bench.want(0, 100, 4000)
    assert isinstance(bench.machine.next(bench.now), Packet)
    assert bench.machine.may_be_running(bench.now)
    assert bench.machine.moves.all_under_way(bench.now)[0].target == 100


def test_limits_that_changed_hold_for_a_halt() -> None:
    bench = Bench(PacketPerFeature, STROKER)
    bench.want(0, 0, 1)
    bench.run(5)
    bench.want(0, 100, 1000)
    bench.run(0.9)
    bench.machine.configure(type(bench.limits)({**STROKER, (0, POSITION): (20, 60)}, {0: (500, 2000)}), 0.0)
    bench.stop()
    bench.run()
    assert bench.words[2] == "HwPositionWithDuration 0 60 2000"


# Repeats


def test_a_failed_repeat_is_tried_again_at_once_and_then_ever_later() -> None:
    bench = Bench(Repeating)
    bench.run()
    times = []
    for _ in range(len(RETRIES) + 2):
        while bench.begin_write() is None:
            bench.now = bench.wait
        times.append(bench.now)
        bench.finish_write(NO_LUCK)
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert waits[0] < 0.01
    assert waits[1:] == pytest.approx([*RETRIES[1:], RETRIES[-1], RETRIES[-1]][: len(waits) - 1])


@pytest.mark.parametrize(("value", "repeated"), [(0, 0), (20, 20), (90, 50)])
def test_no_repeat_raises_what_was_to_be_lowered_by_a_command_that_failed(value: int, repeated: int) -> None:
    bench = Bench(Repeating)
    bench.want(0, 50)
    bench.run(0.5)
    failed = bench.want(0, value)
    bench.begin_write()
    bench.finish_write(TOO_LATE)
    bench.run(2)
    assert failed.failed
    assert bench.words[-2:] == [f"all {repeated} 0"] * 2


def test_no_command_for_another_motor_raises_what_was_to_be_lowered_by_one_that_failed() -> None:
    bench = Bench(OnePacket)
    bench.want(0, 50)
    bench.run(0.5)
    bench.want(0, 0)
    bench.begin_write()
    bench.finish_write(TOO_LATE)
    bench.want(1, 30)
    bench.run()
    again = bench.want(0, 0)
    bench.run()
    assert again.ok
    assert bench.words[-2:] == ["all 0 30", "all 0 30"]


def test_what_fills_silence_is_counted_from_the_last_packet() -> None:
    bench = Bench(Repeating)
    bench.run(0.5)
    bench.want(0, 10)
    bench.run(2.1)
    assert bench.sent == [(0.0, "all 0 0"), (0.5, "all 10 0"), (1.5, "all 10 0"), (2.5, "all 10 0")]


def test_steps_come_on_time_whatever_else_is_sent() -> None:
    bench = Bench(Stepping, STROKER)
    bench.want(0, 50, 500)
    for turn in range(60):
        bench.want(1, turn)
        bench.run(0.01)
    assert [(when, words) for when, words in bench.sent if words.startswith("step")] == [
        (round(0.1 * step, 6), f"step {10 * (step + 1)}") for step in range(5)
    ]


def test_commands_come_between_repeats_that_are_always_due() -> None:
    class Hasty(OnePacket):
        repeat_after = 0.0
        repeats_regularly = True

    bench = Bench(Hasty)
    bench.want(0, 10)
    for _ in range(20):
        while bench.begin_write() is None:
            bench.now = bench.wait
        bench.now += 0.05
        bench.finish_write()
    assert "all 10 0" in bench.words


def test_a_stop_ends_steps() -> None:
    bench = Bench(Stepping, STROKER)
    bench.want(0, 50, 500)
    bench.run(0.25)
    bench.stop()
    bench.run(5)
    assert bench.words == ["step 10", "step 20", "step 30", "step 30", "Vibrate 1 0"]


# Faults

CANNOT = "byte must be in range(0, 256)"


class Faulty(PacketPerFeature):
    """Fails to make packets for commands and repeats, by a fault in it."""

    repeat_after = 0.1

    def output(self, output: Output) -> Iterable[Packet]:
        raise ValueError(CANNOT) if output.value else IndexError("none")

    def repeat(self, current: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        raise ValueError(CANNOT)

    def stop(self, stopped: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        raise ButtplugDeviceError("it cannot be stopped")


def test_a_fault_of_a_protocol_is_answered_each_time_and_logged_once_of_its_kind(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(Faulty)
    for level in (1, 0, 2, 0, 3):
        asked = bench.want(0, level)
        bench.run(5)
        assert asked.failed
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [record.getMessage().split(": ")[0] for record in errors] == ["toy", "toy"]
    assert CANNOT in errors[0].getMessage()
    assert not any(record.exc_info for record in errors), "a sentence, and no traceback"


def test_a_stop_that_goes_on_failing_is_logged_once_and_when_it_succeeds_at_last(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(Faulty)
    bench.stop()
    bench.run(20 * RETRY_DELAY)
    assert [record.getMessage() for record in caplog.records if "stopped" in record.getMessage()] == [
        "toy: it could not be stopped: no packet could be made to stop Vibrate of feature 1: it cannot be stopped;"
        " trying again until it is"
    ]
    bench.protocol.stop = lambda stopped, values: ()  # type: ignore[method-assign]
    bench.run(RETRY_DELAY)
    assert caplog.records[-1].getMessage() == "toy: it is stopped now"


# The end


def test_what_is_abandoned_is_answered_once() -> None:
    bench = Bench(PacketPerFeature)
    asked = [bench.want(0, 1)]
    bench.begin_write()
    asked += [bench.want(0, 2), bench.want(1, 3)]
    asked.append(bench.stop((1, VIBRATE)))
    bench.machine.abandon(ButtplugDeviceError("unplugged"), bench.now)
    bench.answer()
    assert [(len(one.answers), one.failed) for one in asked] == [(1, True), (1, True), (1, False), (1, True)]
    assert bench.machine.owes_stop
