"""One program, written for the official Python client, behaves the same with it and with ours."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.interop.checks import Checks
from tests.interop.clients import PYTHON_CLIENT, python_client
from tests.interop.programs import run
from tests.interop.server import ROOT

PROGRAM = Path(__file__).with_name("documented_use.py")


def main() -> None:
    checks = Checks()
    with python_client(PYTHON_CLIENT) as python:
        theirs = run([python, PROGRAM], directory=PROGRAM.parent)
    ours = run([sys.executable, PROGRAM], directory=PROGRAM.parent, python_path=ROOT)
    checks.equal("both run to the end", [theirs.exit_code, ours.exit_code], [0, 0])
    checks.equal("with ours it prints as many lines", len(ours.output), len(theirs.output))
    for number, (wanted, found) in enumerate(zip(theirs.output, ours.output, strict=False), 1):
        checks.equal(f"line {number}: {wanted}", found, wanted)
    for device, wanted_packets in theirs.sent.items():
        checks.equal(f"{device} is sent the same", ours.sent[device], wanted_packets)
    checks.exit()


if __name__ == "__main__":
    main()
