"""A client of a scripted server with two devices."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from buttplug import ButtplugClient, ButtplugDevice
from tests.fakes.scripted_server import ScriptedServer, stroker, vibrator


@pytest.fixture
def server() -> ScriptedServer:
    """A server with a device 2 that has a bit of everything, and a device 7 with one motor."""
    return ScriptedServer([stroker(2), vibrator(7)])


@pytest.fixture
async def client(server: ScriptedServer) -> AsyncIterator[ButtplugClient]:
    """A connected client."""
    async with ButtplugClient("Tests") as client:
        await client.connect(server)
        yield client


@pytest.fixture
def stroking(client: ButtplugClient) -> ButtplugDevice:
    """The device that has a bit of everything."""
    return client.devices[2]


@pytest.fixture
def vibrating(client: ButtplugClient) -> ButtplugDevice:
    """The device with one motor."""
    return client.devices[7]
