"""A stateful test of the pacing machine: commands, stops, settings and time in any order, and every outcome of every write.

The device is what its packets say. What must hold is checked at every step:

- the machine writes, or waits for a time that is still to come; it never makes more than a few steps in no time;
- everything that is asked for is answered, once;
- when a stop is answered with success, its motors stand still, its part does or goes its slowest, and nothing that was sent
before can still arrive: neither what a bus without order kept, nor what one with order holds until something follows it;
- packets that count only in their order are tried again in it;
- two packets keep the spacing of the bus;
- a place is right where it is estimated, and inside its limits where it is sent (those of the time at which a stop that was
begun was asked for); a stop moves no part faster or further than
it was moving;
- in the end, when writes succeed again, each motor has what was wanted of it last, and 0 where that was a stop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from buttplug.core.enums import OutputType
from buttplug.core.messages import Range
from buttplug.hardware.base import Packet
from buttplug.server.devices.pacing import Limits, Slot
from buttplug.server.protocols.base import Protocol
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
from tests.server.devices.pacing.bench import MOTORS, MOVE, NO_LUCK, POSITION, TOO_LATE, VIBRATE, Asked, Bench

MOTOR_COUNT = 2
PART = 2
PLACE: Slot = (PART, POSITION)
WITH_PART: dict[Slot, Range] = {**MOTORS, PLACE: (10, 90)}
WITH_LACK: dict[Slot, Range] = {**MOTORS, (2, OutputType.ROTATE): (-9, 9)}

#: The speed of the longest way in the longest time: what a part that is stopped may have, where its place is not known.
SLOWEST = 10

#: Steps that an estimate may be off: places are whole steps and durations whole milliseconds.
ROUNDING = 3


class Kind(NamedTuple):
    """A kind of device: its protocol and outputs, whether its bus keeps order, whether its writes may fail or take time.

    ``halts_first``: its part is halted by the first packet of a stop. Where it is not, it has gone on meanwhile.
    """

    protocol: type[Protocol]
    ranges: dict[Slot, Range]
    keeps_order: bool = True
    may_fail: bool = True
    halts_first: bool = True

    @property
    def name(self) -> str:
        return self.protocol.__name__ + ("" if self.keeps_order else " without order")


KINDS = (
    Kind(PacketPerFeature, MOTORS),
    Kind(PacketPerFeature, MOTORS, keeps_order=False),
    Kind(OnePacket, MOTORS),
    Kind(OnePacket, MOTORS, keeps_order=False),
    Kind(TwoPackets, MOTORS),
    Kind(Repeating, MOTORS),
    Kind(Repeating, MOTORS, keeps_order=False),
    Kind(Lacking, WITH_LACK),
    Kind(Halting, WITH_PART),
    Kind(Halting, WITH_PART, keeps_order=False),
    Kind(Stepping, WITH_PART),
    # Where a part really is can be told only where every write arrives, at once.
    Kind(Stroker, WITH_PART, may_fail=False),
    Kind(LevelsFirst, WITH_PART, may_fail=False, halts_first=False),
)


class Part:
    """A part that moves as its device is told: to a place at a speed, or in a time."""

    def __init__(self, place: float) -> None:
        self.place = place
        self.target = place
        self.speed = 0.0
        self._at = 0.0

    def move_on(self, now: float) -> None:
        left = self.target - self.place
        way = min(abs(left), self.speed * (now - self._at))
        self.place += way if left > 0 else -way
        if self.place == self.target:
            self.speed = 0.0
        self._at = now

    def halt(self, now: float) -> None:
        self.move_on(now)
        self.target, self.speed = self.place, 0.0


class AnyOrder(RuleBasedStateMachine):
    """See the module."""

    kinds = KINDS

    @initialize(
        kind=st.runner().flatmap(lambda runner: st.sampled_from(runner.kinds)),
        gap=st.sampled_from([0.0, 0.075]),
        spacing=st.sampled_from([0.0, 0.04]),
        place=st.integers(0, 100),
    )
    def begin(self, kind: Kind, gap: float, spacing: float, place: int) -> None:
        self.kind = kind
        self.spacing = spacing
        self.places: Range = (10, 90)
        #: The stop that was being written when limits changed, and the limits that it was made under.
        self.older_stop: tuple[object, Range] = (None, self.places)
        self.bench = Bench(kind.protocol, kind.ranges, gap=gap, spacing=spacing)
        self.motors = dict.fromkeys(range(MOTOR_COUNT), 0)
        self.part = Part(float(place))
        #: Motors that are ready for a level, for devices that want to hear this first.
        self.ready: set[int] = set()
        #: Packets that may still arrive, each with how much had been asked for when it was begun.
        self.late: list[tuple[Packet, int]] = []
        #: Packets that were given up and arrive before the next one that is written, or sooner; whether each is of a stop.
        self.hanging: list[tuple[Packet, bool]] = []
        self.asked_before_write = 0
        self.asked: list[Asked] = []
        self.stops: set[Asked] = set()
        #: What was asked of each motor last.
        self.last: dict[int, tuple[int, Asked]] = {}
        #: The levels that were wanted, with their motors, in order.
        self.wants: list[tuple[int, int]] = []
        self.write_ended_at = -1.0
        #: Where the part was when stops were asked for, since it was last sent anywhere by a command.
        self.places_at_stops: list[float] = []
        #: How many moves were asked for, and whether the last thing asked of the part was a stop.
        self.moves_asked = 0
        self.part_is_stopped = False

    # What is asked

    @rule(motor=st.integers(0, MOTOR_COUNT - 1), level=st.sampled_from([0, 0, 1, 50, 100]))
    def want(self, motor: int, level: int) -> None:
        asked = self.bench.want(motor, level)
        self.asked.append(asked)
        self.last[motor] = level, asked
        self.wants.append((motor, level))
        self.bench.answer()

    @precondition(lambda self: PLACE in self.kind.ranges)
    @rule(share=st.integers(0, 100), duration=st.sampled_from([1, 100, 300, 5000]))
    def move(self, share: int, duration: int) -> None:
        low, high = self.places
        self.moves_asked += 1
        self.part_is_stopped = False
        self.asked.append(self.bench.want(PART, low + (high - low) * share // 100, duration, MOVE))
        self.bench.answer()

    @rule(motors=st.sampled_from([(0,), (1,), (0, 1), ()]))
    def stop(self, motors: tuple[int, ...]) -> None:
        """Stop some motors, or everything."""
        self._stop(motors or tuple(range(MOTOR_COUNT)), tuple((motor, VIBRATE) for motor in motors), part=not motors)

    @precondition(lambda self: PLACE in self.kind.ranges)
    @rule()
    def stop_the_part(self) -> None:
        self._stop((), (PLACE,), part=True)

    def _stop(self, covered: tuple[int, ...], slots: tuple[Slot, ...], *, part: bool) -> None:
        self.part.move_on(self.bench.now)
        self.places_at_stops.append(self.part.place)
        stopped = self.bench.stop(*slots)
        wants_before, asked_before, moves_before = len(self.wants), len(self.asked), self.moves_asked
        stopped.when_ok = lambda: self._check_stopped(
            covered, stopped, asked_before, self.wants[wants_before:], part=part and self.moves_asked == moves_before
        )
        self.part_is_stopped = self.part_is_stopped or part
        self.asked.append(stopped)
        self.stops.add(stopped)
        self.last |= dict.fromkeys(covered, (0, stopped))
        self.bench.answer()

    @precondition(lambda self: PLACE in self.kind.ranges)
    @rule(low=st.integers(0, 40), high=st.integers(60, 100))
    def configure(self, low: int, high: int) -> None:
        machine = self.bench.machine
        if machine.is_writing_stop and machine._batch is not self.older_stop[0]:
            self.older_stop = machine._batch, self.places
        self.places = (low, high)
        self.bench.machine.configure(Limits({**self.kind.ranges, PLACE: self.places}, {PART: (0, 10_000)}), 0.0)
        self.stop(())

    @precondition(lambda self: PLACE in self.kind.ranges)
    @rule(low=st.integers(0, 40), high=st.integers(60, 100))
    def configure_in_the_middle_of_a_stop(self, low: int, high: int) -> None:
        self.stop(())
        self._begin_write()
        self.configure(low, high)

    # What happens

    @rule(seconds=st.sampled_from([0.0, 0.001, 0.03, 0.1, 0.5, 1.0, 6.0]))
    def time_passes(self, seconds: float) -> None:
        until = self.bench.now + seconds
        while self._begin_write() is None and self.bench.wait <= until:
            self.bench.now = self.bench.wait
        self.bench.now = until

    @rule(
        outcome=st.sampled_from(["written", "written", "written", "failed", "failed but arrived", "late", "hangs", "cut off"])
    )
    def a_write_ends(self, outcome: str) -> None:
        packet = self._begin_write()
        if packet is None:
            return
        if outcome == "written":
            self._finish(packet)
            return
        self.write_ended_at = self.bench.now
        machine = self.bench.machine
        if outcome == "cut off" and machine.owes_stop and not machine.is_writing_stop:
            if not self.kind.keeps_order:
                self.late.append((packet, self.asked_before_write))
            self.bench.finish_write(may_arrive=not self.kind.keeps_order, cut_off=True)
        elif outcome == "late" and not self.kind.keeps_order:
            self.late.append((packet, self.asked_before_write))
            self.bench.finish_write(TOO_LATE, may_arrive=True)
        elif outcome == "hangs" and self.kind.keeps_order:
            self.hanging.append((packet, machine.is_writing_stop))
            self.bench.finish_write(TOO_LATE)
        else:
            if outcome == "failed but arrived":
                self._arrive(packet)
                self.bench.finish_write(TOO_LATE)
                return
            self.bench.finish_write(NO_LUCK)

    @precondition(lambda self: self.late)
    @rule()
    def what_was_late_arrives(self) -> None:
        for packet, _ in self.late:
            self._arrive(packet)
        self.late.clear()
        self.bench.settle()
        self.bench.answer()

    @precondition(lambda self: self.hanging)
    @rule()
    def what_hangs_arrives(self) -> None:
        hanging, self.hanging = self.hanging, []
        for packet, _ in hanging:
            self._take(packet)

    @rule()
    def writes_succeed_for_a_while(self) -> None:
        for _ in range(10):
            self.a_write_ends("written")

    @precondition(lambda self: self.kind.may_fail)
    @rule(count=st.integers(0, 2), tries=st.integers(1, 2))
    def writes_of_a_stop_fail(self, count: int, tries: int) -> None:
        self.writes_succeed_for_a_while()
        self.stop(())
        for outcome in ["written"] * count + ["failed"] * tries:
            self.a_write_ends(outcome)

    @precondition(lambda self: not self.kind.keeps_order)
    @rule(motor=st.integers(0, MOTOR_COUNT - 1), level=st.sampled_from([0, 1, 50]))
    def a_motor_is_driven_again_while_its_command_may_still_arrive(self, motor: int, level: int) -> None:
        self.writes_succeed_for_a_while()
        self.want(motor, 100)
        self.time_passes(0.1)
        self.a_write_ends("late")
        self.stop((motor,))
        self.writes_succeed_for_a_while()
        self.want(motor, level)

    @precondition(lambda self: self.kind.protocol is Halting)
    @rule(meanwhile=st.sampled_from(["nothing", "moved", "stopped"]))
    def the_part_is_stopped_long_after_a_move_was_given_up(self, meanwhile: str) -> None:
        self.writes_succeed_for_a_while()
        self.move(100, 5000)
        self.time_passes(0.1)
        self.a_write_ends("hangs" if self.kind.keeps_order else "late")
        if meanwhile == "moved":
            self.move(0, 100)
        elif meanwhile == "stopped":
            self.stop_the_part()
        self.writes_succeed_for_a_while()
        self.time_passes(6.0)
        if self.late:
            self.what_was_late_arrives()
        self.stop_the_part()
        self.writes_succeed_for_a_while()

    @rule(count=st.integers(2, 6))
    def writes_fail_for_a_while(self, count: int) -> None:
        for _ in range(count):
            self.a_write_ends("failed")

    @invariant()
    def it_writes_or_waits(self) -> None:
        if hasattr(self, "bench"):
            self._begin_write()

    @invariant()
    def a_place_that_is_known_is_right(self) -> None:
        if not hasattr(self, "bench") or self.kind.may_fail or not self.kind.halts_first:
            return
        # Until its stop is written a part counts as moving.
        if not self.bench.machine.is_writing_stop:
            self.part.move_on(self.bench.now)
            estimate = self.bench.machine.moves.place(PART, self.bench.now)
            assert estimate is None or abs(estimate - self.part.place) <= ROUNDING, "an estimate is right"

    @invariant()
    def a_stop_that_failed_is_still_owed(self) -> None:
        if not hasattr(self, "bench"):
            return
        for motor, (_, asked) in self.last.items():
            if asked in self.stops and asked.failed and self.motors[motor]:
                assert self.bench.machine.owes_stop, "a stop is never given up"

    def teardown(self) -> None:
        if not hasattr(self, "bench"):
            return
        if self.late:
            self.what_was_late_arrives()
        until = self.bench.now + 30
        while self.bench.now < until:
            if self._begin_write() is None:
                self.bench.now = min(self.bench.wait, until)
            else:
                self.a_write_ends("written")
        for asked in self.asked:
            assert len(asked.answers) == 1, "everything is answered, once"
        for motor, (level, asked) in self.last.items():
            if asked.ok or asked in self.stops:
                assert self.motors[motor] == level, "each motor has what was wanted last, and a stop is never given up"
        if self.kind.protocol is Halting and self.part_is_stopped:
            self.part.move_on(self.bench.now)
            assert self.part.place == self.part.target, "a part stands still in the end where it was stopped last"

    # Inside

    def _begin_write(self) -> Packet | None:
        while True:
            is_new = self.bench.under_way is None
            packet = self.bench.begin_write()
            if packet is not None and is_new:
                self.asked_before_write = len(self.asked)
                assert self.bench.now >= self.write_ended_at + self.spacing - 1e-9, "packets keep the spacing of the bus"
            if packet is None or self.kind.may_fail:
                return packet
            self._finish(packet)

    def _finish(self, packet: Packet) -> None:
        self.write_ended_at = self.bench.now
        self._arrive(packet)
        self.bench.finish_write()

    def _arrive(self, packet: Packet) -> None:
        self.what_hangs_arrives()
        self._take(packet)

    def _take(self, packet: Packet) -> None:
        match packet.data.decode().split():
            case ["all", first, second]:
                self.motors = {0: int(first), 1: int(second)}
            case ["Vibrate", motor, level]:
                self.motors[int(motor)] = int(level)
            case ["ready", motor]:
                self.ready.add(int(motor))
            case ["go", motor, level] if int(motor) in self.ready:
                self.ready.discard(int(motor))
                self.motors[int(motor)] = int(level)
            case ["go", _, place, speed]:
                self._check_move(int(place), int(speed))
                self.part.target, self.part.speed = float(place), float(speed)
            case ["HwPositionWithDuration", _, place, duration]:
                self.part.halt(self.bench.now)
                self.part.target = float(place)
                self.part.speed = abs(self.part.target - self.part.place) * 1000 / int(duration)
            case ["halt"]:
                self.part.halt(self.bench.now)

    def _set_in_motion(self, packet: Packet) -> set[int]:
        """Return the motors and the part that a packet of commands would set in motion."""
        match packet.data.decode().split():
            case ["all", *levels]:
                return {motor for motor, level in enumerate(levels) if int(level)}
            case ["step", _]:
                return {PART}
            case [_, feature, value, *_]:
                return {int(feature)} if int(value) or int(feature) == PART else set()
        return set()

    def _check_move(self, place: int, speed: int) -> None:
        batch, older = self.older_stop
        low, high = older if batch is self.bench.machine._batch else self.places
        assert low <= place <= high, "a place is inside its limits"
        self.part.move_on(self.bench.now)
        if self.bench.machine.is_writing_stop and self.kind.halts_first:
            # A part outside new limits is brought inside, as slowly as it can be.
            slowest = 1 if low <= self.part.target <= high else SLOWEST
            is_there = abs(place - self.part.place) <= ROUNDING
            assert is_there or speed <= max(self.part.speed, slowest), "a stop moves no part faster than it was moving"
            # The packets of a stop are made at once, and a bus with spacing takes its time to send them.
            stopped_at = self.places_at_stops if self.spacing else []
            near, far = (limit((self.part.place, self.part.target, *stopped_at)) for limit in (min, max))
            assert min(near, high) - ROUNDING <= place <= max(far, low) + ROUNDING, "a stop moves no part further"
        elif not self.bench.machine.is_writing_stop:
            self.places_at_stops.clear()

    def _check_stopped(
        self,
        motors: Sequence[int],
        stopped: Asked,
        asked_before: int,
        wanted_since: Sequence[tuple[int, int]],
        *,
        part: bool,
    ) -> None:
        """``part``: the part was stopped, and no move was asked for since."""
        earlier = [packet for packet, asked in self.late if asked <= asked_before]
        assert not earlier, "nothing that was sent before a stop arrives behind its answer"
        for packet, is_of_stop in self.hanging:
            undone = self._set_in_motion(packet).intersection((*motors, *[PART] * part))
            assert is_of_stop or not undone, "nor what arrives before the next packet"
        for motor in motors:
            if self.last[motor][1] is stopped:
                assert self.motors[motor] == 0, "what was stopped stands still when that is answered"
            newer = [level for other, level in wanted_since if other == motor]
            assert self.motors[motor] in (0, *newer), "behind a stop's answer nothing runs by an earlier command"
        if part and self.kind.protocol is Halting:
            self.part.move_on(self.bench.now)
            assert self.part.place == self.part.target, "a part that was stopped stands still"
        if part and not self.kind.may_fail:
            self.part.move_on(self.bench.now)
            is_there = abs(self.part.target - self.part.place) <= ROUNDING
            assert is_there or self.part.speed <= SLOWEST, "a part that was stopped stands still, or goes its slowest"
