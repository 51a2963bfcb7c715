"""What the options say of devices: the configuration with what users set."""

from __future__ import annotations

from pathlib import Path

from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.user_configuration.opening import open_user_file
from buttplug.server.devices.user_configuration.places import default_path
from buttplug.server.program.options import Options


def load_configuration(options: Options) -> DeviceConfiguration:
    """Return the configuration with what the user has set.

    Raises:
        ConfigurationError: A file cannot be used.
    """
    configuration = DeviceConfiguration.load(options.device_configuration)
    if options.action != "--import-central":
        open_user_file(options.user_configuration, configuration)
    return configuration


def import_settings(options: Options, configuration: DeviceConfiguration) -> str:
    """Bring over what was set in Intiface Central, or in the file that is named; return what was done, for people.

    Raises:
        ConfigurationError: There is nothing to bring, or a file cannot be used.
    """
    from buttplug.server.devices.user_configuration.central import import_central

    target = options.user_configuration or default_path()
    if not options.search:
        return import_central(target, configuration)
    source = Path(options.search)
    if not source.is_file():
        raise ConfigurationError(f"{source} is not there, or is no file: nothing is imported")
    return import_central(target, configuration, [source])
