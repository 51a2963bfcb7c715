"""Which buses the switches turn on."""

from __future__ import annotations

from collections.abc import Mapping

from buttplug.hardware.registry import BUSES

DEVICE_SERVER = "device-websocket-server"
LOVENSE_CONNECT = "lovense-connect"


def buses_on(switches: Mapping[str, bool | None], *, simulating: bool) -> tuple[str, ...]:
    """Return the buses to use: exactly those turned on, else the usual ones, or none beside simulated devices."""
    chosen = any(switches.values()) or simulating
    return tuple(
        bus.option for bus in BUSES if (switches[bus.option] if chosen else switches[bus.option] is not False and bus.default)
    )
