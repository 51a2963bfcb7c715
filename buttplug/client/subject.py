"""What a request or an error is about: a device, or one feature of it."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from buttplug.core.errors import AffectedDevice, AffectedFeature, ButtplugDeviceError, DeviceErrorReason


class Presence(Protocol):
    """Knows whether a device is there."""

    @property
    def removed(self) -> bool:
        """Whether the device was removed from the server's list."""


class Subject(Struct, frozen=True):
    """A device, or a feature of one. As text it is what error messages call it."""

    device: AffectedDevice
    presence: Presence
    feature: AffectedFeature | None = None

    def __str__(self) -> str:
        device = f'device {self.device.index} "{self.device.name}"'
        if self.feature is None:
            return device
        description = f' "{self.feature.description}"' if self.feature.description else ""
        return f"{device}, feature {self.feature.index}{description}"

    def added_to(self, text: str) -> str:
        """Return the text of a server's error, with this added where the text does not name the device."""
        return text if any(name in text for name in self._names()) else f"{text} ({self})"

    def taken_out_of(self, text: str) -> str:
        """Return the text of a server's error without the device's names, which are anybody's words."""
        for name in self._names():
            text = text.replace(f'"{name}"', "")
        return text

    def error(self, text: str, reason: DeviceErrorReason) -> ButtplugDeviceError:
        """Return an error about this."""
        return ButtplugDeviceError(text, reason=reason, device=self.device, feature=self.feature)

    def refusal(self, text: str, reason: DeviceErrorReason) -> ButtplugDeviceError:
        """Return the error for something that is not even sent; its text ends with what it is about."""
        return self.error(f"{text} ({self})", reason)

    def _names(self) -> list[str]:
        return [name for name in (self.device.name, self.device.display_name) if name]
