"""What is done wrong with a simulation is told, with what is right; and nothing of it is left running."""

from __future__ import annotations

import asyncio
import time

import pytest

from buttplug import ButtplugClient, ButtplugConnectorError
from buttplug.server.websocket import WebsocketListener
from buttplug.sync import Client
from buttplug.sync.loop import event_loop_thread
from buttplug.testing import Simulation, virtual_time, wait_until
from buttplug.testing import simulation as module


async def test_what_needs_an_open_simulation_says_how_it_is_opened() -> None:
    simulation = Simulation("Lovense Nora")
    for call in (simulation.connect, simulation.listen):
        with pytest.raises(RuntimeError, match="not entered: use `async with simulation:`, or in other tests `with`"):
            await call()
    with pytest.raises(RuntimeError, match="for a simulation entered by `with`; in a coroutine use"):
        simulation.client()


async def test_a_synchronous_client_is_refused_in_the_loop_that_it_would_block() -> None:
    async with Simulation("Lovense Nora") as simulation:
        with pytest.raises(RuntimeError, match=r"in a coroutine use `await simulation.connect\(\)`"):
            simulation.client()


@pytest.mark.real_time
def test_a_simulation_in_a_thread_is_not_for_coroutines() -> None:
    with Simulation("Lovense Nora") as simulation:
        for call in (simulation.connect, simulation.listen):
            with pytest.raises(RuntimeError, match="in coroutines use `async with`"):
                asyncio.run(call())


@pytest.mark.real_time
def test_a_server_in_another_event_loop_is_refused() -> None:
    async def connect(simulation: Simulation) -> None:
        async with ButtplugClient("Test") as client:
            await client.connect(simulation.server)

    with Simulation("Lovense Nora") as simulation:
        with pytest.raises(ButtplugConnectorError, match="runs in another event loop: connect in that one, or to the URL"):
            asyncio.run(connect(simulation))
        assert not simulation.server.sessions


@pytest.mark.real_time
def test_a_simulation_is_used_once() -> None:
    simulation = Simulation("Lovense Nora")
    with simulation, pytest.raises(RuntimeError, match="open already"):
        simulation.__enter__()
    for use in (simulation.__enter__, simulation.client):
        with pytest.raises(RuntimeError, match="the simulation is over: make another one"):
            use()
    with pytest.raises(RuntimeError, match="the simulation is over: make another one"):
        asyncio.run(simulation.connect())


def test_a_list_of_models_is_refused() -> None:
    with pytest.raises(TypeError, match=r'the names of models, one by one: Simulation\("Lovense Nora"\), not \['):
        Simulation(["Lovense Nora"])  # type: ignore[arg-type]


async def test_a_device_that_does_not_connect_in_time_is_named() -> None:
    async with Simulation("Lovense Nora", "Lovense Edge") as simulation:
        simulation["Edge"].write_delay = 100
        with pytest.raises(TimeoutError, match="not connected within 10 s: Lovense Edge; who wants a device slow"):
            await simulation.connect()


async def test_who_blocks_the_loop_of_the_test_is_told_so() -> None:
    with pytest.raises(AssertionError, match="the event loop of the test was blocked meanwhile"):
        wait_until(lambda: False, timeout=0.01)


@pytest.mark.real_time
def test_a_client_that_cannot_be_closed_keeps_the_server_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(client: Client, *error: object) -> None:
        raise RuntimeError("no luck")

    simulation = Simulation("Lovense Nora")
    with pytest.raises(RuntimeError, match="no luck"), monkeypatch.context() as patch, simulation:
        patch.setattr(Client, "__exit__", fails)
        simulation.client().vibrate(0.5)
    assert not simulation.server.is_open
    assert simulation.devices[0].is_stopped


@pytest.mark.real_time
def test_a_simulation_that_cannot_listen_leaves_no_server_open(monkeypatch: pytest.MonkeyPatch) -> None:
    class Deaf(WebsocketListener):
        async def open(self) -> None:
            raise OSError("no more ports")

    monkeypatch.setattr(module, "WebsocketListener", Deaf)
    simulation = Simulation("Lovense Nora")
    with pytest.raises(OSError, match="no more ports"), simulation:
        pass
    assert not simulation.server.is_open
    event_loop_thread().run(asyncio.sleep(0))


@pytest.mark.real_time
def test_a_test_that_fails_half_way_leaves_no_motor_running() -> None:
    simulation = Simulation("Lovense Nora")
    with pytest.raises(ZeroDivisionError), simulation:
        simulation.client().vibrate(0.5)
        assert not simulation.devices[0].is_stopped
        _ = 1 / 0
    assert simulation.devices[0].is_stopped


def test_virtual_time_inside_virtual_time_is_the_same_one() -> None:
    async def nest() -> tuple[float, float]:
        with virtual_time() as outer:
            with virtual_time() as inner:
                await inner.advance(1000)
                assert inner.now == pytest.approx(1000)
            await outer.advance(1000)
            return outer.now, asyncio.get_running_loop().time()

    began = time.monotonic()
    now, loop_time = asyncio.run(nest())
    assert now == pytest.approx(2000)
    assert loop_time > 2000
    assert time.monotonic() - began < 5
