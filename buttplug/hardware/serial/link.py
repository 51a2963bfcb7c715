"""One open serial port."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from buttplug.hardware.base import Packet
from buttplug.hardware.common.blocking import READ_MS, BlockingHardware
from buttplug.hardware.errors import (
    HardwareDisconnectedError,
    HardwareError,
    HardwarePermissionError,
    HardwareTimeoutError,
)
from buttplug.hardware.serial.library import permission_remedy, pyserial
from buttplug.hardware.serial.specifier import SerialSpecifier

if TYPE_CHECKING:
    from serial import Serial


#: Seconds that sending a packet may take; less than after which the write counts as hanging.
WRITE_LIMIT = 0.9

#: Seconds between the first byte that comes and the reading of all that came, so that a packet stays in one piece.
GATHER_TIME = 0.005

#: Most bytes of one notification.
READ_SIZE = 4096

_BUSY = frozenset({errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK})
_DENIED = frozenset({errno.EACCES, errno.EPERM})
_WRONG = frozenset({errno.EINVAL})
_GONE = frozenset({errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EIO})


class SerialHardware(BlockingHardware):
    """A device on a serial port. Whatever it sends arrives as notifications of endpoint rx, subscribed or not."""

    #: Boards with a USB chip of their own do when DTR is turned on.
    restarts_device = True

    def __init__(self, specifier: SerialSpecifier) -> None:
        port = specifier.port
        super().__init__(name=port, address=port, endpoints=("tx", "rx"), specifier=specifier)
        self._settings = specifier
        self._port: Serial | None = None
        self._has_broken_off = False

    def open_device(self) -> None:
        """Open the port with all settings, for this process alone."""
        serial, settings = pyserial(), self._settings
        with _os_errors():
            self._port = port = serial.Serial(
                None,
                settings.baud_rate,
                settings.data_bits,
                settings.parity,
                settings.stop_bits,
                timeout=READ_MS / 1000,
                write_timeout=WRITE_LIMIT,
                exclusive=True,
            )
            port.port = settings.port
            # These are to hold from the first moment.
            if settings.dtr is not None:
                port.dtr = settings.dtr
            if settings.rts is not None:
                port.rts = settings.rts
            port.open()

    def write_device(self, packet: Packet) -> None:
        """Write, and wait until the driver has sent it, so that nothing queues up on the way to the device."""
        port, sent = self._open_port, False
        data = self.line_end + packet.data if self._has_broken_off else packet.data
        self._has_broken_off = True
        deadline = time.monotonic() + WRITE_LIMIT
        with _os_errors():
            with suppress(pyserial().SerialTimeoutException):
                port.write(data)
                while port.out_waiting and time.monotonic() < deadline:
                    time.sleep(0.001)
                sent = not port.out_waiting
            if not sent:
                # What arrives late is worse than what does not arrive.
                port.reset_output_buffer()
                raise HardwareTimeoutError(
                    f"{self.name} sent nothing for {WRITE_LIMIT:g} s: is the device switched on and ready to receive?"
                )
            self._has_broken_off = False

    def read_device(self) -> bytes:
        port = self._open_port
        data = port.read(1)
        if data:
            time.sleep(GATHER_TIME)
            data += port.read(min(port.in_waiting, READ_SIZE - 1))
        return data

    def close_device(self) -> None:
        if self._port is not None:
            self._port.close()

    def not_opened(self, error: OSError) -> HardwareError:
        path, number, text = self.name, error.errno, str(error)
        # On Windows pyserial puts the system's error into the text only, and "access denied" means that the port is taken.
        if number in _BUSY or "PermissionError(13" in text:
            return HardwareError(f"{path} is in use by another program: close it and scan again ({error})")
        if number in _DENIED:
            return HardwarePermissionError(f"{path} may not be opened: {permission_remedy(path)}")
        if number in _GONE or "FileNotFoundError" in text:
            return HardwareDisconnectedError(f"{path} is gone: plug the device in again and scan again ({error})")
        if number in _WRONG:
            return HardwareError(f"{path} does not know these settings, correct them in the user configuration: {error}")
        return HardwareError(f"{path} could not be opened: {error}")

    def means_gone(self, error: OSError) -> bool:
        return True

    @property
    def _open_port(self) -> Serial:
        assert self._port is not None  # the base class opens first
        return self._port


@contextmanager
def _os_errors() -> Iterator[None]:
    """Have every failure of pyserial raised as an OSError: it lets termios.error and its own ValueError through."""
    try:
        yield
    except (OSError, HardwareError):
        raise
    except ValueError as error:
        raise OSError(errno.EINVAL, str(error)) from error
    except Exception as error:
        raise OSError(*error.args) from error
