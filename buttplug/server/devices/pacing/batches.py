"""Packets that belong together, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from buttplug.core.errors import ButtplugDeviceError, ButtplugError
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import surely_failed
from buttplug.server.devices.pacing.moves import Move, Moves
from buttplug.server.devices.pacing.slots import Slot
from buttplug.server.protocols.base import Output, Protocol

#: Called once with None when an output was written or replaced by a newer one, with the error when it could not be.
Done: TypeAlias = Callable[[ButtplugError | None], None]


class Wanted(Struct):
    """An output that was asked for and not answered yet."""

    output: Output
    done: Done


class Batch(Struct, eq=False, kw_only=True):
    """The packets of commands, or of a repeat: made one by one, so that the protocol knows which were written.

    Attributes:
        error: What kept it from being written.
        fault: What the protocol raised by a fault in it, if that was it.
        was_begun: Whether one of its packets was written, or tried.
        was_cut_short: Whether a stop came before its last packet.
        was_cut_off: Whether it came in the middle of the writing of one.
        may_arrive: Whether a packet that was given up may have arrived, or still may.
    """

    error: ButtplugError | None = None
    fault: Exception | None = None
    is_hurried: bool = False
    was_begun: bool = False
    was_cut_short: bool = False
    was_cut_off: bool = False
    may_arrive: bool = False
    _packets: Iterator[Packet] | None = None
    _interrupted: bool = False

    def encode(self) -> Iterable[Packet]:
        """Return the packets."""
        raise NotImplementedError

    def take(self, now: float) -> Packet | None:
        """Return the next packet; None when the batch is over."""
        if self.error is not None or self.was_cut_short:
            self._end()
            return None
        try:
            if self._packets is None:
                self._packets = iter(self.encode())
            packet = next(self._packets, None)
        except ButtplugError as error:
            self.error = error
            return None
        except Exception as error:  # noqa: BLE001 it is logged when the batch is over
            self.fault = error
            self.error = ButtplugDeviceError(f"no packets could be made, which is a fault of the server: {error!r}")
            return None
        if packet is not None and self._interrupted:
            self.was_cut_short = True
            self._end()
            return None
        return packet

    def _end(self) -> None:
        """Have the protocol's generator end now: it may note what was not written, which counts for what comes next."""
        self._packets = None

    def interrupt(self, *, waiting: bool) -> None:
        """Have a stop end the batch before its next packet; ``waiting``: one was taken that is not written any more."""
        self._interrupted = True
        self.was_cut_short = self.was_cut_short or waiting

    def failed(self, error: ButtplugError | None) -> None:
        """Note that a packet was not written: those behind it are not sent. ``error`` None: it was cut off for a stop."""
        self.error = error
        self.was_cut_off = error is None
        self.may_arrive = not surely_failed(error)
        self.was_cut_short = self.was_cut_short or self.was_cut_off


class CommandBatch(Batch, eq=False):
    """The packets of commands.

    ``changed`` are the outputs that get another value than they had, in the order of sending; ``values`` has one value per
    feature.
    """

    wanted: dict[Slot, Wanted]
    changed: Mapping[Slot, Output]
    values: Mapping[int, int]
    protocol: Protocol
    _moves_are_noted: bool = False
    _before: Mapping[int, Move] | None = None

    def encode(self) -> Iterable[Packet]:
        return self.protocol.encode(list(self.changed.values()), self.values) if self.changed else ()

    @property
    def dones(self) -> list[Done]:
        """Whom to answer."""
        return [want.done for want in self.wanted.values()]

    def begun(self, moves: Moves, now: float) -> None:
        """Note that its first packet is being written."""
        self._before = moves.all_under_way(now)
        moves.may_be_sent(self.changed.values(), now)

    def written(self, moves: Moves, now: float) -> None:
        """Note that a packet was written. Moving parts come first, so it is the first packet that sets them in motion."""
        if not self._moves_are_noted:
            self._moves_are_noted = True
            moves.sent(self.changed.values(), self.protocol, now)

    def not_written(self, moves: Moves, now: float) -> None:
        """Note what a batch that did not get to its end may have done to parts."""
        if self.may_arrive:
            moves.may_be_sent(self.changed.values(), now)
        elif self.error is not None:
            outputs, some_written = self.changed.values(), self._moves_are_noted
            moves.refused(outputs, self.protocol, now, before=self._before or {}, some_written=some_written)


class RepeatBatch(Batch, eq=False):
    """The packets of a repeat. ``told`` is what each output was told last."""

    told: Sequence[Output]
    values: Mapping[int, int]
    protocol: Protocol
    dones: Sequence[Done] = ()

    def encode(self) -> Iterable[Packet]:
        return self.protocol.repeat(self.told, self.values)
