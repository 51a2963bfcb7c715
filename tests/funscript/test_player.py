"""Playing a script: on time, from any place, at any speed, by any clock; and standing still when it should."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest

from buttplug import ButtplugClient, ButtplugDevice, ButtplugDeviceError, OutputType
from buttplug.funscript import Action, Axis, Funscript, FunscriptPlayer
from buttplug.funscript.tracks import Levels, Moves, Track
from buttplug.patterns import hold
from buttplug.testing import SimulatedDevice, Simulation
from tests.fakes.fault_log import faults


def script(*actions: tuple[float, float], **axes: list[tuple[float, float]]) -> Funscript:
    every = {"stroke": list(actions), **axes}
    return Funscript({name: Axis([Action(at, position) for at, position in each]) for name, each in every.items()})


#: Ten seconds, one stroke up and one down in each.
STROKES = script(*((count * 0.5, count % 2) for count in range(21)))


@pytest.fixture
async def simulation() -> AsyncIterator[Simulation]:
    async with Simulation("The Handy (FW4+)", "Lovense Nora") as simulation:
        yield simulation


@pytest.fixture
async def client(simulation: Simulation) -> ButtplugClient:
    return await simulation.connect()


@pytest.fixture
def handy(client: ButtplugClient) -> ButtplugDevice:
    return client.devices[0]


@pytest.fixture
def nora(client: ButtplugClient) -> ButtplugDevice:
    return client.devices[1]


@pytest.fixture
def stroker(simulation: Simulation) -> SimulatedDevice:
    return simulation.devices[0]


@pytest.fixture
def vibrator(simulation: Simulation) -> SimulatedDevice:
    return simulation.devices[1]


def moves(toy: SimulatedDevice) -> list[tuple[float, float, float]]:
    """Return when, where to, and in what time it moved."""
    began = toy.sent[0].at
    return [(round(move.at - began, 3), round(move.level, 2), round(move.duration, 3)) for move in toy.sent]


async def test_a_stroker_is_at_each_place_when_the_script_says(handy: ButtplugDevice, stroker: SimulatedDevice) -> None:
    loop = asyncio.get_running_loop()
    async with FunscriptPlayer(STROKES, handy) as player:
        began = loop.time()
        player.play()
        await player.wait()
        assert loop.time() - began == pytest.approx(10.0, abs=0.01)
        assert not player.playing
    # The first half second brings it to where it should be then.
    assert moves(stroker)[:3] == [(0.0, 1.0, 0.5), (0.5, 0.0, 0.5), (1.0, 1.0, 0.5)]
    strokes = moves(stroker)[:20]
    assert [at for at, _, _ in strokes] == [pytest.approx(0.5 * count, abs=0.002) for count in range(20)]
    assert all(duration == pytest.approx(0.5, abs=0.002) for _, _, duration in strokes)
    assert stroker.is_stopped


async def test_a_vibrator_is_as_strong_as_the_movement_is_fast(nora: ButtplugDevice, vibrator: SimulatedDevice) -> None:
    changing = script((0, 0), (1, 1), (1.4, 0), (2.4, 0), (2.6, 1))
    async with FunscriptPlayer(changing, nora) as player:
        player.play()
        await player.wait()
    assert [(round(at, 2), level) for at, level in vibrator.timeline("vibrate")][:5] == [
        (0.0, 0.2),
        (1.0, 0.5),
        (1.4, 0.0),
        (2.4, 1.0),
        (2.6, 0.0),
    ]


async def test_an_axis_of_vibration_is_what_a_vibrator_follows(nora: ButtplugDevice, vibrator: SimulatedDevice) -> None:
    async with FunscriptPlayer(script((0, 0), (2, 1), vib=[(0, 0.5), (1, 0.5), (1.001, 0.1), (2, 0.1)]), nora) as player:
        player.play()
        await asyncio.sleep(0.5)
        assert vibrator.output("vibrate") == 0.5
        await asyncio.sleep(1.0)
        assert vibrator.output("vibrate") == 0.1
        await player.wait()
    assert vibrator.is_stopped


async def test_several_devices_are_together(
    handy: ButtplugDevice, nora: ButtplugDevice, stroker: SimulatedDevice, vibrator: SimulatedDevice
) -> None:
    async with FunscriptPlayer(STROKES, handy, nora) as player:
        player.play()
        await asyncio.sleep(1.2)
        assert vibrator.output("vibrate") == pytest.approx(0.4)
        assert stroker.output("position") == 1.0
        await player.pause()
        assert vibrator.is_stopped
        assert stroker.is_stopped


async def test_a_pause_halts_at_once_and_stays_in_place(handy: ButtplugDevice, stroker: SimulatedDevice) -> None:
    loop = asyncio.get_running_loop()
    async with FunscriptPlayer(STROKES, handy) as player:
        player.play()
        await asyncio.sleep(1.25)
        asked = loop.time()
        await player.pause()
        assert loop.time() - asked <= 0.02
        assert stroker.is_stopped
        assert player.time == pytest.approx(1.25, abs=0.001)
        count = len(stroker.sent)
        await asyncio.sleep(60)
        assert len(stroker.sent) == count
        assert player.time == pytest.approx(1.25, abs=0.001)
        player.play()
        await asyncio.sleep(0.001)
        # Nobody knows where it is by now: it gets half a second to where it should be at 1.75.
        assert moves(stroker)[-1][1:] == (0.5, 0.5)


async def test_a_jump_is_made_gently(handy: ButtplugDevice, stroker: SimulatedDevice) -> None:
    async with FunscriptPlayer(STROKES, handy) as player:
        player.play()
        await asyncio.sleep(1.2)
        player.seek(7.9)
        await asyncio.sleep(0.01)
        assert player.time == pytest.approx(7.91, abs=0.002)
        # Not to 0.0 in the tenth of a second that the script leaves, but to where it should be half a second later.
        assert [(move.level, move.duration) for move in stroker.sent][-1] == (0.8, 0.5)
        await asyncio.sleep(0.5)
        assert [(move.level, round(move.duration, 2)) for move in stroker.sent][-1] == (1.0, 0.1)


async def test_a_jump_while_it_stands_moves_nothing(handy: ButtplugDevice, stroker: SimulatedDevice) -> None:
    async with FunscriptPlayer(STROKES, handy) as player:
        player.seek(5)
        await asyncio.sleep(1)
        assert (player.time, player.playing, len(stroker.sent)) == (5, False, 0)


async def test_speed(handy: ButtplugDevice, stroker: SimulatedDevice) -> None:
    loop = asyncio.get_running_loop()
    async with FunscriptPlayer(STROKES, handy, speed=2.0) as player:
        began = loop.time()
        player.play()
        await asyncio.sleep(2.5)
        assert player.time == pytest.approx(5.0)
        assert {duration for _, _, duration in moves(stroker)[1:]} == {0.25}
        player.speed = 0.5
        await player.wait()
        assert loop.time() - began == pytest.approx(2.5 + 10.0, abs=0.01)
        assert moves(stroker)[-3][2] == 1.0
        for speed in (0, -1):
            with pytest.raises(ValueError, match="above 0"):
                player.speed = speed


async def test_offset_has_the_devices_ahead(handy: ButtplugDevice, stroker: SimulatedDevice) -> None:
    async with FunscriptPlayer(STROKES, handy, offset=0.2) as player:
        player.play()
        await asyncio.sleep(2)
    steady = [at for at, _, _ in moves(stroker)[2:5]]
    assert [round(at % 0.5, 2) for at in steady] == [0.3, 0.3, 0.3]


async def test_actions_that_come_too_fast_for_the_device_are_left_out(handy: ButtplugDevice, stroker: SimulatedDevice) -> None:
    quick = script(*((count * 0.01, count % 2) for count in range(300)))
    async with FunscriptPlayer(quick, handy) as player:
        player.play()
        await player.wait()
    times = [at for at, _, _ in moves(stroker)[:-1]]
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 0.05 - 0.002
    assert min(duration for _, _, duration in moves(stroker)[:-1]) >= 0.05


# Other clocks


class Video:
    """A video whose place is asked for."""

    def __init__(self) -> None:
        self.time: float | None = 0.0
        self.rate = 1.0

    async def run(self, coarse: float = 0.0) -> None:
        loop = asyncio.get_running_loop()
        began, start = loop.time(), self.time or 0.0
        while True:
            passed = (loop.time() - began) * self.rate
            self.time = start + (passed // coarse * coarse if coarse else passed)
            await asyncio.sleep(0.01)


async def test_it_follows_the_clock_of_a_video(handy: ButtplugDevice, stroker: SimulatedDevice) -> None:
    video = Video()
    running = asyncio.create_task(video.run())
    async with FunscriptPlayer(STROKES, handy, clock=lambda: video.time) as player:
        player.play()
        await asyncio.sleep(2)
        assert player.time == pytest.approx(2, abs=0.1)
        running.cancel()
        video.time = None
        await asyncio.sleep(0.1)
        assert not player.playing
        assert stroker.is_stopped
        video.time = 6.0
        running = asyncio.create_task(video.run())
        await asyncio.sleep(1)
        assert player.time == pytest.approx(7, abs=0.1)
        assert not stroker.is_stopped
        running.cancel()
        await asyncio.sleep(0.5)  # it says the same again and again
        assert stroker.is_stopped
        await player.pause()


async def test_a_clock_that_says_a_new_time_four_times_a_second_is_good_enough(
    handy: ButtplugDevice, stroker: SimulatedDevice
) -> None:
    video = Video()
    running = asyncio.create_task(video.run(coarse=0.25))
    async with FunscriptPlayer(STROKES, handy, clock=lambda: video.time) as player:
        player.play()
        await asyncio.sleep(5)
        assert player.playing
        halts = [move for move in stroker.sent if move.duration == 0]
        assert halts == []
    running.cancel()


async def test_a_clock_that_fails_stops_the_devices(handy: ButtplugDevice, stroker: SimulatedDevice) -> None:
    times = iter([0.0, 0.05, 0.1])
    async with FunscriptPlayer(STROKES, handy, clock=lambda: next(times)) as player:
        player.play()
        with pytest.raises(RuntimeError, match=r"the clock failed: .*StopIteration"):
            await player.wait()
        assert stroker.is_stopped


# Ends


@pytest.mark.parametrize("everything", [True, False])
async def test_a_stop_of_the_device_pauses_the_player_and_stops_the_others(
    client: ButtplugClient,
    handy: ButtplugDevice,
    nora: ButtplugDevice,
    stroker: SimulatedDevice,
    vibrator: SimulatedDevice,
    everything: bool,
) -> None:
    async with FunscriptPlayer(STROKES, handy, nora) as player:
        player.play()
        await asyncio.sleep(1.2)
        await (client.stop_all_devices() if everything else handy.stop())
        assert not player.playing
        await asyncio.sleep(5)
        assert stroker.is_stopped
        assert vibrator.is_stopped
        player.play()
        await asyncio.sleep(1)
        assert not vibrator.is_stopped


async def test_a_pattern_takes_a_feature_over(nora: ButtplugDevice, vibrator: SimulatedDevice) -> None:
    async with FunscriptPlayer(STROKES, nora) as player:
        player.play()
        await asyncio.sleep(1.2)
        pattern = asyncio.create_task(nora.play(hold(0.9, 5)))
        await asyncio.sleep(1)
        assert not player.playing
        assert vibrator.output("vibrate") == 0.9
        await pattern
        assert vibrator.is_stopped


async def test_leaving_the_context_by_an_exception_stops(handy: ButtplugDevice, stroker: SimulatedDevice) -> None:
    with pytest.raises(ZeroDivisionError):
        async with FunscriptPlayer(STROKES, handy) as player:
            player.play()
            await asyncio.sleep(1.2)
            raise ZeroDivisionError
    assert stroker.is_stopped


async def test_a_device_that_fails_stops_the_player_and_is_told(handy: ButtplugDevice, stroker: SimulatedDevice) -> None:
    async with FunscriptPlayer(STROKES, handy) as player:
        player.play()
        await asyncio.sleep(1.2)
        stroker.fail("it is too hot")
        with pytest.raises(ButtplugDeviceError, match="it is too hot"):
            await player.wait()
        assert not player.playing
        stroker.recover()
    await asyncio.sleep(5)
    assert stroker.is_stopped


async def test_after_the_end_it_plays_from_the_beginning(handy: ButtplugDevice, stroker: SimulatedDevice) -> None:
    short = script((0, 0), (1, 1))
    async with FunscriptPlayer(short, handy) as player:
        for _ in range(2):
            player.play()
            await player.wait()
    assert [level for _, level in stroker.timeline("position") if level == 0.5] == [0.5, 0.5]


async def test_what_nothing_can_follow_is_refused(client: ButtplugClient, nora: ButtplugDevice) -> None:
    rotator = next(feature for feature in nora.features.values() if feature.has_output(OutputType.ROTATE))
    with pytest.raises(ButtplugDeviceError, match="timed positions, vibration or oscillation"):
        FunscriptPlayer(STROKES, rotator)
    with pytest.raises(KeyError, match="twist"):
        FunscriptPlayer(STROKES, nora, axes={"twist": rotator})


async def test_its_look_says_where_it_is(handy: ButtplugDevice) -> None:
    async with FunscriptPlayer(STROKES, handy) as player:
        assert repr(player) == "<FunscriptPlayer paused at 0.00 s of <Funscript of 10.0 s: stroke (21 actions)>>"


async def test_a_clock_may_be_a_coroutine_function(handy: ButtplugDevice, stroker: SimulatedDevice) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def video() -> float:
        await asyncio.sleep(0.01)
        return 3.0 + loop.time() - began

    async with FunscriptPlayer(STROKES, handy, clock=video) as player:
        player.play()
        await asyncio.sleep(2)
        assert player.time == pytest.approx(5.0, abs=0.05)
    assert stroker.is_stopped


async def test_a_clock_that_does_not_answer_halts_the_devices_until_it_does(
    handy: ButtplugDevice, stroker: SimulatedDevice
) -> None:
    loop = asyncio.get_running_loop()
    began, asked, answers = loop.time(), 0, asyncio.Event()

    async def video() -> float:
        nonlocal asked
        asked += 1
        if loop.time() - began > 1:
            await answers.wait()
        return loop.time() - began

    async with FunscriptPlayer(STROKES, handy, clock=video) as player:
        player.play()
        await asyncio.sleep(0.9)
        assert player.playing
        await asyncio.sleep(0.6)
        assert not player.playing
        before = asked
        await asyncio.sleep(5)
        assert asked == before
        assert stroker.is_stopped
        answers.set()
        await asyncio.sleep(0.5)
        assert player.playing
        assert player.time == pytest.approx(loop.time() - began, abs=0.1)


@pytest.mark.parametrize("kind", [Moves, Levels])
async def test_a_fault_of_the_player_is_logged_once_stops_everything_and_is_told(
    handy: ButtplugDevice,
    nora: ButtplugDevice,
    simulation: Simulation,
    kind: type[Track],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(self: Track, *_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    async with FunscriptPlayer(STROKES, handy, nora) as player:
        player.play()
        await asyncio.sleep(1.2)
        monkeypatch.setattr(kind, "step", fails)
        with pytest.raises(RuntimeError, match="a fault of ours"):
            await player.wait()
        assert not player.playing
        assert all(device.is_stopped for device in simulation.devices)
    await asyncio.sleep(5)
    assert all(device.is_stopped for device in simulation.devices)
    assert faults(caplog) == ["a fault of ours"]


# At any instant


@pytest.mark.parametrize("time", [float("nan"), float("inf"), float("-inf")])
async def test_a_clock_that_says_no_time_stands(nora: ButtplugDevice, vibrator: SimulatedDevice, time: float) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()

    def clock() -> float:
        passed = loop.time() - began
        return time if 2 < passed < 4 else passed

    async with FunscriptPlayer(STROKES, nora, clock=clock) as player:
        player.play()
        await asyncio.sleep(1)
        assert not vibrator.is_stopped
        await asyncio.sleep(2)
        assert vibrator.is_stopped
        assert not player.playing
        await asyncio.sleep(2)
        assert player.time == pytest.approx(5, abs=0.1)
        assert not vibrator.is_stopped


async def test_a_clock_whose_answer_is_cancelled_stops_the_devices(nora: ButtplugDevice, vibrator: SimulatedDevice) -> None:
    loop = asyncio.get_running_loop()
    until, gone = loop.time() + 2, loop.create_future()
    gone.cancel()

    async def clock() -> float:
        return loop.time() if loop.time() < until else await gone

    async with FunscriptPlayer(script((0, 0), *((float(at), at % 2) for at in range(1, 10**4))), nora, clock=clock) as player:
        player.play()
        await asyncio.sleep(1)
        with pytest.raises(RuntimeError, match="cancelled"):
            await asyncio.wait_for(player.wait(), 2)
        assert vibrator.is_stopped
        assert not player.playing


async def test_a_place_that_is_no_number_is_refused(nora: ButtplugDevice, vibrator: SimulatedDevice) -> None:
    async with FunscriptPlayer(STROKES, nora) as player:
        player.play()
        with pytest.raises(ValueError, match="nan"):
            player.seek(float("nan"))
        await player.wait()
    assert vibrator.is_stopped


@pytest.mark.parametrize("turns", range(4))
async def test_a_pause_that_is_cancelled_stops_the_devices_all_the_same(
    nora: ButtplugDevice, vibrator: SimulatedDevice, turns: int
) -> None:
    player = FunscriptPlayer(STROKES, nora)
    player.play()
    await asyncio.sleep(1)
    pausing = asyncio.create_task(player.pause())
    await asyncio.sleep(0)
    for _ in range(turns):
        await asyncio.sleep(0)
    pausing.cancel()
    await asyncio.wait([pausing])
    await asyncio.sleep(0.5)
    assert vibrator.is_stopped


@pytest.mark.parametrize("turns", range(6))
async def test_played_again_in_the_very_moment_of_its_end_it_ends_stopped(
    nora: ButtplugDevice, vibrator: SimulatedDevice, turns: int
) -> None:
    vibrator.write_delay = 0.2
    steady = script((0, 0), (1, 1), vib=[(0, 0.5), (1, 0.5)])
    async with FunscriptPlayer(steady, nora) as player:
        player.play()
        await asyncio.sleep(1.0 + turns * 0.1)
        player.play()
        await player.wait()
        await asyncio.sleep(5)
        assert not player.playing
        assert vibrator.is_stopped
