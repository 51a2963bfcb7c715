"""Plays a script on devices."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack
from math import isnan
from types import TracebackType
from typing import Self

from buttplug.client import ButtplugDevice, DeviceFeature
from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError, ButtplugError, DeviceErrorReason
from buttplug.core.log import logger_of
from buttplug.funscript.clock import Question
from buttplug.funscript.script import STROKE, Funscript
from buttplug.funscript.timeline import Timeline
from buttplug.funscript.tracks import Levels, Moves, Track

logger: logging.Logger = logger_of(__name__)

#: Seconds between two looks at another clock.
LOOK = 0.05
#: Seconds by which another clock may differ before that counts as a jump.
TOLERANCE = 0.1
#: Seconds after which another clock that says the same counts as one that stands: those of videos move several times a second.
STANDS_AFTER = 0.35
#: Seconds before its last action at which a script is over: times are rounded.
OVER = 0.001

#: What can follow the speed of a stroke.
BY_SPEED = (OutputType.VIBRATE, OutputType.OSCILLATE)
#: The axes that are levels, not places.
LEVELS = ("vib",)


class FunscriptPlayer:
    """Plays a script on devices: what can move moves (by timed positions), vibrators are as strong as the movement is fast.

    As an asynchronous context manager it stops the devices at the end, however that comes. When a device is stopped by other
    means (``device.stop()``, ``client.stop_all_devices()``) the player pauses. After a pause and a jump a part is given half
    a second to come to where it should be.

    Args:
        script: What to play.
        targets: Devices or features to play it on.
        axes: The features for further axes, by the name of the axis: ``{"twist": device.features[1]}``.
        speed: How many seconds of the script pass in a second.
        offset: Seconds by which the devices are ahead of the script, to make up for slow ones; negative for behind.
        clock: Another clock to follow: a function that returns where the video is, in seconds, or None while it stands. The
            player then plays, pauses and jumps as it does; :meth:`play` begins that.
            A coroutine function may take its time: after 0.35 s without an answer the clock counts as standing.

    Raises:
        ButtplugDeviceError: None of the targets has an output for it.
        KeyError: The script has no such axis.
        ValueError: The speed is 0 or less.

    Attributes:
        script: What it plays.
    """

    def __init__(
        self,
        script: Funscript,
        *targets: ButtplugDevice | DeviceFeature,
        axes: Mapping[str, DeviceFeature] | None = None,
        speed: float = 1.0,
        offset: float = 0.0,
        clock: Callable[[], float | Awaitable[float | None] | None] | None = None,
    ) -> None:
        self.script: Funscript = script
        self._tracks = list(_tracks(script, targets, axes or {}))
        if not self._tracks:
            text = "No target can follow a funscript: it takes timed positions, vibration or oscillation"
            raise ButtplugDeviceError(text, reason=DeviceErrorReason.NO_SUCH_OUTPUT)
        self._timeline = Timeline(_checked_speed(speed))
        self._offset = offset
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []
        self._moving = ExitStack()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stopping: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        state = "playing" if self.playing else "paused"
        return f"<FunscriptPlayer {state} at {self.time:.2f} s of {self.script!r}>"

    @property
    def time(self) -> float:
        """Where it is in the script, in seconds."""
        return self._timeline.now

    @property
    def playing(self) -> bool:
        """Whether the devices follow the script now."""
        return self._timeline.runs

    @property
    def speed(self) -> float:
        """How many seconds of the script pass in a second. May be set.

        Raises:
            ValueError: It is set to 0 or less.
        """
        return self._timeline.speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._timeline.set(speed=_checked_speed(speed))

    @property
    def offset(self) -> float:
        """Seconds by which the devices are ahead of the script. May be set."""
        return self._offset

    @offset.setter
    def offset(self, offset: float) -> None:
        self._offset = offset
        self._timeline.set(self._timeline.now)

    def play(self) -> None:
        """Play on from where it is, after the end from the beginning; nothing happens while it plays."""
        if self._ended.done():
            self._ended = asyncio.get_running_loop().create_future()
        if not self._tasks:
            create = asyncio.get_running_loop().create_task
            self._tasks = [create(self._follow(track)) for track in self._tracks]
            if self._clock is not None:
                self._tasks.append(create(self._follow_clock(Question(self._clock, STANDS_AFTER))))
        if self._clock is None:
            if self._is_over():
                self.seek(0.0)
            self._run()

    async def pause(self) -> None:
        """Stop the devices where they are, and stay in this place of the script. Return when they have stopped.

        A player that follows another clock no longer does so, until :meth:`play`.

        Raises:
            ButtplugDeviceError: A device could not be stopped.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        self._end_tasks()
        await self._halt()

    def seek(self, seconds: float) -> None:
        """Go to another place in the script; whether it plays stays as it is.

        Raises:
            ValueError: It is no number.
        """
        if isnan(seconds):
            raise ValueError(f"a place in a script is a number of seconds, not {seconds}")
        self._timeline.set(max(seconds, 0.0))

    async def wait(self) -> None:
        """Wait until the script is over.

        Raises:
            ButtplugDeviceError: A device is gone, or failed; then it has paused.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        await asyncio.shield(self._ended)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.pause()
        except ButtplugError:
            # The first error is the one to tell.
            if error is None:
                raise
        finally:
            if self._ended.done() and not self._ended.cancelled():
                self._ended.exception()

    def taken(self, feature: DeviceFeature) -> None:
        """Take note that a feature is stopped, or driven, by other means: the player pauses, and leaves that one alone."""
        if self._timeline.runs:
            self._timeline.set(runs=False)
            self._moving.close()
            for track in self._tracks:
                if track.feature is not feature:
                    self._in_background(_stop_quietly(track.feature))

    def lost(self, error: ButtplugError) -> None:
        """Take note that a device is gone: the player pauses, and does not go on by itself when that comes back."""
        self._give_up()
        self._in_background(self._fail(error))

    def _in_background(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    def _run(self) -> None:
        if not self._timeline.runs:
            for track in self._tracks:
                share = _Share(self, track.feature)
                self._moving.enter_context(track.feature._channel.moved_by(share, [track.feature.index]))
            self._timeline.set(runs=True)

    async def _halt(self) -> None:
        # Nobody is told that the features are stopped: it is this player that does it.
        self._moving.close()
        if self._timeline.runs:
            self._timeline.set(runs=False)
        stops = asyncio.gather(*(track.feature.stop() for track in self._tracks))
        try:
            # They go on to their end, even if the caller is cancelled.
            await asyncio.shield(stops)
        except asyncio.CancelledError:
            stops.add_done_callback(self._report_failure)
            raise

    def _report_failure(self, stops: asyncio.Future[list[None]]) -> None:
        """Tell of stops that nobody waits for any more."""
        if not stops.cancelled() and (error := stops.exception()) is not None and isinstance(error, Exception):
            self._tracks[0].feature._channel.report(error)

    def _end_tasks(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            if task is not asyncio.current_task():
                task.cancel()

    async def _follow(self, track: Track) -> None:
        """Tell one feature what the script says, when it is due."""
        try:
            while True:
                change, timeline = self._timeline.change, self._timeline
                approach, due = timeline.jumped, timeline.now + self._offset
                while timeline.runs and timeline.change is change:
                    step = track.step(due, timeline.speed, approach=approach)
                    if step is None:
                        await self._finish_if_over()
                        break
                    await track.feature.run_output(step.command)
                    approach = False
                    delay = timeline.delay_until(step.until - self._offset)
                    if delay > 0:
                        await asyncio.wait([change], timeout=delay)
                    # Deadlines are those of the script; who is late begins with what it is then.
                    late = timeline.now + self._offset - step.until
                    due = step.until if late < LOOK * timeline.speed else step.until + late
                if timeline.change is change:
                    await asyncio.wait([change])
        except ButtplugError as error:
            await self._fail(error)
        except Exception as error:
            logger.exception("A player of funscripts failed")
            await self._fail(error)

    def _is_over(self) -> bool:
        return self._timeline.now + self._offset >= self.script.duration - OVER

    async def _finish_if_over(self) -> None:
        """Take note that the script is over for one feature; for the last of them it ends."""
        if self._is_over() and not self._ended.done():
            await self._halt()
            # Meanwhile it may have been told to play again.
            if not self._timeline.runs and not self._ended.done():
                self._ended.set_result(None)

    async def _fail(self, error: Exception) -> None:
        """Stop, because something went wrong."""
        self._give_up()
        await asyncio.gather(*(_stop_quietly(track.feature) for track in self._tracks))
        if not self._ended.done():
            self._ended.set_exception(error)
            # Who does not wait is not told; the log would say that nobody looked.
            self._ended.exception()

    def _give_up(self) -> None:
        self._moving.close()
        if self._timeline.runs:
            self._timeline.set(runs=False)
        self._end_tasks()

    async def _follow_clock(self, clock: Question) -> None:
        loop = asyncio.get_running_loop()
        last, moved_at = None, loop.time()
        try:
            while True:
                time = await clock.ask()
                if time != last:
                    moved_at = loop.time()
                if self._timeline.runs:
                    if time is None or loop.time() - moved_at > STANDS_AFTER:
                        await self._halt()
                    elif abs(time - self._timeline.now) > TOLERANCE * self._timeline.speed and time != last:
                        self._timeline.set(time)
                    elif time != last:
                        self._timeline.correct(time)
                elif time is not None and time != last:
                    self._timeline.set(time)
                    self._run()
                last = time
                await asyncio.sleep(LOOK)
        except Exception as error:
            # A clock is the program's own: whatever it raises, the devices must not run on without it.
            logger.exception("The clock that a player of funscripts follows failed")
            failure = RuntimeError(f"the clock failed: {error!r}")
            failure.__cause__ = error
            await self._fail(failure)
        finally:
            clock.give_up()


class _Share:
    """The part of a player that one feature is: what a stop of that feature ends."""

    def __init__(self, player: FunscriptPlayer, feature: DeviceFeature) -> None:
        self._player = player
        self._feature = feature

    def end(self, feature: int) -> None:
        self._player.taken(self._feature)

    def lost(self, error: ButtplugError) -> None:
        self._player.lost(error)


def _tracks(
    script: Funscript, targets: Sequence[ButtplugDevice | DeviceFeature], axes: Mapping[str, DeviceFeature]
) -> Iterator[Track]:
    for name, feature in axes.items():
        axis = script.axes[name]
        if feature.has_output(OutputType.POSITION_WITH_DURATION):
            yield Moves(feature, axis)
        else:
            for output_type in BY_SPEED:
                if feature.has_output(output_type):
                    yield Levels(feature, axis, output_type, by_speed=name not in LEVELS)
                    break
    taken = set(axes.values())
    for target in targets:
        features = [target] if isinstance(target, DeviceFeature) else list(target.features.values())
        moving = [feature for feature in features if feature.has_output(OutputType.POSITION_WITH_DURATION)]
        for feature in moving[:1]:
            if feature not in taken:
                yield Moves(feature, script.axes[STROKE])
        for feature in features:
            kinds = [each for each in BY_SPEED if feature.has_output(each)]
            if not kinds or feature in taken or feature in moving:
                continue
            levels = next((script.axes[name] for name in LEVELS if name in script.axes), None)
            axis = script.axes[STROKE] if levels is None else levels
            yield Levels(feature, axis, kinds[0], by_speed=levels is None)


def _checked_speed(speed: float) -> float:
    if not 0 < speed < float("inf"):
        raise ValueError(f"a speed is above 0, not {speed}")
    return speed


async def _stop_quietly(feature: DeviceFeature) -> None:
    if feature.device.connected:
        try:
            await feature.stop()
        except ButtplugError as error:
            feature._channel.report(error)
