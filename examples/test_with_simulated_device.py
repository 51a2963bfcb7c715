"""How to test a program without hardware: ``pytest examples/test_with_simulated_device.py``. Needs pytest-asyncio.

The fixtures come with the package. docs/testing.md says more.
"""

import asyncio

import pytest

from buttplug import ButtplugClient, ButtplugDevice, ButtplugDeviceError
from buttplug.testing import Clock, SimulatedDevice


async def my_game(client: ButtplugClient) -> None:
    """The program under test: it rumbles with every device, harder and harder, and tells when one fails."""

    async def rumble(device: ButtplugDevice) -> None:
        for level in (0.25, 0.5, 1.0):
            await device.vibrate(level)
            await asyncio.sleep(60)
        await device.stop()

    await asyncio.gather(*(rumble(device) for device in client.devices.values()))


@pytest.mark.asyncio
@pytest.mark.buttplug("Lovense Nora", "Lovense Hush")
async def test_the_game_rumbles_and_stops(
    buttplug_clock: Clock, buttplug_client: ButtplugClient, buttplug_devices: list[SimulatedDevice]
) -> None:
    await my_game(buttplug_client)  # three minutes that take no time
    for device in buttplug_devices:
        assert device.timeline("vibrate") == [(0, 0.25), (60, 0.5), (120, 1.0), (180, 0.0)]
        assert device.is_stopped


@pytest.mark.asyncio
async def test_the_game_tells_when_a_device_fails(buttplug_client: ButtplugClient, buttplug_device: SimulatedDevice) -> None:
    buttplug_device.fail("the battery is empty")
    with pytest.raises(ButtplugDeviceError, match="the battery is empty"):
        await my_game(buttplug_client)
