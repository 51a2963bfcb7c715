"""A program with the server inside, and a simulated device to drive: ``python examples/embedded.py``.

For a real device name a bus in the place of the model: ``ButtplugServer(managers=[BluetoothManager()])``, with
``from buttplug.hardware.bluetooth import BluetoothManager``.
"""

import asyncio

from buttplug import ButtplugClient, ButtplugServer


async def main() -> None:
    async with ButtplugServer(simulate=["Lovense Nora"]) as server, ButtplugClient("Example") as client:
        client.on_device_added = lambda device: print("found", device.name)
        await client.connect(server)
        await client.scan()
        await client.vibrate(0.5)  # everything that can
        for device in client.devices.values():
            await device.rotate(-0.25)
            print(f"the battery of {device.name} is at {await device.battery():.0%}")
        await asyncio.sleep(1)
        await client.stop_all_devices()

    print("the device was sent:")
    for packet in server.simulated[0].packets:
        print(" ", packet.data.decode())


if __name__ == "__main__":
    asyncio.run(main())
