"""The Lovense USB dongle, which speaks to the maker's toys in place of a Bluetooth adapter.

There are two kinds. The newer is a HID device; the older is a serial port behind a converter that many other boards have too,
so such a port is closed again unless the device answers like a dongle. One dongle of each kind is used at a time. While
it serves, its toys are out of reach for Bluetooth.
"""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from types import ModuleType

from buttplug.core.log import logger_of
from buttplug.hardware.base import BusReport
from buttplug.hardware.common import udev
from buttplug.hardware.common.blocking import BlockingHardware
from buttplug.hardware.common.listing import Entry, LibraryBus
from buttplug.hardware.common.nodes import denied
from buttplug.hardware.common.polling import Poll
from buttplug.hardware.common.usb_ids import UsbId
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.hid.library import HidAddresses, HidEntry, HidLibrary, hid_entries, hidapi
from buttplug.hardware.hid.link import HidHardware
from buttplug.hardware.hid.specifier import HidSpecifier
from buttplug.hardware.lovense_dongle.link import Dongle
from buttplug.hardware.serial.library import port_report, pyserial, system_ports
from buttplug.hardware.serial.link import SerialHardware
from buttplug.hardware.serial.specifier import SerialSpecifier

logger: logging.Logger = logger_of(__package__)

HID_DONGLE = UsbId(0x1915, 0x520A)
SERIAL_DONGLE = UsbId(0x1A86, 0x7523)
BAUD_RATE = 115200

#: Seconds between two looks for a dongle while there is none.
LOOK_INTERVAL = 2.0

#: Seconds in which a serial port has to answer like a dongle.
ANSWER_LIMIT = 2.0


class LovenseDongleManager(LibraryBus[Entry]):
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
        self._poll = Poll(self.bus, self._find, LOOK_INTERVAL)

    @property
    def scanning(self) -> bool:
        return self._scanning

    async def start_scanning(self) -> None:
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
        await super().close()

    @abstractmethod
    async def find_dongle(self) -> Dongle | None:
        """Open a dongle and return it; None if there is none.

        Raises:
            HardwareError: There is one, but it cannot be opened.
        """

    def is_free(self, address: str) -> bool:
        """Whether nothing is left of earlier links to this address: a write that hangs in one may still reach the device."""
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

    async def _find(self) -> None:
        if self._dongle is not None:
            return
        dongle = await self.find_dongle()
        if dongle is None or not dongle.link.connected:
            return
        self._dongle = dongle
        logger.info("%s at %s", self.bus, dongle.link.address)
        dongle.link.on_disconnect(partial(self._lost, dongle))
        dongle.find_again(self._dropped)
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


class LovenseHidDongleManager(LovenseDongleManager[HidEntry]):
    """Uses a HID dongle."""

    bus = "Lovense dongle (HID)"
    what = "HID devices"

    def __init__(self) -> None:
        super().__init__()
        self._addresses = HidAddresses()

    def load(self) -> HidLibrary:
        return hidapi()

    def list_entries(self) -> list[HidEntry]:
        return self._addresses.unique(hid_entries([HID_DONGLE]))

    def report(self, entries: Sequence[HidEntry]) -> BusReport:
        if not entries:
            return BusReport(self.bus, ok=True, summary="no dongle")
        node = entries[0].node
        if denied(node):
            return udev.report(self.bus, [udev.Node("the dongle", node, udev.hid_rule(HID_DONGLE))])
        return BusReport(self.bus, ok=True, summary=f"a dongle at {node}")

    async def find_dongle(self) -> Dongle | None:
        for entry in await self.entries():
            if self.is_free(entry.address):
                return await self.use(HidHardware(entry, HidSpecifier((HID_DONGLE,)), hidapi().device()))
        return None


class LovenseSerialDongleManager(LovenseDongleManager[str]):
    """Uses a serial dongle."""

    bus = "Lovense dongle (serial)"
    what = "serial ports"

    def __init__(self, reserved_ports: Iterable[str] = ()) -> None:
        """``reserved_ports``: ports that the configuration gives to other devices; they are never opened here."""
        super().__init__()
        self._reserved = frozenset(reserved_ports)
        self._not_dongles: set[str] = set()

    def load(self) -> ModuleType:
        return pyserial()

    def list_entries(self) -> list[str]:
        ids = (SERIAL_DONGLE.vendor_id, SERIAL_DONGLE.product_id)
        listed = {port.device for port in system_ports() if (port.vid, port.pid) == ids}
        return sorted(listed - self._reserved)

    def report(self, entries: Sequence[str]) -> BusReport:
        return port_report(self.bus, entries, f"perhaps a dongle at {', '.join(entries)}" if entries else "no dongle")

    async def find_dongle(self) -> Dongle | None:
        ports = await self.entries()
        # What is behind a port that was away may be another device now.
        self._not_dongles.intersection_update(ports)
        failure: HardwareError | None = None
        for port in ports:
            if port in self._not_dongles or not self.is_free(port):
                continue
            try:
                dongle = await self._open_if_dongle(port)
            except HardwareError as error:
                failure = error
            else:
                if dongle is not None:
                    return dongle
        if failure is not None:
            raise failure
        return None

    async def _open_if_dongle(self, port: str) -> Dongle | None:
        """Open a port, and close it again unless there is a dongle behind it."""
        dongle = await self.use(SerialHardware(SerialSpecifier(port, BAUD_RATE)))
        is_used = False
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(ANSWER_LIMIT):
                    await dongle.answered.wait()
            is_used = dongle.answered.is_set()
            if not is_used:
                logger.info("The device at %s does not answer like a Lovense dongle and is not used", port)
                self._not_dongles.add(port)
        finally:
            # Also where the search is given up in the moment in which it answers.
            if not is_used:
                await dongle.close()
        return dongle if is_used else None
