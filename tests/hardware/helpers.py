"""What the tests of the buses share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from buttplug import ButtplugClient
from buttplug.hardware.base import CommunicationManager, Discovery, Hardware, Packet
from buttplug.hardware.common.polling import PollingManager
from buttplug.hardware.specifier import Specifier
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from tests.fakes.cut import Cut


async def until(condition: Callable[[], object], limit: float = 5.0) -> None:
    """Wait for something that happens outside the loop."""
    async with asyncio.timeout(limit):
        while not condition():
            await asyncio.sleep(0.002)


@asynccontextmanager
async def served(
    manager: CommunicationManager, configuration: DeviceConfiguration | None = None
) -> AsyncIterator[ButtplugClient]:
    """A client of a server with this bus, which has found a device."""
    server = ButtplugServer(managers=[manager], configuration=configuration)
    async with server, ButtplugClient("test") as client:
        await client.connect(server)
        await client.start_scanning()
        await until(lambda: client.devices)
        yield client


def losses(hardware: Hardware) -> list[str]:
    """Return a list that gets the reason every time the device is reported lost."""
    reasons: list[str] = []
    hardware.on_disconnect(reasons.append)
    return reasons


async def writes_meanwhile(stuck: asyncio.Task[None], other: Hardware, packet: Packet) -> int:
    """Write to another device for as long as a write is stuck; return how often that was possible."""
    count = 0
    while not stuck.done():
        await other.write(packet)
        count += 1
        await asyncio.sleep(0.01)
    return count


async def connect_and_let_go(discovery: Discovery, specifier: Specifier, cut: Cut) -> None:
    """Connect a device, which may be cut short; if it is not, disconnect it again."""
    with cut:
        connecting = asyncio.ensure_future(discovery.connect([specifier]))
        await asyncio.wait({connecting})
    if not connecting.cancelled():
        await connecting.result().disconnect()


async def gone_from(manager: PollingManager, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait until the bus was listed from the beginning: a listing that was under way may have what is gone, and report it."""
    listed, over = manager.listed, []

    async def noted() -> list[Discovery]:
        found = await listed()
        over.append(found)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(manager, "listed", noted)
        await until(lambda: over)


class Findings:
    """What a communication manager reports, by address: the latest discovery of each."""

    def __init__(self, manager: CommunicationManager) -> None:
        self.latest: dict[str, Discovery] = {}
        self.count = 0
        manager.on_found = self._found

    def _found(self, discovery: Discovery) -> None:
        self.latest[discovery.address] = discovery
        self.count += 1

    async def one(self) -> Discovery:
        """Wait until something is reported, and return the first."""
        await until(lambda: self.latest)
        return next(iter(self.latest.values()))
