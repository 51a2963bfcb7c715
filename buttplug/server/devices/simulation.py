"""Simulated devices of any model that the configuration knows, with the hand-shake of their protocol answered."""

from __future__ import annotations

from collections.abc import Collection
from inspect import getattr_static

from buttplug.hardware.simulated import SimulatedAdvertisement, SimulatedDevice
from buttplug.hardware.simulated.device import free_address
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.protocols import UNSUPPORTED, load, prepare, supports
from buttplug.server.protocols.base import Protocol


def simulate(configuration: DeviceConfiguration, name: str, taken: Collection[str] = ()) -> SimulatedDevice:
    """Return a simulated device.

    ``name`` is a model's name ("Lovense Nora") or a protocol's id ("tcode-v03"); an address may follow behind ``@``. Without
    one the device gets one that is not in ``taken``.

    Raises:
        ConfigurationError: There is no such model, its protocol is not supported yet, or the address is taken.
    """
    name, _, address = name.partition("@")
    return simulate_model(configuration, configuration.find(name), address, taken)


def simulate_model(
    configuration: DeviceConfiguration, definition: DeviceDefinition, address: str = "", taken: Collection[str] = ()
) -> SimulatedDevice:
    """Return a simulated device of a model that the configuration has, as :func:`simulate` does.

    Raises:
        ConfigurationError: Its protocol is not supported yet, or the address is taken.
    """
    if not supports(definition.protocol):
        reason = UNSUPPORTED.get(definition.protocol, f"protocol {definition.protocol} is not supported")
        raise ConfigurationError(f"{definition.name} cannot be simulated: {reason}")
    if address in taken:
        raise ConfigurationError(f"address {address} is given to two simulated devices")
    specifiers = configuration.specifiers(definition.protocol)
    if not specifiers:
        raise ConfigurationError(f"{definition.name} cannot be simulated: the configuration does not say how it is found")
    advertised, advertisement = specifiers[0].simulate(definition.name, definition.identifier)
    if _told_by_name(definition.protocol) and configuration.definition(definition.protocol, advertised) != definition:
        # It is found by another model's name, as none of its own is advertised: what it is it says when it is connected.
        advertised = definition.identifier or definition.name
    device = SimulatedDevice(
        advertised,
        advertisement,
        address=address or free_address(taken),
        label=definition.name,
        provisional_address=not address,
    )
    prepare(device, definition)
    return device


def _told_by_name(protocol: str) -> bool:
    """Whether nothing but their name tells the models of a protocol from one another."""
    return getattr_static(load(protocol), "identify") is getattr_static(Protocol, "identify")


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
