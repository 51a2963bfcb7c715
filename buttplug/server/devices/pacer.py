"""The writing of one device: what is wanted of it goes in at any speed, and comes out as fast as the device can take it.

One task per device does all its writing. It keeps the newest wanted output per slot, writes at once after a quiet gap and else
when the message gap is over, and asks the protocol for packets only then. Stops come first, past the gap; repeats come last.

A slot is one output of one feature; the two kinds of position share one, since they move the same part.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeAlias

from msgspec import Struct, structs

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError, ButtplugError
from buttplug.core.messages import Range
from buttplug.hardware.base import Hardware, Packet
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareTimeoutError
from buttplug.server.devices.moves import Moves
from buttplug.server.protocols.base import Output, Protocol

logger = logging.getLogger(__name__)

#: Seconds a write may take, whatever the bus itself allows.
WRITE_LIMIT = 5.0
#: Seconds a write under way may still take when a stop is waiting for it, and that each write of a stop may take.
STOP_LIMIT = 1.0
#: Times each packet of a stop is tried before the stop is reported as failed.
STOP_TRIES = 2
#: Seconds after which a failed stop, or a failed repeat, is tried again.
RETRY_DELAY = 1.0

Slot: TypeAlias = tuple[int, OutputType]

#: Called once with None when an output was written or replaced by a newer one, with the error when it could not be.
Done: TypeAlias = Callable[[ButtplugError | None], None]


def slot_of(feature: int, type: OutputType) -> Slot:  # noqa: A002
    """Return the slot of an output."""
    return (feature, OutputType.POSITION if type.is_position else type)


class _Wanted(Struct):
    output: Output
    done: Done


class Pacer:
    """Writes to one device. ``gap`` is the shortest time in seconds between two writes, 0 for none.

    ``ranges`` holds every output of the device and the range of device units it may be given.
    """

    def __init__(self, hardware: Hardware, protocol: Protocol, ranges: Mapping[Slot, Range], *, gap: float) -> None:
        self.ranges = ranges
        self.gap = gap
        self._hardware = hardware
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._pending: dict[Slot, _Wanted] = {}
        self._current = {slot: Output(*slot, 0) for slot in ranges if not slot[1].is_position}
        self._unsure = set(ranges)
        self._slots: defaultdict[int, list[Slot]] = defaultdict(list)
        for slot in ranges:
            self._slots[slot[0]].append(slot)
        self._moves = Moves()
        self._values = dict.fromkeys(sorted(self._slots), 0)
        for slot in ranges:
            if slot[1].is_position:
                self._keep_inside(slot)
        self._stopping: set[Slot] = set()
        self._stop_done: list[Done] = []
        self._owed: set[Slot] = set()
        self._owed_at = 0.0
        self._writing: list[Done] = []
        self._interrupted = False
        self._next_write = 0.0
        self._repeat_from: float | None = None
        self._waker: asyncio.Future[None] | None = None
        self._write_deadline: float | None = None
        self._watchdog: asyncio.TimerHandle | None = None
        self._overdue = False
        self._closed: ButtplugDeviceError | None = None
        self._at_rest = False
        self._task = self._loop.create_task(self._run(), name=f"pacer of {hardware.name}")

    def submit(self, output: Output, done: Done) -> None:
        """Want an output to have a value. It replaces what was wanted of the same slot and is not yet being written."""
        if self._closed is not None:
            done(self._closed)
            return
        slot = slot_of(output.feature, output.type)
        replaced = self._pending.pop(slot, None)
        self._pending[slot] = _Wanted(output, done)
        if replaced is not None:
            replaced.done(None)
        self._wake()

    def stop(self, done: Done, slots: Collection[Slot] | None = None) -> None:
        """Stop outputs, all of them where ``slots`` is None, before anything else is written.

        What was wanted of them is dropped. ``done`` is called when the device was written to, or could not be.
        """
        if self._closed is not None:
            done(None if self._at_rest else self._closed)
            return
        chosen = self.ranges.keys() if slots is None else slots
        dropped = [self._pending.pop(slot) for slot in chosen if slot in self._pending]
        self._stopping.update(chosen)
        self._owed.difference_update(chosen)
        self._stop_done.append(done)
        for wanted in dropped:
            wanted.done(None)
        if self._write_deadline is not None:
            self._write_deadline = min(self._write_deadline, self._loop.time() + STOP_LIMIT)
            self._watch()
        self._wake()

    async def close(self, reason: str) -> None:
        """End all writing; what is still wanted fails with the reason."""
        if self._closed is None:
            self._closed = HardwareDisconnectedError(reason)
        self._task.cancel()
        await asyncio.wait([self._task], timeout=STOP_LIMIT)
        if self._watchdog is not None:
            self._watchdog.cancel()
        self._fail(self._closed)

    # The task

    async def _run(self) -> None:
        try:
            while self._closed is None:
                try:
                    await self._turn()
                except Exception as error:
                    # A fault of ours must not be the end of all stops for this device.
                    logger.exception("%s: pacing failed and goes on", self._hardware.name)
                    waiting, self._writing = self._writing, []
                    self._finish(waiting, ButtplugDeviceError(f"the server failed: {error}"))
                    await asyncio.sleep(RETRY_DELAY)
        except asyncio.CancelledError:
            if self._closed is None:
                await self._stop_last()
            raise

    async def _stop_last(self) -> None:
        """Stop the device, since the event loop is ending: that cancels every task, and nobody closed the server before."""
        cut_off, self._writing = self._writing, []
        self._stopping, self._owed = set(self.ranges), set()
        while self._stopping:
            await self._write_stop()
        self._at_rest = not self._owed
        self._closed = HardwareDisconnectedError("the program has ended")
        self._writing = cut_off
        self._fail(self._closed)

    async def _turn(self) -> None:
        now = self._loop.time()
        repeat_at = self._repeat_due()
        if self._owed and self._owed_at <= now:
            self._stopping |= self._owed
            self._owed = set()
        if self._stopping:
            await self._write_stop()
        elif self._pending and self._next_write <= now:
            await self._write_pending()
        elif repeat_at is not None and repeat_at <= now:
            await self._write_repeat()
        else:
            times = [repeat_at] if repeat_at is not None else []
            if self._pending:
                times.append(self._next_write)
            if self._owed:
                times.append(self._owed_at)
            await self._sleep(min(times) if times else None)

    async def _write_pending(self) -> None:
        wanted, self._pending = self._pending, {}
        self._writing = [want.done for want in wanted.values()]
        changed = {
            slot: want.output
            for slot, want in wanted.items()
            if slot in self._unsure or self._current.get(slot) != want.output
        }
        error = await self._write_outputs(changed) if changed else None
        if self._interrupted:
            # What the stop does not cover is still wanted.
            for slot in wanted.keys() - self._stopping - self._pending.keys():
                self._pending[slot] = wanted.pop(slot)
        self._writing = []
        self._finish([want.done for want in wanted.values()], error)

    async def _write_outputs(self, changed: Mapping[Slot, Output]) -> ButtplugError | None:
        outputs = sorted(changed.values(), key=_feature_of)
        values = self._values.copy()
        for output in outputs:
            values[output.feature] = output.value
            # The outputs of one feature are ways to drive the same part, so that one may undo what another did.
            self._unsure.update(self._slots[output.feature])
        error = await self._send(lambda: self._protocol.encode(outputs, values))
        for slot, output in changed.items():
            self._note_move(slot, output)
        if error is None and not self._interrupted:
            self._values = values
            self._current.update(changed)
            self._unsure.difference_update(changed)
            self._owed.difference_update(changed)
        return error

    async def _write_repeat(self) -> None:
        current = [self._current[slot] for slot in self.ranges if slot in self._current]
        error = await self._send(lambda: self._protocol.repeat(current, self._values))
        self._repeat_from = self._loop.time()
        if error is not None:
            self._unsure.update(self.ranges)
            self._repeat_from += RETRY_DELAY
            logger.warning("%s: a packet that is due regularly was not written: %s", self._hardware.name, error)
        # A protocol may ask for one repeat right after the other: others get their turn in between.
        await asyncio.sleep(0)

    async def _write_stop(self) -> None:
        slots, self._stopping = self._stopping, set()
        self._writing, self._stop_done = self._stop_done, []
        outputs: list[Output] = []
        failure = "nothing was written"
        try:
            outputs = self._stop_outputs(slots)
            self._unsure |= slots
            packets = list(self._protocol.stop(outputs, self._values))
            for _ in range(STOP_TRIES):
                unwritten = []
                for packet in packets:
                    try:
                        await self._write(packet, STOP_LIMIT)
                    except ButtplugError as error:
                        failure = error.message
                        unwritten.append(packet)
                packets = unwritten
            stopped = not packets
        except Exception as error:
            logger.exception("%s: no packets could be made to stop it", self._hardware.name)
            stopped, failure = False, f"no packets could be made: {error}"
        self._next_write = self._loop.time() + self.gap
        waiting, self._writing = self._writing, []
        if stopped:
            for output in outputs:
                slot = slot_of(output.feature, output.type)
                self._note_move(slot, output)
                self._unsure.discard(slot)
            self._finish(waiting, None)
        else:
            self._stop_failed(slots, failure)
            self._finish(waiting, ButtplugDeviceError(f"it could not be stopped: {failure}"))

    def _stop_outputs(self, slots: Iterable[Slot]) -> list[Output]:
        """Return a zero for every level, and for every part on its way the place where it should be now."""
        now = self._loop.time()
        outputs = []
        for slot in sorted(slots):
            feature, type_ = slot
            if not type_.is_position:
                output = Output(feature, type_, 0)
            elif (place := self._moves.place_on_the_way(feature, now)) is not None:
                output = Output(feature, OutputType.POSITION_WITH_DURATION, self._inside(slot, place))
            else:
                self._keep_inside(slot)
                continue
            outputs.append(output)
            self._current[slot] = output
            self._values[feature] = output.value
        return outputs

    def _keep_inside(self, slot: Slot) -> None:
        """Keep a place inside its range, which may have changed: it is sent again where others share a packet with it."""
        if (last := self._current.get(slot)) is not None:
            self._current[slot] = structs.replace(last, value=self._inside(slot, last.value))
        if self._slots[slot[0]] == [slot]:
            self._values[slot[0]] = self._inside(slot, self._values[slot[0]])

    def _inside(self, slot: Slot, place: int) -> int:
        low, high = self.ranges[slot]
        return min(max(place, low), high)

    def _stop_failed(self, slots: set[Slot], reason: str) -> None:
        """Try again soon: a device that may be running is not given up."""
        logger.error("%s could not be stopped: %s; trying again", self._hardware.name, reason)
        self._owed |= slots - self._stopping
        self._owed_at = self._loop.time() + RETRY_DELAY

    # Writing

    async def _send(self, encode: Callable[[], Iterable[Packet]]) -> ButtplugError | None:
        """Write the packets of one batch, up to a stop: then ``_interrupted`` is set and the rest is dropped."""
        self._interrupted = False
        self._next_write = self._loop.time() + self.gap
        try:
            for packet in encode():
                if self._stopping:
                    self._interrupted = True
                    break
                await self._write(packet, WRITE_LIMIT)
        except ButtplugError as error:
            return error
        except Exception as error:
            logger.exception("%s: no packets could be made", self._hardware.name)
            return ButtplugDeviceError(f"no packets could be made: {error}")
        return None

    async def _write(self, packet: Packet, limit: float) -> None:
        self._write_deadline = self._loop.time() + limit
        if self._watchdog is None or limit < WRITE_LIMIT:
            self._watch()
        try:
            await self._hardware.write(packet)
        except asyncio.CancelledError as error:
            if self._overdue and self._closed is None:
                self._task.uncancel()
                raise HardwareTimeoutError(f"writing to {packet.endpoint} did not end in time") from None
            if self._task.cancelling():
                raise
            # Not this task was cancelled, but something in the bus that it waited for.
            raise ButtplugDeviceError(f"writing to {packet.endpoint} was given up by the bus") from error
        except ButtplugError:
            raise
        except Exception as error:
            raise ButtplugDeviceError(f"writing to {packet.endpoint} failed: {error}") from error
        finally:
            self._overdue = False
            self._write_deadline = None
            self._repeat_from = self._loop.time()

    def _watch(self) -> None:
        """Cut off the write under way when it is overdue, else look again when it will be."""
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None
        if self._write_deadline is None:
            return
        if self._write_deadline <= self._loop.time():
            self._overdue = True
            self._task.cancel()
        else:
            self._watchdog = self._loop.call_at(self._write_deadline, self._watch)

    def _note_move(self, slot: Slot, output: Output) -> None:
        if output.type.is_position:
            self._moves.begin(output, self.ranges[slot][0], self._loop.time())

    def _repeat_due(self) -> float | None:
        after = self._protocol.repeat_after
        if after is None:
            return None
        return 0.0 if self._repeat_from is None else self._repeat_from + after

    # Waiting and telling

    async def _sleep(self, until: float | None) -> None:
        self._waker = self._loop.create_future()
        timer = None if until is None else self._loop.call_at(until, self._wake)
        try:
            await self._waker
        finally:
            self._waker = None
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        if self._waker is not None and not self._waker.done():
            self._waker.set_result(None)

    def _fail(self, error: ButtplugError) -> None:
        waiting = [*self._writing, *(wanted.done for wanted in self._pending.values()), *self._stop_done]
        self._writing, self._pending, self._stop_done = [], {}, []
        self._finish(waiting, error)

    @staticmethod
    def _finish(waiting: Iterable[Done], error: ButtplugError | None) -> None:
        for done in waiting:
            try:
                done(error)
            except Exception:
                # Whoever asked may be gone; the device still has to be driven.
                logger.exception("an answer could not be given")


def _feature_of(output: Output) -> int:
    return output.feature
