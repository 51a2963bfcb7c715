"""The Buttplug client."""
