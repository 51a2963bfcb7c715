"""The Buttplug server: embed it with :class:`ButtplugServer`, or run ``python -m buttplug.server``."""

from buttplug.server.server import ButtplugServer

__all__ = ["ButtplugServer"]
