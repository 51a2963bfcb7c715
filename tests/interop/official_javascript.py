"""The official JavaScript client, unchanged, drives all of this server's devices."""

from __future__ import annotations

from pathlib import Path

from tests.interop.checks import Checks
from tests.interop.clients import JAVASCRIPT_CLIENT, javascript_client
from tests.interop.programs import EDGE, NORA, STROKER, WAITING, run

PROGRAM = Path(__file__).with_name("official_javascript.mjs")

#: What the program prints. (To that client 25 percent of a range from -20 to 20 is -10.)
OUTPUT = f"""\
connected true Buttplug Server 4
added {EDGE}, {NORA}, {STROKER}
device {EDGE} 0
  feature 0
    output Vibrate 0 20
  feature 1
    output Vibrate 0 20
  feature 2
    input Battery Read
device {NORA} 0
  feature 0
    output Vibrate 0 20
  feature 1
    output Rotate -20 20
  feature 2
    input Battery Read
device {STROKER} 20
  feature 0
    output Position 0 999
    output HwPositionWithDuration 0 999 0 99999
nora battery -> 85
edge battery -> 85
vibrate 21 steps !! ButtplugDeviceError
constrict !! String
stroker battery !! ButtplugDeviceError
has true false false
connected false
{WAITING}
connected false""".splitlines()

#: What it makes each device do; the zeros are its stops, of which its disconnect is one, and the last
#: ones those of the server that leaves.
SENT = {
    NORA: [
        *("DeviceType;", "Vibrate:10;", "Vibrate:7;", "RotateChange;", "Rotate:10;", "Rotate:5;", "Battery;"),
        *("Vibrate:0;", "Rotate:0;"),
        *("Vibrate:0;", "Rotate:0;"),
        *("Vibrate:0;", "Rotate:0;"),
        *("Vibrate:0;", "Rotate:0;"),
    ],
    EDGE: [
        *("DeviceType;", "Vibrate1:15;", "Vibrate2:15;", "Vibrate1:20;", "Vibrate2:0;", "Battery;"),
        *("Vibrate1:0;", "Vibrate2:0;"),
        *("Vibrate1:0;", "Vibrate2:0;"),
        *("Vibrate1:2;", "Vibrate2:2;"),
        *("Vibrate1:0;", "Vibrate2:0;"),
    ],
    STROKER: [r"L0250\n", r"L0999I500\n", r"L0500I100\n", r"DSTOP\n"],
}


def main() -> None:
    checks = Checks()
    with javascript_client(JAVASCRIPT_CLIENT) as directory:
        ran = run(["node", PROGRAM], directory=directory)
    checks.equal("the program ends without an error", ran.exit_code, 0)
    checks.equal("it prints what it should", ran.output, OUTPUT)
    for device, wanted in SENT.items():
        checks.equal(f"{device} is sent what was asked for, and stopped", ran.sent[device], wanted)
    checks.exit()


if __name__ == "__main__":
    main()
