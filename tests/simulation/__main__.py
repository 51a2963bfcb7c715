"""``python -m tests.simulation --schedules N --seed S``: play N schedules from seed S on, on all cores.

A schedule that breaks a rule is made short and printed as a script. Exits with 1 then. ``--soak`` plays one long day instead:
a million commands, a thousand connects and returns, see :mod:`tests.simulation.soak`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.simulation.schedule import Step, schedule
from tests.simulation.shrink import script, shrink
from tests.simulation.soak import soak
from tests.simulation.world import families, play

#: Schedules that one process plays at a time.
CHUNK = 100


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder, families(Path(folder)):
        yield Path(folder)


def failures(seeds: Sequence[int]) -> list[str]:
    """Play the schedules of seeds; return for each that breaks a rule what it broke, and a script that shows it."""
    found = []
    with _folder() as folder:
        for seed in seeds:
            steps = schedule(seed)
            violation, _ = play(folder, steps, seed)
            if violation is not None:
                rule = violation.rule
                shortest = shrink(steps, lambda steps, rule=rule, seed=seed: _breaks(folder, steps, seed, rule))  # type: ignore[misc]
                found.append(f"seed {seed}: {violation}\n\n{script(shortest, seed)}")
    return found


def replay(seed: int, steps: Sequence[Step]) -> None:
    """Play steps, and print what happened."""
    with _folder() as folder:
        violation, trace = play(folder, steps, seed)
    print(*trace, violation or "no rule was broken", sep="\n")


def _breaks(folder: Path, steps: Sequence[Step], seed: int, rule: str) -> bool:
    violation, _ = play(folder, steps, seed)
    return violation is not None and violation.rule == rule


def main() -> int:
    """Play what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--schedules", type=int, default=1000, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="the first seed")
    parser.add_argument("--soak", action="store_true", help="play one long day instead")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="processes")
    options = parser.parse_args()
    if options.soak:
        return 0 if soak() else 1
    began, count = time.monotonic(), 0
    end = options.seed + options.schedules
    chunks = [range(start, min(start + CHUNK, end)) for start in range(options.seed, end, CHUNK)]
    with ProcessPoolExecutor(options.jobs) as pool:
        for found in pool.map(failures, chunks):
            for failure in found:
                count += 1
                print(failure, flush=True)
    print(f"{options.schedules} schedules in {time.monotonic() - began:.0f} s, {count} broke a rule")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
