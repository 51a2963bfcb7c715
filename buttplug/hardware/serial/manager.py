"""Finds serial ports.

A port says nothing about what is behind it, so only ports that the configuration names are ever opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType

from buttplug.hardware.base import BusReport
from buttplug.hardware.common.listing import Listed, ListingManager
from buttplug.hardware.serial.library import port_report, pyserial, system_ports
from buttplug.hardware.serial.link import SerialHardware
from buttplug.hardware.serial.specifier import SerialAdvertisement, SerialSpecifier
from buttplug.hardware.specifier import Specifier


class SerialManager(ListingManager[str]):
    """Offers the serial ports of this machine."""

    bus = "serial"
    what = "serial ports"

    def __init__(self, ports: Iterable[str] = ()) -> None:
        """``ports``: paths the configuration names, offered when they exist although the system does not list them."""
        super().__init__()
        self._named = frozenset(ports)

    def load(self) -> ModuleType:
        return pyserial()

    def list_entries(self) -> list[str]:
        paths = {port.device for port in system_ports()}
        # macOS has two names for each port, and lists one.
        paths |= {path.replace("/dev/cu.", "/dev/tty.", 1) for path in paths if path.startswith("/dev/cu.")}
        paths |= {path for path in self._named if Path(path).is_absolute() and Path(path).exists()}
        return sorted(paths)

    def describe(self, entry: str) -> Listed:
        return Listed(f"Serial port {entry}", entry, SerialAdvertisement(entry))

    def hardware(self, entry: str, specifier: Specifier) -> SerialHardware | None:
        return SerialHardware(specifier) if isinstance(specifier, SerialSpecifier) and specifier.port == entry else None

    def report(self, entries: Sequence[str]) -> BusReport:
        return port_report(self.bus, entries, f"ports: {', '.join(entries)}" if entries else "no ports")
