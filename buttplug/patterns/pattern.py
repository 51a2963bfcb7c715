"""What a pattern is, and how patterns are put together."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from math import inf


class Pattern(ABC):
    """A level over time, from 0 to its :attr:`duration` in seconds. It never changes; the methods return new ones."""

    @property
    @abstractmethod
    def duration(self) -> float:
        """How long it lasts, in seconds; infinite for one that only ends when it is stopped."""

    @abstractmethod
    def level(self, time: float) -> float:
        """Return the level at a time from 0 to the duration."""

    @abstractmethod
    def next_change(self, time: float) -> float:
        """Return when the level changes next after a time: that time itself while it changes steadily, infinity for never."""

    def then(self, *others: Pattern) -> Pattern:
        """Return this one with others behind it."""
        return sequence(self, *others)

    def repeat(self, times: float = inf) -> Pattern:
        """Return this one so many times, one behind the other; without a number until it is stopped.

        Raises:
            ValueError: It is less than 1, or this one does not end by itself, or has no length.
        """
        if not times >= 1 or (times != inf and times != int(times)):
            raise ValueError(f"a pattern is repeated 1 time or more, not {times}")
        if not 0 < self.duration < inf:
            raise ValueError(f"a pattern that lasts {self.duration} s cannot be repeated")
        return _Repeated(self, times)

    def scale(self, factor: float) -> Pattern:
        """Return this one weaker, or with a negative factor in the other direction.

        Raises:
            ValueError: The factor is not between -1.0 and 1.0.
        """
        checked("a factor", factor, -1.0, 1.0)
        return _Combined([self], lambda levels: levels[0] * factor, max)

    def cut(self, seconds: float) -> Pattern:
        """Return the first seconds of this one.

        Raises:
            ValueError: It is less than 0, or no number.
        """
        checked("a duration", seconds, 0.0, inf)
        return _Cut(self, min(seconds, self.duration))

    def faster(self, factor: float) -> Pattern:
        """Return this one in less time: a factor of 2 is half the time; below 1 it takes longer.

        Raises:
            ValueError: The factor is 0, below, or no number.
        """
        if not 0 < factor < inf:
            raise ValueError(f"a pattern is played at a speed above 0, not {factor}")
        return _Faster(self, factor)


def sequence(*patterns: Pattern) -> Pattern:
    """Return patterns one behind the other.

    Raises:
        ValueError: There are none.
    """
    if not patterns:
        raise ValueError("a sequence has at least one pattern")
    return _Sequence(patterns)


def strongest(*patterns: Pattern) -> Pattern:
    """Return several patterns at once: the level furthest from 0 counts. It lasts as long as the longest.

    Raises:
        ValueError: There are none.
    """
    return _Combined(patterns, lambda levels: max(levels, key=abs), max)


def product(*patterns: Pattern) -> Pattern:
    """Return several patterns multiplied: a wave under a ramp. It lasts as long as the shortest.

    Raises:
        ValueError: There are none.
    """
    return _Combined(patterns, math.prod, min)


def checked(what: str, value: float, low: float, high: float) -> float:
    """Return a number that is in a range.

    Raises:
        ValueError: It is not.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{what} is a number from {low:g} to {high:g}, not {value!r}")
    return float(value)


class _Sequence(Pattern):
    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._parts: list[tuple[float, Pattern]] = []
        at = 0.0
        for pattern in patterns:
            self._parts.append((at, pattern))
            at += pattern.duration
        self._duration = at

    @property
    def duration(self) -> float:
        return self._duration

    def level(self, time: float) -> float:
        start, part = self._part(time)
        return part.level(time - start)

    def next_change(self, time: float) -> float:
        start, part = self._part(time)
        end = start + part.duration
        return min(start + part.next_change(time - start), end if end < self._duration else inf)

    def _part(self, time: float) -> tuple[float, Pattern]:
        """Return the part that a time is in, and its start; a start belongs to the part that begins."""
        return next(part for part in reversed(self._parts) if part[0] <= time or part is self._parts[0])


class _Repeated(Pattern):
    def __init__(self, pattern: Pattern, times: float) -> None:
        self._pattern = pattern
        self._times = times

    @property
    def duration(self) -> float:
        return self._pattern.duration * self._times

    def level(self, time: float) -> float:
        return self._pattern.level(time - self._start(time))

    def next_change(self, time: float) -> float:
        start = self._start(time)
        again = start + self._pattern.duration
        return min(start + self._pattern.next_change(time - start), again if again < self.duration else inf)

    def _start(self, time: float) -> float:
        """Return when the round began that a time is in. Rounds are counted, not added up: nothing drifts."""
        length = self._pattern.duration
        count = min(math.floor(time / length), self._times - 1)
        # The quotient is rounded; the product is what a start is.
        while count > 0 and count * length > time:
            count -= 1
        while count + 1 < self._times and (count + 1) * length <= time:
            count += 1
        return count * length


class _Cut(Pattern):
    def __init__(self, pattern: Pattern, duration: float) -> None:
        self._pattern = pattern
        self._duration = duration

    @property
    def duration(self) -> float:
        return self._duration

    def level(self, time: float) -> float:
        return self._pattern.level(time)

    def next_change(self, time: float) -> float:
        return self._pattern.next_change(time)


class _Faster(Pattern):
    def __init__(self, pattern: Pattern, factor: float) -> None:
        self._pattern = pattern
        self._factor = factor

    @property
    def duration(self) -> float:
        return self._pattern.duration / self._factor

    def level(self, time: float) -> float:
        return self._pattern.level(min(time * self._factor, self._pattern.duration))

    def next_change(self, time: float) -> float:
        change = self._pattern.next_change(time * self._factor)
        return time if change <= time * self._factor else change / self._factor


class _Combined(Pattern):
    """``lasts`` says which of the durations counts."""

    def __init__(
        self,
        patterns: Sequence[Pattern],
        combine: Callable[[list[float]], float],
        lasts: Callable[[Iterable[float]], float],
    ) -> None:
        if not patterns:
            raise ValueError("there is no pattern to combine")
        self._patterns = patterns
        self._combine = combine
        self._duration = lasts(pattern.duration for pattern in patterns)

    @property
    def duration(self) -> float:
        return self._duration

    def level(self, time: float) -> float:
        return self._combine([0.0 if self._is_over(pattern, time) else pattern.level(time) for pattern in self._patterns])

    def next_change(self, time: float) -> float:
        running = [pattern for pattern in self._patterns if time < pattern.duration]
        changes = [pattern.next_change(time) for pattern in running]
        ends = [pattern.duration for pattern in running if pattern.duration < self._duration]
        return min([*changes, *ends], default=inf)

    def _is_over(self, pattern: Pattern, time: float) -> bool:
        """Return whether a pattern is over before the whole is."""
        return time >= pattern.duration and pattern.duration < self._duration
