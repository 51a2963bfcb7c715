"""Devices without hardware, for tests and for trying things out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buttplug.hardware.common.lazy import import_on_use
from buttplug.hardware.simulated.specifier import SimulatedAdvertisement, SimulatedSpecifier

if TYPE_CHECKING:
    from buttplug.hardware.simulated.device import SimulatedDevice
    from buttplug.hardware.simulated.link import Command, SimulatedHardware, Subscribe, Unsubscribe
    from buttplug.hardware.simulated.manager import SimulatedManager
else:
    __getattr__ = import_on_use(
        __name__,
        Command="link",
        SimulatedDevice="device",
        SimulatedHardware="link",
        SimulatedManager="manager",
        Subscribe="link",
        Unsubscribe="link",
    )

__all__ = [
    "Command",
    "SimulatedAdvertisement",
    "SimulatedDevice",
    "SimulatedHardware",
    "SimulatedManager",
    "SimulatedSpecifier",
    "Subscribe",
    "Unsubscribe",
]
