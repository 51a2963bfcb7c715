"""The packets of a stop, and what became of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from buttplug.core.errors import ButtplugDeviceError, ButtplugError
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import surely_failed
from buttplug.server.devices.pacing.batches import Done
from buttplug.server.devices.pacing.slots import Slot
from buttplug.server.protocols.base import Output, Protocol

#: Makes a stop again: what it tells the outputs, and its packets.
Slower: TypeAlias = "Callable[[], tuple[Mapping[Slot, Output], Sequence[Packet]]]"

#: Times each packet of a stop is tried before the stop counts as failed.
STOP_TRIES = 2


class StopBatch:
    """The packets of a stop.

    A packet that was not written is tried once more, and keeps none of the others from being written: an output that does not
    work leaves no other running. Nothing that was written is written again, since some devices take the same packet as
    another command the second time. Where packets count only in order (:attr:`.Protocol.stops_in_order`), a failed one is
    tried again before those behind it; else behind them, so that an output that hangs delays no other. One that would undo
    itself (:attr:`.Protocol.stops_once`) is tried again only where it surely has not arrived, and has all the time there is.

    Where it tells parts to be where they were when it was made, and takes long, what is left of it is made again, slower: by
    then they may be elsewhere.
    """

    def __init__(
        self,
        slots: set[Slot],
        stopped: Mapping[Slot, Output],
        packets: Iterable[Packet],
        dones: list[Done],
        failure: str | None,
        protocol: Protocol,
        *,
        slower: Slower | None = None,
        slower_after: float = 0.0,
    ) -> None:
        """``stopped`` is what its packets tell the outputs; ``failure`` says why one has no packet. ``slower`` makes it again,
        for what is left after the time ``slower_after``.

        ``dones_of_next`` get to know whom the stop behind this one is to answer instead.
        """
        self.slots = slots
        self.stopped: Mapping[Slot, Output] = stopped
        self.dones = dones
        self.dones_of_next: list[Done] = []
        self.was_begun = False
        self._problem = failure
        self._others_wait = False
        self._protocol = protocol
        self._packets = list(packets)
        #: The packets left to write, each with how many times it may still be tried.
        self._left = deque((packet, STOP_TRIES) for packet in self._packets)
        self._taken = (Packet(b""), 0)
        self._slower, self._slower_after = slower, slower_after

    @property
    def error(self) -> ButtplugDeviceError | None:
        """Why not everything was stopped; None where it was, or is not known yet."""
        return None if self._problem is None else ButtplugDeviceError(f"it could not be stopped: {self._problem}")

    @property
    def is_hurried(self) -> bool:
        """Whether others wait for the packet that was taken, which is tried again should it take long."""
        packet, tries = self._taken
        return (self._others_wait or (bool(self._left) and tries > 1)) and packet not in self._protocol.stops_once

    def make_way(self) -> bool:
        """Note that the stop of other outputs was asked for: what hangs is not tried again before that one, but behind it.

        Returns whether the packet under way is hurried.
        """
        self._others_wait = True
        return self.is_hurried

    def take(self, now: float) -> Packet | None:
        """Return the next packet; None when the batch is over."""
        if self._slower is not None and now > self._slower_after and self._left:
            stopped, packets = self._slower()
            self._slower = None
            if self._replace_left(packets):
                self.stopped = stopped
        if not self._left:
            return None
        self._taken = self._left.popleft()
        return self._taken[0]

    def _replace_left(self, packets: Sequence[Packet]) -> bool:
        """Have other packets in the place of those left: none that was written, or given up. Return whether any differs."""
        before = self._left
        left = [packet for packet, _ in before]
        over = [packet for packet in self._packets if packet not in left]
        if len(packets) == len(self._packets):
            # Each keeps its turn.
            replacing = dict(zip(self._packets, packets, strict=True))
            again = [(replacing.get(packet, packet), tries) for packet, tries in before]
        else:
            again = [(packet, before[0][1]) for packet in packets]
        self._left = deque((packet, tries) for packet, tries in again if packet not in over)
        return self._left != before

    def written(self) -> None:
        """Note that a packet was written."""
        self._protocol.stop_packet_written(self._taken[0])

    def failed(self, error: ButtplugError | None) -> None:
        """Note that a packet was not written. ``error`` None: it was cut off."""
        packet, tries = self._taken
        problem = "its packet was cut off" if error is None else error.message
        cannot_arrive = surely_failed(error)
        if packet in self._protocol.stops_once and not cannot_arrive:
            self._problem = f"{problem}; {self._protocol.stop_unsure()}"
        elif tries == 1 or (self._others_wait and not cannot_arrive):
            # What to do about one that is unsure is not hidden by what failed behind it.
            self._problem = self._problem or problem
        elif self._protocol.stops_in_order:
            self._left.appendleft((packet, tries - 1))
        else:
            self._left.append((packet, tries - 1))
