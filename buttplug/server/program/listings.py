"""What the configuration holds, as text: the models that are known, and the devices that a user has set something for."""

from __future__ import annotations

from collections.abc import Iterator

from buttplug.core.text import escaped
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.devices.settings import DeviceKey, DeviceSettings, OutputSettings
from buttplug.server.protocols import supports


def model_lines(configuration: DeviceConfiguration, search: str = "") -> list[str]:
    """Return a line for each model whose name or protocol contains ``search``, by name; if none does, one that says so."""
    sought = search.casefold()
    models = sorted(
        (model for model in configuration if sought in model.name.casefold() or sought in model.protocol.casefold()),
        key=lambda model: (model.name.casefold(), model.protocol),
    )
    if not models:
        return [f'no model has "{escaped(search)}" in its name or that of its protocol']
    width = max(len(model.name) for model in models)
    return [escaped(f"{model.name:{width}}  {_abilities(model)}") for model in models]


def device_lines(configuration: DeviceConfiguration) -> list[str]:
    """Return the devices that the user's configuration has settings for, each with a line for each limit."""
    lines = [line for key, settings in configuration.settings.items() for line in _device(configuration, key, settings)]
    return lines or ["no device has settings of its own; --user-device-config-file names a file that has some"]


def _abilities(model: DeviceDefinition) -> str:
    outputs = dict.fromkeys(output.value for feature in model.features for output in feature.outputs)
    inputs = dict.fromkeys(input_.value for feature in model.features for input_ in feature.inputs)
    supported = "" if supports(model.protocol) else ", NOT SUPPORTED YET"
    return f"{', '.join((*outputs, *inputs)) or 'nothing'} (protocol {model.protocol}{supported})"


def _device(configuration: DeviceConfiguration, key: DeviceKey, settings: DeviceSettings) -> Iterator[str]:
    definition = configuration.definition(key.protocol, key.identifier)
    names = [settings.display_name, definition.name if definition is not None else f"unknown protocol {key.protocol}"]
    number = "-" if settings.index is None else str(settings.index)
    yield escaped(f"{number}: {', '.join(name for name in names if name)} at {key.address} (protocol {key.protocol})")
    if settings.deny:
        yield "    may not connect"
    if settings.allow:
        yield "    may connect; devices that are not marked like this may not"
    if settings.message_gap is not None:
        yield f"    {settings.message_gap * 1000:g} ms between two commands"
    for (feature, type_), output in sorted(settings.outputs.items()):
        if text := ", ".join(_limits(output)):
            yield f"    feature {feature}, {type_}: {text}"


def _limits(output: OutputSettings) -> Iterator[str]:
    if output.disabled:
        yield "disabled"
    if output.value is not None:
        yield f"{output.value[0]} to {output.value[1]}"
    if output.duration is not None:
        yield f"{output.duration[0]} to {output.duration[1]} ms"
    if output.reverse:
        yield "reversed"
