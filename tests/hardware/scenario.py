"""The life of a device, seen by a client and by the device at once, on any bus."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from functools import partial

import pytest

from buttplug.client import ButtplugClient, ButtplugDevice, DeviceOutputCommand
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import CommunicationManager
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from tests.hardware.common import until


@dataclass
class Life:
    """What is to happen.

    Attributes:
        manager: The bus.
        configuration: What the server knows of devices.
        device: What stands behind the bus and remembers what it was sent.
        name: What clients are told that it is.
        outputs: Commands, each with the packets that it gives.
        running: A command that leaves the device running.
        stopped: How the last packet of a stop ends.
        hang: Have the device take nothing any more.
        unplug: Take it away.
        plug_in: Bring it, and bring it back.
    """

    manager: CommunicationManager
    configuration: DeviceConfiguration
    device: SimulatedDevice
    name: str
    outputs: Sequence[tuple[DeviceOutputCommand, Sequence[bytes]]]
    running: DeviceOutputCommand
    stopped: bytes
    hang: Callable[[], None]
    unplug: Callable[[], None]
    plug_in: Callable[[], None]


async def live(life: Life) -> None:
    """Have a device found, identified, driven, unplugged in the middle of a write, brought back, and stopped at shutdown.

    It comes back without a scan: it may still be running.
    """
    packets = life.device.packets
    server = ButtplugServer(managers=[life.manager], configuration=life.configuration)
    async with server, ButtplugClient("test") as client:
        await client.connect(server)
        await client.start_scanning()
        life.plug_in()
        device = await _announced(client)
        assert device.name == life.name
        assert {command.output_type for command, _ in life.outputs} == _outputs(device)

        for command, expected in life.outputs:
            packets.clear()
            await device.run_output(command)
            await until(partial(_has, packets, len(expected)))
            assert [packet.data for packet in packets] == list(expected), command

        life.hang()
        writing = asyncio.create_task(device.run_output(life.running))
        await asyncio.sleep(0.05)
        assert not writing.done()
        life.unplug()
        with pytest.raises(ButtplugDeviceError, match=re.escape(life.name)):
            await writing
        await until(lambda: not client.devices)

        await client.stop_scanning()
        life.plug_in()
        again = await _announced(client)
        assert (again.index, again.name) == (device.index, device.name)

        packets.clear()
        await again.run_output(life.running)
        await until(lambda: packets)
        packets.clear()
        await server.close()
        await until(lambda: packets)
        assert packets[-1].data.endswith(life.stopped)


async def _announced(client: ButtplugClient) -> ButtplugDevice:
    await until(lambda: client.devices)
    return next(iter(client.devices.values()))


def _has(packets: Sized, number: int) -> bool:
    return len(packets) >= number


def _outputs(device: ButtplugDevice) -> set[str]:
    return {name for feature in device.features.values() for name in feature.outputs or ()}
