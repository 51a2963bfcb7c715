"""A prompt with devices to be found."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from buttplug import ButtplugClient, ButtplugServer
from buttplug.console.commands import Commands
from buttplug.hardware.simulated import SimulatedManager
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate


class Desk:
    """The commands of a prompt, with a Lovense Nora, an Aneros and a stroker to be found."""

    def __init__(self, client: ButtplugClient) -> None:
        self.told: list[str] = []
        self.commands = Commands(client, self.told.append)
        configuration = DeviceConfiguration.load()
        self.devices = [simulate(configuration, name) for name in ("Lovense Nora",)]
        self.devices.append(simulate(configuration, "aneros", ["simulated-1"]))
        self.devices.append(simulate(configuration, "tcode-v03", ["simulated-1", "simulated-2"]))
        self.server = ButtplugServer(managers=[SimulatedManager(self.devices)], configuration=configuration)

    async def type(self, line: str) -> list[str]:
        """Type a line; return what is told."""
        self.told.clear()
        await self.commands.do(line)
        return list(self.told)

    def sent(self, device: int) -> list[str]:
        """Return what a device was sent since this was asked last."""
        packets = [packet.data.hex() if device == 1 else packet.data.decode() for packet in self.devices[device].packets]
        self.devices[device].packets.clear()
        return packets


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with ButtplugClient("test") as client:
        desk = Desk(client)
        async with desk.server:
            await client.connect(desk.server)
            await desk.type("scan 1")
            for device in range(3):
                desk.sent(device)
            yield desk
