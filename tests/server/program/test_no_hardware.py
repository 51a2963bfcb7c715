"""The server as a program on a machine that has no hardware for it, or not the libraries."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from buttplug import ButtplugClient
from buttplug.hardware.registry import BUSES
from tests.server.launch import ROOT, Start

pytestmark = pytest.mark.real_time

EVERY_BUS = [f"--use-{bus.option}" for bus in BUSES]

#: Keeps libraries from being found, by their names.
BLOCK = """
import os, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in os.environ["BLOCKED"].split():
            raise ImportError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
"""

#: What is missing, the buses it is missing for, and what is to be done about it.
MISSING = [
    ("bleak", ["Bluetooth LE"], "pip install bleak"),
    ("dbus_fast", ["Bluetooth LE"], "pip install bleak"),
    ("serial", ["serial", "Lovense dongle (serial)"], "pip install pyserial"),
    ("hid hidraw", ["HID", "Lovense dongle (HID)"], "pip install hidapi"),
    ("usb", ["USB"], "pip install pyusb"),
    ("sdl2", ["game pads"], 'pip install "buttplug-server[gamepad]"'),
]


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine without any D-Bus, and so without Bluetooth, on which libraries can be BLOCKED."""
    (tmp_path / "sitecustomize.py").write_text(BLOCK)
    return {
        "PYTHONPATH": os.pathsep.join(map(str, (tmp_path, ROOT))),
        "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={tmp_path / 'no-such-socket'}",
        "BLOCKED": "nothing",
    }


def warnings(err: str) -> list[str]:
    """Return the warnings of a log, without what stands before them."""
    return re.findall(r"WARNING \S+ (.*)$", err, re.MULTILINE)


@pytest.mark.parametrize(("blocked", "buses", "remedy"), MISSING, ids=[blocked for blocked, *_ in MISSING])
async def test_what_is_missing_is_told_in_one_line_for_each_bus_and_the_rest_works(
    start: Start, machine: dict[str, str], blocked: str, buses: list[str], remedy: str
) -> None:
    server = await start("--ws-port", "0", "--device-ws-port", "0", *EVERY_BUS, **machine | {"BLOCKED": blocked})
    async with ButtplugClient("test") as client:
        await client.connect(await server.listening())
        await client.start_scanning()
        assert client.scanning
        await client.stop_scanning()
    began = asyncio.get_running_loop().time()
    server.process.send_signal(signal.SIGTERM)
    code, err = await server.end()
    assert code == 0
    assert asyncio.get_running_loop().time() - began < 2
    assert "Traceback" not in err
    for bus in buses:
        (line,) = [line for line in warnings(err) if line.startswith(f"{bus} cannot be used: ")]
        assert remedy in line
    others = [line for line in warnings(err) if not line.startswith(tuple(buses))]
    assert len(others) == len({line.partition(" cannot be used: ")[0] for line in others}), "one for each bus"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no D-Bus to miss")
async def test_where_nothing_can_be_scanned_clients_are_served_and_told_why(start: Start, machine: dict[str, str]) -> None:
    server = await start("--ws-port", "0", "--use-bluetooth-le", **machine)
    async with ButtplugClient("test") as client:
        await client.connect(await server.listening())
        with pytest.raises(Exception, match=r"nothing can be scanned: Bluetooth LE: the system's D-Bus cannot be reached"):
            await client.start_scanning()
        assert client.connected
    server.process.send_signal(signal.SIGTERM)
    code, err = await server.end()
    assert code == 0
    assert [line.partition(" (")[0] for line in warnings(err)] == [
        "Bluetooth LE cannot be used: the system's D-Bus cannot be reached"
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no D-Bus to miss")
async def test_a_check_tells_every_bus_and_says_by_its_exit_code_that_bluetooth_is_missing(
    start: Start, machine: dict[str, str]
) -> None:
    checking = await start("--check", "--ws-port=0", "--device-ws-port", "0", "--use-bluetooth-le", **machine)
    async with asyncio.timeout(30):
        out, err = await checking.process.communicate()
    lines = out.decode().splitlines()
    assert [line.partition(": ")[0] for line in lines if not line.startswith("    ")] == [
        "installation",
        "port for clients",
        *(bus.title for bus in BUSES),
        "Not everything that is on can be used.",
    ]
    told = lines.index(next(line for line in lines if line.startswith("Bluetooth LE: ")))
    assert lines[told].startswith("Bluetooth LE: NOT USABLE: the system's D-Bus cannot be reached")
    assert lines[told + 1].startswith("    remedy: start D-Bus")
    assert (checking.process.returncode, err) == (1, b"")
