"""The Buttplug server."""
