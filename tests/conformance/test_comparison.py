"""What may differ from a recording, and what may not."""

from __future__ import annotations

from collections.abc import Sequence

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command, Subscribe, Unsubscribe
from tests.cases import for_each
from tests.conformance.comparison import Freedom, Kinds, Standing, describe, fits

#: Two motors: one packet for both, and another packet for a pump.
MOTORS_OFF, MOTORS_LOW, MOTORS_HALF, MOTORS_FULL = (Packet(bytes((1, *levels))) for levels in ((0, 0), (1, 0), (1, 9), (9, 9)))
PUMP_OFF, PUMP_ON = Packet(b"\x02\x00\x00"), Packet(b"\x02\x00\x01")
STRANGE = Packet(b"\x03\x00\x00")
HALT = Packet(b"\x04\x07\x00")

RECORDED = [[MOTORS_FULL, PUMP_ON], [MOTORS_HALF], [MOTORS_LOW], [MOTORS_OFF, PUMP_OFF]]


#: No freedom at all: all that came was caused by a command, for one output.
NONE = Freedom(timed=99)


def fit(expected: list[Command], came: list[Command], freedom: Freedom = NONE, *, before: Sequence[Packet] = ()) -> bool:
    standing = Standing(Kinds(RECORDED))
    standing.note(*before)
    return fits(expected, came, standing, freedom)


@for_each("commands", [[], [PUMP_ON], [Subscribe("rx"), PUMP_ON, PUMP_ON, Unsubscribe("rx")]])
def test_what_was_recorded_fits(commands: list[Command]) -> None:
    assert fit(commands, commands)


@for_each(
    "came",
    [
        [],
        [PUMP_ON],
        [MOTORS_FULL],
        [PUMP_ON, MOTORS_FULL],
        [MOTORS_FULL, PUMP_ON, PUMP_ON],
        [MOTORS_FULL, MOTORS_FULL, PUMP_ON],
        [MOTORS_HALF, PUMP_ON],
        [MOTORS_HALF, MOTORS_FULL, PUMP_ON],
        [MOTORS_FULL, PUMP_ON, STRANGE],
        [MOTORS_FULL, PUMP_ON, Subscribe("rx")],
        [MOTORS_FULL, Packet(PUMP_ON.data, "command")],
        [MOTORS_FULL, Packet(PUMP_ON.data, response=True)],
    ],
)
def test_nothing_else_fits(came: list[Command]) -> None:
    assert not fit([MOTORS_FULL, PUMP_ON], came)


def test_subscriptions_are_compared_like_packets() -> None:
    assert not fit([Subscribe("rx")], [Unsubscribe("rx")])
    assert not fit([Subscribe("rx")], [Subscribe("tx")])
    assert not fit([Subscribe("rx"), PUMP_ON], [PUMP_ON, Subscribe("rx")])


@for_each(
    ("came", "fitting"),
    [
        ([MOTORS_LOW, MOTORS_FULL, PUMP_ON], True),
        ([MOTORS_LOW, MOTORS_HALF, MOTORS_FULL, PUMP_ON], True),
        ([MOTORS_LOW, PUMP_ON, MOTORS_FULL], True),
        ([PUMP_ON, MOTORS_LOW, MOTORS_FULL, PUMP_ON], True),
        ([PUMP_ON, MOTORS_FULL], False),
        ([MOTORS_FULL, MOTORS_LOW, PUMP_ON], False),
        ([MOTORS_FULL, PUMP_ON, MOTORS_LOW], False),
        ([MOTORS_LOW, MOTORS_FULL], False),
        ([MOTORS_LOW, STRANGE, MOTORS_FULL, PUMP_ON], False),
        ([Packet(MOTORS_LOW.data, "command"), MOTORS_FULL, PUMP_ON], False),
        ([Packet(MOTORS_LOW.data + b"\x00"), MOTORS_FULL, PUMP_ON], False),
        ([Packet(MOTORS_FULL.data, response=True), MOTORS_FULL, Packet(PUMP_ON.data, response=True)], False),
    ],
)
def test_of_several_changes_the_last_packet_of_each_kind_counts(came: list[Command], fitting: bool) -> None:
    assert fit([MOTORS_FULL, PUMP_ON], came, Freedom(several=True, timed=99)) is fitting


def test_a_packet_of_a_kind_that_is_not_expected_does_not_fit() -> None:
    assert not fit([MOTORS_FULL], [MOTORS_FULL, PUMP_ON], Freedom(several=True, timed=99))


def test_packets_of_one_kind_that_are_expected_together_are_all_needed() -> None:
    standing = Standing(Kinds([[MOTORS_LOW], [MOTORS_HALF, MOTORS_FULL]]))
    assert not fits([MOTORS_HALF, MOTORS_FULL], [MOTORS_FULL], standing, Freedom(several=True, timed=99))


def test_the_numbers_in_text_are_values_whatever_their_length() -> None:
    kinds = Kinds([[Packet(b"Both:5:5;")], [Packet(b"Both:10:0;")]])
    assert kinds.of(Packet(b"Both:100:0;")) == kinds.of(Packet(b"Both:5:5;"))
    assert kinds.of(Packet(b"Boat:5:5;")) != kinds.of(Packet(b"Both:5:5;"))
    assert kinds.of(Packet(b"Both:5:5:5;")) != kinds.of(Packet(b"Both:5:5;"))


def test_text_among_other_bytes_is_no_text() -> None:
    kinds = Kinds([[Packet(b"2222")], [Packet(b"\x00\x00\x00\x00")]])
    assert kinds.of(Packet(b"2222")) == kinds.of(Packet(b"\x19222"))


@for_each(
    ("came", "fitting"),
    [
        ([PUMP_ON, PUMP_ON], True),
        ([PUMP_ON, MOTORS_LOW, PUMP_ON, MOTORS_LOW], True),
        ([MOTORS_LOW, MOTORS_LOW, PUMP_ON], True),
        ([PUMP_ON, MOTORS_FULL], False),
        ([PUMP_ON, PUMP_OFF], False),
        ([PUMP_ON, STRANGE], False),
    ],
)
def test_what_time_alone_causes_may_repeat_the_last_packets(came: list[Command], fitting: bool) -> None:
    assert fit([PUMP_ON], came, Freedom(timed=0), before=[MOTORS_LOW]) is fitting


def test_what_a_command_causes_may_not_repeat_packets() -> None:
    assert not fit([PUMP_ON], [MOTORS_LOW, PUMP_ON], Freedom(timed=2), before=[MOTORS_LOW])
    assert not fit([PUMP_ON], [PUMP_ON, PUMP_ON], Freedom(timed=2))
    assert fit([PUMP_ON], [PUMP_ON, PUMP_ON], Freedom(timed=1))


@for_each(
    ("came", "fitting"),
    [
        ([HALT, PUMP_OFF], True),
        ([PUMP_OFF, HALT], True),
        ([PUMP_OFF], True),
        ([HALT], False),
        ([HALT, HALT, PUMP_OFF], False),
        ([HALT, PUMP_OFF, Subscribe("rx")], False),
    ],
)
@for_each("several", [False, True])
def test_a_move_under_way_may_be_halted_once(came: list[Command], fitting: bool, several: bool) -> None:
    assert fit([PUMP_OFF], came, Freedom(halts=1, timed=99, several=several)) is fitting


@for_each(
    ("came", "fitting"),
    [
        ([MOTORS_OFF, PUMP_OFF], True),
        ([PUMP_OFF, MOTORS_OFF], True),
        ([PUMP_OFF], True),
        ([MOTORS_OFF], False),
        ([MOTORS_OFF, MOTORS_OFF, PUMP_OFF], False),
        ([MOTORS_LOW, PUMP_OFF], False),
    ],
)
def test_zeros_of_other_outputs_may_come_once(came: list[Command], fitting: bool) -> None:
    assert fit([PUMP_OFF], came, Freedom(zeros=[MOTORS_OFF, PUMP_OFF], timed=99)) is fitting


def test_commands_are_described_for_people() -> None:
    commands: list[Command] = [
        Packet(b"\x01\xff"),
        Packet(b"\x02", "command", response=True),
        Subscribe("rx"),
        Unsubscribe("rx"),
    ]
    assert describe(commands) == "tx 01 ff, command 02 (with response), subscribe rx, unsubscribe rx"
    assert describe([]) == "nothing"


REPEATED = Freedom(timed=99, repeated=True)


@for_each(
    ("recorded", "came", "fitting"),
    [
        ([MOTORS_HALF, MOTORS_LOW, PUMP_ON], [MOTORS_LOW], True),
        ([MOTORS_LOW, MOTORS_LOW, MOTORS_LOW], [MOTORS_LOW], True),
        ([MOTORS_HALF, PUMP_ON], [], True),
        ([MOTORS_HALF, MOTORS_LOW], [MOTORS_HALF, MOTORS_LOW], True),
        ([MOTORS_LOW, MOTORS_HALF], [MOTORS_LOW], False),
        ([MOTORS_LOW, PUMP_OFF], [MOTORS_LOW], False),
        ([MOTORS_HALF], [MOTORS_LOW], False),
    ],
)
def test_recorded_repeats_may_be_missing(recorded: list[Command], came: list[Command], fitting: bool) -> None:
    assert fit(recorded, came, REPEATED, before=[MOTORS_HALF, PUMP_ON]) is fitting
    assert fit(recorded, came, before=[MOTORS_HALF, PUMP_ON]) is (recorded == came)


ENDED = Freedom(timed=99, ends=[Packet(bytes(3)), PUMP_OFF])


@for_each(
    ("recorded", "came", "fitting"),
    [
        ([Packet(b"\0\1\1"), Packet(b"\0\0\1"), Packet(bytes(3))], [Packet(bytes(3))], True),
        ([Packet(b"\0\1\1"), Packet(b"\0\0\1"), Packet(bytes(3))], [Packet(b"\0\0\1"), Packet(bytes(3))], False),
        ([Packet(b"\0\1\1"), Packet(bytes(3)), PUMP_OFF], [Packet(bytes(3)), PUMP_OFF], True),
        ([Packet(b"\0\1\1"), Packet(bytes(3)), PUMP_OFF], [Packet(bytes(3))], False),
        ([Packet(bytes(3)), Packet(b"\0\1\1")], [Packet(bytes(3))], False),
        ([Packet(b"\0\1"), Packet(bytes(3))], [Packet(bytes(3))], False),
    ],
)
def test_of_packets_that_end_one_output_after_the_other_the_last_is_enough(
    recorded: list[Command], came: list[Command], fitting: bool
) -> None:
    assert fit(recorded, came, ENDED) is fitting
    assert not fit(recorded, came)
