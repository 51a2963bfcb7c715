"""Starting: the process, its imports, the device configuration, and finding a protocol in it."""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
import time

import msgspec

from benchmarks.table import Note, Row, micro, milli, timed
from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothSpecifier
from buttplug.server.devices.base_files import bundled_folder
from buttplug.server.devices.configuration import DeviceConfiguration

START_LIMIT = 3.0
LOAD_LIMIT = 30e-3
#: How many times as long as reading the same files and decoding them untyped it may take where a machine is too slow for that.
MOST_OF_READING = 4.0
MATCH_LIMIT = 10e-6

STARTS = 7
FLOOR = "import msgspec, websockets.asyncio.server"
SERVER = ("-m", "buttplug.server", "--ws-port", "0", "--no-use-bluetooth-le", "--no-use-gamepad", "--log-level", "error")


def rows() -> list[Row]:
    """Measure everything before the first client."""
    floors, starts = [], []
    for _ in range(STARTS):
        floors.append(_time_to_end())
        starts.append(_time_to_listening())
    start, floor = statistics.median(starts), statistics.median(floors)
    ratio = statistics.median(own / bare for own, bare in zip(starts, floors, strict=True))
    loads = [(timed(DeviceConfiguration.load), timed(_read_files)) for _ in range(9)]
    load, read = (statistics.median(times) for times in zip(*loads, strict=True))
    match, _ = _matching()
    return [
        Row(
            "start to listening, all buses off",
            milli(start),
            f"<= {START_LIMIT:g} x imports",
            ratio <= START_LIMIT,
            milli(floor),
            ratio,
        ),
        Row(
            "loading the whole device configuration",
            milli(load),
            f"<= {milli(LOAD_LIMIT)} or {MOST_OF_READING:g} x reading",
            load <= max(LOAD_LIMIT, MOST_OF_READING * read),
            milli(read),
            load / read,
        ),
        Row("matching one advertisement", micro(match), f"<= {micro(MATCH_LIMIT)}", match <= MATCH_LIMIT),
    ]


def notes() -> list[Note]:
    """Return where the time of a start goes, and what a busy air costs."""
    match, worst = _matching()
    air = (
        ("median of one", micro(match)),
        ("slowest kind", micro(worst)),
        ("1,000 a second", f"{match * 1000:.2%} of a core"),
    )
    return [
        Note("Start by import", ("module", "own imports included"), _imports()),
        Note("Matching advertisements", ("", ""), air),
    ]


def _time_to_end() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", FLOOR], check=True)
    return time.perf_counter() - began


def _time_to_listening() -> float:
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *SERVER], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    took = time.perf_counter() - began
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    if not line.startswith("Listening"):
        raise RuntimeError(f"the server did not start: {line}")
    return took


def _read_files() -> None:
    for path in bundled_folder().iterdir():
        msgspec.json.decode(path.read_bytes())


def _matching() -> tuple[float, float]:
    """Return the median time to match an advertisement over all kinds there are, and that of the slowest kind."""
    configuration = DeviceConfiguration.load()
    advertisements = [
        BluetoothAdvertisement(f"Stranger {number}", {76: b"\x10\x05"}, frozenset({"0000180f"})) for number in range(50)
    ]
    for protocol in configuration.protocols:
        for specifier in configuration.specifiers(protocol):
            if isinstance(specifier, BluetoothSpecifier):
                advertisements += [BluetoothAdvertisement(name.replace("*", "x1")) for name in specifier.names[:1]]
                advertisements += [
                    BluetoothAdvertisement("", {data.company: bytes(data.data)}) for data in specifier.manufacturer_data
                ]
                advertisements += [
                    BluetoothAdvertisement("", {}, frozenset({service.replace("?", "5")}))
                    for service in specifier.advertised_services[:1]
                ]
    times = []
    for advertisement in advertisements:
        began = time.perf_counter()
        for _ in range(200):
            configuration.match(advertisement)
        times.append((time.perf_counter() - began) / 200)
    return statistics.median(times), max(times)


def _imports() -> tuple[tuple[str, str], ...]:
    """Return the slowest imports of a server, from ``-X importtime``."""
    command = [sys.executable, "-X", "importtime", "-c", "import buttplug.server.__main__"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ).stderr
    found = re.findall(r"import time:\s+\d+ \|\s+(\d+) \| ( *)(\S+)", listing)
    slowest = sorted(((int(total), name) for total, indent, name in found if len(indent) <= 6), reverse=True)
    return tuple((name, milli(total / 1e6)) for total, name in slowest[:14])
