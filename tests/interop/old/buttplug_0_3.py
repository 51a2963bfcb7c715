"""A program for the official Python client 0.3.0, which speaks version 1: its argument is the URL.

It drives everything a simulated Lovense Nora, Lovense Edge and T-Code stroker have, and prints what it sees.
"""

import asyncio
import sys

from buttplug.client import ButtplugClient, ButtplugClientDevice, ButtplugClientWebsocketConnector


def show(*things: object) -> None:
    print(*things, flush=True)


async def use(device: ButtplugClientDevice) -> None:
    counts = {name: getattr(attributes, "feature_count", None) for name, attributes in device.allowed_messages.items()}
    show("device", device.name, counts)
    if "VibrateCmd" in counts:
        await device.send_vibrate_cmd(0.5)
        await device.send_vibrate_cmd([0.25] * counts["VibrateCmd"])
    if "RotateCmd" in counts:
        await device.send_rotate_cmd((0.25, True))
        await device.send_rotate_cmd({0: (0.25, False)})
    if "LinearCmd" in counts:
        await device.send_linear_cmd((500, 1.0))
        await asyncio.sleep(0.6)
    await device.send_stop_device_cmd()


async def main(url: str) -> None:
    finished, left = asyncio.Event(), asyncio.Event()
    client = ButtplugClient("Older Python")
    client.scanning_finished_handler += lambda client: finished.set()
    client.device_removed_handler += lambda client, device: show("left", device.name) or left.set()
    await client.connect(ButtplugClientWebsocketConnector(url))
    await client.request_log("Off")
    await client.start_scanning()
    await asyncio.wait_for(finished.wait(), 10)
    devices = sorted(client.devices.values(), key=lambda device: device.name)
    for device in devices:
        await use(device)
    show("waiting for a device to leave")
    await asyncio.wait_for(left.wait(), 10)
    await devices[1].send_vibrate_cmd(1.0)
    await devices[1].send_stop_device_cmd()
    await devices[1].send_vibrate_cmd(0.1)
    await client.disconnect()


asyncio.run(main(sys.argv[1]))
