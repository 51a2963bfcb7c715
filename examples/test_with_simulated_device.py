"""How to test a program without hardware: ``pytest examples/test_with_simulated_device.py``. Needs pytest-asyncio."""

import asyncio

import pytest

from buttplug import ButtplugClient, ButtplugDevice, ButtplugDeviceError, ButtplugServer
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate


async def my_game(client: ButtplugClient) -> None:
    """The program under test: it rumbles with every device, harder and harder, and tells when one fails."""

    async def rumble(device: ButtplugDevice) -> None:
        for level in (0.25, 0.5, 1.0):
            await device.vibrate(level)
            await asyncio.sleep(0.01)
        await device.stop()

    await asyncio.gather(*(rumble(device) for device in await client.scan()))


@pytest.fixture
def nora() -> SimulatedDevice:
    return simulate(DeviceConfiguration.load(), "Lovense Nora")


@pytest.mark.asyncio
async def test_the_game_rumbles_and_stops(nora: SimulatedDevice) -> None:
    async with ButtplugServer(managers=[SimulatedManager([nora])]) as server, ButtplugClient("Test") as client:
        await client.connect(server)
        await my_game(client)
    vibrations = [packet.data for packet in nora.packets if packet.data.startswith(b"Vibrate")]
    assert vibrations[:3] == [b"Vibrate:5;", b"Vibrate:10;", b"Vibrate:20;"]
    assert vibrations[-1] == b"Vibrate:0;"


@pytest.mark.asyncio
async def test_the_game_tells_when_a_device_fails(nora: SimulatedDevice) -> None:
    async with ButtplugServer(managers=[SimulatedManager([nora])]) as server, ButtplugClient("Test") as client:
        await client.connect(server)
        await client.scan()
        nora.write_error = HardwareError("the battery is empty")
        with pytest.raises(ButtplugDeviceError, match="the battery is empty"):
            await my_game(client)
        nora.write_error = None
