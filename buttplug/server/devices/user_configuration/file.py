"""A user's configuration file: read into a configuration, and saved from it."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from buttplug.core.log import logger_of
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.settings import DeviceSettings
from buttplug.server.devices.user_configuration import document
from buttplug.server.devices.user_configuration.addition_writing import written_protocols, written_simulated_devices
from buttplug.server.devices.user_configuration.device_writing import new_entry, write_device
from buttplug.server.devices.user_configuration.reading import DeviceEntry, Entries, read
from buttplug.server.devices.user_configuration.saving import replace_file

logger: logging.Logger = logger_of(__name__)

#: The format of new files.
NEW_FORMAT = 5


class UserFile:
    """What a user set, in the ecosystem's formats 4 and 5.

    Attributes:
        path: Where the file is.
        read_only: Why it is never written; None where it may be.
    """

    def __init__(self, path: Path, configuration: DeviceConfiguration) -> None:
        """Prepare an empty file; nothing is read or written yet."""
        # Absolute, since it is saved later, when the program may work in another directory.
        self.path: Path = path.absolute()
        self.read_only: str | None = None
        self._configuration = configuration
        self._on_disk: bytes | None = None
        self._content: dict[str, object] = {"version": {"major": NEW_FORMAT, "minor": configuration.version.minor}}
        self._entries = Entries()
        self._writing = threading.Lock()

    @classmethod
    def open(cls, path: Path, configuration: DeviceConfiguration) -> UserFile:
        """Read a file if it is there, and have the configuration saved in it from now on.

        Raises:
            ConfigurationError: It is there, and cannot be used.
        """
        file = cls(path, configuration)
        if path.exists():
            file.read()
        configuration.user_file = file
        return file

    def read(self) -> None:
        """Add what the file has in it to the configuration, with a warning for each entry that cannot be used.

        Raises:
            ConfigurationError: It cannot be read, is not JSON, or has another format; the message has the place of the fault.
        """
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be read: {error.strerror}") from error
        try:
            content, self.read_only = document.parse(data)
        except ConfigurationError as error:
            raise ConfigurationError(f"{self.path}: {error}") from None
        if self.read_only is not None:
            logger.warning("%s is only read, nothing is saved in it: %s", self.path, self.read_only)
        self.take(content, self.path)
        self._on_disk = data

    def take(self, content: object, source: Path) -> None:
        """Add content to the configuration, as the content of this file. It takes effect on connected devices at once.

        ``source`` is where it is from.

        Raises:
            ConfigurationError: It is no user configuration, or has another format.
        """
        content = document.without_nulls(content)
        self._entries = read(source, content, self._configuration)
        assert isinstance(content, dict), "it was read"
        self._content = content
        logger.info("%s: read %s", source, self._entries.summary)
        self._configuration.tell_watchers()

    @property
    def summary(self) -> str:
        """What was read: "2 devices, 3 limits"."""
        return self._entries.summary

    def render(self) -> bytes:
        """Return the file as it is to be.

        Raises:
            ConfigurationError: It is only read.
        """
        if self.read_only is not None:
            raise ConfigurationError(f"{self.path} is not saved: {self.read_only}")
        user_configs = self._content.setdefault("user_configs", {})
        assert isinstance(user_configs, dict), "it was read"
        protocols = written_protocols(self._entries.protocols, user_configs.get("protocols", {}), self._configuration)
        self._entries.devices = self._devices()
        self._entries.simulated_devices = written_simulated_devices(self._entries.simulated_devices, self._configuration)
        lists = {
            "protocols": protocols,
            "devices": [entry.content for entry in self._entries.devices],
            "simulated_devices": [content for content, _ in self._entries.simulated_devices],
        }
        for key, value in lists.items():
            if value or key in user_configs:
                user_configs[key] = value
        return document.write(self._content)

    def save(self) -> None:
        """Write the file, and keep what was in it before as one backup beside it.

        Raises:
            ConfigurationError: It is only read, cannot be written, or was changed by another program. It is as it was.
        """
        self.write(self.render())

    def write(self, data: bytes) -> None:
        """Write what :meth:`render` returned; on any thread.

        Raises:
            ConfigurationError: It cannot be written, or was changed by another program. It is as it was.
        """
        with self._writing:
            if data != self._on_disk:
                replace_file(self.path, data, self._on_disk)
                self._on_disk = data

    def _devices(self) -> list[DeviceEntry]:
        """Return the entries of all devices, brought up to date."""
        settings = self._configuration.number_devices()
        last = {entry.key: entry for entry in self._entries.devices if entry.key is not None}
        unchanged = {key for key, entry in last.items() if settings.get(key) == entry.settings}
        written = []
        for entry in self._entries.devices:
            if entry.key is None or (entry.key in unchanged and entry is not last[entry.key]):
                written.append(entry)
            elif entry.key in unchanged:
                written.append(self._updated(entry, entry.settings, settings[entry.key], entry.own))
            elif entry.key in settings and entry is last[entry.key]:
                # What earlier entries for the device say is said in this one too, since they go.
                written.append(self._updated(entry, entry.own, settings[entry.key]))
        new = (key for key in settings if key not in last)
        return written + [self._updated(DeviceEntry(new_entry(key), key), DeviceSettings(), settings[key]) for key in new]

    def _updated(
        self, entry: DeviceEntry, before: DeviceSettings, settings: DeviceSettings, own: DeviceSettings | None = None
    ) -> DeviceEntry:
        """Return an entry with other settings, of which it has ``before``."""
        key, content = entry.key, entry.content
        assert key is not None, "it was read"
        if before.unusable is not None and settings.unusable is None:
            content, before = new_entry(key), DeviceSettings()
        if settings.unusable is None:
            assert isinstance(content, dict), "it was read"
            write_device(content, key, before, settings, self._configuration)
        return DeviceEntry(content, key, settings if own is None else own, settings)


def load_user_configuration(path: Path, configuration: DeviceConfiguration) -> UserFile:
    """Add what a user's file says to a configuration. Nothing is ever saved in it; that is what :meth:`UserFile.open` is for.

    Raises:
        ConfigurationError: The file cannot be read, is not JSON, or has another format; the message has the place.
    """
    file = UserFile(path, configuration)
    file.read()
    return file
