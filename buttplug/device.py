"""Devices where the official client has them. They are in :mod:`buttplug` too."""

from __future__ import annotations

from buttplug.client.device import ButtplugDevice

__all__ = ["ButtplugDevice"]
