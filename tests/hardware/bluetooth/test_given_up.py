"""A connection that is given up in the moment in which it is made."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from bleak.backends.device import BLEDevice

from buttplug.hardware.bluetooth import link
from buttplug.hardware.bluetooth.turns import ConnectTurns
from buttplug.hardware.errors import HardwareError


class Client:
    """Stands in for bleak's client: the moment cannot be met through a bus."""

    is_connected = False
    #: Seconds until it is connected; it is at once when it is to end.
    needs = 0.0

    def __init__(self, *args: object, **options: object) -> None:
        clients.append(self)

    async def connect(self) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(self.needs)
        self.is_connected = True

    async def disconnect(self) -> None:
        self.is_connected = False


clients: list[Client] = []


@pytest.fixture(autouse=True)
def _stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "BleakClient", Client)
    clients.clear()


async def test_a_link_that_is_made_in_the_moment_in_which_it_is_given_up_is_closed() -> None:
    connecting = asyncio.create_task(link._connect(BLEDevice("00:11:22:33:44:55", "toy", {}), "toy", ConnectTurns()))
    while not (clients and clients[0].is_connected):
        await asyncio.sleep(0)
    assert not connecting.done()
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    assert not clients[0].is_connected


async def test_a_link_that_is_made_in_the_moment_in_which_its_time_is_over_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "needs", 1e9)
    with pytest.raises(HardwareError):
        await link._connect(BLEDevice("00:11:22:33:44:55", "toy", {}), "toy", ConnectTurns())
    assert not any(client.is_connected for client in clients)
