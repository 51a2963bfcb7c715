"""What tells a Satisfyer's model."""

from __future__ import annotations

from buttplug.hardware.bluetooth import BluetoothAdvertisement
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.satisfyer import COMPANY, MODEL_SIZE


def prepare(device: SimulatedDevice, definition: DeviceDefinition) -> None:
    """Advertise the model number, 0 for one that no configuration names, and have it readable."""
    model = int(definition.identifier or 0).to_bytes(MODEL_SIZE, "big")
    device.advertisement = BluetoothAdvertisement(name=device.name, manufacturer_data={COMPANY: model})
    device.readable["rxblemodel"] = [model]
