"""A serial port without hardware: a pseudo terminal, opened by the real pyserial, and the device's end of it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import SimulatedDevice

#: Bytes that the kernel passes on to an end that reads nothing, and rounds in which that should have happened.
READ_BUFFER = 4095
ROUNDS = 100


class Pty:
    """One port. ``path`` is what a server opens; ``link`` is a name for it that stays when it is plugged in again.

    Attributes:
        received: What was written to the port, in one piece.
        on_received: Called with every piece.
    """

    def __init__(self, link: Path | None = None, device: SimulatedDevice | None = None) -> None:
        """``device``: what stands behind the port; it is handed every piece as a packet."""
        self.received = bytearray()
        self.on_received: Callable[[bytes], None] = lambda data: None
        if device is not None:
            self.on_received = lambda data: device.received(Packet(data))
        self.plugged_in = True
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._link = link
        self.path = os.ttyname(self._slave)
        if link is not None:
            link.symlink_to(self.path)
            self.path = str(link)
        self.resume()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.unplug()

    @property
    def opened(self) -> bool:
        """Whether somebody has the port open for himself alone."""
        try:
            fcntl.flock(self._slave, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._slave, fcntl.LOCK_UN)
        return False

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Have another program use the port."""
        fcntl.flock(self._slave, fcntl.LOCK_EX)
        yield
        fcntl.flock(self._slave, fcntl.LOCK_UN)

    def send(self, data: bytes) -> None:
        """Send bytes as the device; they must fit the driver's buffer."""
        assert os.write(self._master, data) == len(data)

    def pause(self) -> None:
        """Take nothing any more, as a device that hangs."""
        asyncio.get_running_loop().remove_reader(self._master)

    def fill(self) -> None:
        """Take nothing any more, and have the driver's buffer full already."""
        self.pause()
        os.set_blocking(self._slave, False)
        for _ in range(ROUNDS):
            # The kernel passes some of it on, and then has room again.
            passed_on = self._unread() >= READ_BUFFER
            if not self._stuffed() and passed_on:
                break
            time.sleep(0.01)

    def _unread(self) -> int:
        """Return how many bytes wait at the device's end."""
        (count,) = struct.unpack("i", fcntl.ioctl(self._master, termios.FIONREAD, bytes(4)))
        return int(count)

    def _stuffed(self) -> bool:
        """Write all that there is room for; return whether there was room."""
        written = 0
        with suppress(BlockingIOError):
            while True:
                written += os.write(self._slave, bytes(4096))
        return written > 0

    def resume(self) -> None:
        """Take what is sent."""
        asyncio.get_running_loop().add_reader(self._master, self._read)

    def unplug(self) -> None:
        """Be gone, the path too."""
        if not self.plugged_in:
            return
        self.plugged_in = False
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)
        if self._link is not None:
            self._link.unlink()

    def _read(self) -> None:
        data = os.read(self._master, 65536)
        self.received += data
        self.on_received(data)
