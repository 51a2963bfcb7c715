"""What the benchmarks drive: simulated devices that take every packet at once, with no message gap."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate

#: A model with one vibrator whose packets are plain: what is measured is everything above it.
MODEL = "aneros"
#: A model with a vibrator, a battery and pressure sensors.
SENSOR_MODEL = "Kiiroo Pearl 2.1"


class Bench:
    """A server with connected devices, open for clients."""

    def __init__(self, count: int, *, model: str = MODEL, max_clients: int = 1000) -> None:
        logging.disable(logging.INFO)
        configuration = DeviceConfiguration.load()
        self.devices: list[SimulatedDevice] = []
        for _ in range(count):
            self.devices.append(simulate(configuration, model, [device.address for device in self.devices]))
            # What they remember of it would be most of the memory that is measured.
            self.devices[-1].packets = deque(maxlen=100)
            self.devices[-1].commands = deque(maxlen=100)
            self.devices[-1].sent = deque(maxlen=100)
        managers = [SimulatedManager(self.devices)]
        self.server = ButtplugServer(managers=managers, configuration=configuration, max_clients=max_clients)

    async def open(self) -> None:
        """Open the server and wait until every device is connected."""
        await self.server.open()
        await self.server.devices.start_scanning(self, lambda: None)
        while len(self.server.devices.devices) < len(self.devices):  # noqa: ASYNC110 nothing is measured yet
            await asyncio.sleep(0.01)


def levels(device: int, number: int) -> int:
    """Return a level that differs from the one before, so that every command is written."""
    return (device + number) % 100 + 1


def output_frame(id_: int, device: int, level: int) -> str:
    """Return the frame of one OutputCmd, as a client without our codec would make it."""
    command = f'{{"Vibrate":{{"Value":{level}}}}}'
    return f'[{{"OutputCmd":{{"Id":{id_},"DeviceIndex":{device},"FeatureIndex":0,"Command":{command}}}}}]'


HANDSHAKE = '[{"RequestServerInfo":{"Id":1,"ClientName":"benchmark","ProtocolVersionMajor":4,"ProtocolVersionMinor":0}}]'
