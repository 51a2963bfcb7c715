"""The shapes that patterns are made of."""

from __future__ import annotations

import math
from math import inf

from buttplug.patterns.pattern import Pattern, checked, sequence


def hold(level: float, seconds: float = inf) -> Pattern:
    """Return one level for so many seconds; without a number until it is stopped.

    Raises:
        ValueError: The level is not between -1.0 and 1.0, or the duration below 0.
    """
    return _Ramp(_level(level), _level(level), checked("a duration", seconds, 0.0, inf))


def ramp(start: float, end: float, seconds: float) -> Pattern:
    """Return a level that rises or falls evenly.

    Raises:
        ValueError: A level is not between -1.0 and 1.0, or the duration below 0 or infinite.
    """
    if seconds == inf:
        raise ValueError("a ramp has an end")
    return _Ramp(_level(start), _level(end), checked("a duration", seconds, 0.0, inf))


def pulse(level: float = 1.0, *, on: float, off: float, low: float = 0.0) -> Pattern:
    """Return one pulse: a level for some seconds, then a lower one. ``pulse(1.0, on=0.2, off=0.3).repeat(10)`` is ten.

    Raises:
        ValueError: A level is not between -1.0 and 1.0, or a duration below 0.
    """
    return sequence(hold(level, on), hold(low, off))


def wave(low: float = 0.0, high: float = 1.0, *, period: float, seconds: float = inf) -> Pattern:
    """Return a level that goes up and down gently (a sine), from low over high to low in each period.

    Args:
        low: Where it begins.
        high: What it reaches.
        period: The seconds from low to low.
        seconds: How long it lasts; without a number until it is stopped.

    Raises:
        ValueError: A level is not between -1.0 and 1.0, or a duration 0 or below.
    """
    if not 0 < period < inf:
        raise ValueError(f"the period of a wave is above 0, not {period}")
    return _Wave(_level(low), _level(high), period, checked("a duration", seconds, 0.0, inf))


def _level(level: float) -> float:
    return checked("a level", level, -1.0, 1.0)


class _Ramp(Pattern):
    def __init__(self, start: float, end: float, duration: float) -> None:
        self._start = start
        self._end = end
        self._duration = duration

    @property
    def duration(self) -> float:
        return self._duration

    def level(self, time: float) -> float:
        if self._start == self._end or self._duration == 0:
            return self._end
        share = min(max(time / self._duration, 0.0), 1.0)
        return self._start + (self._end - self._start) * share

    def next_change(self, time: float) -> float:
        return inf if self._start == self._end else time


class _Wave(Pattern):
    def __init__(self, low: float, high: float, period: float, duration: float) -> None:
        self._low = low
        self._high = high
        self._period = period
        self._duration = duration

    @property
    def duration(self) -> float:
        return self._duration

    def level(self, time: float) -> float:
        share = (1 - math.cos(2 * math.pi * math.fmod(time, self._period) / self._period)) / 2
        return self._low + (self._high - self._low) * share

    def next_change(self, time: float) -> float:
        return time
