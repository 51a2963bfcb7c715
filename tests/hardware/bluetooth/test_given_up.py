"""A connection that is given up in the moment in which it is made."""

from __future__ import annotations

import asyncio

import pytest
from bleak.backends.device import BLEDevice

from buttplug.hardware.bluetooth import link
from buttplug.hardware.bluetooth.turns import ConnectTurns


class Client:
    """Stands in for bleak's client: the moment cannot be met through a bus."""

    is_connected = False

    def __init__(self, *args: object, **options: object) -> None:
        clients.append(self)

    async def connect(self) -> None:
        self.is_connected = True

    async def disconnect(self) -> None:
        self.is_connected = False


clients: list[Client] = []


async def test_a_link_that_is_made_in_the_moment_in_which_it_is_given_up_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "BleakClient", Client)
    clients.clear()
    connecting = asyncio.create_task(link._connect(BLEDevice("00:11:22:33:44:55", "toy", {}), "toy", ConnectTurns()))
    while not (clients and clients[0].is_connected):
        await asyncio.sleep(0)
    assert not connecting.done()
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    assert not clients[0].is_connected
