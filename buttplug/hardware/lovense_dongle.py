"""The Lovense USB dongle, which speaks to the maker's toys in place of a Bluetooth adapter.

There are two kinds. The newer is a HID device; the older is a serial port behind a converter that many other boards have too,
so such a port is let go again unless what is behind it answers like a dongle. One dongle of each kind is used at a time. While
it serves, its toys are out of reach for Bluetooth.
"""

from __future__ import annotations

import asyncio
import logging
import os
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import TypeVar

import msgspec

from buttplug.hardware import udev
from buttplug.hardware.base import BusReport, CommunicationManager, Discovery, Hardware, Notification, Packet
from buttplug.hardware.blocking import BlockingHardware
from buttplug.hardware.errors import BusUnavailableError, HardwareDisconnectedError, HardwareError
from buttplug.hardware.hid import HidEntry, HidHardware, hidapi
from buttplug.hardware.lovense_dongle_protocol import (
    LINE_END,
    Action,
    DongleProtocol,
    SearchEnded,
    Send,
    ToyData,
    ToyFound,
    ToyLost,
    Wait,
    command,
    reports,
    text,
)
from buttplug.hardware.nodes import ownership
from buttplug.hardware.polling import Poll
from buttplug.hardware.serial import SerialHardware, pyserial, system_ports
from buttplug.hardware.specifiers import BluetoothAdvertisement, HidSpecifier, SerialSpecifier, Specifier, UsbId
from buttplug.hardware.threads import in_thread

logger = logging.getLogger(__name__)

T = TypeVar("T")

HID_DONGLE = UsbId(0x1915, 0x520A)
SERIAL_DONGLE = UsbId(0x1A86, 0x7523)
BAUD_RATE = 115200

#: What a toy behind the dongle is to the rest of the server: a Bluetooth device whose name does not tell its model.
TOY_NAME = "Lovense Dongle Device"
TOY_ADVERTISEMENT = BluetoothAdvertisement(name="LVS-DongleDevice")

#: Seconds between two packets to a toy, as over Bluetooth.
MESSAGE_GAP = 0.075

#: Seconds between two looks for a dongle while there is none.
LOOK_INTERVAL = 2.0

#: Seconds that listing HID devices or serial ports may take.
LIST_LIMIT = 5.0

#: Seconds in which a serial port has to answer like a dongle.
ANSWER_LIMIT = 2.0

#: Seconds for which a toy that was refused is not reported again.
IGNORE_TIME = 30.0


class DongleToy(Hardware):
    """A toy that the dongle reaches."""

    def __init__(self, toy: str, specifier: Specifier, dongle: Dongle) -> None:
        super().__init__(name=TOY_NAME, address=toy, endpoints=("tx", "rx"), specifier=specifier, message_gap=MESSAGE_GAP)
        self._dongle = dongle

    async def write(self, packet: Packet) -> None:
        self.require(packet.endpoint)
        try:
            line = command(self.address, packet.data)
        except UnicodeDecodeError:
            raise HardwareError(f"{self.name} takes text only, not {packet.data.hex(' ')}") from None
        await self._dongle.send(line)

    async def subscribe(self, endpoint: str) -> None:
        self.require(endpoint)

    async def unsubscribe(self, endpoint: str) -> None:
        self.require(endpoint)

    async def disconnect(self) -> None:
        if self.connected:
            self.lost("the server closed it")
            self._dongle.release(self.address)


class Dongle:
    """An open dongle: its protocol, fed from and feeding the link to it.

    Attributes:
        answered: Set when it said anything that a dongle would say.
        dropped: The toys that are to come back, when it was lost.
    """

    def __init__(
        self, link: BlockingHardware, *, on_found: Callable[[Discovery], None], on_search_ended: Callable[[], None]
    ) -> None:
        self.link = link
        self.answered = asyncio.Event()
        self.dropped: frozenset[str] = frozenset()
        self._on_found = on_found
        self._on_search_ended = on_search_ended
        self._by_report = isinstance(link, HidHardware)
        self._protocol = DongleProtocol()
        self._toys: dict[str, DongleToy] = {}
        self._writing = asyncio.Lock()
        self._cut = False
        self._sending: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        link.on_notification(self._received)
        link.on_disconnect(self._lost)
        self._perform(self._protocol.check())

    @property
    def has_toys(self) -> bool:
        """Whether toys are connected, in use or not."""
        return bool(self._protocol.toys)

    def start_search(self) -> None:
        """Look for toys, and report again those that nobody uses."""
        for toy in self._protocol.toys - self._toys.keys():
            self._perform([ToyFound(toy)])
        self._perform(self._protocol.start())

    def bring_back(self, toys: Collection[str]) -> None:
        """Look for toys that were in use, until they are found."""
        self._perform(self._protocol.bring_back(toys))

    def stop_search(self) -> None:
        """Look no more."""
        self._perform(self._protocol.stop())

    def release(self, toy: str) -> None:
        """Let a toy go."""
        self._toys.pop(toy, None)
        self._protocol.release(toy)

    async def send(self, line: bytes) -> None:
        """Send a line.

        Raises:
            HardwareError: It was not sent.
        """
        async with self._writing:
            if self._cut:
                # The line before was given up half-way, and would swallow this one.
                line = LINE_END + line
            self._cut = True
            for piece in reports(line) if self._by_report else [line]:
                await self.link.write(Packet(piece))
            self._cut = False

    async def close(self) -> None:
        """End the search, let all toys go and close the link."""
        self.stop_search()
        await asyncio.gather(*self._sending)
        await asyncio.gather(*(toy.disconnect() for toy in tuple(self._toys.values())))
        self._perform([Wait(None)])
        await self.link.disconnect()

    def _perform(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Send(line):
                    task = asyncio.create_task(self._sent(line))
                    self._sending.add(task)
                    task.add_done_callback(self._sending.discard)
                case Wait(seconds):
                    if self._timer is not None:
                        self._timer.cancel()
                    loop = asyncio.get_running_loop()
                    self._timer = None if seconds is None else loop.call_later(seconds, self._expired)
                case ToyFound(toy):
                    self._on_found(
                        Discovery(TOY_NAME, toy, TOY_ADVERTISEMENT, partial(self._connect, toy), partial(self._refused, toy))
                    )
                    self._perform(self._protocol.accepted(toy))
                case ToyData(toy, data) if toy in self._toys:
                    self._toys[toy].notified("rx", data)
                case ToyLost(toy) if toy in self._toys:
                    self._toys.pop(toy).lost("the dongle lost it; is it switched on and near?")
                case SearchEnded():
                    self._on_search_ended()

    async def _sent(self, line: bytes) -> None:
        try:
            await self.send(line)
        except HardwareError as error:
            logger.warning("The Lovense dongle was not told %s: %s", line.decode().strip(), error)

    async def _connect(self, toy: str, specifiers: Sequence[Specifier]) -> Hardware:
        if toy not in self._protocol.toys or not self.link.connected:
            raise HardwareDisconnectedError(f"{TOY_NAME} {toy} is gone; switch it on and scan again")
        if toy in self._toys:
            raise HardwareError(f"{TOY_NAME} {toy} is in use already")
        self._toys[toy] = DongleToy(toy, specifiers[0], self)
        return self._toys[toy]

    def _refused(self, toy: str, reason: str) -> None:
        logger.info("%s %s refused: %s", TOY_NAME, toy, reason)
        asyncio.get_running_loop().call_later(IGNORE_TIME, self._protocol.forgive, toy)
        self._perform(self._protocol.refused(toy))

    def _received(self, notification: Notification) -> None:
        actions = self._protocol.received(text(notification.data) if self._by_report else notification.data)
        if self._protocol.answered:
            self.answered.set()
        self._perform(actions)

    def _expired(self) -> None:
        self._perform(self._protocol.expired())

    def _lost(self, reason: str) -> None:
        self._perform([Wait(None)])
        self.dropped = frozenset(self._protocol.missing | self._toys.keys())
        toys, self._toys = self._toys, {}
        for toy in toys.values():
            toy.lost(f"the dongle was lost: {reason}")


class LovenseDongleManager(CommunicationManager):
    """Finds Lovense toys through a dongle, and the dongle whenever it is plugged in.

    A dongle is looked for while a scan is on, and from the first that was found on. Toys that drop out, alone or with their
    dongle, are looked for without a scan.
    """

    def __init__(self) -> None:
        super().__init__()
        self._dongle: Dongle | None = None
        self._links: list[BlockingHardware] = []
        self._dropped: frozenset[str] = frozenset()
        self._scanning = False
        self._poll = Poll(self.bus, self._look, LOOK_INTERVAL)

    @property
    def scanning(self) -> bool:
        return self._scanning

    async def start_scanning(self) -> None:
        await self.open()
        self._scanning = True
        self._poll.start()
        if self._dongle is not None:
            self._dongle.start_search()

    async def stop_scanning(self) -> None:
        self._scanning = False
        if self._dongle is not None:
            self._dongle.stop_search()
        elif not self._dropped:
            await self._poll.stop()

    async def close(self) -> None:
        self._scanning = False
        await self._poll.stop()
        dongle, self._dongle = self._dongle, None
        if dongle is not None:
            await dongle.close()

    @abstractmethod
    async def find_dongle(self) -> Dongle | None:
        """Open a dongle and return it; None if there is none.

        Raises:
            HardwareError: There is one, but it cannot be opened.
        """

    def is_free(self, address: str) -> bool:
        """Whether nothing is left of earlier links to this address: a write that hangs in one must not come late."""
        self._links = [link for link in self._links if not link.released]
        return all(link.address != address for link in self._links)

    async def use(self, link: BlockingHardware) -> Dongle:
        """Open a link and return the dongle behind it.

        Raises:
            HardwareError: It cannot be opened.
        """
        self._links.append(link)
        await link.open()
        return Dongle(link, on_found=self.on_found, on_search_ended=self._search_ended)

    async def _look(self) -> None:
        if self._dongle is not None:
            return
        dongle = self._dongle = await self.find_dongle()
        if dongle is not None:
            logger.info("%s at %s", self.bus, dongle.link.address)
            dongle.link.on_disconnect(partial(self._lost, dongle))
            dongle.bring_back(self._dropped)
            self._dropped = frozenset()
            if self._scanning and dongle.has_toys:
                self._search_ended()
            elif self._scanning:
                dongle.start_search()

    def _lost(self, dongle: Dongle, reason: str) -> None:
        if self._dongle is dongle:
            self._dongle = None
            self._dropped |= dongle.dropped
            logger.warning("%s was lost: %s", self.bus, reason)

    def _search_ended(self) -> None:
        self._scanning = False
        self.on_scanning_finished()


class LovenseHidDongleManager(LovenseDongleManager):
    """Uses a HID dongle."""

    bus = "Lovense dongle (HID)"

    async def open(self) -> None:
        hidapi()

    async def check(self) -> BusReport:
        try:
            entries = await self._entries()
        except BusUnavailableError as error:
            return BusReport(self.bus, ok=False, summary="cannot be used", remedy=error.message)
        if not entries:
            return BusReport(self.bus, ok=True, summary="no dongle")
        path = os.fsdecode(entries[0].path)
        if path.startswith("/dev/") and not os.access(path, os.R_OK | os.W_OK):
            remedy = udev.remedy(udev.hid_rule(HID_DONGLE))
            return BusReport(self.bus, ok=False, summary=f"no permission for {ownership(path)}", remedy=remedy)
        return BusReport(self.bus, ok=True, summary=f"a dongle at {path}")

    async def find_dongle(self) -> Dongle | None:
        for entry in await self._entries():
            if self.is_free(entry.address):
                return await self.use(HidHardware(entry, HidSpecifier((HID_DONGLE,)), hidapi().device()))
        return None

    async def _entries(self) -> list[HidEntry]:
        enumerate_dongles = partial(hidapi().enumerate, HID_DONGLE.vendor_id, HID_DONGLE.product_id)
        return msgspec.convert(await _listed(enumerate_dongles, "HID devices"), list[HidEntry])


class LovenseSerialDongleManager(LovenseDongleManager):
    """Uses a serial dongle."""

    bus = "Lovense dongle (serial)"

    def __init__(self, reserved_ports: Iterable[str] = ()) -> None:
        """``reserved_ports``: ports that the configuration gives to other devices; they are never opened here."""
        super().__init__()
        self._reserved = frozenset(reserved_ports)
        self._others: set[str] = set()

    async def open(self) -> None:
        pyserial()

    async def check(self) -> BusReport:
        try:
            ports = sorted(await self._ports())
        except BusUnavailableError as error:
            return BusReport(self.bus, ok=False, summary="cannot be used", remedy=error.message)
        return BusReport(self.bus, ok=True, summary=f"perhaps a dongle at {', '.join(ports)}" if ports else "no dongle")

    async def find_dongle(self) -> Dongle | None:
        ports = await self._ports()
        # What is behind a port that was away may be another device now.
        self._others &= ports
        failure: HardwareError | None = None
        for port in sorted(filter(self.is_free, ports - self._others)):
            try:
                dongle = await self._answering(port)
            except HardwareError as error:
                failure = error
            else:
                if dongle is not None:
                    return dongle
        if failure is not None:
            raise failure
        return None

    async def _ports(self) -> set[str]:
        ids = (SERIAL_DONGLE.vendor_id, SERIAL_DONGLE.product_id)
        listed = await _listed(system_ports, "serial ports")
        return {port.device for port in listed if (port.vid, port.pid) == ids} - self._reserved

    async def _answering(self, port: str) -> Dongle | None:
        """Open a port, and close it again unless there is a dongle behind it."""
        dongle = await self.use(SerialHardware(SerialSpecifier(port, BAUD_RATE)))
        try:
            async with asyncio.timeout(ANSWER_LIMIT):
                await dongle.answered.wait()
        except TimeoutError:
            logger.info("What is at %s does not answer like a Lovense dongle and is left alone", port)
            self._others.add(port)
        finally:
            if not dongle.answered.is_set():
                await dongle.close()
        return dongle if dongle.answered.is_set() else None


async def _listed(function: Callable[[], list[T]], what: str) -> list[T]:
    try:
        return await in_thread(function, LIST_LIMIT)
    except (OSError, TimeoutError) as error:
        raise BusUnavailableError(f"The {what} cannot be listed: {str(error) or 'no answer'}") from error
