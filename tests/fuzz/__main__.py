"""``python -m tests.fuzz NAME --seconds N``: feed a fuzzer for so long, or with ``--inputs N`` inputs; ``all``: each in turn.

Prints how many inputs there were, and how the memory grew. Exits with 1 when an input did harm, and prints it.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.table import resident
from tests.fuzz.buses import ConnectApp, DongleLines, WebsocketDevices
from tests.fuzz.devices import Devices
from tests.fuzz.files import BaseFiles, UserFiles
from tests.fuzz.frames import Frames
from tests.fuzz.fuzzer import Finding, Fuzzer, run
from tests.fuzz.requests import Requests
from tests.fuzz.upgrade import Upgrade

FUZZERS: dict[str, type[Fuzzer]] = {
    fuzzer.name: fuzzer
    for fuzzer in (Frames, Upgrade, Requests, Devices, UserFiles, BaseFiles, WebsocketDevices, DongleLines, ConnectApp)
}

#: The share of the inputs after which memory is looked at first: until then caches fill.
WARM_UP = 0.2


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("name", choices=[*FUZZERS, "all"])
    parser.add_argument("--seconds", type=float, default=60.0, metavar="N")
    parser.add_argument("--inputs", type=int, default=None, metavar="N")
    parser.add_argument("--seed", type=int, default=None, metavar="S")
    options = parser.parse_args()
    seed = random.randrange(1 << 32) if options.seed is None else options.seed
    names = list(FUZZERS) if options.name == "all" else [options.name]
    return max(_fuzz(name, options.seconds, options.inputs, seed) for name in names)


def _fuzz(name: str, seconds: float, inputs: int | None, seed: int) -> int:
    began, memory = time.monotonic(), 0.0

    def goes_on(fed: int) -> bool:
        nonlocal memory
        share = (time.monotonic() - began) / seconds if inputs is None else fed / inputs
        if not memory and share >= WARM_UP:
            memory = resident()
        return share < 1

    with tempfile.TemporaryDirectory() as folder:
        fuzzer = FUZZERS[name](random.Random(seed), Path(folder))
        try:
            run(fuzzer, goes_on)
        except Finding as finding:
            print(f"{name}, seed {seed}, input {fuzzer.fed}: {finding}")
            return 1
    took = time.monotonic() - began
    print(f"{name}, seed {seed}: {fuzzer.fed} inputs in {took:.0f} s, memory {memory:.1f} to {resident():.1f} MB", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
