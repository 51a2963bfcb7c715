"""The Buttplug server: embed it with :class:`ButtplugServer`, or run ``python -m buttplug.server``."""

from buttplug.server.server import ButtplugServer
from buttplug.server.signals import stop_on_signals

__all__ = ["ButtplugServer", "stop_on_signals"]
