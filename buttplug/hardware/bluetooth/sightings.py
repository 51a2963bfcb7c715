"""What was heard from Bluetooth LE devices around, and when that is worth reporting.

Devices advertise in pieces and without end: a name in one packet, services in another, counters in the manufacturer data that
change every second. The pieces are put together here, in bounded memory.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from buttplug.hardware.base import Hardware
from buttplug.hardware.bluetooth.specifier import BluetoothAdvertisement

#: Devices remembered; then the one not heard from for longest is forgotten.
MEMORY = 512

#: Services and companies remembered of one device, so that one that makes up new ones fills no memory.
SERVICES = 64
COMPANIES = 16

#: Seconds between two reports of a device when only its manufacturer data changed.
ROLLING_INTERVAL = 1.0

#: Seconds after a failed connect, the first and those after it, before the device is reported again.
RETRY_DELAYS = (2.0, 5.0, 15.0, 60.0)

#: Seconds a link has to last to count as good. One that the server itself ends earlier, for instance because the device
#: did not answer the hand-shake, counts as a failed connect.
GOOD_LINK_TIME = 20.0

#: Seconds within which a link that is lost counts as a failed connect.
SHORT_LINK_TIME = 5.0

#: Seconds to wait for a name, which often comes in a packet of its own. A device's settings are found by its name too.
NAME_WAIT = 1.0

#: Seconds after a drop-out in which an advertisement does not mean that the device is back: systems report the disconnect
#: itself as a change of the device, which looks like an advertisement.
DISCONNECT_ECHO_TIME = 0.5

Handle = TypeVar("Handle")


@dataclass(eq=False)
class Sighting(Generic[Handle]):
    """One device: all that its advertisements said so far, and how connecting to it went.

    ``handle`` is the platform's. ``rssi`` is the last one heard, in dBm. ``reconnecting``: it dropped out and is to be
    connected again by itself, until such a link has lasted. ``connecting``: a connect is under way. ``link`` is the open link.
    ``was_connected``: the system once had a link to it that is not the server's. Times are the event loop's, in seconds.
    """

    address: str
    handle: Handle
    first_heard: float
    name: str = ""
    services: frozenset[str] = frozenset()
    manufacturer_data: dict[int, bytes] = field(default_factory=dict)
    rssi: int | None = None
    reconnecting: bool = False
    connecting: bool = False
    link: Hardware | None = None
    was_connected: bool = False
    connected_at: float = 0.0
    failures: int = 0
    retry_at: float = -math.inf
    reported: BluetoothAdvertisement | None = None
    reported_at: float = -math.inf

    @property
    def held(self) -> bool:
        """Whether it must not be forgotten."""
        return self.reconnecting or self.connecting or self.link is not None

    @property
    def missing(self) -> bool:
        """Whether it dropped out and is not back."""
        return self.reconnecting and self.link is None

    @property
    def advertisement(self) -> BluetoothAdvertisement:
        """What is known of it."""
        return BluetoothAdvertisement(self.name, dict(self.manufacturer_data), self.services)

    def merge(self, name: str | None, services: Collection[str], manufacturer_data: Mapping[int, bytes]) -> None:
        """Add one advertisement: the last name, the union of the services, the latest data of each company."""
        self.name = name or self.name
        if not self.services.issuperset(heard := [service.lower() for service in services]):
            self.services = frozenset(heard) | self.services if len(self.services) < SERVICES else frozenset(heard)
        for company, data in manufacturer_data.items():
            self.manufacturer_data.pop(company, None)
            self.manufacturer_data[company] = data
        while len(self.manufacturer_data) > COMPANIES:
            del self.manufacturer_data[next(iter(self.manufacturer_data))]

    def due(self, now: float, *, scanning: bool) -> BluetoothAdvertisement | None:
        """Return the advertisement to report now, and count it as reported; None when there is nothing to report."""
        if self.connecting or self.link is not None or now < self.retry_at or not (scanning or self.reconnecting):
            return None
        if not self.name and not self.was_connected and now < self.first_heard + NAME_WAIT:
            return None
        advertisement = self.advertisement
        if advertisement == BluetoothAdvertisement() or not (self.reconnecting or self._is_new(advertisement, now)):
            return None
        if self.reconnecting:
            # Reported until it is connected; this leaves time for the connect to begin.
            self.retry_at = now + RETRY_DELAYS[0]
        self.reported = advertisement
        self.reported_at = now
        return advertisement

    def _is_new(self, advertisement: BluetoothAdvertisement, now: float) -> bool:
        before = self.reported
        if before is None or (advertisement.name, advertisement.services) != (before.name, before.services):
            return True
        changed = advertisement.manufacturer_data != before.manufacturer_data
        return changed and now >= self.reported_at + ROLLING_INTERVAL

    def connected(self, link: Hardware, now: float) -> None:
        """Note an open link."""
        self.link = link
        self.connected_at = now

    def failed(self, now: float) -> None:
        """Note a connect that failed."""
        self.retry_at = now + RETRY_DELAYS[min(self.failures, len(RETRY_DELAYS) - 1)]
        self.failures += 1
        self.reported = None

    def closed(self, now: float) -> None:
        """Note that the server ended the link."""
        self.link = None
        if now >= self.connected_at + GOOD_LINK_TIME:
            self.failures = 0
            self.reconnecting = False
        self.failed(now)

    def dropped(self, now: float) -> None:
        """Note that the link was lost."""
        self.link = None
        self.reconnecting = True
        if now < self.connected_at + SHORT_LINK_TIME:
            self.failed(now)
        else:
            self.failures = 0
            self.retry_at = now + DISCONNECT_ECHO_TIME


class Sightings(Generic[Handle]):
    """The devices heard, by address; the longest silent one is forgotten first, one that is held only if all are."""

    def __init__(self) -> None:
        self._by_address: OrderedDict[str, Sighting[Handle]] = OrderedDict()

    def heard(self, address: str, handle: Handle, now: float) -> Sighting[Handle]:
        """Return the sighting of a device that was just heard."""
        sighting = self._by_address.get(address)
        if sighting is None:
            sighting = self._by_address[address] = Sighting(address, handle, first_heard=now)
            self._forget_silent()
        sighting.handle = handle
        self._by_address.move_to_end(address)
        return sighting

    def get(self, address: str) -> Sighting[Handle] | None:
        """Return what is known of a device."""
        return self._by_address.get(address)

    def held(self) -> list[Sighting[Handle]]:
        """Return the devices that are connected, being connected, or to be connected again."""
        return [sighting for sighting in self._by_address.values() if sighting.held]

    def report_again(self) -> None:
        """Have every device reported again: a new scan begins."""
        for sighting in self._by_address.values():
            sighting.reported = None

    def try_again(self) -> None:
        """Have those reported at once that could not be connected: somebody looks for devices now."""
        for sighting in self._by_address.values():
            sighting.failures = 0
            sighting.retry_at = -math.inf

    def __len__(self) -> int:
        return len(self._by_address)

    def _forget_silent(self) -> None:
        if len(self._by_address) > MEMORY:
            *silent, _ = self._by_address.values()
            oldest = next((sighting for sighting in silent if not sighting.held), None)
            if oldest is None:
                # Hundreds dropped out and did not come back: most likely one device with a new address each time.
                oldest = next((sighting for sighting in silent if sighting.missing and not sighting.connecting), None)
            if oldest is not None:
                del self._by_address[oldest.address]
