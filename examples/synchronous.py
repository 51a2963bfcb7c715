"""A script without ``await``, with the server inside and a simulated device: ``python examples/synchronous.py``.

For real devices put the bus in the place of the simulated one: ``from buttplug.hardware.bluetooth import BluetoothManager``.
"""

import time

from buttplug.hardware.simulated import SimulatedManager
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from buttplug.sync import Client, Server


def main() -> None:
    configuration = DeviceConfiguration.load()
    nora = simulate(configuration, "Lovense Nora")
    managers = [SimulatedManager([nora])]
    with Server(managers=managers, configuration=configuration) as server, Client("Example") as client:
        client.connect(server)
        for device in client.scan():
            print(f"found {device.name}, battery at {device.battery():.0%}")
            device.rotate(-0.25)
        client.vibrate(0.5)  # everything that can
        time.sleep(1)
    # Leaving the block stops the devices, whatever happened inside; so does Ctrl-C.

    print("the device was sent:")
    for packet in nora.packets:
        print(" ", packet.data.decode())


if __name__ == "__main__":
    main()
