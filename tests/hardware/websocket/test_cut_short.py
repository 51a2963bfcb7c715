"""Websocket devices that go, or whose server closes, at any moment of their coming; and a port whose opening is given up."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine
from functools import partial

import pytest
from websockets.asyncio.server import ServerConnection

from buttplug.hardware.websocket import WebsocketManager
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.protocols.peers.lovense import prepare
from buttplug.server.rest.listener import RestListener
from buttplug.server.websocket import WebsocketListener
from tests.fakes.cut import cuts
from tests.fakes.websocket_device import WebsocketDevice, WebsocketToy
from tests.hardware.helpers import until

pytestmark = pytest.mark.real_time


async def vanish(toy: WebsocketToy, server: ButtplugServer) -> None:
    await until(lambda: toy._peer is not None)
    toy.unplug()


async def close(toy: WebsocketToy, server: ButtplugServer) -> None:
    await server.close()


Event = Callable[[WebsocketToy, ButtplugServer], Coroutine[None, None, None]]


def begin(happening: list[asyncio.Task[None]], event: Event, toy: WebsocketToy, server: ButtplugServer) -> None:
    happening.append(asyncio.create_task(event(toy, server)))


def has_begun(happening: list[asyncio.Task[None]], server: ButtplugServer) -> bool:
    return bool(happening or server.devices.devices)


def has_no_device(server: ButtplugServer) -> bool:
    return not server.devices.devices


@pytest.fixture(autouse=True)
def _handles_in_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have connections handled in tasks of our own, instead of the library's."""
    handle = WebsocketManager._handle

    async def handle_in_task(manager: WebsocketManager, connection: ServerConnection) -> None:
        await asyncio.create_task(handle(manager, connection))

    monkeypatch.setattr(WebsocketManager, "_handle", handle_in_task)


@pytest.mark.parametrize("function", ["WebsocketManager._handle", "DeviceManager._connect"])
@pytest.mark.parametrize("event", [vanish, close])
async def test_a_device_that_goes_at_any_moment_of_its_coming_is_let_go_and_may_come_again(
    function: str, event: Event, caplog: pytest.LogCaptureFixture
) -> None:
    configuration = DeviceConfiguration.load()
    happening: list[asyncio.Task[None]] = []
    for cut in cuts(function):
        caplog.clear()
        manager = WebsocketManager(port=0)
        server = ButtplugServer(managers=[manager], configuration=configuration)
        await server.open()
        toy = WebsocketToy(manager, "LVS-P001", "t1")
        prepare(toy, configuration.find("Lovense Edge"))
        with cut.by(begin, happening, event, toy, server):
            toy.plug_in()
            await until(partial(has_begun, happening, server))
            await asyncio.gather(*happening)
        if cut.happened:
            await toy.gone()
            await until(partial(has_no_device, server))
        if event is vanish and cut.happened:
            toy.plug_in()
            await until(partial(has_begun, [], server))
        await server.close()
        await toy.gone()
        assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) <= 1, cut
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})
        happening.clear()


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.mark.parametrize(
    ("make", "function"),
    [
        (lambda port: WebsocketManager(port=port), "WebsocketManager.open"),
        (lambda port: WebsocketListener(ButtplugServer(), port=port), "Listener.open"),
        (lambda port: RestListener(ButtplugServer(), port=port), "RestListener.open"),
    ],
)
async def test_a_port_whose_opening_is_given_up_at_any_moment_is_free(
    free_port: int, make: Callable[[int], WebsocketManager | WebsocketListener | RestListener], function: str
) -> None:
    for cut in cuts(function):
        listener = make(free_port)
        with cut:
            opening = asyncio.create_task(listener.open())
            await asyncio.wait({opening})
        if not opening.cancelled():
            await listener.close()
        with socket.create_server(("127.0.0.1", free_port)):
            pass


async def test_the_port_is_free_as_soon_as_the_bus_closes_also_where_a_device_takes_its_time() -> None:
    manager = WebsocketManager(port=0)
    await manager.open()
    async with WebsocketDevice(manager.port) as device:
        await until(lambda: manager._peers)
        device.stop_reading()
        closing = asyncio.create_task(manager.close())
        await asyncio.sleep(0.01)
        assert not closing.done()
        with socket.create_server(("127.0.0.1", manager.port)):
            pass
        device.read_again()
        await closing
