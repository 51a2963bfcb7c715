"""Devices without hardware, for tests and for trying things out.

A :class:`SimulatedDevice` remembers what it was sent, answers what it was told to answer, and misbehaves when asked to. It
stands behind any kind of advertisement, so the server treats it like a device on that bus.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol

from msgspec import Struct

from buttplug.core import kinds
from buttplug.core.enums import InputType, OutputType
from buttplug.core.log import logger_of
from buttplug.core.messages import Range
from buttplug.hardware.base import Discovery, Hardware, Packet, Ranges, Told
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError
from buttplug.hardware.simulated.link import Command, SimulatedHardware
from buttplug.hardware.specifier import Advertisement, Specifier

logger: logging.Logger = logger_of(__package__)

#: Packets and commands a device remembers; then the oldest are forgotten.
MEMORY = 10_000

#: How full a battery is until a test says otherwise, of 1.0.
BATTERY = 0.85
#: Where most devices have their battery level.
BATTERY_ENDPOINT = "rxblebattery"
#: Seconds that another thread waits for the event loop of the link.
OTHER_THREAD_LIMIT = 5.0


class Sent(Struct, frozen=True, gc=False):
    """What an output was told, and when.

    Attributes:
        at: Seconds by the clock of the server's event loop.
        output: Which kind of output.
        feature: The index of the feature.
        level: A share of the range that the device has: 0.0 to 1.0, or from -1.0 where there are two directions.
        duration: The seconds that a timed move takes; 0.0 for all else.
    """

    at: float
    output: OutputType
    feature: int
    level: float
    duration: float = 0.0


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

    It may be used in any thread: what it says to the server is said in the thread of the server's event loop.

    Attributes:
        sent: What its outputs were told, oldest first.
        packets: What was written to it, oldest first.
        commands: The same with subscriptions in between.
        on_packet: Called with every packet, for who wants to know.
        write_delay: Seconds every write takes.
        write_error: Raised by every write while it is set.
        connect_error: Raised by every attempt to connect while it is set.
        in_range: Whether a scan finds it.
        rssi: Its signal strength in dBm; None for a device whose strength is not known.
        knows_battery: Whether it has a battery that not all of its model have.
        own_name: What clients are told as its name, where its model only says of what kind it is, as of a game pad.
        hardware: The link to it, while it is connected.
        outputs: What it can do: the range of each output in device units, by feature and kind. Empty where that is not known.
        answer: What the device answers: called with every packet. This and what follows make it a device of its family: the
            protocol's module in ``server/protocols/peers`` sets them.
        readable: What a read of each endpoint returns. A list is used up from its start, but for its last entry.
        on_subscribe: Called with an endpoint whenever its notifications are asked for: for what a device says at once.
        show_battery: Puts a battery level, in percent, where the protocol looks for it.
        feeds: Says a value as the protocol's sensor does, by kind of input and feature.
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
        self.label: str = label or name
        self.advertisement = advertisement
        self.address = address
        self.provisional_address = provisional_address
        self.endpoints: frozenset[str] | None = None if endpoints is None else frozenset(endpoints)
        self.message_gap = message_gap
        self.packets: deque[Packet] = deque(maxlen=MEMORY)
        self.commands: deque[Command] = deque(maxlen=MEMORY)
        self.sent: deque[Sent] = deque(maxlen=MEMORY)
        self.on_packet: Callable[[Packet], None] = lambda packet: None
        self.outputs: dict[tuple[int, OutputType], Range] = {}
        self.answer: Callable[[Packet], None] = lambda packet: None
        self.on_subscribe: Callable[[str], None] = lambda endpoint: None
        self.readable: dict[str, list[bytes]] = {}
        self.show_battery: Callable[[int], None] = self._show_battery
        self.feeds: dict[tuple[InputType, int], Callable[[int], None]] = {}
        self._battery = BATTERY
        self._last: dict[tuple[int, OutputType], Sent] = {}
        self.write_delay: float = 0.0
        self.write_error: HardwareError | None = None
        self.connect_error: HardwareError | None = None
        self.in_range: bool = True
        self.rssi: int | None = None
        self.knows_battery = False
        self.own_name: str | None = None
        self.hardware: Link | None = None
        self.on_return: Callable[[SimulatedDevice], None] = lambda device: None

    def __repr__(self) -> str:
        state = "connected" if self.connected else "not connected" if self.in_range else "out of range"
        levels = "".join(f", {sent.output} {sent.level:.2f}" for sent in self._last.values())
        return f'<SimulatedDevice "{self.label}" at {self.address}: {state}{levels}>'

    @property
    def connected(self) -> bool:
        """Whether a server has it open."""
        return self.hardware is not None and self.hardware.connected

    # What it was told

    def level(self, output: OutputType | str, feature: int | None = None) -> float:
        """Return what an output was told last, as a share of the range that the device has.

        It is 0.0 to 1.0, or from -1.0 where there are two directions; 0.0 where nothing was sent yet. For a position it is
        where the part was last sent, whichever of the two commands did it.

        Args:
            output: Which kind of output: ``OutputType.VIBRATE``, or ``"vibrate"``.
            feature: The index of a feature. Without it, the feature with the strongest level counts.

        Raises:
            LookupError: The device has no such output.
        """
        type_ = kinds.output_type(output)
        known = [index for index, each in self.outputs if _same(each, type_) and feature in (None, index)]
        if self.outputs and not known:
            has = ", ".join(sorted({each.value for _, each in self.outputs})) or "none"
            where = "" if feature is None else f" in feature {feature}"
            raise LookupError(f"{self.label} has no {type_} output{where}; it has: {has}")
        levels = [sent.level for sent in self._last.values() if _same(sent.output, type_) and feature in (None, sent.feature)]
        return max(levels, key=abs, default=0.0)

    #: The same, as it reads best in tests: ``device.output("vibrate") == 0.5``.
    output = level

    def timeline(self, output: OutputType | str, feature: int | None = None) -> list[tuple[float, float]]:
        """Return what an output was told: seconds since the device was told anything, to the microsecond, and the level."""
        type_ = kinds.output_type(output)
        began = self.sent[0].at if self.sent else 0.0
        return [
            # The difference of two times may be 59.99999999999994 where a minute passed.
            (round(sent.at - began, 6), sent.level)
            for sent in self.sent
            if _same(sent.output, type_) and feature in (None, sent.feature)
        ]

    @property
    def is_stopped(self) -> bool:
        """Whether every level is 0, and no timed move goes on."""
        return not any(self._runs(sent) for sent in self._last.values())

    def _runs(self, sent: Sent) -> bool:
        if not sent.output.is_position:
            return bool(sent.level)
        loop = getattr(self.hardware, "loop", None)
        return sent.duration > 0 and loop is not None and not loop.is_closed() and loop.time() < sent.at + sent.duration

    def told(self, ranges: Ranges, outputs: Iterable[Told], at: float) -> None:
        """Take note of what outputs were told, and when."""
        for output in outputs:
            feature, type_ = slot = output.feature, output.type
            low, high = ranges[slot]
            if type_.is_position:
                slot = feature, OutputType.POSITION
                sent = Sent(at, type_, feature, (output.value - low) / (high - low), output.duration / 1000)
            else:
                sent = Sent(at, type_, feature, output.value / high)
            self.sent.append(sent)
            self._last[slot] = sent

    # What it says by itself

    @property
    def battery(self) -> float:
        """How full its battery is, from 0.0 to 1.0: what the next reading says. May be set."""
        return self._battery

    @battery.setter
    def battery(self, share: float) -> None:
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"a battery is 0.0 to 1.0 full, not {share}")
        self._battery = share
        self.show_battery(round(share * 100))

    def feed(self, input_type: InputType | str, value: int, feature: int | None = None) -> None:
        """Have a sensor say a value, in the range that the feature's inputs tell; lost where nobody has subscribed to it.

        Args:
            input_type: Which kind of input. The battery (in percent) and the signal strength (in dBm) are what the next
                reading says.
            value: What it says.
            feature: The index of the feature; without it the first that has such an input.

        Raises:
            LookupError: The device has no such input, or its protocol's readings are not simulated.
        """
        type_ = kinds.input_type(input_type)
        if type_ is InputType.BATTERY:
            self.battery = value / 100
        elif type_ is InputType.RSSI:
            self.rssi = value
        else:
            found = [feed for (each, index), feed in self.feeds.items() if each is type_ and feature in (None, index)]
            if not found:
                raise LookupError(f"{self.label} has no {type_} input that can be simulated")
            self._in_loop(lambda: found[0](value))

    def notify(self, endpoint: str, data: bytes) -> None:
        """Send bytes to the server, as the device would by itself; lost unless the server subscribed to the endpoint."""
        self._in_loop(lambda: self._notify(endpoint, data))

    def _notify(self, endpoint: str, data: bytes) -> None:
        if self.hardware is not None and endpoint in self.hardware.subscribed:
            self.hardware.notified(endpoint, data)

    def _show_battery(self, percent: int) -> None:
        self.readable[BATTERY_ENDPOINT] = [bytes((percent,))]

    # What goes wrong

    def fail(self, reason: str = "the battery is empty") -> None:
        """Have every write fail, until :meth:`recover`."""
        self.write_error = HardwareError(reason)

    def recover(self) -> None:
        """Take writes again, and at once."""
        self.write_error = None
        self.write_delay = 0.0

    def disconnect(self, reason: str = "out of range") -> None:
        """Drop the link, as a device that is switched off, and do not be found until :meth:`come_back`."""
        self.in_range = False
        if (hardware := self.hardware) is not None:
            self._in_loop(lambda: hardware.lost(reason))

    def come_back(self) -> None:
        """Be in range again. A device that was connected before is found again by itself, as on a real bus."""
        self.in_range = True
        self._in_loop(lambda: self.on_return(self))

    def _in_loop(self, action: Callable[[], None]) -> None:
        """Do something in the thread of the link's event loop, and wait until it is done."""
        loop: asyncio.AbstractEventLoop | None = getattr(self.hardware, "loop", None)
        if loop is None or not loop.is_running() or asyncio._get_running_loop() is loop:
            action()
            return

        async def act() -> None:
            action()

        asyncio.run_coroutine_threadsafe(act(), loop).result(OTHER_THREAD_LIMIT)

    # The bus's side

    def received(self, packet: Packet) -> None:
        """Take a packet as if a server had written it; what stands in for a bus calls this."""
        self.packets.append(packet)
        self.commands.append(packet)
        if logger.isEnabledFor(logging.INFO):
            logger.info("%s <- %s %s", self.label, packet.endpoint, show(packet.data))
        self.answer(packet)
        self.on_packet(packet)

    def value_of(self, endpoint: str) -> bytes:
        """Return what a read of an endpoint gives now."""
        replies = self.readable.get(endpoint)
        if replies is None and endpoint == BATTERY_ENDPOINT:
            return bytes((round(self._battery * 100),))
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
        self.hardware = hardware = SimulatedHardware(self, specifiers[0])
        return hardware


def free_address(taken: Collection[str]) -> str:
    """Return the first of "simulated-1", "simulated-2" and so on that is not taken."""
    return next(free for number in range(1, len(taken) + 2) if (free := f"simulated-{number}") not in taken)


def _same(type_: OutputType, other: OutputType) -> bool:
    """Return whether two kinds of output are of the same part: the two kinds of position are."""
    return type_ is other or (type_.is_position and other.is_position)


def show(data: bytes) -> str:
    """Return bytes for people: as text where they are text, else in hexadecimal."""
    text = data.decode("ascii", "replace")
    if text.isascii() and text.replace("\n", "").isprintable():
        return '"' + text.replace("\n", "\\n") + '"'
    return data.hex(" ")
