"""A synchronous client of a simulated device, and one of a scripted server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from buttplug.sync import Client, Device, Server
from tests.fakes.scripted_server import ScriptedServer, stroker, vibrator


@pytest.fixture
def toy() -> SimulatedDevice:
    """A toy, and all it is sent."""
    return simulate(DeviceConfiguration.load(), "Lovense Nora")


@pytest.fixture
def server(toy: SimulatedDevice) -> Iterator[Server]:
    """A server that finds the toy."""
    with Server(managers=[SimulatedManager([toy])]) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """A client of it."""
    with Client("Tests") as client:
        client.connect(server)
        yield client


@pytest.fixture
def nora(client: Client) -> Device:
    """The toy as the client sees it."""
    return client.wait_for_device("Nora", timeout=5)


@pytest.fixture
def scripted() -> ScriptedServer:
    """A server with a device 2 that has a bit of everything, and a device 7 with one motor."""
    return ScriptedServer([stroker(2), vibrator(7)])


@pytest.fixture
def scripted_client(scripted: ScriptedServer) -> Iterator[Client]:
    """A client of it."""
    with Client("Tests") as client:
        client.connect(scripted)
        yield client


@pytest.fixture
def in_loop(scripted_client: Client) -> Callable[[Callable[[], object]], object]:
    """Calls something in the event loop, where the scripted server lives, and waits until it is done."""

    def call(function: Callable[[], object]) -> object:
        async def work() -> object:
            return function()

        return scripted_client._bridge.run(work())

    return call
