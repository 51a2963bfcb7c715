"""Tests of programs that use Buttplug, without hardware. docs/testing.md shows how.

Where pytest is installed, its fixtures ``buttplug_client``, ``buttplug_url`` and their kin are there by themselves. Without
pytest :class:`Simulation` does the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from buttplug.hardware.errors import HardwareError
    from buttplug.hardware.simulated.device import Sent, SimulatedDevice
    from buttplug.testing.clock import Clock, virtual_time
    from buttplug.testing.simulation import Simulation, wait_until
else:

    def __getattr__(name: str) -> object:
        # pytest imports this for every test run in an environment that has it, also for those that do not use it.
        from importlib import import_module

        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_MODULES[name]), name)
        return value


_MODULES = {
    "Clock": "buttplug.testing.clock",
    "HardwareError": "buttplug.hardware.errors",
    "Sent": "buttplug.hardware.simulated.device",
    "SimulatedDevice": "buttplug.hardware.simulated.device",
    "Simulation": "buttplug.testing.simulation",
    "virtual_time": "buttplug.testing.clock",
    "wait_until": "buttplug.testing.simulation",
}

__all__ = ["Clock", "HardwareError", "Sent", "SimulatedDevice", "Simulation", "virtual_time", "wait_until"]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
