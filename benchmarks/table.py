"""Results, and how they are shown."""

from __future__ import annotations

import gc
import os
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct


class Row(Struct):
    """One line: what was measured, against which limit, and the floor it is to be judged by, if any."""

    what: str
    measured: str
    limit: str
    reached: bool
    floor: str = ""
    ratio: float | None = None


class Note(Struct):
    """A table of its own, without a limit."""

    title: str
    header: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


def median_of(runs: int, measure: Callable[[], float]) -> float:
    """Return the median of several runs."""
    return statistics.median(measure() for _ in range(runs))


def timed(act: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that ``share`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def micro(seconds: float) -> str:
    """Return a time for people, in microseconds."""
    return f"{seconds * 1e6:.1f} µs"


def milli(seconds: float) -> str:
    """Return a time for people, in milliseconds."""
    return f"{seconds * 1e3:.1f} ms"


def show(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return an aligned text table."""
    widths = [max(len(line[column]) for line in (header, *lines)) for column in range(len(header))]
    rows = [header, ["-" * width for width in widths], *lines]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def resident() -> float:
    """Return this process's memory in megabytes; where the system does not tell, the most it ever had."""
    gc.collect()
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
