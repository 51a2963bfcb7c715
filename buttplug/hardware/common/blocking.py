"""Devices behind a library whose calls block: a thread of their own reads, another one writes, and neither is ever waited for
without a limit."""

from __future__ import annotations

import asyncio
import logging
import threading
from abc import abstractmethod
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial

from buttplug.core.log import logger_of
from buttplug.hardware.base import Packet
from buttplug.hardware.common.polling import PolledHardware
from buttplug.hardware.common.threads import Worker
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError, HardwareTimeoutError
from buttplug.hardware.specifier import Specifier

logger: logging.Logger = logger_of(__name__)

#: Seconds that opening a device, writing a packet and closing may take.
OPEN_LIMIT = 5.0
WRITE_LIMIT = 1.0
CLOSE_LIMIT = 5.0

#: Milliseconds after which a read looks whether the device is to be closed.
READ_MS = 100


class BlockingHardware(PolledHardware):
    """A device that is opened, written, read and closed by blocking calls, which a bus fills in.

    Writes run one after the other. What the device sends arrives as notifications of endpoint rx; there is nothing to
    subscribe to. The first failure that means that the device is gone is the end of the link.

    Attributes:
        closing: Set when the link ends.
        closed: Done when the library has let the device go.
    """

    def __init__(self, *, name: str, address: str, endpoints: Iterable[str], specifier: Specifier) -> None:
        super().__init__(name=name, address=address, endpoints=endpoints, specifier=specifier)
        self.closed: Future[None] = Future()
        self._worker = Worker(f"{name} writer")
        self.closing: threading.Event = threading.Event()
        self._loop = asyncio.get_running_loop()

    @property
    def released(self) -> bool:
        return self.closed.done()

    async def open(self) -> None:
        """Open the device.

        Raises:
            HardwareError: It cannot be opened; the subclass tells why.
        """
        opened = False
        try:
            await self._worker.call(self.open_device, OPEN_LIMIT)
            opened = True
        except TimeoutError:
            raise HardwareTimeoutError(
                f"{self.name} did not open within {OPEN_LIMIT:g} s: unplug it and plug it in again"
            ) from None
        except OSError as error:
            raise self.not_opened(error) from error
        finally:
            if not opened:
                self.connected = False
                self._end()
        threading.Thread(target=self._read, name=f"{self.name} reader", daemon=True).start()

    async def write(self, packet: Packet) -> None:
        self.require(packet.endpoint)
        try:
            await self._worker.call(partial(self.write_device, packet), WRITE_LIMIT)
        except TimeoutError:
            # The call cannot be cancelled, and no later packet may follow it.
            self.fail(f"a write did not end within {WRITE_LIMIT:g} s")
            raise HardwareTimeoutError(
                f"{self.name} took nothing for {WRITE_LIMIT:g} s: unplug it and plug it in again"
            ) from None
        except OSError as error:
            if not self.means_gone(error):
                raise HardwareError(f"{self.name} was not written: {error}") from error
            self.fail(f"writing failed: {error}")
            raise HardwareDisconnectedError(f"{self.name} was lost while writing: {error}") from error

    async def subscribe(self, endpoint: str) -> None:
        self.require(endpoint)

    async def unsubscribe(self, endpoint: str) -> None:
        self.require(endpoint)

    async def disconnect(self) -> None:
        self.closing.set()
        self.lost("the server closed it")
        closed = asyncio.wrap_future(self.closed)
        await asyncio.wait({closed}, timeout=CLOSE_LIMIT)
        if not closed.done():
            logger.warning("%s did not close within %g s; it may stay in use until this process ends", self.name, CLOSE_LIMIT)

    @abstractmethod
    def open_device(self) -> None:
        """Open, on a thread.

        Raises:
            OSError: It cannot be opened.
        """

    @abstractmethod
    def write_device(self, packet: Packet) -> None:
        """Write a packet, on the same thread.

        Raises:
            OSError: The library failed.
            HardwareError: The packet or the device's answer is wrong.
        """

    @abstractmethod
    def read_device(self) -> bytes:
        """Return what the device sent, or nothing when :data:`READ_MS` are over or ``closing`` is set; on another thread,
        at the same time.

        Raises:
            OSError: The library failed.
        """

    @abstractmethod
    def close_device(self) -> None:
        """Close, opened or not, when nothing else is called any more; on the thread that opened.

        Raises:
            OSError: The library failed.
        """

    @abstractmethod
    def not_opened(self, error: OSError) -> HardwareError:
        """Return the error that tells people why the device did not open."""

    @abstractmethod
    def means_gone(self, error: OSError) -> bool:
        """Whether an error while writing means that the device is no longer there; one while reading always does."""

    def fail(self, reason: str) -> None:
        self.closing.set()
        super().fail(reason)

    def _read(self) -> None:
        # The loop may be closed: then nobody has to know.
        with suppress(RuntimeError):
            while not self.closing.is_set():
                try:
                    data = self.read_device()
                except Exception as error:  # noqa: BLE001 - whatever it is, no more can be read, and that is reported
                    self._loop.call_soon_threadsafe(self.fail, f"reading failed ({error}); was it unplugged?")
                    break
                if data:
                    self._deliver(data)
        self._end()

    def _deliver(self, data: bytes) -> None:
        """Have the loop notify it, and wait for that: so a flood queues up in the driver and does not fill the memory."""
        taken = threading.Event()
        self._loop.call_soon_threadsafe(self._received, data, taken)
        while not (taken.wait(READ_MS / 1000) or self.closing.is_set() or self._loop.is_closed()):
            pass

    def _received(self, data: bytes, taken: threading.Event) -> None:
        taken.set()
        if self.connected:
            self.notified("rx", data)

    def _end(self) -> None:
        # Nobody reads any more, and what is written is ahead in the queue, so nothing is called after the closing.
        self._worker.post(self._close)
        self._worker.end()

    def _close(self) -> None:
        try:
            self.close_device()
        except Exception as error:  # noqa: BLE001 - nothing more can be done
            logger.info("%s did not close properly: %s", self.name, error)
        finally:
            self.closed.set_result(None)
