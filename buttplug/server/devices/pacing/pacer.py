"""The loop that writes to one device what its :class:`~.machine.Machine` says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from math import inf

from buttplug.core.errors import ButtplugDeviceError, ButtplugError
from buttplug.core.interrupts import ctrl_c_waits, raise_in_loop
from buttplug.core.log import logger_of
from buttplug.hardware.base import Hardware, Packet
from buttplug.hardware.errors import HardwareDisconnectedError
from buttplug.server.devices.pacing.batches import Done
from buttplug.server.devices.pacing.machine import Machine
from buttplug.server.devices.pacing.moves import Move, Moves
from buttplug.server.devices.pacing.outputs import OnTold
from buttplug.server.devices.pacing.slots import Limits, Slot
from buttplug.server.devices.pacing.writer import STOP_LIMIT, CutOffError, Writer
from buttplug.server.protocols.base import Output, Protocol

logger: logging.Logger = logger_of(__name__)

#: Seconds after which a pacer that failed goes on.
RECOVERY_DELAY = 1.0


class Pacer:
    """Writes to one device, from one task. ``gap`` is the shortest time in seconds between two batches, 0 for none.

    ``left`` are moves that were under way when the last link to the device broke. ``on_told`` gets what outputs were told,
    once it was written.
    """

    def __init__(
        self,
        hardware: Hardware,
        protocol: Protocol,
        limits: Limits,
        *,
        gap: float,
        left: Mapping[int, Move] | None = None,
        on_told: OnTold | None = None,
    ) -> None:
        self._hardware = hardware
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._machine = Machine(protocol, limits, Moves(left), gap=gap, spacing=hardware.spacing, now=now)
        self._machine.outputs.on_told = on_told
        self._is_writing = False
        self._fault = ""
        self._closed: ButtplugDeviceError | None = None
        self._end: asyncio.Future[None] = self._loop.create_future()
        self._waker: asyncio.Future[None] = self._loop.create_future()
        self._task = self._loop.create_task(self._run(), name=f"pacer of {hardware.name}")
        self._writer = Writer(hardware, self._task)
        if (settled := hardware.settled()) is not None:
            # What was given up over the last link to the device may still arrive.
            self._machine.failed(None, self._loop.time(), may_arrive=True)
            settled.add_done_callback(self._settled)

    @property
    def slots(self) -> Collection[Slot]:
        """All outputs of the device."""
        return self._machine.slots

    def wants(self, slot: Slot) -> bool:
        """Whether an output was asked for that is not answered yet."""
        return self._machine.wants(slot)

    def submit(self, output: Output, done: Done) -> None:
        """Want an output to have a value. It replaces what was wanted of the same slot and is not yet being written."""
        if self._closed is not None:
            done(self._closed)
            return
        self._machine.want(output, done, self._loop.time())
        if self._machine.answers:
            self._answer()
        if not (waker := self._waker).done():
            waker.set_result(None)

    def stop(self, done: Done | None, slots: Collection[Slot] | None = None) -> None:
        """Stop outputs, all of them where ``slots`` is None, before anything else is written.

        What was wanted of them is dropped. ``done`` is called when the device was written to, or could not be; None where
        nobody waits for that.
        """
        if self._closed is not None:
            if done is not None:
                done(self._closed if self._machine.owes_stop else None)
            return
        is_writing_stop = self._machine.is_writing_stop
        if not is_writing_stop:
            if self._hardware.waits_to_write or not self._hardware.keeps_order:
                self._writer.cut_off()
            else:
                self._writer.hurry(STOP_LIMIT)
        self._machine.stop(self.slots if slots is None else slots, *(() if done is None else (done,)))
        if is_writing_stop and self._machine.is_hurried:
            self._writer.hurry(STOP_LIMIT)
        self._answer()
        self._wake()

    def configure(self, limits: Limits, gap: float) -> None:
        """Use other limits and another gap from now on."""
        self._machine.configure(limits, gap)

    @property
    def may_be_running(self) -> bool:
        """Whether an output was told to run, or may have been, and is not known to have stopped."""
        return self._machine.may_be_running(self._loop.time())

    def moves_under_way(self) -> dict[int, Move]:
        """Return the moves that parts may still be on, by feature."""
        return self._machine.moves.all_under_way(self._loop.time())

    def end(self, reason: str) -> None:
        """End all writing; what is still wanted fails with the reason, before this returns."""
        if self._closed is None:
            self._closed = HardwareDisconnectedError(reason)
            self._end.cancel()
            self._task.cancel()
            self._writer.close()
            self._abandon(self._closed)

    async def close(self, reason: str) -> None:
        """End all writing, and wait for that, or a bounded time where a write cannot be cancelled."""
        self.end(reason)
        await asyncio.wait([self._task], timeout=STOP_LIMIT)

    # The task

    async def _run(self) -> None:
        try:
            await self._write_until(self._end)
        except asyncio.CancelledError:
            if self._closed is None:
                # From here on only the limit of a write cancels it.
                while self._task.uncancel():
                    pass
                with ctrl_c_waits():
                    await self._stop_last()
            raise

    async def _write_until(self, end: asyncio.Future[None]) -> None:
        """Do what the machine says. What comes here by chance, and is to end the program, stops the device first."""
        while not end.done():
            try:
                await self._write_uninterrupted(end)
            except (KeyboardInterrupt, SystemExit) as error:
                raise_in_loop(error)
                interrupted = ButtplugDeviceError("the program was interrupted")
                if self._is_writing:
                    self._not_written(interrupted)
                self._abandon(interrupted)
                self._machine.stop(self.slots)

    async def _write_uninterrupted(self, end: asyncio.Future[None]) -> None:
        machine, time = self._machine, self._loop.time
        now = time()
        while not end.done():
            try:
                step = machine.next(now)
                if isinstance(step, Packet):
                    if machine.answers:
                        self._answer()
                    self._is_writing = True
                    await self._writer.write(step, now, stops=machine.is_writing_stop, hurried=machine.is_hurried)
                    self._is_writing = False
                    now = time()
                    machine.written(now)
                    continue
                # Made before the answers are given: who is answered may ask for something at once.
                self._waker = self._loop.create_future()
                if machine.answers:
                    self._answer()
                await (self._waker if step == inf else self._sleep(step))
            except ButtplugError as error:
                self._not_written(error)
            except Exception as error:
                # A fault of ours must not be the end of all stops for this device.
                if repr(error) != self._fault:
                    logger.exception("%s: pacing failed and goes on", self._hardware.name)
                self._fault = repr(error)
                self._abandon(ButtplugDeviceError(f"the server failed: {error}"))
                await asyncio.sleep(RECOVERY_DELAY)
            now = time()

    def _not_written(self, error: ButtplugError) -> None:
        self._is_writing = False
        logger.info("%s: a packet was not written: %s", self._hardware.name, error)
        settled = self._hardware.settled()
        why = None if isinstance(error, CutOffError) else error
        self._machine.failed(why, self._loop.time(), may_arrive=settled is not None)
        if settled is not None:
            settled.add_done_callback(self._settled)

    async def _stop_last(self) -> None:
        """Stop the device, since the event loop is ending: that cancels every task, and nobody closed the server before."""
        ended = HardwareDisconnectedError("the program has ended")
        stopped: asyncio.Future[None] = self._loop.create_future()
        stopped.add_done_callback(lambda _: self._wake())

        def done(error: ButtplugError | None) -> None:
            # Whoever asks for a stop from here on is told of this one.
            self._closed = ended
            stopped.set_result(None)

        if self._is_writing:
            self._not_written(ended)
        self._machine.stop(self.slots, done)
        await self._write_until(stopped)
        self._abandon(ended)

    # Waiting and telling

    async def _sleep(self, until: float) -> None:
        """Sleep until a time or until something is asked."""
        timer = self._loop.call_at(until, self._wake)
        try:
            await self._waker
        finally:
            timer.cancel()

    def _wake(self) -> None:
        if not self._waker.done():
            self._waker.set_result(None)

    def _settled(self, _: asyncio.Future[None]) -> None:
        if self._closed is None and self._hardware.settled() is None:
            self._machine.settled(self._loop.time())
            self._wake()

    def _abandon(self, error: ButtplugError) -> None:
        self._machine.abandon(error, self._loop.time())
        self._answer()

    def _answer(self) -> None:
        answers, self._machine.answers = self._machine.answers, []
        for done, error in answers:
            try:
                done(error)
            except Exception:
                # Whoever asked may be gone; the device still has to be driven.
                logger.exception("an answer could not be given")
