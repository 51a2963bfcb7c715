"""Stops of devices with several parts, of which some rest and of others nothing is known: nothing at rest is moved."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.messages import Range
from buttplug.server.devices.pacing import Limits, Slot
from buttplug.server.devices.pacing.machine import Machine
from buttplug.server.devices.pacing.moves import Moves
from buttplug.server.protocols.base import Protocol
from buttplug.server.protocols.kiiroo.v1 import KiirooV1
from buttplug.server.protocols.tcode_v03 import TcodeV03
from tests.fakes.protocols import Halting, PacketPerFeature
from tests.server.devices.pacing.bench import MOVE, POSITION, STROKER, TOO_LATE, Bench
from tests.server.protocols.helpers import custom_definition

#: Two axes whose moves take a time, one that knows places only, and a vibrator.
ROBOT: list[dict[OutputType, Range]] = [
    {MOVE: (0, 999)},
    {MOVE: (0, 999)},
    {POSITION: (0, 999)},
    {OutputType.VIBRATE: (0, 99)},
]


class Driven(Bench):
    """A bench with a real protocol."""

    def __init__(self, protocol: type[Protocol], name: str, *outputs: dict[OutputType, Range]) -> None:
        super().__init__(Protocol)
        self.protocol = protocol(custom_definition(name, *outputs), name="toy", address="1")
        values: dict[Slot, Range] = {
            (index, POSITION if type_.is_position else type_): range_
            for index, types in enumerate(outputs)
            for type_, range_ in types.items()
        }
        durations = {index: (0, 10_000) for index, types in enumerate(outputs) if MOVE in types}
        self.machine = Machine(self.protocol, Limits(values, durations), Moves(), gap=0.0, spacing=0.0, now=0.0)  # type: ignore[assignment]


def robot(*, placed: bool = False) -> Driven:
    """Return a robot; ``placed``: all of its axes have been sent to 500, and are there."""
    bench = Driven(TcodeV03, "tcode-v03", *ROBOT)
    for axis, duration, type_ in ((0, 100, MOVE), (1, 100, MOVE), (2, 0, POSITION)) if placed else ():
        bench.want(axis, 500, duration, type_)
        bench.run(5)
    return bench


def test_a_stop_of_everything_is_a_halt_where_one_axis_rests_and_nothing_is_known_of_others() -> None:
    bench = robot()
    bench.want(1, 638, 100)
    bench.run(5)
    bench.stop()
    bench.run()
    assert bench.words[1:] == ["DSTOP\n", "V300\n"]


def test_a_stop_of_everything_is_a_halt_where_one_axis_moves_and_another_rests() -> None:
    bench = robot(placed=True)
    bench.want(0, 0, 3000)
    bench.run(1)
    bench.stop()
    bench.run()
    assert bench.words[4:] == ["DSTOP\n", "V300\n"]


def test_a_stop_of_everything_leaves_axes_alone_that_are_known_to_rest() -> None:
    bench = robot(placed=True)
    bench.stop()
    bench.run()
    assert bench.words[3:] == ["V300\n"]


def test_an_axis_without_durations_is_not_thrown_by_its_stop_to_where_it_was_sent_and_may_not_have_gone() -> None:
    bench = robot()
    bench.want(2, 900, 0, POSITION)
    bench.begin_write()
    bench.finish_write(TOO_LATE)
    bench.stop((2, POSITION))
    bench.run()
    assert bench.words[1:] == ["L2900I10000\n"]


def test_an_axis_without_durations_that_may_just_be_arriving_is_stopped_no_faster() -> None:
    bench = robot()
    bench.want(2, 900, 0, POSITION)
    bench.run(0.3)
    bench.stop((2, POSITION))
    bench.run()
    assert bench.words[1:] == ["L2900I200\n"]


@pytest.mark.parametrize(("protocol", "type_"), [(PacketPerFeature, POSITION), (KiirooV1, POSITION), (KiirooV1, MOVE)])
def test_a_part_that_knows_neither_a_halt_nor_a_duration_is_not_sent_anywhere_by_its_stop(
    protocol: type[Protocol], type_: OutputType
) -> None:
    bench = Driven(protocol, "kiiroo-v1", {type_: (0, 4)})
    bench.want(0, 4, 500, type_)
    bench.begin_write()
    bench.finish_write(TOO_LATE)
    stop = bench.stop()
    bench.run()
    assert bench.words[1:] == []
    assert stop.ok


def test_a_part_that_was_halted_obeys_the_same_command_again() -> None:
    bench = Bench(Halting, STROKER)
    for _ in range(2):
        bench.want(0, 80, 10_000)
        bench.run(1)
        bench.stop((0, POSITION))
        bench.run(1)
    assert bench.words == [f"{MOVE} 0 80 10000", "halt"] * 2
