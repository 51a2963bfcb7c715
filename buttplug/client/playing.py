"""Patterns on features: on absolute deadlines, no more often than the device can take, and with an end."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Hashable, Sequence
from math import inf
from typing import Generic, Protocol, TypeVar

from buttplug.client.command import DeviceOutputCommand
from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugError
from buttplug.patterns import Pattern

#: The shortest time in seconds between two commands of a pattern, whatever the device says.
SHORTEST_STEP = 0.02
#: The shortest time in seconds of a move of a pattern.
SHORTEST_MOVE = 0.1
#: Seconds after which a change at a time has surely happened: times are rounded, and edges are sharp.
CHANGED = 1e-9

#: What is driven by a pattern where the program does not say: the first of these that there is.
PREFERRED = (
    OutputType.VIBRATE,
    OutputType.OSCILLATE,
    OutputType.ROTATE,
    OutputType.POSITION_WITH_DURATION,
    OutputType.CONSTRICT,
    OutputType.POSITION,
)


class PatternMethods(ABC):
    """Patterns, for whatever can play them: a feature, or a device with all its features."""

    @abstractmethod
    def has_output(self, output_type: OutputType | str) -> bool:
        """Return whether there is an output of this type."""

    async def play(self, pattern: Pattern, output_type: OutputType | str | None = None) -> None:
        """Play a pattern: levels over time, see :mod:`buttplug.patterns`. Return when it is over and the output has stopped.

        It is sent on time, and no more often than the device can take. To cancel this stops the output; a stop by other means
        lets this return. A pattern that is played on the same features later takes its place.

        Args:
            pattern: What to play.
            output_type: Which output; without it vibration where there is some, else the first of oscillation, rotation,
                timed positions, constriction and positions that there is. Of positions 0.0 is one end and 1.0 the other.

        Raises:
            ButtplugDeviceError: There is no such output, a level is outside its range, or the device is gone or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        if not hasattr(pattern, "next_change"):
            raise TypeError(f"play() takes a pattern of buttplug.patterns, such as hold(0.5, 3), not {pattern!r}")
        await self._play(pattern, output_type or next((type_ for type_ in PREFERRED if self.has_output(type_)), None))

    @abstractmethod
    async def _play(self, pattern: Pattern, output_type: OutputType | str | None) -> None:
        """Play a pattern on an output; None where there is none."""


class Playable(Hashable, Protocol):
    """What a pattern needs of a feature."""

    @property
    def index(self) -> int:
        """The index of the feature in its device."""

    def convert_to_step(self, output_type: OutputType | str, value: float) -> int:
        """Return the step for a share of an output's range."""

    def duration_range(self, output_type: OutputType | str) -> tuple[int, int] | None:
        """Return the shortest and longest time of a move in milliseconds."""

    async def stop(self) -> None:
        """Stop its outputs."""


Feature = TypeVar("Feature", bound=Playable)


class Play(Generic[Feature]):
    """One pattern that is being played.

    Args:
        features: What is driven.
        output_type: The output of each of them.
        gap: The shortest time between two commands that the device takes, in seconds.
        send: Sends one command to some of the features, and waits until it is done.
    """

    def __init__(
        self,
        features: Sequence[Feature],
        output_type: OutputType,
        gap: float,
        send: Callable[[Sequence[Feature], DeviceOutputCommand], Awaitable[None]],
    ) -> None:
        self._features = list(features)
        self._type = output_type
        self._step = max(gap, SHORTEST_STEP)
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._steps: dict[Feature, int] = {}
        if output_type is OutputType.POSITION_WITH_DURATION:
            ranges = [feature.duration_range(output_type) or (0, 0) for feature in features]
            self._step = max(gap, SHORTEST_MOVE, *(shortest / 1000 for shortest, _ in ranges))

    def end(self, feature: int) -> None:
        """Send nothing more to a feature: it is being stopped, or another pattern takes it over."""
        self._features = [each for each in self._features if each.index != feature]
        if not self._features and not self._over.done():
            self._over.set_result(None)

    def lost(self, error: ButtplugError) -> None:
        """Send nothing more, and raise this: the device is gone. It does not go on when that comes back."""
        if not self._over.done():
            self._over.set_exception(error)
            # Where something else ended it too, that is raised.
            self._over.exception()

    async def run(self, pattern: Pattern) -> None:
        """Play a pattern to its end, then stop the features; when this is cancelled or fails they are stopped at once.

        Raises:
            ButtplugDeviceError: A device is gone, or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        try:
            if self._type is OutputType.POSITION_WITH_DURATION:
                await self._move(pattern)
            else:
                await self._set_levels(pattern)
            if self._over.done():
                self._over.result()
            if not self._type.is_position:
                await self._stop()
        except BaseException:
            if self._features:
                # It goes on to its end, whoever else is cancelled meanwhile; its own failure must not hide the first.
                await asyncio.shield(asyncio.gather(self._stop(), return_exceptions=True))
            raise

    async def _set_levels(self, pattern: Pattern) -> None:
        began, time = self._loop.time(), 0.0
        while time < pattern.duration and not self._over.done():
            at = time + CHANGED
            # An int would be a step.
            level = float(pattern.level(at))
            steps = {feature: feature.convert_to_step(self._type, level) for feature in self._features}
            changed = [feature for feature, step in steps.items() if self._steps.get(feature) != step]
            if changed:
                self._steps = steps
                await self._send(changed, DeviceOutputCommand(self._type, level))
            due = min(max(time + self._step, pattern.next_change(at)), pattern.duration)
            time = await self._until(began, due)

    async def _move(self, pattern: Pattern) -> None:
        began, time = self._loop.time(), 0.0
        while time < pattern.duration and not self._over.done():
            due = min(max(time + self._step, _finite(pattern.next_change(time + CHANGED), time)), pattern.duration)
            # What is late has less time, and is there when it should be.
            left = max(began + due - self._loop.time(), 0.0)
            await self._send(
                self._features, DeviceOutputCommand(self._type, float(pattern.level(due)), duration=round(left * 1000))
            )
            time = await self._until(began, due)

    async def _until(self, began: float, due: float) -> float:
        """Wait until so many seconds after the beginning; return the time that it is then in the pattern."""
        if due < inf:
            delay = began + due - self._loop.time()
            if delay > 0:
                await asyncio.wait([self._over], timeout=delay)
        else:
            await asyncio.wait([self._over])
        # Who is late by a step or more leaves out what is over.
        late = self._loop.time() - began - due
        return due + late if late >= self._step else due

    async def _stop(self) -> None:
        await asyncio.gather(*(feature.stop() for feature in self._features))


def _finite(change: float, time: float) -> float:
    return time if change == inf else change
