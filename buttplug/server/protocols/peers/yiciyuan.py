"""What a Yiciyuan tells by itself."""

from __future__ import annotations

from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.yiciyuan import BATTERY

TICK = bytes((0x35, 0x14, 0x01))


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Tell the battery level once somebody listens, after something else."""

    def tell(endpoint: str) -> None:
        device.notify(endpoint, TICK)
        device.notify(endpoint, BATTERY + bytes((0x01, round(device.battery * 100), 0x00)))

    device.on_subscribe = tell
