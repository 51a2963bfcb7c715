"""Bluetooth LE.

The manager keeps a scan running while one is wanted or a device that dropped out is to come back, through adapters that are
switched off, unplugged and put back. Advertisements go through :mod:`~buttplug.hardware.bluetooth.sightings`; links are
:class:`~buttplug.hardware.bluetooth.link.BluetoothHardware`. bleak is loaded when the bus is opened.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from buttplug.core.log import logger_of
from buttplug.hardware.base import BusReport, CommunicationManager, Discovery, Hardware
from buttplug.hardware.bluetooth.sightings import Sighting, Sightings
from buttplug.hardware.bluetooth.turns import ConnectTurns
from buttplug.hardware.common.threads import in_thread
from buttplug.hardware.errors import BusUnavailableError, HardwareError
from buttplug.hardware.specifier import Specifier

if TYPE_CHECKING:
    from bleak import BleakScanner
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

    from buttplug.hardware.bluetooth.errors import Trouble
    from buttplug.hardware.bluetooth.link import BluetoothHardware

logger: logging.Logger = logger_of(__package__)

#: Seconds that loading bleak may take.
LOAD_LIMIT = 8.0
#: Seconds that starting or stopping a scan, or a look at the adapter, may take.
SCAN_LIMIT = 4.0
#: Seconds that the system may take to list the devices that are connected already.
CONNECTED_LIMIT = 1.0
#: Seconds between two looks at the adapter.
ADAPTER_INTERVAL = 2.0
#: Seconds without hearing any device after which the scan is started anew. It can end unnoticed, for instance when the
#: adapter is switched off and on again between two looks.
QUIET_LIMIT = 30.0
#: Seconds after which a scan is started anew on macOS, which reports each device once per scan.
RESCAN_INTERVAL = 10.0
#: Services that nearly every device has: Generic Access and Generic Attribute, from the Bluetooth assigned numbers.
COMMON_SERVICES = ("1800", "1801")
#: Signal strengths in dBm that mean it is not known: bleak's, and that of the Bluetooth Core Specification.
NO_RSSI = frozenset({-127, 127})


class BluetoothManager(CommunicationManager):
    """Finds Bluetooth LE devices, and finds those again that dropped out.

    When a scan is wanted and the adapter is off or missing, the scan starts by itself when it comes. A device whose link was
    lost, not ended by the server, is reported when it is back, without any scan, until :meth:`forget`.

    A scan also reports devices that the system has connected already, which do not advertise: BlueZ keeps the links of a
    server that was killed.
    """

    bus = "Bluetooth LE"

    def __init__(self, services: Iterable[str] = ()) -> None:
        """``services``: UUIDs by which to find connected devices, beside :data:`COMMON_SERVICES`."""
        super().__init__()
        self._services = sorted({*COMMON_SERVICES, *services})
        self._wanted = False
        #: How often scanning was ended: a start that still loads the library looks whether it is wanted yet.
        self._ends = 0
        self._connected_reported = False
        self._scanner: BleakScanner | None = None
        self._starting: asyncio.Future[None] | None = None
        self._running = False
        #: Whether the last attempt to scan succeeded: it is scanned then, also while a scan is exchanged for a fresh one.
        self._usable = False
        self._started_at = 0.0
        self._heard_at = 0.0
        self._trouble: Trouble | None = None
        self._sightings: Sightings[BLEDevice] = Sightings()
        self._links: set[BluetoothHardware] = set()
        self._scan_lock = asyncio.Lock()
        # Scanning may go on while devices are connected: the systems interrupt it where they must.
        self._connect_turns = ConnectTurns()
        self._watch: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    @property
    def scanning(self) -> bool:
        return self._wanted and self._usable

    async def open(self) -> None:
        await _load()

    async def start_scanning(self) -> None:
        """Start looking for devices. When the bus cannot be used, the scan starts as soon as it can, until it is stopped."""
        ends = self._ends
        await _load()
        if self._ends > ends:
            return
        self._sightings.try_again()
        if not self._wanted:
            self._wanted = True
            self._connected_reported = False
            self._sightings.report_again()
        self._ensure_watch()
        await self._update_scan(log=False)

    async def stop_scanning(self) -> None:
        self._ends += 1
        if self._wanted:
            self._wanted = False
            with suppress(BusUnavailableError):  # there is no scan then
                await self._update_scan(log=False)

    def forget(self, address: str) -> None:
        """Stop looking for a device that dropped out."""
        sighting = self._sightings.get(address)
        if sighting is not None and sighting.reconnecting:
            sighting.reconnecting = False
            self._changed.set()

    async def check(self) -> BusReport:
        try:
            await _load()
        except BusUnavailableError as error:
            return BusReport(self.bus, ok=False, summary="cannot be used", remedy=error.message)
        from buttplug.hardware.bluetooth.errors import bus_trouble

        try:
            async with self._scan_lock:
                if not self._running:
                    await self._start()
                    await self._end()
        except Exception as error:  # noqa: BLE001 - bleak lets through whatever its platform raises, and it is what is to be reported
            trouble = bus_trouble(error)
            return BusReport(self.bus, ok=False, summary=trouble.what, remedy=trouble.remedy)
        return BusReport(self.bus, ok=True, summary="ready")

    async def close(self) -> None:
        self._ends += 1
        self._wanted = False
        for sighting in self._sightings.held():
            sighting.reconnecting = False
        await asyncio.gather(*(link.disconnect() for link in self._links))
        async with self._scan_lock:
            await self._end()
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            await asyncio.wait({watch})

    # The scan

    @property
    def _needed(self) -> bool:
        return self._wanted or any(sighting.missing for sighting in self._sightings.held())

    def _ensure_watch(self) -> None:
        self._changed.set()
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._run_watch(), name="Bluetooth LE scan")

    async def _run_watch(self) -> None:
        fault = ""
        while self._needed or self._links or self._running:
            self._changed.clear()
            try:
                await self._update_scan(log=True)
            except BusUnavailableError:
                pass  # it may pass
            except Exception as error:
                if repr(error) != fault:
                    logger.exception("%s: unexpected error", self.bus)
                fault = repr(error)
            with suppress(TimeoutError):
                async with asyncio.timeout(ADAPTER_INTERVAL):
                    await self._changed.wait()

    async def _update_scan(self, *, log: bool) -> None:
        """Start a scan if one is needed, end it if none is. ``log``: log a failure, which no caller reports.

        Raises:
            BusUnavailableError: It cannot run now.
        """
        from buttplug.hardware.bluetooth.errors import bus_trouble

        async with self._scan_lock:
            try:
                await self._try_update_scan()
            except Exception as error:  # whatever bleak lets through
                trouble = bus_trouble(error)
                problem = f"{trouble.what}: {trouble.remedy}"
                if log and trouble != self._trouble:
                    logger.warning("%s cannot be used: %s", self.bus, problem)
                self._trouble = trouble
                was_scanning, self._usable = self.scanning, False
                await self._stop()
                if was_scanning:
                    self.on_scanning_finished()
                raise BusUnavailableError(problem) from error
            self._usable = self._running
            if self._running and self._trouble is not None:
                self._trouble = None
                logger.info("Bluetooth LE can be used again")

    async def _try_update_scan(self) -> None:
        needed = self._needed
        if not needed:
            await self._end()
        if needed or self._links:
            await self._check_adapter()
        if self._running and self._is_stale():
            await self._stop()
        if needed and not self._running:
            await self._start()
        if self._wanted and self._running and not self._connected_reported:
            self._connected_reported = True
            await self._report_connected()

    async def _check_adapter(self) -> None:
        """Raise bleak's error if the adapter cannot be used. On BlueZ neither scans nor links report that it is gone."""
        if sys.platform != "linux":
            return
        from bleak import BleakAdapter
        from bleak.exc import BleakBluetoothNotAvailableError

        from buttplug.hardware.bluetooth.link import within

        try:
            await within(SCAN_LIMIT, BleakAdapter.get())
        except BleakBluetoothNotAvailableError:
            for link in tuple(self._links):
                link.lost("the Bluetooth adapter was switched off or unplugged")
            raise

    def _is_stale(self) -> bool:
        now = asyncio.get_running_loop().time()
        if sys.platform == "darwin":
            return now >= self._started_at + RESCAN_INTERVAL
        return now >= max(self._started_at, self._heard_at) + QUIET_LIMIT

    async def _start(self) -> None:
        """Start the scan. A start that takes too long goes on and is waited for again, since it cannot be cancelled."""
        from bleak import BleakScanner

        if self._scanner is None:
            self._scanner = BleakScanner(self._advertisement_received)
        if self._starting is None:
            self._starting = asyncio.ensure_future(self._scanner.start())
        await asyncio.wait({self._starting}, timeout=SCAN_LIMIT)
        if not self._starting.done():
            raise TimeoutError
        started, self._starting = self._starting, None
        try:
            started.result()
        except BaseException:
            self._scanner = None
            raise
        self._running = True
        self._started_at = asyncio.get_running_loop().time()

    async def _end(self) -> None:
        """End the scan, also one that is still starting."""
        if self._starting is not None:
            with suppress(Exception):  # then there is none
                await self._start()
        if self._starting is not None:
            self._starting.cancel()
            self._starting = self._scanner = None
        await self._stop()

    async def _stop(self) -> None:
        if self._scanner is None or not self._running:
            return
        from buttplug.hardware.bluetooth.link import within

        self._running = False
        try:
            await within(SCAN_LIMIT, self._scanner.stop())
        except Exception as error:  # noqa: BLE001 - as in _update_scan; a new scanner is made for the next scan
            self._scanner = None
            # An adapter that went away took the scan with it.
            level = logging.WARNING if self._trouble is None else logging.DEBUG
            logger.log(level, "The Bluetooth LE scan did not end properly: %r", error)

    def _advertisement_received(self, device: BLEDevice, data: AdvertisementData) -> None:
        now = asyncio.get_running_loop().time()
        self._heard_at = now
        if not self._wanted and ((known := self._sightings.get(device.address)) is None or not known.reconnecting):
            return
        sighting = self._sightings.heard(device.address, device, now)
        if sighting.connecting or sighting.link is not None:
            return  # what BlueZ reports of a connected device is no advertisement
        sighting.merge(data.local_name, data.service_uuids, data.manufacturer_data)
        if data.rssi not in NO_RSSI:
            sighting.rssi = data.rssi
        self._report(sighting, now)

    async def _report_connected(self) -> None:
        """Report the devices that the system has connected, but for the server's own."""
        from buttplug.hardware.bluetooth.link import connected_devices, within

        try:
            connected = await within(CONNECTED_LIMIT, connected_devices(self._services))
        except Exception as error:  # noqa: BLE001 - the scan goes on all the same, and not every platform can tell
            logger.debug("The devices that are connected already are not known: %r", error)
            return
        now = asyncio.get_running_loop().time()
        own = {link.address for link in self._links}
        for device, name, services in connected:
            sighting = self._sightings.heard(device.address, device, now)
            if sighting.connecting or device.address in own:
                continue
            sighting.was_connected = True
            sighting.merge(name, services, {})
            self._report(sighting, now)

    def _report(self, sighting: Sighting[BLEDevice], now: float) -> None:
        advertisement = sighting.due(now, scanning=self._wanted)
        if advertisement is not None:
            self.on_found(
                Discovery(
                    sighting.name,
                    sighting.address,
                    advertisement,
                    connect=partial(self._connect, sighting),
                    refused=lambda reason: self.forget(sighting.address),
                    was_connected=sighting.was_connected,
                    waits_for_turn=lambda: sighting.address in self._connect_turns.waiting,
                )
            )

    # Links

    async def _connect(self, sighting: Sighting[BLEDevice], specifiers: Sequence[Specifier]) -> Hardware:
        from buttplug.hardware.bluetooth.link import open_link

        if sighting.connecting or sighting.link is not None:
            raise HardwareError(f"{sighting.name or sighting.address} is connected already")
        loop = asyncio.get_running_loop()
        sighting.connecting = True
        try:
            link = await open_link(sighting.handle, sighting.advertisement, specifiers, self._connect_turns)
        except BaseException:
            sighting.failed(loop.time())
            raise
        finally:
            sighting.connecting = False
        link.rssi = sighting.rssi
        sighting.connected(link, loop.time())
        self._links.add(link)
        link.on_disconnect(lambda reason: self._disconnected(sighting, link))
        self._ensure_watch()
        return link

    def _disconnected(self, sighting: Sighting[BLEDevice], link: BluetoothHardware) -> None:
        now = asyncio.get_running_loop().time()
        if link.closed_by_server:
            sighting.closed(now)
        else:
            sighting.dropped(now)
        link.on_released(lambda: self._links.discard(link))
        self._ensure_watch()


async def _load() -> None:
    """Load bleak on a thread: it takes a while.

    Raises:
        BusUnavailableError: It cannot be loaded.
    """
    try:
        await in_thread(_import, LOAD_LIMIT)
    except (ImportError, TimeoutError) as error:
        raise BusUnavailableError(f"Bluetooth LE needs bleak, which cannot be loaded: pip install bleak ({error})") from error


def _import() -> None:
    from buttplug.hardware.bluetooth.link import load_backend

    load_backend()
