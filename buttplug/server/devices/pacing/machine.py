"""What to write to one device next: a state machine without asyncio, hardware or clock.

Commands and stops go in at any speed; :meth:`Machine.next` says what to do at a given time, and is told what became of every
write. The newest output of each slot wins. The first command after a quiet gap is written at once, others when the message gap
is over. Stops come first, past the gap; repeats when they are due. Between any two packets the spacing of the bus is kept.

A write that was given up may still arrive. On links that keep order what is written later settles that. On others the machine
repeats stops, and whatever else was told since, once nothing can arrive any more (:meth:`Machine.settled`), and answers such a
stop only then.
"""

from __future__ import annotations

from collections.abc import Collection, Set
from math import inf

from buttplug.core.errors import ButtplugError
from buttplug.hardware.base import Packet
from buttplug.server.devices.pacing.batches import CommandBatch, Done, RepeatBatch
from buttplug.server.devices.pacing.commands import begin_commands
from buttplug.server.devices.pacing.faults import Faults
from buttplug.server.devices.pacing.moves import Moves
from buttplug.server.devices.pacing.outputs import Outputs
from buttplug.server.devices.pacing.owed import Answer, OwedStops, said_again
from buttplug.server.devices.pacing.pace import Pace
from buttplug.server.devices.pacing.pending import Pending
from buttplug.server.devices.pacing.repeats import Repeats
from buttplug.server.devices.pacing.slots import Limits, Slot
from buttplug.server.devices.pacing.stop_batch import StopBatch
from buttplug.server.devices.pacing.stops import begin_stop
from buttplug.server.protocols.base import Output, Protocol


class Machine:
    """The state of one device's writing. ``gap`` and ``spacing``: the shortest times in seconds between batches and packets.

    ``slots`` are all outputs of the device. Whoever runs the machine gives the ``answers``, and takes them out; and gives a
    packet less time that ``is_hurried``: one for which the stop of other outputs waits.
    """

    def __init__(self, protocol: Protocol, limits: Limits, moves: Moves, *, gap: float, spacing: float, now: float) -> None:
        self.slots: Set[Slot] = limits.values.keys()
        self.answers: list[Answer] = []
        self.is_hurried: bool = False
        self.moves = moves
        self._pace = Pace(gap, spacing, now)
        self._protocol, self._limits = protocol, limits
        self.outputs: Outputs = Outputs(limits.values, [each.index for each in protocol.definition.features if each.outputs])
        self._repeats = Repeats(protocol, now)
        self._pending = Pending()
        self._owed = OwedStops()
        self._faults = Faults(protocol.name)
        self._has_parts = any(type_.is_position for _, type_ in limits.values)
        self._batch: CommandBatch | RepeatBatch | StopBatch | None = None
        self._ready: Packet | None = None
        self._last = Packet(b"")

    @property
    def is_writing_stop(self) -> bool:
        """Whether the packet to write is one of a stop."""
        return isinstance(self._batch, StopBatch)

    @property
    def owes_stop(self) -> bool:
        """Whether a stop was asked for that the device surely did not get, or perhaps not."""
        return self.is_writing_stop or self._owed.any

    def may_be_running(self, now: float) -> bool:
        """Whether an output was told to run, or may have been, and is not known to have stopped."""
        return self.owes_stop or self._owed.may_arrive or self.outputs.may_run or bool(self.moves.all_under_way(now))

    def wants(self, slot: Slot) -> bool:
        """Whether an output was asked for that is not answered yet."""
        return slot in self._pending.wanted or (isinstance(self._batch, CommandBatch) and slot in self._batch.wanted)

    def want(self, output: Output, done: Done, now: float) -> None:
        """Want an output to have a value. It replaces what was wanted of the same slot and is not yet being written."""
        self.answers += self._pending.add(output, done, now)

    def stop(self, slots: Collection[Slot], *dones: Done) -> None:
        """Stop outputs, before anything else is written; what was wanted of them is dropped."""
        self.answers += self._pending.drop(slots)
        if isinstance(self._batch, StopBatch):
            if self._batch.slots.issuperset(slots) and not self._owed.slots:
                self._batch.dones += dones
                return
            self.is_hurried = self._batch.make_way()
        elif self._batch is not None:
            self._batch.interrupt(waiting=self._ready is not None)
            self._ready, self.is_hurried = None, True
        self._owed.ask(slots, dones)

    def configure(self, limits: Limits, gap: float) -> None:
        """Use other limits and another gap from now on; a stop that is being written is made again, under them."""
        self._stop_again()
        self._limits, self.outputs.ranges = limits, limits.values
        self._pace.gap = gap

    def next(self, now: float) -> Packet | float:
        """Return the packet to write now, or the time until which there is nothing to do, infinity where none is known.

        What becomes of a packet has to be told before the next call.
        """
        while True:
            if self._batch is None and (wait := self._begin(now)) is not None:
                return wait
            batch = self._batch
            assert batch is not None
            if (packet := self._ready or batch.take(now)) is None:
                self._finish(now)
            elif now < self._pace.packet_due:
                self._ready = packet
                return self._pace.packet_due
            else:
                if self._has_parts and not batch.was_begun and isinstance(batch, CommandBatch):
                    batch.begun(self.moves, now)
                self._last, self._ready = packet, None
                batch.was_begun, self.is_hurried = True, batch.is_hurried
                return packet

    def written(self, now: float) -> None:
        """Note that the packet was written."""
        self._pace.written(now, self._last.pause)
        if isinstance(self._batch, StopBatch):
            self._batch.written()
        elif self._has_parts and isinstance(self._batch, CommandBatch):
            self._batch.written(self.moves, now)
        if self._protocol.repeat_after is None:
            self._repeats.counted_from = None  # What the protocol begins with this packet is counted from here.

    def failed(self, error: ButtplugError | None, now: float, *, may_arrive: bool = False) -> None:
        """Note that the packet was not written; ``error`` None: it was cut off for a stop.

        ``may_arrive``: it may arrive until :meth:`settled`, behind later ones too.
        """
        self._pace.written(now, self._last.pause)
        self._owed.may_arrive = self._owed.may_arrive or may_arrive
        if self._batch is not None:
            self._batch.failed(error)

    def settled(self, now: float) -> None:
        """Note that nothing that was given up can arrive any more: what it may have overwritten is said again."""
        self.answers += self._owed.settled(self._batch)
        self._stop_again()

    def abandon(self, error: ButtplugError, now: float) -> None:
        """Answer everything that is asked for with an error, and forget it; failed stops go on being tried."""
        dones = [wanted.done for wanted in self._pending.take().values()] + self._owed.abandon()
        if isinstance(self._batch, StopBatch):
            self.moves.may_be_stopped(self._batch.stopped.values(), now)
            self.answers += self._owed.failed(self._batch, error, now)
        elif self._batch is not None:
            dones += self._batch.dones
        self._batch = self._ready = None
        self.outputs.unsure.update(self.slots)
        self.answers += [(done, error) for done in dones]

    def _begin(self, now: float) -> float | None:
        """Begin the batch whose turn it is; return until when there is none."""
        owed, pace = self._owed, self._pace
        if owed.due <= now:
            self.answers += owed.take_due(now)
        if owed.must_repeat:
            self._repeat_everything()
        if owed.must_tell:
            for slot in owed.take_untold() - self._pending.wanted.keys():
                self.want(self.outputs.told[slot], said_again, now)
        if owed.slots or owed.dones:
            if now < pace.packet_due:
                return pace.packet_due
            self._batch = begin_stop(self._protocol, *owed.take(), self.outputs, self.moves, self._limits, now)
            return None
        commands = self._pending.since
        if self._protocol.repeat_after is None:
            self._repeats.counted_from, repeat = None, inf
            if commands == inf:
                return owed.due
        else:
            repeat = self._repeats.due(pace.written_at)
        if now < pace.batch_due or now < pace.packet_due:
            earliest = max(pace.batch_due, pace.packet_due)
            commands, repeat = max(commands, earliest), max(repeat, earliest)
        if commands <= now and (commands <= repeat or not self._protocol.repeats_regularly):
            moves = self.moves if self._has_parts else None
            self._batch = begin_commands(self._pending.take(), self.outputs, moves, self._protocol, now)
            if self._batch.changed:
                pace.batch_begun(now)
        elif repeat <= now:
            self._batch = RepeatBatch(self.outputs.current, self.outputs.values, self._protocol)
            pace.batch_begun(now)
        else:
            return min(commands, repeat, owed.due)
        return None

    def _repeat_everything(self) -> None:
        self._owed.stop_uncertain_again()
        self.outputs.unsure.update(self.slots)
        self.moves.may_have_moved()
        for slot in self.slots - self._owed.slots:
            if not slot[1].is_position:
                self._owed.tell_again(slot)

    def _stop_again(self) -> None:
        """Have the stop that is being written made again, behind its end, since it may have halted a part."""
        if isinstance(self._batch, StopBatch):
            self._owed.ask_again(self._batch)

    def _finish(self, now: float) -> None:
        batch, self._batch = self._batch, None
        if isinstance(batch, StopBatch):
            self._finish_stop(batch, now)
            return
        if batch is not None and batch.fault is not None:
            self._faults.protocol_failed(batch.fault)
        if isinstance(batch, CommandBatch):
            self._finish_commands(batch, now)
        elif batch is not None:
            self._repeats.ended(now, failed=batch.error is not None)
            self.outputs.unsure.update(self.slots if batch.error is not None else ())
            if batch.may_arrive:
                self.moves.may_have_moved()

    def _finish_commands(self, batch: CommandBatch, now: float) -> None:
        if batch.error is None and not batch.was_cut_short:
            self.outputs.written(batch.changed, now)
            self.answers += self._owed.told(batch.wanted)
        elif batch.error is None:  # What the stop does not cover is still wanted.
            for slot in batch.wanted.keys() - self._owed.slots - self._pending.wanted.keys():
                wanted = batch.wanted.pop(slot)
                self.want(wanted.output, wanted.done, now)
        for wanted in batch.wanted.values():
            self.answers.append((wanted.done, batch.error))
        if batch.error is not None:
            self._owed.not_told(batch.wanted, now)
            self.outputs.failed(batch.changed if batch.was_begun else {})
        if batch.was_begun and self._has_parts:
            batch.not_written(self.moves, now)

    def _finish_stop(self, batch: StopBatch, now: float) -> None:
        self._pace.batch_begun(now)
        if batch.error is None:
            self._faults.stopped()
            self.outputs.stopped(batch.stopped, now)
            self.moves.stopped(batch.stopped.values(), self._protocol, now, may_arrive=self._owed.may_arrive)
            self._protocol.stop_written()
            self.answers += self._owed.written(batch, now)
        else:
            self._faults.not_stopped(batch.error)
            self.moves.may_be_stopped(batch.stopped.values(), now)
            self.answers += self._owed.failed(batch, batch.error, now)
