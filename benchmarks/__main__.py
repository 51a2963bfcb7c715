"""Measure everything and print it.

``--official`` also installs the official client 1.0.0 into a scratch environment, for the row that compares with it;
``--json`` prints the same as JSON. Exits with 1 if a row is not reached.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys

import msgspec

from benchmarks import flood, growth, in_process, losses, memory, official, over_websocket, playing, start, synchronous
from benchmarks.table import Note, Row, show


class Results(msgspec.Struct):
    """Everything that was measured, and on what."""

    machine: str
    rows: list[Row]
    notes: list[Note]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--official", action="store_true", help="install the official client and compare with it")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    results = measure(with_official=options.official)
    print(msgspec.json.format(msgspec.json.encode(results)).decode() if options.json else report(results))
    return 0 if all(row.reached for row in results.rows) else 1


def measure(*, with_official: bool) -> Results:
    """Measure everything; takes five or six minutes."""
    theirs = official.latency() if with_official else None
    rows = in_process.rows(theirs) + synchronous.rows() + playing.rows() + over_websocket.rows()
    stuck_rows, stuck_note = over_websocket.stuck()
    flood_rows, flood_note = flood.measure()
    loss_rows, loss_note = losses.measure()
    rows += stuck_rows + flood_rows + loss_rows + start.rows() + memory.rows()
    notes = [stuck_note, flood_note, loss_note, *growth.notes(), *start.notes()]
    machine = f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return Results(machine, rows, notes)


def report(results: Results) -> str:
    """Return the results for people."""
    lines = [
        (row.what, row.measured, row.floor, f"{row.ratio:.2f}" if row.ratio else "", row.limit, "yes" if row.reached else "NO")
        for row in results.rows
    ]
    parts = [results.machine, show(("what", "measured", "floor", "ratio", "to reach", "reached"), lines)]
    parts += [f"{note.title}\n\n{show(note.header, note.lines)}" for note in results.notes]
    return "\n\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
