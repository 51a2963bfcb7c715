"""A script without ``await``, with the server inside and a simulated device: ``python examples/synchronous.py``.

For a real device name a bus in the place of the model: ``Server(managers=[BluetoothManager()])``, with
``from buttplug.hardware.bluetooth import BluetoothManager``.
"""

import time

from buttplug.sync import Client, Server


def main() -> None:
    with Server(simulate=["Lovense Nora"]) as server, Client("Example") as client:
        client.connect(server)
        for device in client.scan():
            print(f"found {device.name}, battery at {device.battery():.0%}")
            device.rotate(-0.25)
        client.vibrate(0.5)  # everything that can
        time.sleep(1)
    # Leaving the block stops the devices, whatever happened inside; so does Ctrl-C.

    print("the device was sent:")
    for packet in server.simulated[0].packets:
        print(" ", packet.data.decode())


if __name__ == "__main__":
    main()
