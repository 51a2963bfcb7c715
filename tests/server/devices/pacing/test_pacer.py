"""The writing of one device: pacing, newest wins, and above all the stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError, ButtplugError
from buttplug.hardware.base import Packet
from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothSpecifier
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.devices.pacing import Limits, Pacer, Slot
from buttplug.server.devices.pacing.moves import LAG
from buttplug.server.devices.pacing.owed import RETRY_DELAY
from buttplug.server.devices.pacing.writer import STOP_LIMIT, WRITE_LIMIT
from buttplug.server.protocols.base import Output, Protocol
from tests.fakes.clock import VirtualTimeLoop
from tests.fakes.protocols import OnePacket, PacketPerFeature, Repeating, TwoPackets

VIBRATE = OutputType.VIBRATE
MOVE = OutputType.POSITION_WITH_DURATION
MOTORS: dict[Slot, tuple[int, int]] = {(0, VIBRATE): (0, 100), (1, VIBRATE): (0, 100)}
TWO_KINDS: dict[Slot, tuple[int, int]] = {(0, OutputType.CONSTRICT): (0, 3), (0, OutputType.OSCILLATE): (0, 20)}
ONE_PART: dict[Slot, tuple[int, int]] = {(0, OutputType.OSCILLATE): (0, 20), (0, OutputType.POSITION): (0, 100)}
STROKER: dict[Slot, tuple[int, int]] = {(0, OutputType.POSITION): (20, 80), (1, VIBRATE): (0, 100)}


def limits_of(ranges: dict[Slot, tuple[int, int]]) -> Limits:
    """Return limits under which every place can be moved to in up to 10 seconds."""
    return Limits(ranges, {feature: (0, 10_000) for feature, type_ in ranges if type_.is_position})


class Bench:
    """A pacer with a simulated device behind it, and what was heard of the outputs."""

    def __init__(self, protocol: type[Protocol], ranges: dict[Slot, tuple[int, int]], gap: float) -> None:
        self.device = SimulatedDevice("toy", BluetoothAdvertisement("toy"), address="1", endpoints=["tx"])
        self.sent: list[tuple[float, str]] = []
        self.device.on_packet = lambda packet: self.sent.append((self.now, packet.data.decode()))
        self.protocol = protocol(DeviceDefinition("test", None, "toy", ()), name="toy", address="1")
        self._ranges, self._gap = ranges, gap

    async def open(self) -> None:
        self.hardware = await self.device.discovery().connect([BluetoothSpecifier({})])
        self.pacer = Pacer(self.hardware, self.protocol, limits_of(self._ranges), gap=self._gap)

    @property
    def now(self) -> float:
        return round(asyncio.get_running_loop().time(), 6)

    @property
    def words(self) -> list[str]:
        return [words for _, words in self.sent]

    def want(
        self,
        feature: int,
        value: int,
        duration: int = 0,
        type: OutputType | None = None,  # noqa: A002
    ) -> asyncio.Future[ButtplugError | None]:
        kind = type or (MOVE if duration else VIBRATE)
        return self._asked(lambda done: self.pacer.submit(Output(feature, kind, value, duration), done))

    def stop(self, *slots: Slot) -> asyncio.Future[ButtplugError | None]:
        return self._asked(lambda done: self.pacer.stop(done, slots or None))

    def _asked(self, ask: Callable[[Callable[[ButtplugError | None], None]], None]) -> asyncio.Future[ButtplugError | None]:
        answer: asyncio.Future[ButtplugError | None] = asyncio.get_running_loop().create_future()
        ask(answer.set_result)
        return answer


def stuck_for(words: str, bench: Bench, written: list[tuple[float, str]]) -> Callable[[Packet], Awaitable[None]]:
    """Return a way to write on which some packets hang for ever; the others are noted with their times."""

    async def write(packet: Packet) -> None:
        await asyncio.sleep(0)
        if packet.data.decode().startswith(words):
            await asyncio.sleep(1e6)
        written.append((bench.now, packet.data.decode()))

    return write


@pytest.fixture
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """A bench for ``(protocol, ranges, gap)``, two motors with a packet each and a gap of 0.1 s where a test says nothing."""
    bench = Bench(*getattr(request, "param", (PacketPerFeature, MOTORS, 0.1)))
    await bench.open()
    yield bench
    await bench.pacer.close("the test is over")


def using(protocol: type[Protocol], ranges: dict[Slot, tuple[int, int]] = MOTORS, gap: float = 0.1) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("bench", [(protocol, ranges, gap)], indirect=True)


# Pacing


async def test_the_first_command_after_a_quiet_gap_is_written_at_once(bench: Bench) -> None:
    await asyncio.sleep(5)
    await bench.want(0, 10)
    assert bench.sent == [(5.0, "Vibrate 0 10")]


async def test_commands_inside_the_gap_wait_for_its_end_and_the_newest_of_each_feature_wins(bench: Bench) -> None:
    await bench.want(0, 1)
    answers = [bench.want(0, value) for value in range(2, 50)] + [bench.want(1, 7)]
    assert await asyncio.gather(*answers) == [None] * 49
    assert bench.sent == [(0.0, "Vibrate 0 1"), (0.1, "Vibrate 0 49"), (0.1, "Vibrate 1 7")]


async def test_a_replaced_command_is_answered_at_once(bench: Bench) -> None:
    await bench.want(0, 1)
    replaced = bench.want(0, 2)
    bench.want(0, 3)
    assert replaced.done()


async def test_an_equal_value_is_not_written_twice(bench: Bench) -> None:
    await bench.want(0, 10)
    await bench.want(0, 10)
    await bench.want(0, 11)
    await bench.want(0, 10)
    assert bench.words == ["Vibrate 0 10", "Vibrate 0 11", "Vibrate 0 10"]


async def test_the_answer_comes_when_the_write_is_done(bench: Bench) -> None:
    bench.device.write_delay = 2
    answer = bench.want(0, 10)
    await asyncio.sleep(1.9)
    assert not answer.done()
    assert await answer is None
    assert bench.now == 2.0


@using(PacketPerFeature, ONE_PART)
async def test_an_output_that_another_of_its_feature_came_after_is_written_again(bench: Bench) -> None:
    for _ in range(2):
        await bench.want(0, 10, type=OutputType.OSCILLATE)
        await bench.want(0, 70, 500)
    assert bench.words == ["Oscillate 0 10", "HwPositionWithDuration 0 70 500"] * 2


@using(OnePacket)
async def test_one_packet_carries_the_current_values_of_all_features(bench: Bench) -> None:
    await bench.want(0, 10)
    await asyncio.gather(bench.want(1, 20), bench.want(0, 30))
    await bench.want(0, 0)
    assert bench.words == ["all 10 0", "all 30 20", "all 0 20"]


@using(PacketPerFeature, STROKER)
async def test_position_and_timed_position_of_one_feature_replace_each_other(bench: Bench) -> None:
    await bench.want(1, 5)
    bench.want(0, 40, type=OutputType.POSITION)
    await bench.want(0, 60, 500)
    assert bench.words == ["Vibrate 1 5", "HwPositionWithDuration 0 60 500"]


@using(OnePacket, STROKER, 0.0)
async def test_the_place_in_a_packet_that_others_share_is_inside_its_range_before_it_was_ever_set(bench: Bench) -> None:
    await bench.want(1, 5)
    assert bench.words == ["all 20 5"]


@using(Repeating, STROKER, 0.0)
async def test_a_place_that_is_sent_again_is_inside_new_ranges_once_they_stopped_the_device(bench: Bench) -> None:
    bench.device.write_delay = 0.1
    await bench.want(0, 80, type=OutputType.POSITION)
    under_way = bench.want(0, 75, type=OutputType.POSITION)
    await asyncio.sleep(0)
    bench.pacer.configure(limits_of({**STROKER, (0, OutputType.POSITION): (30, 60)}), 0.0)
    await bench.stop()
    assert under_way.done()
    bench.sent.clear()
    await bench.want(1, 5)
    await asyncio.sleep(1.2)
    assert bench.words == ["all 60 5", "all 60 5"]


# Failing writes


async def test_a_failing_write_is_told_to_the_commander_and_pacing_goes_on(bench: Bench) -> None:
    bench.device.write_error = HardwareError("no luck")
    error = await bench.want(0, 10)
    assert isinstance(error, ButtplugDeviceError)
    assert "no luck" in error.message
    bench.device.write_error = None
    assert await bench.want(0, 10) is None
    assert bench.words == ["Vibrate 0 10"]


@using(OnePacket)
async def test_a_value_that_was_refused_is_not_smuggled_in_by_the_next_packet(bench: Bench) -> None:
    bench.device.write_error = HardwareError("no luck")
    await bench.want(0, 10)
    bench.device.write_error = None
    await bench.want(1, 5)
    assert bench.words == ["all 0 5"]


async def test_a_write_that_never_ends_is_cut_off_and_told(bench: Bench) -> None:
    bench.device.write_delay = 1e6
    error = await bench.want(0, 10)
    assert isinstance(error, ButtplugDeviceError)
    assert bench.now == WRITE_LIMIT
    bench.device.write_delay = 0
    assert await bench.want(0, 11) is None
    assert bench.words == ["Vibrate 0 11"]


async def test_a_write_that_the_bus_gives_up_is_told_and_ends_nothing(bench: Bench) -> None:
    await bench.want(0, 10)
    given_up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    given_up.cancel()
    bench.hardware.write = lambda packet: given_up  # type: ignore[method-assign,assignment,return-value]
    error = await bench.want(0, 11)
    assert isinstance(error, ButtplugDeviceError)
    assert "given up" in error.message
    del bench.hardware.write
    assert await bench.stop() is None
    assert bench.words == ["Vibrate 0 10", "Vibrate 0 0", "Vibrate 1 0"]


class Faulty(PacketPerFeature):
    """Cannot encode 13."""

    def output(self, output: Output) -> list[object]:  # type: ignore[override]
        if output.value == 13:
            raise ZeroDivisionError("13")
        return list(super().output(output))


@using(Faulty)
async def test_a_fault_in_a_protocol_is_told_and_ends_nothing(bench: Bench) -> None:
    error = await bench.want(0, 13)
    assert isinstance(error, ButtplugDeviceError)
    assert await bench.want(0, 14) is None
    assert bench.words == ["Vibrate 0 14"]


@using(TwoPackets)
async def test_a_protocol_goes_on_only_when_its_packet_was_written(bench: Bench) -> None:
    assert isinstance(bench.protocol, TwoPackets)
    bench.device.write_error = HardwareError("no luck")
    await bench.want(0, 10)
    assert bench.protocol.written == []
    bench.device.write_error = None
    await bench.want(0, 10)
    assert [output.value for output in bench.protocol.written] == [10]


# Stop


async def test_a_stop_writes_zero_for_every_output_even_if_none_was_driven(bench: Bench) -> None:
    assert await bench.stop() is None
    assert await bench.stop() is None
    assert bench.words == ["Vibrate 0 0", "Vibrate 1 0"] * 2


async def test_a_stop_jumps_the_gap_and_drops_what_was_waiting(bench: Bench) -> None:
    await bench.want(0, 1)
    waiting = bench.want(0, 99)
    await bench.stop()
    assert waiting.done()
    await asyncio.sleep(10)
    assert bench.sent == [(0.0, "Vibrate 0 1"), (0.0, "Vibrate 0 0"), (0.0, "Vibrate 1 0")]


async def test_after_the_answer_to_a_stop_nothing_sent_earlier_arrives_with_a_slow_device(bench: Bench) -> None:
    bench.device.write_delay = 0.5
    in_flight = bench.want(0, 50)
    await asyncio.sleep(0.1)
    waiting = bench.want(1, 60)
    stop = bench.stop()
    assert await stop is None
    assert in_flight.done()
    assert waiting.done()
    written = bench.words
    await asyncio.sleep(100)
    assert bench.words == written == ["Vibrate 0 50", "Vibrate 0 0", "Vibrate 1 0"]


@pytest.mark.parametrize("delay", [1.2 * STOP_LIMIT, 0.9 * WRITE_LIMIT])
async def test_a_device_that_takes_its_time_for_every_write_is_stopped_all_the_same(bench: Bench, delay: float) -> None:
    assert await bench.want(0, 50) is None
    bench.device.write_delay = delay
    assert await bench.stop() is None
    assert sorted(bench.words[1:]) == ["Vibrate 0 0", "Vibrate 1 0"]


async def test_a_stop_of_one_output_is_not_cut_off_while_no_other_waits(bench: Bench) -> None:
    bench.device.write_delay = 1.5 * STOP_LIMIT
    assert await bench.stop((0, OutputType.VIBRATE)) is None
    assert bench.sent == [(1.5 * STOP_LIMIT, "Vibrate 0 0")]


async def test_a_stop_waits_for_a_stuck_write_only_for_a_moment(bench: Bench) -> None:
    bench.device.write_delay = 1e6
    stuck = bench.want(0, 50)
    await asyncio.sleep(0.1)
    stop = bench.stop()
    assert isinstance(await stuck, ButtplugDeviceError)
    assert bench.now == pytest.approx(0.1 + STOP_LIMIT)
    bench.device.write_delay = 0
    await asyncio.sleep(60)
    assert stop.done()
    assert sorted(bench.words) == ["Vibrate 0 0", "Vibrate 1 0"]


async def test_a_stop_that_is_asked_for_by_the_answer_to_a_command_is_written(bench: Bench) -> None:
    """As when the client that is answered turns out to be gone."""
    stopped: list[ButtplugError | None] = []
    bench.pacer.submit(Output(0, VIBRATE, 50), lambda error: bench.pacer.stop(stopped.append))
    await asyncio.sleep(60)
    assert bench.words == ["Vibrate 0 50", "Vibrate 0 0", "Vibrate 1 0"]
    assert stopped == [None]


@using(PacketPerFeature, MOTORS, 0.0)
async def test_a_stop_that_is_asked_for_by_an_answer_waits_for_the_stuck_write_behind_it_only_for_a_moment(
    bench: Bench,
) -> None:
    written: list[tuple[float, str]] = []
    bench.hardware.write = stuck_for("Vibrate 1 10", bench, written)  # type: ignore[method-assign,assignment]
    bench.pacer.submit(Output(0, VIBRATE, 50), lambda error: bench.pacer.stop(lambda error: None))
    asyncio.get_running_loop().call_soon(lambda: bench.want(1, 10))
    await asyncio.sleep(60)
    assert written[-2:] == [(STOP_LIMIT, "Vibrate 0 0"), (STOP_LIMIT, "Vibrate 1 0")]


async def test_a_stop_waits_for_the_stuck_stop_of_another_output_only_for_a_moment(bench: Bench) -> None:
    written: list[tuple[float, str]] = []
    bench.hardware.write = stuck_for("Vibrate 0", bench, written)  # type: ignore[method-assign,assignment]
    first = bench.stop((0, VIBRATE))
    await asyncio.sleep(1.5)
    asked_at = bench.now
    second = bench.stop((1, VIBRATE))
    await asyncio.sleep(4 * WRITE_LIMIT)
    assert [word for _, word in written] == ["Vibrate 1 0"]
    assert written[0][0] <= asked_at + 2 * STOP_LIMIT
    assert isinstance(first.result(), ButtplugDeviceError)
    assert second.done()


@using(TwoPackets)
async def test_a_stop_cuts_into_a_batch_of_packets(bench: Bench) -> None:
    bench.device.write_delay = 0.5
    bench.want(0, 50)
    await asyncio.sleep(0.1)
    await bench.stop()
    assert bench.words == ["ready 0", "ready 0", "go 0 0", "ready 1", "go 1 0"]


@using(TwoPackets)
async def test_a_stop_of_one_feature_leaves_the_others_wanted(bench: Bench) -> None:
    bench.device.write_delay = 0.5
    bench.want(0, 50)
    other = bench.want(1, 60)
    await asyncio.sleep(0.1)
    await bench.stop((0, VIBRATE))
    assert await other is None
    assert bench.words == ["ready 0", "ready 0", "go 0 0", "ready 1", "go 1 60"]


async def test_what_is_wanted_after_a_stop_is_written_after_it(bench: Bench) -> None:
    await bench.want(0, 1)
    bench.stop()
    await bench.want(0, 7)
    assert bench.sent[1:] == [(0.0, "Vibrate 0 0"), (0.0, "Vibrate 1 0"), (0.1, "Vibrate 0 7")]


async def test_a_failing_stop_tries_every_packet_again_tells_and_does_not_give_up(bench: Bench) -> None:
    await bench.want(0, 50)
    bench.device.write_error = HardwareError("no luck")
    error = await bench.stop()
    assert isinstance(error, ButtplugDeviceError)
    assert "stopped" in error.message
    await asyncio.sleep(RETRY_DELAY * 3.5)
    bench.device.write_error = None
    await asyncio.sleep(RETRY_DELAY)
    assert bench.words == ["Vibrate 0 50", "Vibrate 0 0", "Vibrate 1 0"]


async def test_one_failing_packet_of_a_stop_does_not_keep_the_others_from_being_written(bench: Bench) -> None:
    attempts: list[bytes] = []
    received = bench.device.received

    def fail_the_first_feature(packet: object) -> None:
        attempts.append(packet.data)  # type: ignore[attr-defined]
        if len(attempts) == 1:
            raise HardwareError("no luck")
        received(packet)  # type: ignore[arg-type]

    bench.device.received = fail_the_first_feature  # type: ignore[method-assign]
    assert await bench.stop() is None
    assert bench.words == ["Vibrate 1 0", "Vibrate 0 0"]


async def test_a_command_after_a_failed_stop_is_obeyed(bench: Bench) -> None:
    bench.device.write_error = HardwareError("no luck")
    await bench.stop()
    bench.device.write_error = None
    await bench.want(0, 9)
    await asyncio.sleep(RETRY_DELAY * 2)
    assert bench.words == ["Vibrate 0 9", "Vibrate 1 0"]


async def test_a_zero_after_a_failed_stop_is_no_repetition(bench: Bench) -> None:
    await bench.want(0, 50)
    bench.device.write_error = HardwareError("no luck")
    await bench.stop()
    assert isinstance(await bench.want(0, 0), ButtplugDeviceError)


async def test_a_stop_that_succeeds_ends_the_trying_of_one_that_failed(bench: Bench) -> None:
    bench.device.write_error = HardwareError("no luck")
    await bench.stop()
    bench.device.write_error = None
    assert await bench.stop() is None
    await asyncio.sleep(RETRY_DELAY * 2)
    assert bench.words == ["Vibrate 0 0", "Vibrate 1 0"]


async def test_a_command_that_fails_too_is_no_end_of_a_failed_stop(bench: Bench) -> None:
    await bench.want(0, 50)
    bench.device.write_error = HardwareError("no luck")
    await bench.stop((0, VIBRATE))
    assert isinstance(await bench.want(0, 9), ButtplugDeviceError)
    bench.device.write_error = None
    await asyncio.sleep(RETRY_DELAY * 2)
    assert bench.words == ["Vibrate 0 50", "Vibrate 0 0"]


@using(PacketPerFeature, STROKER)
async def test_a_timed_move_halts_where_it_is(bench: Bench) -> None:
    await bench.want(0, 80, 1000)
    await asyncio.sleep(1.5)
    await bench.want(0, 20, 1000)
    await asyncio.sleep(0.25)
    await bench.stop()
    assert bench.words == [
        "HwPositionWithDuration 0 80 1000",
        "HwPositionWithDuration 0 20 1000",
        "HwPositionWithDuration 0 65 200",
        "Vibrate 1 0",
    ]


@using(PacketPerFeature, STROKER)
async def test_a_move_that_has_ended_is_left_where_it_is(bench: Bench) -> None:
    await bench.want(0, 80, 1000)
    await asyncio.sleep(1.0 + LAG)
    await bench.stop()
    assert bench.words == ["HwPositionWithDuration 0 80 1000", "Vibrate 1 0"]


@using(PacketPerFeature, STROKER)
async def test_a_stop_of_a_first_move_goes_no_further_and_as_slowly_as_can_be(bench: Bench) -> None:
    await bench.want(0, 80, 1000)
    await bench.stop()
    assert bench.words[1] == "HwPositionWithDuration 0 80 10000"


@using(PacketPerFeature, STROKER)
async def test_a_move_goes_on_from_where_the_last_one_was_broken_off(bench: Bench) -> None:
    await bench.want(0, 20, type=OutputType.POSITION)
    await asyncio.sleep(5)
    await bench.want(0, 80, 1000)
    await asyncio.sleep(0.5)
    await bench.want(0, 20, 1000)
    await asyncio.sleep(0.5)
    await bench.stop()
    assert bench.words[3] == "HwPositionWithDuration 0 35 200"


# Repeats


@using(Repeating, MOTORS, 0.0)
async def test_a_repeating_protocol_sends_first_on_connection_and_then_whenever_it_is_quiet(bench: Bench) -> None:
    await asyncio.sleep(0.5)
    await bench.want(0, 10)
    await asyncio.sleep(2.1)
    assert bench.sent == [(0.0, "all 0 0"), (0.5, "all 10 0"), (1.5, "all 10 0"), (2.5, "all 10 0")]


class RepeatingEach(PacketPerFeature):
    """Sends everything again each second."""

    repeat_after = 1.0


@using(RepeatingEach, TWO_KINDS, 0.0)
async def test_what_is_repeated_is_what_each_output_was_sent_and_0_for_the_others(bench: Bench) -> None:
    await bench.want(0, 10, type=OutputType.OSCILLATE)
    bench.sent.clear()
    await asyncio.sleep(1)
    assert bench.words == ["Constrict 0 0", "Oscillate 0 10"]


@using(Repeating, MOTORS, 0.0)
async def test_a_stop_ends_what_is_repeated(bench: Bench) -> None:
    await bench.want(0, 10)
    await bench.stop()
    await asyncio.sleep(3.5)
    assert set(bench.words[2:]) == {"all 0 0"}


@using(Repeating, MOTORS, 0.0)
async def test_a_failed_repeat_is_tried_again_and_commands_still_work(bench: Bench) -> None:
    await bench.want(0, 10)
    bench.device.write_error = HardwareError("no luck")
    await asyncio.sleep(5)
    bench.device.write_error = None
    await bench.want(0, 11)
    await asyncio.sleep(1.1)
    assert bench.words[-2:] == ["all 11 0", "all 11 0"]


# The end


async def test_when_the_device_goes_everything_wanted_fails_with_the_reason(bench: Bench) -> None:
    bench.device.write_delay = 100
    answers = [bench.want(0, 1)]
    await asyncio.sleep(0.1)
    answers += [bench.want(0, 2), bench.stop()]
    await bench.pacer.close("unplugged")
    late = bench.want(0, 3)
    for answer in (answers[0], answers[2], late):
        error = await answer
        assert isinstance(error, ButtplugDeviceError)
        assert "unplugged" in error.message


# Any sequence


commands = st.lists(st.tuples(st.sampled_from(["want", "stop", "pause"]), st.integers(0, 1), st.integers(0, 100)), max_size=30)


@given(commands, st.sampled_from([PacketPerFeature, OnePacket, TwoPackets]), st.sampled_from([0.0, 0.1]), st.booleans())
def test_any_sequence_of_commands_leaves_the_device_with_the_last_values(
    steps: list[tuple[str, int, int]], protocol: type[Protocol], gap: float, slow: bool
) -> None:
    async def run() -> tuple[dict[int, int], dict[int, int]]:
        bench = Bench(protocol, MOTORS, gap)
        await bench.open()
        bench.device.write_delay = 0.03 if slow else 0.0
        expected = {0: 0, 1: 0}
        for step, feature, value in steps:
            if step == "want":
                bench.want(feature, value)
                expected[feature] = value
            elif step == "stop":
                bench.stop()
                expected = {0: 0, 1: 0}
            else:
                await asyncio.sleep(value / 1000)
        await asyncio.sleep(10)
        await bench.pacer.close("the test is over")
        return expected, state_of(bench.words)

    loop = VirtualTimeLoop()
    try:
        expected, state = loop.run_until_complete(run())
    finally:
        loop.close()
    assert state == expected


def state_of(packets: list[str]) -> dict[int, int]:
    """Return the values a device has after these packets."""
    state = {0: 0, 1: 0}
    for packet in packets:
        match packet.split():
            case ["all", first, second]:
                state = {0: int(first), 1: int(second)}
            case ["Vibrate" | "go", feature, value]:
                state[int(feature)] = int(value)
    return state


async def test_a_close_just_when_a_write_is_cut_off_ends_all_the_same(bench: Bench) -> None:
    bench.device.write_delay = 1e6
    answer = bench.want(0, 10)
    closing: list[asyncio.Task[None]] = []
    loop = asyncio.get_running_loop()
    # In the same turn of the loop as the watchdog, which is set later and so comes later.
    loop.call_at(WRITE_LIMIT, lambda: closing.append(loop.create_task(bench.pacer.close("switched off"))))
    async with asyncio.timeout(2 * WRITE_LIMIT):
        assert await answer is not None
        await closing[0]
    assert bench.pacer._task.done()


async def test_a_write_that_cannot_be_cancelled_does_not_keep_a_close_waiting(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stubborn(packet: object) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(60)

    monkeypatch.setattr(bench.pacer._hardware, "write", stubborn)
    answer = bench.want(0, 10)
    await asyncio.sleep(0.1)
    began = bench.now
    await bench.pacer.close("switched off")
    assert bench.now - began <= STOP_LIMIT
    assert isinstance(await answer, ButtplugDeviceError)


def test_an_output_that_hangs_when_the_event_loop_ends_does_not_keep_the_others_from_being_stopped() -> None:
    bench = Bench(PacketPerFeature, MOTORS, 0.0)

    async def run() -> None:
        await bench.open()
        await bench.want(0, 50)
        await bench.want(1, 60)
        write = bench.hardware.write

        async def hang(packet: Packet) -> None:
            if packet.data == b"Vibrate 0 0":
                await asyncio.sleep(1e6)
            await write(packet)

        bench.hardware.write = hang  # type: ignore[method-assign]

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(run())
    assert state_of(bench.words) == {0: 50, 1: 0}
