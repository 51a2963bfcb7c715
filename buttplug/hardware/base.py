"""The interfaces of every bus: communication managers find devices, hardware is one open link to a device.

A new bus is a package with a :class:`CommunicationManager`, a :class:`Hardware` and a
:class:`~buttplug.hardware.specifier.Specifier`, and a row in :mod:`buttplug.hardware.registry`. Managers and hardware run on
the event loop: what blocks goes to a thread, and what comes from a thread enters by ``loop.call_soon_threadsafe``. All waiting
uses the loop's clock.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self, TypeAlias, TypeVar

from msgspec import Struct

from buttplug.core.enums import OutputType
from buttplug.core.log import logger_of
from buttplug.core.messages import Range
from buttplug.core.text import escaped
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError, HardwareTimeoutError
from buttplug.hardware.specifier import Advertisement, Specifier

logger: logging.Logger = logger_of(__name__)

T = TypeVar("T")

#: The names an endpoint can have: a role, which each bus maps to a characteristic, a pipe or nothing.
ENDPOINTS = frozenset(
    "command firmware rx rxaccel rxblebattery rxblemodel rxpressure rxtouch tx txmode txshock txvibrate txvendorcontrol "
    "whitelist".split()
) | {f"generic{number}" for number in range(32)}

#: Notifications kept for a listener that does not fetch them; then the oldest are dropped.
NOTIFICATION_LIMIT = 256


class Packet(Struct, frozen=True, gc=False):
    """Bytes for one endpoint.

    ``response``: wait for the device's acknowledgement, on buses that know one. ``pause``: seconds until the device can take
    the next packet.
    """

    data: bytes
    endpoint: str = "tx"
    response: bool = False
    pause: float = 0.0


class Notification(Struct, frozen=True):
    """Bytes a device sent by itself."""

    endpoint: str
    data: bytes


class Told(Protocol):
    """What an output of a device was told, by packets that were written: ``value`` in device units, ``duration`` in ms."""

    @property
    def feature(self) -> int:
        """The index of its feature."""

    @property
    def type(self) -> OutputType:
        """Which kind of output."""

    @property
    def value(self) -> int:
        """What it was told."""

    @property
    def duration(self) -> int:
        """How long a timed move takes."""


#: The ranges of all outputs of a device, in device units, by feature and kind.
Ranges: TypeAlias = Mapping[tuple[int, OutputType], Range]
OnTold: TypeAlias = Callable[[Ranges, Iterable[Told], float], None]


class Hardware(ABC):
    """An open link to one device.

    ``message_gap`` is the shortest time in seconds between two commands that the bus asks for; a device definition may say
    otherwise. ``specifier`` is the one of those given to :meth:`Discovery.connect` that fits the device. Of ``name`` what is
    not printable is escaped, since it comes from the device and goes to logs.
    """

    #: The shortest time in seconds between any two packets, those of one command and of a stop included.
    spacing: float = 0.0

    #: Whether a packet that is written arrives behind all that were written before, also behind those that were given up.
    keeps_order: ClassVar[bool] = True

    #: Whether opening the link may make the device start anew: then it is deaf for some seconds.
    restarts_device: ClassVar[bool] = False

    #: Whether a write under way is cut off at once for a stop, because it may wait for long before it even begins.
    waits_to_write: ClassVar[bool] = False

    #: What ends a line, for a device that reads lines; its protocol sets it. After a packet that broke off half-way it is sent
    #: first, since the device would take the next packet for the rest of that line.
    line_end: bytes = b""

    #: Why the server lets go of a device that it cannot use; a bus on which that is possible tells the device.
    refusal: str | None = None

    #: What clients are told as the device's name, where its model only says of what kind it is; escaped as ``name`` is.
    own_name: str | None = None

    #: Whether the address may be another device's next time; then nothing is kept under it.
    provisional_address = False

    #: Stops the device, for a bus that is about to give up its link. The server sets it.
    stop_device: Callable[[], asyncio.Future[Any]] | None = None

    #: Gets what each output was told, once it was written. Only a simulation asks for it: it does not understand the packets.
    on_told: OnTold | None = None

    def __init__(
        self,
        *,
        name: str,
        address: str,
        endpoints: Iterable[str],
        specifier: Specifier,
        manufacturer_data: Mapping[int, bytes] | None = None,
        message_gap: float = 0.0,
    ) -> None:
        self.name: str = escaped(name)
        self.address = address
        self.endpoints: frozenset[str] = frozenset(endpoints)
        self.specifier = specifier
        self.manufacturer_data: Mapping[int, bytes] = manufacturer_data or {}
        self.message_gap = message_gap
        self.connected: bool = True
        self._on_notification: list[Callable[[Notification], None]] = []
        self._on_disconnect: list[Callable[[str], None]] = []

    @abstractmethod
    async def write(self, packet: Packet) -> None:
        """Write one packet; return when the bus has taken it.

        Raises:
            HardwareError: It was not written.
        """

    async def write_stop(self, packet: Packet) -> None:
        """Write one packet of a stop: the same, but ahead of all that waits, on a link that several devices share.

        Raises:
            HardwareError: It was not written.
        """
        await self.write(packet)

    async def read(self, endpoint: str) -> bytes:
        """Read the value of an endpoint.

        Raises:
            HardwareError: It was not read, or the bus cannot read.
        """
        raise HardwareError(f"{self.name}: endpoint {endpoint} cannot be read")

    async def subscribe(self, endpoint: str) -> None:
        """Ask the device to send notifications on an endpoint. A second time does nothing.

        Raises:
            HardwareError: It was refused, or the bus knows no notifications.
        """
        raise HardwareError(f"{self.name}: endpoint {endpoint} sends no notifications")

    async def unsubscribe(self, endpoint: str) -> None:
        """End the notifications of an endpoint; nothing happens where there are none.

        Raises:
            HardwareError: It was refused.
        """
        raise HardwareError(f"{self.name}: endpoint {endpoint} sends no notifications")

    def settled(self) -> asyncio.Future[None] | None:
        """Return what is done once no write that was given up can arrive any more; None where none can.

        Only for buses that do not keep order: on others a packet that arrives settles all before it.
        """
        return None

    @property
    def knows_battery(self) -> bool:
        """Whether this device has a battery that not all of its model have; its protocol reads the level."""
        return False

    @property
    def knows_signal_strength(self) -> bool:
        """Whether :meth:`read_rssi` knows the signal strength."""
        return False

    async def read_rssi(self) -> int:
        """Return the signal strength in dBm.

        Raises:
            HardwareError: The bus does not know it.
        """
        raise HardwareError(f"{self.name}: this bus knows no signal strength")

    @abstractmethod
    async def disconnect(self) -> None:
        """Close the link and wait until it is closed. Never raises; a second time does nothing."""

    def on_notification(self, callback: Callable[[Notification], None]) -> Callable[[], None]:
        """Call back for every notification; returns a function that ends this."""
        self._on_notification.append(callback)
        return lambda: self._on_notification.remove(callback)

    def on_disconnect(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call back once, with the reason, when the link is gone; at once if it is. Returns a function that ends this."""
        if not self.connected:
            callback("it was disconnected")
            return lambda: None
        self._on_disconnect.append(callback)
        return lambda: self._on_disconnect.remove(callback) if callback in self._on_disconnect else None

    def listen(self) -> Listener:
        """Collect notifications from now on, to be waited for one by one: ``with hardware.listen() as listener: …``."""
        return Listener(self)

    def notified(self, endpoint: str, data: bytes) -> None:
        """For the bus: the device sent something."""
        notification = Notification(endpoint, bytes(data))
        for callback in tuple(self._on_notification):
            callback(notification)

    def lost(self, reason: str) -> None:
        """For the bus: the link is gone, by whatever cause. Only the first call counts."""
        if not self.connected:
            return
        self.connected = False
        callbacks, self._on_disconnect = self._on_disconnect, []
        for callback in callbacks:
            callback(reason)

    def require(self, endpoint: str) -> None:
        """Raise what a bus raises for a link that is gone or an endpoint that the device does not have."""
        if not self.connected:
            raise HardwareDisconnectedError(f"{self.name} is disconnected")
        if endpoint not in self.endpoints:
            raise HardwareError(f"{self.name} has no endpoint {endpoint}; it has {', '.join(sorted(self.endpoints))}")


class Listener:
    """Notifications of one device in the order they came, for hand-shakes and queries."""

    def __init__(self, hardware: Hardware) -> None:
        self._hardware = hardware
        self._notifications: deque[Notification] = deque(maxlen=NOTIFICATION_LIMIT)
        self._lost: str | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._end: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        self._end = [self._hardware.on_notification(self._notified), self._hardware.on_disconnect(self._disconnected)]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for end in self._end:
            end()

    async def next(self, timeout: float) -> Notification:
        """Return the oldest notification not yet returned, waiting up to ``timeout`` seconds for one.

        Raises:
            HardwareTimeoutError: None came.
            HardwareDisconnectedError: The link is gone.
        """
        try:
            async with asyncio.timeout(timeout):
                while not self._notifications:
                    if self._lost is not None:
                        raise HardwareDisconnectedError(f"{self._hardware.name} was lost: {self._lost}")
                    self._waiting = asyncio.get_running_loop().create_future()
                    await self._waiting
        except TimeoutError:
            raise HardwareTimeoutError(f"{self._hardware.name} sent nothing for {timeout:g} s") from None
        return self._notifications.popleft()

    async def find(self, parse: Callable[[Notification], T | None], timeout: float) -> T:
        """Return what ``parse`` makes of the first notification that it does not answer with None.

        ``timeout`` is in seconds, for all notifications together.

        Raises:
            HardwareTimeoutError: None came that ``parse`` understood.
            HardwareDisconnectedError: The link is gone.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while True:
            try:
                notification = await self.next(end - loop.time())
            except HardwareTimeoutError:
                raise HardwareTimeoutError(f"{self._hardware.name} did not answer within {timeout:g} s") from None
            if (found := parse(notification)) is not None:
                return found
            # A device may send many at once, and reading them takes its time.
            await asyncio.sleep(0)

    def _notified(self, notification: Notification) -> None:
        self._notifications.append(notification)
        self._wake()

    def _disconnected(self, reason: str) -> None:
        self._lost = reason
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


@dataclass(frozen=True)
class Discovery:
    """A device a communication manager found, not yet opened. Of its name what is not printable is escaped.

    ``address`` is stable: it tells one device from another, and its index and settings are found by it. ``connect`` opens the
    link, given the specifiers of the protocols that match, best first; the hardware's ``specifier`` says which one fitted.
    It raises :class:`HardwareError`. ``refused`` is called, with the reason, when the device is not wanted. ``was_connected``:
    the system already had a link to it, so it may be running with nobody driving it. ``waits_for_turn``: whether it is
    not being connected yet because other devices come first.
    """

    name: str
    address: str
    advertisement: Advertisement
    connect: Callable[[Sequence[Specifier]], Awaitable[Hardware]]
    refused: Callable[[str], None] = lambda reason: None
    was_connected: bool = False
    waits_for_turn: Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", escaped(self.name))

    @property
    def label(self) -> str:
        """The device in logs."""
        return self.name or escaped(self.address)


class BusReport(Struct, frozen=True):
    """Whether a bus can be used here, for people: ``summary`` says what was found, ``remedy`` what would mend it."""

    bus: str
    ok: bool
    summary: str
    remedy: str | None = None


class CommunicationManager(ABC):
    """Finds the devices of one bus.

    The device manager sets ``on_found`` and ``on_scanning_finished`` before the first call. ``on_found`` may be called at any
    time: a bus may know devices that come without a scan. Devices may be reported again and again; the device manager knows
    which it has. ``on_scanning_finished`` is for scans that end by themselves, because the bus fails for instance.
    """

    #: The bus in log lines and error messages, for instance "Bluetooth LE".
    bus: ClassVar[str]

    def __init__(self) -> None:
        self.on_found: Callable[[Discovery], None] = lambda discovery: None
        self.on_scanning_finished: Callable[[], None] = lambda: None

    @property
    @abstractmethod
    def scanning(self) -> bool:
        """Whether a scan is on."""

    async def open(self) -> None:
        """Start what must run outside scans too, for instance a listener. Called once, before anything else.

        Raises:
            BusUnavailableError: The bus cannot be used.
        """

    @abstractmethod
    async def start_scanning(self) -> None:
        """Start looking for devices; return when the search is on. While a scan is on nothing happens, but that
        devices which could not be connected are tried again at once.

        Raises:
            BusUnavailableError: The bus cannot be used now.
        """

    @abstractmethod
    async def stop_scanning(self) -> None:
        """End the scan and wait until it has ended. While none is on nothing happens."""

    async def check(self) -> BusReport:
        """Return whether the bus can be used, without starting anything that stays. Never raises."""
        return BusReport(self.bus, ok=True, summary="ready")

    async def close(self) -> None:
        """End everything that was started and wait for it."""
        await self.stop_scanning()
