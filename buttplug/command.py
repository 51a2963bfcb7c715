"""Output commands where the official client has them. They are in :mod:`buttplug` too."""

from __future__ import annotations

from buttplug.client.command import CommandValue, DeviceOutputCommand

__all__ = ["CommandValue", "DeviceOutputCommand"]
