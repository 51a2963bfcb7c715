"""Find devices through a server that runs somewhere, vibrate all of them for a while, and tell what happens.

Start a server first, with or without hardware::

    python -m buttplug.server --simulate "Lovense Nora"
    python examples/remote_client.py ws://127.0.0.1:12345
"""

import asyncio
import sys

from buttplug import ButtplugClient, ButtplugDevice, ButtplugError, OutputType


async def main(url: str) -> None:
    async with ButtplugClient("Remote example") as client:
        client.on_device_removed = lambda device: print(f"{device.name} is gone")
        client.on_server_disconnect = lambda: print("The server is gone")
        client.on_error = lambda error: print(f"Something went wrong: {error}")
        await client.connect(url)
        print(f"Connected to {client.server_name}")

        for device in await client.scan(10):  # seconds; with Bluetooth it looks until it is told to stop
            print(f"Found {device.name}")
            await describe(device)

        if any(device.has_output(OutputType.VIBRATE) for device in client.devices.values()):
            for level in (0.2, 0.5, 1.0):
                await client.vibrate(level)
                await asyncio.sleep(0.5)
    # Leaving the block stops the devices, whatever happened inside.


async def describe(device: ButtplugDevice) -> None:
    for feature in device.features.values():
        for output in feature.outputs or {}:
            print(f"  {device.name}, feature {feature.index}: {output}, {feature.step_count(output)} steps")
    if device.has_battery():
        print(f"  {device.name}: battery at {await device.battery():.0%}")


if __name__ == "__main__":
    try:
        asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:12345"))
    except ButtplugError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        pass
