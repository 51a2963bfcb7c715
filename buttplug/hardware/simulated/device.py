"""Devices without hardware, for tests and for trying things out.

A :class:`SimulatedDevice` remembers what it was sent, answers what it was told to answer, and misbehaves when asked to. It
stands behind any kind of advertisement, so the server treats it like a device on that bus.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol, TypeAlias

from msgspec import Struct, structs

from buttplug.hardware.base import Discovery, Hardware, Packet
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError
from buttplug.hardware.specifier import Advertisement, Specifier

logger = logging.getLogger(__package__)

#: Packets and commands a device remembers; then the oldest are forgotten.
MEMORY = 10_000


class Subscribe(Struct, frozen=True):
    """The server asked for notifications on an endpoint."""

    endpoint: str


class Unsubscribe(Struct, frozen=True):
    """The server ended the notifications of an endpoint."""

    endpoint: str


Command: TypeAlias = Packet | Subscribe | Unsubscribe


class Link(Protocol):
    """What a simulated device knows of its link: :class:`SimulatedHardware`, or a fake of a real bus in tests."""

    @property
    def connected(self) -> bool:
        """Whether the link is there."""

    @property
    def subscribed(self) -> set[str]:
        """The endpoints whose notifications are wanted."""

    def notified(self, endpoint: str, data: bytes) -> None:
        """Take what the device sends by itself."""

    def lost(self, reason: str) -> None:
        """The device dropped the link."""


class SimulatedDevice:
    """One device that does not exist.

    Attributes:
        packets: What was written to it, oldest first.
        commands: The same with subscriptions in between.
        readable: What a read of each endpoint returns. A list is used up from its start, but for its last entry.
        on_packet: Called with every packet, for answers: ``device.on_packet = lambda packet: device.notify("rx", b"OK;")``.
        on_subscribe: Called with an endpoint whenever its notifications are asked for: for what a device says at once.
        write_delay: Seconds every write takes.
        write_error: Raised by every write while it is set.
        connect_error: Raised by every attempt to connect while it is set.
        in_range: Whether a scan finds it.
        rssi: Its signal strength in dBm; None for a device whose strength is not known.
        knows_battery: Whether it has a battery that not all of its model have.
        hardware: The link to it, while it is connected.
    """

    def __init__(
        self,
        name: str,
        advertisement: Advertisement,
        *,
        address: str,
        endpoints: Iterable[str] | None = None,
        message_gap: float = 0.0,
        label: str = "",
        provisional_address: bool = False,
    ) -> None:
        """Make a device.

        ``endpoints`` None gives it all that the configuration names for its protocol. ``label`` is what logs call it, ``name``
        what it advertises. ``provisional_address``: the manager that it is added to may give it another address.
        """
        self.name = name
        self.label = label or name
        self.advertisement = advertisement
        self.address = address
        self.provisional_address = provisional_address
        self.endpoints = None if endpoints is None else frozenset(endpoints)
        self.message_gap = message_gap
        self.packets: deque[Packet] = deque(maxlen=MEMORY)
        self.commands: deque[Command] = deque(maxlen=MEMORY)
        self.readable: dict[str, list[bytes]] = {}
        self.on_packet: Callable[[Packet], None] = lambda packet: None
        self.on_subscribe: Callable[[str], None] = lambda endpoint: None
        self.write_delay = 0.0
        self.write_error: HardwareError | None = None
        self.connect_error: HardwareError | None = None
        self.in_range = True
        self.rssi: int | None = None
        self.knows_battery = False
        self.hardware: Link | None = None
        self.on_return: Callable[[SimulatedDevice], None] = lambda device: None

    @property
    def connected(self) -> bool:
        """Whether a server has it open."""
        return self.hardware is not None and self.hardware.connected

    def notify(self, endpoint: str, data: bytes) -> None:
        """Send bytes to the server, as the device would by itself; lost unless the server subscribed to the endpoint."""
        if self.hardware is not None and endpoint in self.hardware.subscribed:
            self.hardware.notified(endpoint, data)

    def disconnect(self, reason: str = "out of range") -> None:
        """Drop the link, as a device that is switched off, and do not be found until :meth:`come_back`."""
        self.in_range = False
        if self.hardware is not None:
            self.hardware.lost(reason)

    def come_back(self) -> None:
        """Be in range again. A device that was connected before is found again by itself, as on a real bus."""
        self.in_range = True
        self.on_return(self)

    def received(self, packet: Packet) -> None:
        """Take a packet as if a server had written it; what stands in for a bus calls this."""
        self.packets.append(packet)
        self.commands.append(packet)
        if logger.isEnabledFor(logging.INFO):
            logger.info("%s <- %s %s", self.label, packet.endpoint, show(packet.data))
        self.on_packet(packet)

    def value_of(self, endpoint: str) -> bytes:
        """Return what a read of an endpoint gives now."""
        replies = self.readable.get(endpoint)
        if not replies:
            raise HardwareError(f"{self.name} has nothing to read on {endpoint}")
        return replies.pop(0) if len(replies) > 1 else replies[0]

    def discovery(self) -> Discovery:
        """Return what a communication manager reports of it."""
        return Discovery(self.name, self.address, self.advertisement, self._connect)

    async def _connect(self, specifiers: Sequence[Specifier]) -> Hardware:
        if self.connect_error is not None:
            raise self.connect_error
        if not self.in_range:
            raise HardwareDisconnectedError(f"{self.name} is out of range")
        self.hardware = SimulatedHardware(self, specifiers[0])
        return self.hardware


def free_address(taken: Collection[str]) -> str:
    """Return the first of "simulated-1", "simulated-2" and so on that is not taken."""
    return next(free for number in range(1, len(taken) + 2) if (free := f"simulated-{number}") not in taken)


class SimulatedHardware(Hardware):
    """The link to a simulated device."""

    def __init__(self, device: SimulatedDevice, specifier: Specifier) -> None:
        advertisement = device.advertisement
        super().__init__(
            name=device.name,
            address=device.address,
            endpoints=specifier.endpoints if device.endpoints is None else device.endpoints,
            specifier=specifier,
            manufacturer_data=getattr(advertisement, "manufacturer_data", None),
            message_gap=device.message_gap,
        )
        self.device = device
        self.provisional_address = device.provisional_address
        self.subscribed: set[str] = set()

    async def write(self, packet: Packet) -> None:
        self.require(packet.endpoint)
        device = self.device
        if device.write_delay:
            await asyncio.sleep(device.write_delay)
            self.require(packet.endpoint)
        if device.write_error is not None:
            raise device.write_error
        # How long to wait behind it is for the server, not for the device.
        device.received(structs.replace(packet, pause=0.0) if packet.pause else packet)

    async def read(self, endpoint: str) -> bytes:
        self.require(endpoint)
        return self.device.value_of(endpoint)

    async def subscribe(self, endpoint: str) -> None:
        self.require(endpoint)
        self.subscribed.add(endpoint)
        self.device.commands.append(Subscribe(endpoint))
        self.device.on_subscribe(endpoint)

    async def unsubscribe(self, endpoint: str) -> None:
        self.require(endpoint)
        self.subscribed.discard(endpoint)
        self.device.commands.append(Unsubscribe(endpoint))

    @property
    def knows_battery(self) -> bool:
        return self.device.knows_battery

    @property
    def knows_signal_strength(self) -> bool:
        return self.device.rssi is not None

    async def read_rssi(self) -> int:
        if self.device.rssi is None:
            return await super().read_rssi()
        return self.device.rssi

    async def disconnect(self) -> None:
        self.lost("the server closed it")


def show(data: bytes) -> str:
    """Return bytes for people: as text where they are text, else in hexadecimal."""
    text = data.decode("ascii", "replace")
    if text.isascii() and text.replace("\n", "").isprintable():
        return '"' + text.replace("\n", "\\n") + '"'
    return data.hex(" ")
