"""A script is played without ``await``: the player has what the asynchronous one has, and stops when that stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from buttplug.funscript import Action, Axis, Funscript
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.sync import ButtplugDeviceError, Client, Device, DeviceErrorReason, FunscriptPlayer
from buttplug.testing import Simulation, wait_until

pytestmark = pytest.mark.real_time


def strokes(seconds: float) -> Funscript:
    """Return a script of strokes of a tenth of a second."""
    return Funscript({"stroke": Axis([Action(count * 0.1, count % 2) for count in range(round(seconds * 10) + 1)])})


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    with Simulation("The Handy (FW4+)", "Lovense Nora") as simulation:
        yield simulation


@pytest.fixture
def client(simulation: Simulation) -> Client:
    return simulation.client()


@pytest.fixture
def handy(client: Client) -> Device:
    return client.devices[0]


@pytest.fixture
def toy(simulation: Simulation) -> SimulatedDevice:
    return simulation.devices[0]


def test_it_plays_to_the_end_and_stops(client: Client, simulation: Simulation) -> None:
    began = time.monotonic()
    with FunscriptPlayer(strokes(0.4), *client.devices.values()) as player:
        player.play()
        assert player.playing
        player.wait()
        assert 0.3 < time.monotonic() - began < 2
        assert not player.playing
    for device in simulation.devices:
        assert device.sent
        assert device.is_stopped


def test_pause_seek_speed_and_offset(handy: Device, toy: SimulatedDevice) -> None:
    with FunscriptPlayer(strokes(3600), handy, speed=2.0) as player:
        player.play()
        wait_until(lambda: toy.sent)
        player.pause()
        assert toy.is_stopped
        place, moves = player.time, len(toy.sent)
        player.seek(1800.0)
        assert player.time == 1800.0
        player.speed, player.offset = 0.5, 0.2
        assert (player.speed, player.offset) == (0.5, 0.2)
        time.sleep(0.05)
        assert len(toy.sent) == moves
        assert place < 60
        player.play()
        wait_until(lambda: len(toy.sent) > moves)
        assert 1800.0 <= player.time < 1860.0
        assert "playing at 1800." in repr(player)


def test_leaving_by_an_error_stops(handy: Device, toy: SimulatedDevice) -> None:
    with pytest.raises(ZeroDivisionError), FunscriptPlayer(strokes(60), handy) as player:
        player.play()
        wait_until(lambda: toy.sent)
        1 / 0  # noqa: B018
    assert toy.is_stopped


@pytest.mark.parametrize("stop", [lambda client: client.stop_all_devices(), lambda client: client.devices[0].stop()])
def test_a_stop_by_other_means_pauses_it(client: Client, toy: SimulatedDevice, stop: Callable[[Client], None]) -> None:
    with FunscriptPlayer(strokes(60), client.devices[0]) as player:
        player.play()
        wait_until(lambda: toy.sent)
        stop(client)
        assert not player.playing
        assert toy.is_stopped


def test_it_follows_a_clock_that_is_asked_in_a_thread(handy: Device, toy: SimulatedDevice) -> None:
    began, threads = time.monotonic(), set[str]()

    def video() -> float:
        threads.add(threading.current_thread().name)
        # A clock may use the client, and take its time.
        assert handy.connected
        return 30 + time.monotonic() - began

    with FunscriptPlayer(strokes(60), handy, clock=video) as player:
        player.play()
        wait_until(lambda: len(toy.sent) >= 3)
        assert 30 < player.time < 35
    assert threads
    assert threading.current_thread().name not in threads
    assert "buttplug event loop" not in threads


def test_a_clock_that_hangs_halts_the_devices(handy: Device, toy: SimulatedDevice) -> None:
    began, hangs = time.monotonic(), threading.Event()

    def video() -> float | None:
        if toy.sent:
            hangs.wait(5)
        return time.monotonic() - began

    with FunscriptPlayer(strokes(60), handy, clock=video) as player:
        player.play()
        wait_until(lambda: toy.sent)
        wait_until(lambda: not player.playing and toy.is_stopped)
        hangs.set()


def test_a_clock_that_fails_is_raised_where_the_player_is_waited_for(handy: Device, toy: SimulatedDevice) -> None:
    with FunscriptPlayer(strokes(60), handy, clock=lambda: 1 / 0) as player:
        player.play()
        with pytest.raises(RuntimeError, match="the clock failed: ZeroDivisionError"):
            player.wait()
    assert toy.is_stopped


def test_a_device_that_fails_is_raised_there_too_and_can_be_used(handy: Device, toy: SimulatedDevice) -> None:
    with FunscriptPlayer(strokes(60), handy) as player:
        player.play()
        wait_until(lambda: toy.sent)
        toy.fail("the battery is empty")
        with pytest.raises(ButtplugDeviceError, match="the battery is empty") as raised:
            player.wait()
        assert raised.value.device is handy
        toy.recover()


def test_further_axes_are_for_features(handy: Device, client: Client, simulation: Simulation) -> None:
    script = Funscript({"stroke": Axis([Action(0, 0), Action(60, 1)]), "vib": Axis([Action(0, 0.5), Action(60, 0.5)])})
    nora = client.devices[1]
    with FunscriptPlayer(script, handy, axes={"vib": nora.features[0]}) as player:
        player.play()
        wait_until(lambda: simulation.devices[1].output("vibrate") == 0.5)
    with pytest.raises(KeyError, match="twist"):
        FunscriptPlayer(script, handy, axes={"twist": nora.features[0]})


def test_nothing_to_play_on_is_told() -> None:
    with pytest.raises(ButtplugDeviceError, match="There is nothing to play on") as raised:
        FunscriptPlayer(strokes(1))
    assert raised.value.reason is DeviceErrorReason.NO_SUCH_OUTPUT


def test_a_client_that_nobody_holds_any_more_ends_its_player(simulation: Simulation, toy: SimulatedDevice) -> None:
    client = Client("Tests")
    client.connect(simulation.url)
    player = FunscriptPlayer(strokes(60), client.wait_for_device("Handy", timeout=5))
    player.play()
    wait_until(lambda: toy.sent)
    del client, player
    wait_until(lambda: toy.is_stopped)
    time.sleep(0.3)
    assert toy.is_stopped
