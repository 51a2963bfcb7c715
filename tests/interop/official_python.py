"""The official Python client, unchanged, drives every output of this server's devices."""

from __future__ import annotations

from pathlib import Path

from tests.interop.checks import Checks
from tests.interop.clients import PYTHON_CLIENT, python_client
from tests.interop.programs import EDGE, NORA, STROKER, WAITING, run

PROGRAM = Path(__file__).with_name("documented_use.py")

BATTERIES = ["nora battery -> 0.85", "edge battery -> 0.85"]

#: What the program makes each device do; the zeros are its stops, and the last ones those of the server that leaves.
SENT = {
    NORA: [
        *("DeviceType;", "Vibrate:10;", "Vibrate:7;", "Rotate:5;", "RotateChange;", "Rotate:5;", "Rotate:0;", "Battery;"),
        *("Vibrate:0;", "Rotate:0;"),
        *("Vibrate:0;", "Rotate:0;"),
        *("Vibrate:0;", "Rotate:0;"),
    ],
    EDGE: [
        *("DeviceType;", "Vibrate1:15;", "Vibrate2:15;", "Vibrate1:20;", "Vibrate2:0;", "Battery;"),
        *("Vibrate1:0;", "Vibrate2:0;"),
        *("Vibrate1:2;", "Vibrate2:2;"),
        *("Vibrate1:0;", "Vibrate2:0;"),
    ],
    STROKER: [r"L0250\n", r"L0999I500\n", r"L0500I100\n", r"DSTOP\n"],
}


def main() -> None:
    checks = Checks()
    with python_client(PYTHON_CLIENT) as python:
        ran = run([python, PROGRAM], directory=PROGRAM.parent)
    checks.equal("the program ends without an error", ran.exit_code, 0)
    checks.equal("it sees the server leave", ran.output[-3:-1], [WAITING, "False {} False"])
    checks.equal("it reads the batteries", [line for line in ran.output if "battery ->" in line], BATTERIES)
    for device, wanted in SENT.items():
        checks.equal(f"{device} is sent what was asked for, and stopped", ran.sent[device], wanted)
    checks.exit()


if __name__ == "__main__":
    main()
