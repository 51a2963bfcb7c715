"""One long day: a million commands, a thousand connects of clients of each kind in turn, and as many returns of devices.

The memory may not grow by more than 5 % from its first tenth to its end, and no task may be left.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import cast

from benchmarks.table import resident
from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from buttplug.server.websocket import WebsocketListener
from tests.simulation.clients import Client, InProcess, OverWire, Program
from tests.simulation.network import Network, no_other_clock
from tests.simulation.rules import Watch

ROUNDS = 1000
COMMANDS_OF_A_ROUND = 1000
#: Commands that are given before the devices have their turn.
BURST = 50
DEVICES = 4
GROWTH_LIMIT = 1.05
WARM_UP = ROUNDS // 10


def soak() -> bool:
    """Play it, print how it went, and return whether it went well."""
    began = time.monotonic()
    with no_other_clock(), asyncio.Runner(loop_factory=Network) as runner:
        memory, grown, tasks = runner.run(_play())
    went_well = grown <= memory * GROWTH_LIMIT and not tasks
    count = ROUNDS * COMMANDS_OF_A_ROUND
    print(f"{count} commands, {ROUNDS} connects and returns in {time.monotonic() - began:.0f} s")
    print(f"memory {memory:.1f} to {grown:.1f} MB ({(grown / memory - 1) * 100:+.1f} %), {tasks} tasks left")
    return went_well


async def _play() -> tuple[float, float, int]:
    configuration = DeviceConfiguration.load()
    devices: list[SimulatedDevice] = []
    for _ in range(DEVICES):
        devices.append(simulate(configuration, "aneros", [device.address for device in devices]))
        # What they remember of it would be most of the memory that is measured.
        devices[-1].packets, devices[-1].commands = deque(maxlen=10), deque(maxlen=10)
    server = ButtplugServer("soak", managers=[SimulatedManager(devices)], configuration=configuration)
    await server.open()
    listener = WebsocketListener(server, hosts=["127.0.0.1"])
    await listener.open()
    await server.devices.start_scanning(server, lambda: None)
    await asyncio.sleep(1)
    memory = 0.0
    for number in range(ROUNDS):
        await _round(number, server, devices)
        if number == WARM_UP:
            memory = resident()
    await asyncio.sleep(60)
    await server.close()
    await listener.close()
    await asyncio.sleep(1)
    return memory, resident(), len(asyncio.all_tasks()) - 1


async def _round(number: int, server: ButtplugServer, devices: list[SimulatedDevice]) -> None:
    """Have a client come, give its commands while a device is lost and comes back, and leave in one of its ways."""
    watch = Watch([])
    client = _client(number, server, watch)
    await asyncio.sleep(0.1)
    for command in range(COMMANDS_OF_A_ROUND):
        client.output(command % DEVICES, command // DEVICES % 2, (command + number) % 128, None)
        if command % BURST == 0:
            await asyncio.sleep(0.01)
    lost = devices[number % DEVICES]
    lost.disconnect()
    await asyncio.sleep(0.1)
    lost.come_back()
    await asyncio.sleep(0.5)
    ways = type(client).WAYS  # type: ignore[attr-defined]
    way = ways[number % len(ways)]
    # One that falls silent would be waited for: its connection ends.
    client.leave("reset" if way == "fall silent" else way)
    await asyncio.sleep(1)
    running = [device for device in devices if device.packets and any(packet.data[1] for packet in list(device.packets)[-2:])]
    if watch.found is not None or running or len(server.devices.devices) != DEVICES:
        raise AssertionError(f"round {number}, {client.party.name}, {way}: {watch.found}, {running}")


def _client(number: int, server: ButtplugServer, watch: Watch) -> Client:
    kind = number % 3
    if kind == 0:
        return InProcess("in process", watch, server)
    if kind == 1:
        return Program("program", watch, server)
    peer = cast(Network, asyncio.get_running_loop()).arrive()
    assert peer is not None
    return OverWire("over a websocket", watch, peer)
