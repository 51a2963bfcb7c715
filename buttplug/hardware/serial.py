"""Serial ports.

A port says nothing about what is behind it, so only ports that the configuration names are ever opened. Reading and writing
each have a thread, on every system; the event loop never waits for a driver.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from buttplug.hardware.base import BusReport, CommunicationManager, Discovery, Hardware, Packet
from buttplug.hardware.errors import (
    BusUnavailableError,
    HardwareDisconnectedError,
    HardwareError,
    HardwarePermissionError,
    HardwareTimeoutError,
)
from buttplug.hardware.specifiers import SerialAdvertisement, SerialSpecifier, Specifier
from buttplug.hardware.threads import Worker, in_thread

if TYPE_CHECKING:
    from serial import Serial
    from serial.tools.list_ports_common import ListPortInfo

logger = logging.getLogger(__name__)

#: Seconds between two looks at the ports while a scan is on.
SCAN_INTERVAL = 5.0

#: Seconds that listing the ports, opening one, writing to it and closing it may take.
LIST_LIMIT = 5.0
OPEN_LIMIT = 5.0
WRITE_LIMIT = 1.0
CLOSE_LIMIT = 5.0

#: Seconds a write is waited for: those of its own, and those of one before it that was given up. Longer is a hanging driver.
GIVE_UP_LIMIT = 2 * WRITE_LIMIT

#: Seconds between the first byte that comes and the reading of all that came, so that a packet stays in one piece.
GATHER_TIME = 0.005

#: Seconds after which a read looks whether the port is to be closed, on systems that cannot cancel it.
READ_TIME = 0.5

#: Most bytes of one notification.
READ_SIZE = 4096

_BUSY = frozenset({errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK})
_DENIED = frozenset({errno.EACCES, errno.EPERM})
_GONE = frozenset({errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EIO})


class SerialPort:
    """One open serial port.

    ``on_received`` is called on the event loop with the bytes that come, ``on_lost`` at most once, with the reason, when the
    port fails; after that it closes by itself.
    """

    def __init__(self, path: str, *, on_received: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        self.path = path
        self._on_received = on_received
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._worker = Worker(f"{path} writer")
        self._port: Serial | None = None
        self._reader: threading.Thread | None = None
        self._taken = threading.Event()
        self._closing: Future[None] | None = None

    async def open(self, specifier: SerialSpecifier) -> None:
        """Open the port with the settings of a specifier, for this process alone.

        Raises:
            BusUnavailableError: The library is missing.
            HardwareError: It cannot be opened; the subclass tells why.
        """
        serial = pyserial()
        try:
            await self._worker.call(partial(self._open, serial, specifier), OPEN_LIMIT)
        except BaseException as error:
            self._begin_close()  # comes after the opening, so that a port that opens too late is closed
            if isinstance(error, TimeoutError):
                raise HardwareTimeoutError(
                    f"{self.path} did not open within {OPEN_LIMIT:g} s: unplug the device and plug it in again"
                ) from None
            if isinstance(error, Exception):  # pyserial lets termios.error through, which is no OSError
                raise _explained(self.path, error) from error
            raise

    async def write(self, data: bytes) -> None:
        """Write bytes and wait until the driver has sent them, so that nothing queues up on the way to the device.

        Raises:
            HardwareTimeoutError: They were not sent within a second; what was left of them is discarded.
            HardwareDisconnectedError: The port is closed or failed.
        """
        if self._closing is not None:
            raise HardwareDisconnectedError(f"{self.path} is closed")
        try:
            await self._worker.call(partial(self._write, data), GIVE_UP_LIMIT)
        except (HardwareTimeoutError, TimeoutError):
            raise HardwareTimeoutError(
                f"{self.path} sent nothing for {WRITE_LIMIT:g} s: is the device switched on and ready to receive?"
            ) from None
        except Exception as error:  # as in open
            self._lose(f"writing failed: {error}")
            raise HardwareDisconnectedError(f"{self.path} was lost while writing: {error}") from error

    async def close(self) -> None:
        """Close the port and wait until it is closed. Never raises; a second time does nothing."""
        closing = asyncio.wrap_future(self._begin_close())
        await asyncio.wait({closing}, timeout=CLOSE_LIMIT)
        if not closing.done():
            logger.warning("%s did not close within %g s; it may stay in use until this process ends", self.path, CLOSE_LIMIT)

    # On the worker's thread.

    def _open(self, serial: ModuleType, specifier: SerialSpecifier) -> None:
        port: Serial = serial.Serial(
            self.path,
            specifier.baud_rate,
            specifier.data_bits,
            specifier.parity,
            specifier.stop_bits,
            timeout=READ_TIME,
            write_timeout=WRITE_LIMIT,
            exclusive=True,
        )
        self._port = port
        self._reader = threading.Thread(target=self._read, args=(port,), name=f"{self.path} reader", daemon=True)
        self._reader.start()

    def _write(self, data: bytes) -> None:
        port = self._port
        assert port is not None  # writes come after the opening and before the closing
        deadline = time.monotonic() + WRITE_LIMIT
        try:
            port.write(data)
        except OSError as error:
            if not isinstance(error, pyserial().SerialTimeoutException):
                raise
            unsent = True
        else:
            while (unsent := port.out_waiting > 0) and time.monotonic() < deadline:
                time.sleep(0.001)
        if unsent:
            # What arrives late is worse than what does not arrive.
            port.reset_output_buffer()
            raise HardwareTimeoutError(self.path)

    def _shut(self) -> None:
        port, self._port = self._port, None
        if port is None:
            return
        try:
            port.cancel_read()
            if self._reader is not None:
                self._reader.join()
            port.close()
        except OSError as error:
            logger.warning("%s did not close properly: %s", self.path, error)

    # On the reader's thread.

    def _read(self, port: Serial) -> None:
        # The loop is closed: nobody is left to tell.
        with suppress(RuntimeError):
            try:
                while self._closing is None:
                    data = port.read(1)
                    if data:
                        time.sleep(GATHER_TIME)
                        data += port.read(min(port.in_waiting, READ_SIZE - 1))
                        self._loop.call_soon_threadsafe(self._received, data)
                        # One piece at a time: a flood is held back by the driver and does not fill the memory.
                        self._taken.wait()
                        self._taken.clear()
            except OSError as error:
                self._loop.call_soon_threadsafe(self._lose, f"the port failed ({error}); was it unplugged?")

    # On the event loop.

    def _received(self, data: bytes) -> None:
        self._taken.set()
        if self._closing is None:
            self._on_received(data)

    def _lose(self, reason: str) -> None:
        if self._closing is None:
            self._begin_close()
            self._on_lost(reason)

    def _begin_close(self) -> Future[None]:
        if self._closing is None:
            self._closing = self._worker.post(self._shut)
            self._worker.end()
            self._taken.set()
        return self._closing


class SerialHardware(Hardware):
    """A device on a serial port. Whatever it sends arrives as notifications of endpoint rx, subscribed or not."""

    def __init__(self, specifier: SerialSpecifier) -> None:
        port = specifier.port
        super().__init__(name=port, address=port, endpoints=("tx", "rx"), specifier=specifier)
        self._settings = specifier
        self._port = SerialPort(port, on_received=partial(self.notified, "rx"), on_lost=self.lost)

    async def open(self) -> None:
        """Open the port.

        Raises:
            HardwareError: It cannot be opened.
        """
        await self._port.open(self._settings)

    async def write(self, packet: Packet) -> None:
        self.require(packet.endpoint)
        await self._port.write(packet.data)

    async def subscribe(self, endpoint: str) -> None:
        self.require(endpoint)

    async def unsubscribe(self, endpoint: str) -> None:
        self.require(endpoint)

    async def disconnect(self) -> None:
        self.lost("the server closed it")
        await self._port.close()


class SerialManager(CommunicationManager):
    """Offers the serial ports of this machine, and looks for new ones every 5 seconds while a scan is on."""

    bus = "serial"

    def __init__(self, ports: Iterable[str] = ()) -> None:
        """``ports``: paths the configuration names, offered when they exist although the system does not list them."""
        super().__init__()
        self._named = frozenset(ports)
        self._scan: asyncio.Task[None] | None = None

    @property
    def scanning(self) -> bool:
        return self._scan is not None

    async def open(self) -> None:
        pyserial()

    async def start_scanning(self) -> None:
        pyserial()
        if self._scan is None:
            self._scan = asyncio.create_task(self._keep_looking())

    async def stop_scanning(self) -> None:
        scan, self._scan = self._scan, None
        if scan is not None:
            scan.cancel()
            await asyncio.wait({scan})

    async def check(self) -> BusReport:
        try:
            ports = await self._present()
        except BusUnavailableError as error:
            return BusReport(self.bus, ok=False, summary="cannot be used", remedy=error.message)
        denied = [port for port in ports if not os.access(port, os.R_OK | os.W_OK)] if os.name == "posix" else []
        if denied:
            return BusReport(
                self.bus,
                ok=False,
                summary=f"no permission for {', '.join(denied)}",
                remedy="; ".join(dict.fromkeys(map(_permission_remedy, denied))),
            )
        return BusReport(self.bus, ok=True, summary=f"ports: {', '.join(ports)}" if ports else "no ports")

    async def _keep_looking(self) -> None:
        failed = False
        while True:
            try:
                ports = await self._present()
            except HardwareError as error:
                if not failed:
                    logger.warning("%s", error)
                failed = True
            else:
                failed = False
                for port in ports:
                    self.on_found(Discovery(f"Serial port {port}", port, SerialAdvertisement(port), partial(_connect, port)))
            await asyncio.sleep(SCAN_INTERVAL)

    async def _present(self) -> list[str]:
        try:
            return await in_thread(self._paths, LIST_LIMIT)
        except (OSError, TimeoutError) as error:
            reason = str(error) or "the system does not answer"
            raise BusUnavailableError(f"The serial ports cannot be listed: {reason}") from error

    def _paths(self) -> list[str]:
        paths = {port.device for port in system_ports()}
        # macOS has two names for each port, and lists one.
        paths |= {path.replace("/dev/cu.", "/dev/tty.", 1) for path in paths if path.startswith("/dev/cu.")}
        paths |= {path for path in self._named if Path(path).is_absolute() and Path(path).exists()}
        return sorted(paths)


def pyserial() -> ModuleType:
    """Return the third-party library.

    Raises:
        BusUnavailableError: It is not installed.
    """
    try:
        import serial
        import serial.tools.list_ports
    except ImportError as error:
        raise BusUnavailableError(f"Serial ports need pyserial: pip install pyserial ({error})") from error
    return serial


def system_ports() -> list[ListPortInfo]:
    """Return the serial ports the system lists; blocks.

    Raises:
        BusUnavailableError: The library is missing.
        OSError: They cannot be listed.
    """
    return list(pyserial().tools.list_ports.comports())


async def _connect(port: str, specifiers: Sequence[Specifier]) -> Hardware:
    for specifier in specifiers:
        if isinstance(specifier, SerialSpecifier) and specifier.port == port:
            hardware = SerialHardware(specifier)
            await hardware.open()
            return hardware
    raise HardwareError(f"{port}: no serial settings for this port; the user configuration must name it")


def _explained(path: str, error: Exception) -> HardwareError:
    number = getattr(error, "errno", None)
    text = str(error)
    # On Windows pyserial puts the system's error into the text only, and "access denied" means that the port is taken.
    if number in _BUSY or "PermissionError(13" in text:
        return HardwareError(f"{path} is in use by another program: close it and scan again ({error})")
    if number in _DENIED:
        return HardwarePermissionError(f"{path} may not be opened: {_permission_remedy(path)}")
    if number in _GONE or "FileNotFoundError" in text:
        return HardwareDisconnectedError(f"{path} is gone: plug the device in again and scan again ({error})")
    if isinstance(error, ValueError):
        return HardwareError(f"{path} does not know these settings, correct them in the user configuration: {error}")
    return HardwareError(f"{path} could not be opened: {error}")


def _permission_remedy(path: str) -> str:
    group = "dialout (uucp on Arch Linux)"
    if sys.platform != "win32":
        import grp

        with suppress(OSError, KeyError):
            owner = grp.getgrgid(Path(path).stat().st_gid).gr_name
            group = group if owner == "root" else owner
    return f"add yourself to the group {group} and log in again"
