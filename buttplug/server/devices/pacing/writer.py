"""Writes packets, each within a limit that may be shortened while it is under way."""

from __future__ import annotations

import asyncio

from buttplug.core.errors import ButtplugDeviceError, ButtplugError
from buttplug.hardware.base import Hardware, Packet
from buttplug.hardware.errors import HardwareTimeoutError

#: Seconds a write may take, whatever the bus itself allows.
WRITE_LIMIT = 5.0
#: Seconds a write under way may still take when a stop is waiting for it, and that a write of a stop may take when the stop of
#: other outputs is waiting for it. When it is tried again it may take as long as any: a slow device is to be stopped, too.
STOP_LIMIT = 1.0


class CutOffError(ButtplugDeviceError):
    """A write was cut off for a stop."""


class Writer:
    """Writes to one device from one task, which is cancelled when a write takes too long.

    A task and a timer for each write would cost more than everything else of a command: so the task is the caller's, and the
    timer is set once and looks again when it fires early.
    """

    def __init__(self, hardware: Hardware, task: asyncio.Task[None]) -> None:
        """``task`` is the one that will call :meth:`write`."""
        self._hardware = hardware
        self._loop = asyncio.get_running_loop()
        self._task = task
        self._deadline: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_overdue = False
        self._is_cut_off = False

    async def write(self, packet: Packet, now: float, *, stops: bool, hurried: bool = False) -> None:
        """Write a packet within a limit; ``stops``: it is one of a stop; ``hurried``: others wait, and it is tried again.

        Raises:
            ButtplugError: It was not written, or not in time.
            asyncio.CancelledError: The caller is cancelled, by somebody else.
        """
        limit = STOP_LIMIT if hurried else WRITE_LIMIT
        self._deadline = now + limit
        if self._timer is None or limit < WRITE_LIMIT:
            self._look()
        try:
            await (self._hardware.write_stop(packet) if stops else self._hardware.write(packet))
        except asyncio.CancelledError as error:
            task = self._task
            if self._is_overdue:
                task.uncancel()
                if not task.cancelling():
                    if self._is_cut_off:
                        raise CutOffError(f"writing to {packet.endpoint} was cut off for a stop") from None
                    raise HardwareTimeoutError(f"writing to {packet.endpoint} did not end in time") from None
            if task.cancelling():
                raise
            # Not this task was cancelled, but something in the bus that it waited for.
            raise ButtplugDeviceError(f"writing to {packet.endpoint} was given up by the bus") from error
        except ButtplugError:
            raise
        except Exception as error:
            raise ButtplugDeviceError(f"writing to {packet.endpoint} failed: {error}") from error
        finally:
            self._is_overdue = self._is_cut_off = False
            self._deadline = None

    def cut_off(self) -> None:
        """Cut off the write that is under way, if any, for a stop."""
        self._is_cut_off = self._deadline is not None
        self.hurry(0.0)

    def hurry(self, limit: float) -> None:
        """Let the write that is under way, if any, take no longer than ``limit`` seconds from now."""
        if self._deadline is not None:
            self._deadline = min(self._deadline, self._loop.time() + limit)
            self._look()

    def close(self) -> None:
        """End the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        """Cut off the write under way when it is overdue, else look again when it will be."""
        self.close()
        if self._deadline is None:
            return
        if self._deadline <= self._loop.time():
            self._is_overdue = True
            self._deadline = None
            self._task.cancel()
        else:
            self._timer = self._loop.call_at(self._deadline, self._look)
