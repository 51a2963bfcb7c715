"""Simulated devices of any model that the configuration knows, with the hand-shake of their protocol answered."""

from __future__ import annotations

from collections.abc import Collection

from buttplug.hardware.simulated import SimulatedAdvertisement, SimulatedDevice
from buttplug.hardware.simulated.device import free_address
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.protocols import UNSUPPORTED, prepare, supports


def simulate(configuration: DeviceConfiguration, name: str, taken: Collection[str] = ()) -> SimulatedDevice:
    """Return a simulated device.

    ``name`` is a model's name ("Lovense Nora") or a protocol's id ("tcode-v03"); an address may follow behind ``@``. Without
    one the device gets one that is not in ``taken``.

    Raises:
        ConfigurationError: There is no such model, its protocol is not supported yet, or the address is taken.
    """
    name, _, address = name.partition("@")
    definition = configuration.find(name)
    if not supports(definition.protocol):
        reason = UNSUPPORTED.get(definition.protocol, f"protocol {definition.protocol} is not supported")
        raise ConfigurationError(f"{definition.name} cannot be simulated: {reason}")
    if address in taken:
        raise ConfigurationError(f"address {address} is given to two simulated devices")
    specifiers = configuration.specifiers(definition.protocol)
    if not specifiers:
        raise ConfigurationError(f"{definition.name} cannot be simulated: the configuration does not say how it is found")
    advertised, advertisement = specifiers[0].simulate(definition.name, definition.identifier)
    device = SimulatedDevice(
        advertised,
        advertisement,
        address=address or free_address(taken),
        label=definition.name,
        provisional_address=not address,
    )
    device.outputs = {
        (feature.index, type_): output.value for feature in definition.features for type_, output in feature.outputs.items()
    }
    prepare(device, definition)
    return device


def configured_devices(configuration: DeviceConfiguration) -> list[SimulatedDevice]:
    """Return the simulated devices that a user's configuration asks for."""
    return [
        SimulatedDevice(
            device.identifier,
            SimulatedAdvertisement(device.identifier),
            address=device.address,
            label=device.display_name or device.identifier,
        )
        for device in configuration.simulated_devices
    ]
