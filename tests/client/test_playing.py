"""Patterns on devices: on time, no more often than a device takes, with an exact end, and never after a stop."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from buttplug import ButtplugClient, ButtplugDevice, ButtplugDeviceError, DeviceErrorReason, OutputType
from buttplug.patterns import hold, pulse, ramp, sequence, wave
from buttplug.testing import SimulatedDevice, Simulation


@pytest.fixture
async def simulation() -> AsyncIterator[Simulation]:
    simulation = Simulation("Lovense Nora", "Lovense Edge", "The Handy (FW4+)")
    simulation["Nora"].message_gap = 0.1
    async with simulation:
        yield simulation


@pytest.fixture
async def client(simulation: Simulation) -> ButtplugClient:
    return await simulation.connect()


@pytest.fixture
def nora(client: ButtplugClient) -> ButtplugDevice:
    return next(device for device in client.devices.values() if "Nora" in device.name)


@pytest.fixture
def toy(simulation: Simulation) -> SimulatedDevice:
    return simulation["Nora"]


def named(client: ButtplugClient, name: str) -> ButtplugDevice:
    return next(device for device in client.devices.values() if name in device.name)


def sent(toy: SimulatedDevice, output: str = "vibrate", feature: int | None = None) -> list[tuple[float, float]]:
    return [(round(at, 6), level) for at, level in toy.timeline(output, feature)]


async def test_edges_are_sent_when_they_are_due_and_nothing_in_between(nora: ButtplugDevice, toy: SimulatedDevice) -> None:
    await nora.play(pulse(1.0, on=0.25, off=0.5).repeat(2))
    assert sent(toy) == [(0.0, 1.0), (0.25, 0.0), (0.75, 1.0), (1.0, 0.0), (1.5, 0.0)][: len(sent(toy))]
    assert len(sent(toy)) >= 4


async def test_it_ends_exactly_and_stopped(nora: ButtplugDevice, toy: SimulatedDevice) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await nora.play(hold(0.5, 3.25))
    assert loop.time() - began == pytest.approx(3.25, abs=1e-3)
    assert sent(toy) == [(0.0, 0.5), (3.25, 0.0)]
    assert toy.is_stopped


async def test_a_steady_change_is_sent_no_more_often_than_the_device_takes(nora: ButtplugDevice, toy: SimulatedDevice) -> None:
    assert nora.message_timing_gap == 100
    await nora.play(ramp(0.0, 1.0, 2.0))
    times = [at for at, level in sent(toy) if level]
    assert times == [pytest.approx(0.1 * count) for count in range(20)]
    assert [round(level, 2) for _, level in sent(toy)] == [round(0.05 * count, 2) for count in range(1, 21)] + [0.0]


async def test_nothing_is_sent_that_the_device_would_not_feel(nora: ButtplugDevice, toy: SimulatedDevice) -> None:
    await nora.play(ramp(0.5, 0.6, 60))
    assert [level for _, level in sent(toy)] == [0.5, 0.55, 0.6, 0.0]


async def test_nothing_drifts_in_an_hour(nora: ButtplugDevice, toy: SimulatedDevice) -> None:
    await nora.play(pulse(0.3, on=0.7, off=1.1).repeat(2000))
    on = [at for at, level in sent(toy) if level]
    assert len(on) == 2000
    assert on[-1] == pytest.approx(1.8 * 1999, abs=0.001)
    assert max(abs(at - 1.8 * count) for count, at in enumerate(on)) <= 0.001


async def test_a_slow_device_gets_what_is_due_then_and_not_what_it_missed(nora: ButtplugDevice, toy: SimulatedDevice) -> None:
    toy.write_delay = 0.5
    await nora.play(ramp(0.0, 1.0, 2.0))
    levels = [level for _, level in sent(toy)]
    assert levels[-1] == 0.0
    assert len(levels) <= 6
    assert sent(toy)[-1][0] <= 2.6


async def test_cancelling_stops_at_once(nora: ButtplugDevice, toy: SimulatedDevice) -> None:
    playing = asyncio.create_task(nora.play(wave(0.2, 0.9, period=3)))
    await asyncio.sleep(10)
    assert not toy.is_stopped
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    assert toy.is_stopped
    count = len(toy.sent)
    await asyncio.sleep(10)
    assert len(toy.sent) == count


@pytest.mark.parametrize(
    "stop",
    [
        lambda client, nora: nora.stop(),
        lambda client, nora: client.stop_all_devices(),
        lambda client, nora: nora.features[0].stop(),
    ],
)
async def test_a_stop_ends_the_pattern(
    client: ButtplugClient,
    nora: ButtplugDevice,
    toy: SimulatedDevice,
    stop: Callable[[ButtplugClient, ButtplugDevice], Awaitable[None]],
) -> None:
    playing = asyncio.create_task(nora.play(wave(0.2, 0.9, period=3)))
    await asyncio.sleep(5)
    await stop(client, nora)
    await playing
    assert toy.is_stopped
    await asyncio.sleep(5)
    assert toy.is_stopped


async def test_a_stop_of_inputs_does_not_end_it(nora: ButtplugDevice, toy: SimulatedDevice) -> None:
    playing = asyncio.create_task(nora.play(hold(0.5, 10)))
    await asyncio.sleep(1)
    await nora.stop(outputs=False)
    await asyncio.sleep(1)
    assert not playing.done()
    assert toy.output("vibrate") == 0.5
    await playing


async def test_a_later_pattern_takes_the_place_of_an_earlier_one(nora: ButtplugDevice, toy: SimulatedDevice) -> None:
    first = asyncio.create_task(nora.play(hold(0.3)))
    await asyncio.sleep(1)
    second = asyncio.create_task(nora.play(hold(0.6)))
    await first
    assert toy.output("vibrate") == 0.6
    second.cancel()
    await asyncio.wait([second])
    assert toy.is_stopped


async def test_one_motor_may_be_taken_over_and_the_other_goes_on(client: ButtplugClient, simulation: Simulation) -> None:
    edge, toy = named(client, "Edge"), simulation["Edge"]
    both = asyncio.create_task(edge.play(pulse(0.5, on=1, off=1).repeat()))
    await asyncio.sleep(0.5)
    await edge.features[1].play(hold(1.0, 2.0))
    await asyncio.sleep(0.2)
    assert (toy.output("vibrate", feature=0), toy.output("vibrate", feature=1)) == (0.5, 0.0)
    await edge.features[0].stop()
    await both
    assert toy.is_stopped


async def test_vibration_and_rotation_are_two_patterns(nora: ButtplugDevice, toy: SimulatedDevice) -> None:
    vibrating = asyncio.create_task(nora.play(hold(0.5, 3)))
    await nora.play(sequence(hold(0.4, 1), hold(-0.4, 1)), OutputType.ROTATE)
    assert [level for _, level in sent(toy, "rotate")] == [0.4, -0.4, 0.0]
    assert toy.output("vibrate") == 0.5
    await vibrating


async def test_a_device_that_is_lost_ends_it_with_an_error(nora: ButtplugDevice, toy: SimulatedDevice) -> None:
    playing = asyncio.create_task(nora.play(wave(period=2)))
    await asyncio.sleep(1)
    toy.disconnect()
    with pytest.raises(ButtplugDeviceError) as raised:
        await playing
    assert raised.value.reason in (DeviceErrorReason.GONE, DeviceErrorReason.WRITE_FAILED)


async def test_a_device_that_fails_is_stopped_and_the_error_raised(nora: ButtplugDevice, toy: SimulatedDevice) -> None:
    playing = asyncio.create_task(nora.play(wave(period=2)))
    await asyncio.sleep(0.5)
    toy.fail("it is too hot")
    with pytest.raises(ButtplugDeviceError, match="it is too hot"):
        await playing
    toy.recover()
    await asyncio.sleep(5)
    assert toy.is_stopped


async def test_a_level_that_an_output_cannot_have_is_refused_and_stops(nora: ButtplugDevice, toy: SimulatedDevice) -> None:
    with pytest.raises(ButtplugDeviceError) as raised:
        await nora.play(sequence(hold(0.5, 1), hold(-0.5, 1)))
    assert raised.value.reason is DeviceErrorReason.OUT_OF_RANGE
    assert toy.is_stopped


async def test_an_output_that_is_not_there_is_refused(nora: ButtplugDevice) -> None:
    for thing in (nora, nora.features[0]):
        with pytest.raises(ButtplugDeviceError) as raised:
            await thing.play(hold(0.5, 1), OutputType.CONSTRICT)
        assert raised.value.reason is DeviceErrorReason.NO_SUCH_OUTPUT


async def test_a_stroker_follows_a_curve_by_timed_moves(client: ButtplugClient, simulation: Simulation) -> None:
    handy, toy = named(client, "Handy"), simulation["Handy"]
    await handy.play(sequence(ramp(0.0, 1.0, 1.0), hold(1.0, 0.5), ramp(1.0, 0.2, 1.0)))
    moves = [(round(move.at - toy.sent[0].at, 3), round(move.level, 2), round(move.duration, 3)) for move in toy.sent]
    assert moves[:2] == [(0.0, 0.1, 0.1), (0.1, 0.2, 0.1)]
    assert (1.0, 1.0, 0.5) in moves
    # Each move ends when the next begins.
    for (at, _, duration), (following, *_) in itertools.pairwise(moves):
        assert at + duration == pytest.approx(following, abs=0.002)
    assert moves[-1][1] == 0.2
    await asyncio.sleep(0.001)
    assert toy.is_stopped


async def test_cancelling_halts_a_stroker(client: ButtplugClient, simulation: Simulation) -> None:
    handy, toy = named(client, "Handy"), simulation["Handy"]
    playing = asyncio.create_task(handy.play(wave(period=4)))
    await asyncio.sleep(1.05)
    playing.cancel()
    await asyncio.wait([playing])
    assert toy.is_stopped


@pytest.mark.parametrize("turns", range(8))
async def test_cancelled_in_the_very_moment_of_its_end_a_pattern_still_stops(
    nora: ButtplugDevice, toy: SimulatedDevice, turns: int
) -> None:
    async def cancel() -> None:
        await asyncio.sleep(3)
        for _ in range(turns):
            await asyncio.sleep(0)
        playing.cancel()

    playing = asyncio.create_task(nora.play(hold(0.5, 3)))
    await asyncio.gather(playing, cancel(), return_exceptions=True)
    await asyncio.sleep(1)
    assert toy.is_stopped
