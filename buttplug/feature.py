"""Features where the official client has them. They are in :mod:`buttplug` too."""

from __future__ import annotations

from buttplug.client.command import CommandValue
from buttplug.client.device import DeviceFeature

__all__ = ["CommandValue", "DeviceFeature"]
