"""What can be wrong with a configuration."""

from __future__ import annotations

from buttplug.core.errors import ButtplugError


class ConfigurationError(ButtplugError):
    """A configuration file or a setting cannot be used. The message names the place and what is wrong there."""
