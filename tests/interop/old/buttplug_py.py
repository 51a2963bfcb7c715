"""A program for the PyPI client ``buttplug-py`` 0.2.0, which speaks versions 2 and 3: arguments are the version and the URL.

It drives everything a simulated Lovense Nora, Lovense Edge and T-Code stroker have, and prints what it sees.
"""

import asyncio
import inspect
import sys

from buttplug import Client, Device, ProtocolSpec, WebsocketConnector


def show(*things: object) -> None:
    print(*things, flush=True)


async def use(device: Device) -> None:
    show("device", device.name)
    for actuator in device.actuators:
        show("  actuator", actuator.index, getattr(actuator, "type", "Vibrate"), actuator.step_count)
        await actuator.command(0.5)
    for rotator in device.rotatory_actuators:
        show("  rotator", rotator.index, rotator.step_count)
        await rotator.command(0.25, True)
        await rotator.command(0.25, False)
    for stroker in device.linear_actuators:
        show("  stroker", stroker.index, stroker.step_count)
        await stroker.command(500, 1.0)
        await asyncio.sleep(0.6)
    for sensor in device.sensors:
        # In version 2 it is a property that has to be awaited.
        reading = inspect.getattr_static(type(sensor), "read")
        show("  sensor", await (sensor.read if isinstance(reading, property) else sensor.read()))
    await device.stop()


async def main(version: int, url: str) -> None:
    client = Client("Old Python", ProtocolSpec(version))
    await client.connect(WebsocketConnector(url))
    finished = await client.start_scanning()
    show("found", len(await asyncio.wait_for(finished, 10)))
    for device in sorted(client.devices.values(), key=lambda device: str(device.name)):
        await use(device)
    edge = next(device for device in client.devices.values() if device.name == "Lovense Edge")
    show("waiting for a device to leave")
    while not edge.removed:
        await asyncio.sleep(0.01)
    show("left", edge.name, len(client.devices))
    nora = next(device for device in client.devices.values() if device.name == "Lovense Nora")
    await nora.actuators[0].command(1.0)
    await client.stop_all()
    await nora.actuators[0].command(0.1)
    await client.disconnect()
    show("connected", client.connected)


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
