"""Packets that belong together, and what became of them."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from buttplug.core.errors import ButtplugDeviceError, ButtplugError
from buttplug.hardware.base import Packet
from buttplug.server.devices.pacing.moves import Move, Moves
from buttplug.server.devices.pacing.slots import Slot
from buttplug.server.protocols.base import Output, Protocol

logger: logging.Logger = logging.getLogger(__name__)

#: Called once with None when an output was written or replaced by a newer one, with the error when it could not be.
Done: TypeAlias = Callable[[ButtplugError | None], None]

#: Times each packet of a stop is tried before the stop counts as failed.
STOP_TRIES = 2


class Wanted(Struct):
    """An output that was asked for and not answered yet."""

    output: Output
    done: Done


class Batch(ABC):
    """The packets of commands, or of a repeat: made one by one, so that the protocol knows which were written.

    Attributes:
        error: What kept it from being written.
        was_begun: Whether one of its packets was written, or tried.
        was_cut_short: Whether a stop came before its last packet.
        was_cut_off: Whether it came in the middle of the writing of one, which may have arrived.
    """

    error: ButtplugError | None = None
    was_begun = False
    was_cut_short: bool = False
    was_cut_off: bool = False
    _packets: Iterator[Packet] | None = None
    _interrupted = False

    @abstractmethod
    def encode(self) -> Iterable[Packet]:
        """Return the packets."""

    def take(self) -> Packet | None:
        """Return the next packet; None when the batch is over."""
        if self.error is not None or self.was_cut_short:
            return None
        try:
            if self._packets is None:
                self._packets = iter(self.encode())
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

    def written(self, moves: Moves, protocol: Protocol, now: float) -> None:
        """Note that a packet was written, for the sake of parts that move."""

    def failed(self, error: ButtplugError | None) -> None:
        """Note that a packet was not written: those behind it are not sent. ``error`` None: it was cut off for a stop."""
        self.error = error
        self.was_cut_off = error is None
        self.was_cut_short = self.was_cut_short or self.was_cut_off


class CommandBatch(Batch):
    """The packets of commands. ``changed`` are the outputs that get another value than they had."""

    _moves_are_noted = False

    def __init__(
        self,
        wanted: dict[Slot, Wanted],
        changed: Mapping[Slot, Output],
        values: Mapping[int, int],
        protocol: Protocol,
    ) -> None:
        """``changed`` is in the order of sending; ``values`` has one value per feature."""
        self.wanted = wanted
        self.changed = changed
        self._values = values
        self._protocol = protocol

    def encode(self) -> Iterable[Packet]:
        return self._protocol.encode(list(self.changed.values()), self._values) if self.changed else ()

    @property
    def dones(self) -> list[Done]:
        """Whom to answer."""
        return [want.done for want in self.wanted.values()]

    def written(self, moves: Moves, protocol: Protocol, now: float) -> None:
        # Moving parts come first, so it is the first packet that sets them in motion.
        if not self._moves_are_noted:
            self._moves_are_noted = True
            moves.sent(self.changed.values(), protocol, now, sure=True)


class RepeatBatch(Batch):
    """The packets of a repeat."""

    dones: Sequence[Done] = ()

    def __init__(self, told: Sequence[Output], values: Mapping[int, int], protocol: Protocol) -> None:
        """``told`` is what each output was told last."""
        self._told = told
        self._values = values
        self._protocol = protocol

    def encode(self) -> Iterable[Packet]:
        return self._protocol.repeat(self._told, self._values)


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
        self._taken = Packet(b"")
        self._tries_left = STOP_TRIES - 1
        self._moves_are_noted = False
        self._moves_before: Mapping[int, Move] = {}

    @property
    def error(self) -> ButtplugDeviceError | None:
        """Why not everything was stopped; None where it was."""
        problem = self._last_error if self._unwritten else self._failure
        return None if problem is None else ButtplugDeviceError(f"it could not be stopped: {problem}")

    def take(self) -> Packet | None:
        """Return the next packet; None when the batch is over."""
        if not self._left and self._unwritten and self._tries_left:
            self._tries_left -= 1
            self._left, self._unwritten = self._unwritten, []
        if not self._left:
            return None
        self._taken = self._left.pop(0)
        return self._taken

    def written(self, moves: Moves, protocol: Protocol, now: float) -> None:
        """Note that a packet was written: the first one halts the parts that move."""
        if not self._unwritten:
            self._note_moves(moves, protocol, now)

    def finished(self, moves: Moves, protocol: Protocol, now: float) -> None:
        """Note that every packet was written."""
        protocol.stop_written()
        self._note_moves(moves, protocol, now)

    def _note_moves(self, moves: Moves, protocol: Protocol, now: float) -> None:
        if not self._moves_are_noted:
            self._moves_are_noted = True
            self._moves_before = moves.all_under_way(now)
            moves.stopped(self.stopped.values(), protocol, now)

    def given_up(self, moves: Moves) -> None:
        """Note that not every packet was written: the parts may be moving as before, whatever was written of the stop."""
        moves.put_back(self._moves_before)

    def failed(self, error: ButtplugError | None) -> None:
        """Note that a packet was not written. ``error`` None: it was cut off."""
        self._unwritten.append(self._taken)
        self._last_error = "its packet was cut off" if error is None else error.message
