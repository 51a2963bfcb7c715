"""Simulated devices of any model that the configuration knows, with the hand-shake of their protocol answered."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from inspect import getattr_static

from buttplug.hardware.common.addresses import ByAddress, folded_address
from buttplug.hardware.simulated import SimulatedAdvertisement, SimulatedDevice
from buttplug.hardware.simulated.device import free_address
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.protocols import UNSUPPORTED, load, prepare, supports
from buttplug.server.protocols.base import Protocol

#: The protocol of the kinds that exist only as simulations, and what their names begin with.
SIMULATED = "simulated"
#: Names that a message has at most.
SUGGESTIONS = 5


def simulate(configuration: DeviceConfiguration, name: str, taken: Collection[str] = ()) -> SimulatedDevice:
    """Return a simulated device.

    ``name`` is a model's name ("Lovense Nora"), a protocol's id ("tcode-v03"), or the name of a kind that exists only as a
    simulation ("simulated-2vibe"); an address may follow behind ``@``. Without one the device gets one that is not in
    ``taken``. Where a model cannot be simulated, one will do whose name goes on: "The Handy (FW4+)" for "The Handy".

    Raises:
        ConfigurationError: There is no such model, its protocol is not supported yet, or the address is taken; the message
            has the nearest models that can be simulated.
    """
    name, _, address = name.partition("@")
    return simulate_model(configuration, _definition(configuration, name), address, taken)


def simulate_all(
    configuration: DeviceConfiguration, names: Iterable[str], others: Iterable[SimulatedDevice] = ()
) -> list[SimulatedDevice]:
    """Return other simulated devices, and behind them one for each name, as :func:`simulate` makes them.

    Raises:
        ConfigurationError: There is no such model, or two devices are to have one address.
    """
    devices = ByAddress({device.address: device for device in others})
    for name in names:
        device = simulate(configuration, name, devices)
        devices[device.address] = device
    return list(devices.values())


def simulate_model(
    configuration: DeviceConfiguration, definition: DeviceDefinition, address: str = "", taken: Collection[str] = ()
) -> SimulatedDevice:
    """Return a simulated device of a model that the configuration has, as :func:`simulate` does.

    Raises:
        ConfigurationError: Its protocol is not supported, or the address is taken.
    """
    if (reason := _why_not(definition)) is not None:
        raise ConfigurationError(reason)
    if folded_address(address) in map(folded_address, taken):
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
    device.outputs = {
        (feature.index, type_): output.value for feature in definition.features for type_, output in feature.outputs.items()
    }
    prepare(device, definition)
    return device


def _told_by_name(protocol: str) -> bool:
    """Whether nothing but their name tells the models of a protocol from one another."""
    return getattr_static(load(protocol), "identify") is getattr_static(Protocol, "identify")


def _definition(configuration: DeviceConfiguration, name: str) -> DeviceDefinition:
    """Return the model that is meant by a name."""
    kind = configuration.definition(SIMULATED, name.casefold()) if name.casefold().startswith(SIMULATED) else None
    if kind is not None and kind.identifier is not None:
        return kind
    problem: str
    try:
        definition = configuration.find(name)
    except ConfigurationError as error:
        problem = error.message
    else:
        why_not = _why_not(definition)
        if why_not is None:
            return definition
        problem = why_not
        longer = [model for model in _models(configuration) if model.name.casefold().startswith(f"{name} (".casefold())]
        if longer:
            return longer[0]
    nearest = _nearest(name, [model.name for model in _models(configuration)])
    advice = f"did you mean {', '.join(nearest)}?" if nearest else "python -m buttplug.server --list-models lists them all"
    raise ConfigurationError(f"{problem}; {advice}")


def _why_not(definition: DeviceDefinition) -> str | None:
    """Return why a model cannot be simulated; None where it can."""
    if supports(definition.protocol):
        return None
    reason = UNSUPPORTED.get(definition.protocol, f"protocol {definition.protocol} is not supported")
    return f"{definition.name} cannot be simulated: {reason}"


def _models(configuration: DeviceConfiguration) -> list[DeviceDefinition]:
    """Return the models that can be simulated."""
    return [model for model in configuration if supports(model.protocol) and configuration.specifiers(model.protocol)]


def _nearest(name: str, known: Sequence[str]) -> list[str]:
    """Return a few names that may be meant: those that contain the word first, then those that look like it."""
    names = {each.casefold(): each for each in known}
    containing = sorted((each for each in names if name.casefold() in each), key=len)
    alike = difflib.get_close_matches(name.casefold(), names, n=SUGGESTIONS, cutoff=0.5)
    return [names[each] for each in list(dict.fromkeys([*containing, *alike]))[:SUGGESTIONS]]


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
