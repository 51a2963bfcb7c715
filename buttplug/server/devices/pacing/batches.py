"""Packets that belong together, and what became of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from buttplug.core.errors import ButtplugDeviceError, ButtplugError
from buttplug.hardware.base import Packet
from buttplug.server.devices.pacing.slots import Slot
from buttplug.server.protocols.base import Output

logger: logging.Logger = logging.getLogger(__name__)

#: Called once with None when an output was written or replaced by a newer one, with the error when it could not be.
Done: TypeAlias = Callable[[ButtplugError | None], None]

#: Times each packet of a stop is tried before the stop counts as failed.
STOP_TRIES = 2


class Wanted(Struct):
    """An output that was asked for and not answered yet."""

    output: Output
    done: Done


class Batch:
    """The packets of commands, or of a repeat: made one by one, so that the protocol knows which were written.

    Attributes:
        error: What kept it from being written.
        was_begun: Whether one of its packets was written, or tried.
        was_cut_short: Whether a stop came before its last packet.
    """

    error: ButtplugError | None = None
    was_begun = False
    was_cut_short: bool = False
    _packets: Iterator[Packet] | None = None
    _interrupted = False

    def __init__(self, encode: Callable[[], Iterable[Packet]]) -> None:
        self._encode = encode

    def take(self) -> Packet | None:
        """Return the next packet; None when the batch is over."""
        if self.error is not None or self.was_cut_short:
            return None
        try:
            if self._packets is None:
                self._packets = iter(self._encode())
            packet = next(self._packets, None)
        except ButtplugError as error:
            self.error = error
            return None
        except Exception as error:
            logger.exception("no packets could be made")
            self.error = ButtplugDeviceError(f"no packets could be made: {error}")
            return None
        if packet is not None and self._interrupted:
            self.was_cut_short = True
            return None
        return packet

    def interrupt(self, *, waiting: bool) -> None:
        """Have a stop end the batch before its next packet; ``waiting``: one was taken that is not written any more."""
        self._interrupted = True
        self.was_cut_short = self.was_cut_short or waiting

    def failed(self, packet: Packet, error: ButtplugError) -> None:
        """Note that a packet was not written: those behind it are not sent."""
        self.error = error


class CommandBatch(Batch):
    """The packets of commands. ``changed`` are the outputs that get another value than they had."""

    def __init__(
        self, wanted: dict[Slot, Wanted], changed: Mapping[Slot, Output], encode: Callable[[], Iterable[Packet]]
    ) -> None:
        self._encode = encode
        self.wanted = wanted
        self.changed = changed

    @property
    def dones(self) -> list[Done]:
        """Whom to answer."""
        return [want.done for want in self.wanted.values()]


class RepeatBatch(Batch):
    """The packets of a repeat."""

    dones: Sequence[Done] = ()


class StopBatch:
    """The packets of a stop: each is written whatever became of the others, and those that failed are tried once more."""

    def __init__(
        self,
        slots: set[Slot],
        stopped: Mapping[Slot, Output],
        packets: Sequence[Packet],
        dones: list[Done],
        failure: str | None,
    ) -> None:
        """``stopped`` is what its packets tell the outputs; ``failure`` says why one has no packet."""
        self.slots = slots
        self.stopped = stopped
        self.dones = dones
        self.was_begun = False
        self._failure = failure
        self._last_error = ""
        self._left = list(packets)
        self._unwritten: list[Packet] = []
        self._tries_left = STOP_TRIES - 1

    @property
    def problem(self) -> str | None:
        """Why not everything was stopped; None where it was."""
        return self._last_error if self._unwritten else self._failure

    def take(self) -> Packet | None:
        """Return the next packet; None when the batch is over."""
        if not self._left and self._unwritten and self._tries_left:
            self._tries_left -= 1
            self._left, self._unwritten = self._unwritten, []
        return self._left.pop(0) if self._left else None

    def failed(self, packet: Packet, error: ButtplugError) -> None:
        """Note that a packet was not written."""
        self._unwritten.append(packet)
        self._last_error = error.message
