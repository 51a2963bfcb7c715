"""Timed moves of devices that take only places: the way is sent in steps."""

from __future__ import annotations


def steps_to(goal: int, start: int, duration: int, shortest: int) -> tuple[list[int], float]:
    """Return the places on the way to a goal, and the seconds from one to the next.

    There are as many as the way has or as the ``duration`` allows, spread over all of it; ``shortest`` is the time from one
    to the next at least. Both are in milliseconds.
    """
    way = goal - start
    count = max(min(abs(way), duration // shortest), 1)
    return [start + round(way * step / count) for step in range(1, count + 1)], duration / count / 1000
