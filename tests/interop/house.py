"""A server whose simulated devices can be taken away: ``python -m tests.interop.house MODEL…``; a line with a name takes one.

It says where it listens, logs and ends as ``python -m buttplug.server`` does.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys

from buttplug.hardware.simulated import SimulatedManager
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from buttplug.server.ports import LOOPBACK
from buttplug.server.websocket import WebsocketListener


async def main(*models: str) -> None:
    configuration = DeviceConfiguration.load()
    manager = SimulatedManager()
    for model in models:
        manager.add(simulate(configuration, model, [device.address for device in manager.devices]))
    async with ButtplugServer(managers=[manager], configuration=configuration) as server:
        listener = WebsocketListener(server, hosts=LOOPBACK[:1], port=0)
        await listener.open()
        print(f"Listening on {listener.addresses[0]}", flush=True)
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_signal_handler(signal.SIGINT, ended.set)
        loop.add_reader(sys.stdin, lambda: take_away(sys.stdin.readline().strip(), manager))
        await ended.wait()
        listener.stop_accepting()
        await server.close()
        await listener.close()


def take_away(name: str, manager: SimulatedManager) -> None:
    next(device for device in manager.devices if device.label == name).disconnect()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    asyncio.run(main(*sys.argv[1:]))
