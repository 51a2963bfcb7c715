"""Clients from the last eight years, unchanged, drive all that they can of this server's devices, in every message version.

``python -m tests.interop.old_clients [NAME …]`` runs those whose names begin so. The Rust client is run only when it is named,
since it needs cargo and minutes to build.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple, TypeAlias

from tests.interop.checks import Checks
from tests.interop.clients import javascript_client, python_client, rust_client
from tests.interop.programs import EDGE, NORA, STROKER, WAITING_FOR_DEVICE, run

PROGRAMS = Path(__file__).with_name("old")
RUST = Path(__file__).with_name("rust")

#: A command for a program, and where to run it.
Command: TypeAlias = tuple[list[str | Path], Path]


class Client(NamedTuple):
    """A client: how its program is run, what that prints, and what it makes the devices do.

    What follows the last command to the Nora are stops: each client has it running at half a step of twenty when it leaves.
    """

    name: str
    command: Callable[[], AbstractContextManager[Command]]
    output: list[str]
    sent: Mapping[str, list[str]]


def by_python(requirement: str, program: str, *arguments: str) -> Callable[[], AbstractContextManager[Command]]:
    @contextmanager
    def installed() -> Iterator[Command]:
        with python_client(requirement) as python:
            yield [python, PROGRAMS / program, *arguments], PROGRAMS

    return installed


def by_node(package: str, program: str, *options: str) -> Callable[[], AbstractContextManager[Command]]:
    @contextmanager
    def installed() -> Iterator[Command]:
        with javascript_client(package) as directory:
            yield ["node", *options, PROGRAMS / program], directory

    return installed


@contextmanager
def by_cargo() -> Iterator[Command]:
    with rust_client(RUST) as program:
        yield [program], RUST


@contextmanager
def by_this_python() -> Iterator[Command]:
    yield [sys.executable, PROGRAMS / "version_0.py"], PROGRAMS


#: What the Nora gets when the Edge has left: full speed, a stop of everything, a tenth.
FAREWELL = ["Vibrate:20;", "Vibrate:0;", "Rotate:0;", "Vibrate:2;"]
BOTH_WAYS = ["Rotate:5;", "RotateChange;", "Rotate:5;"]
EDGE_STOPS, NORA_STOPS = ["Vibrate1:0;", "Vibrate2:0;"], ["Vibrate:0;", "Rotate:0;"]
ASK, BATTERY, STROKE = "DeviceType;", "Battery;", r"L0999I500\n"

CLIENTS = (
    Client(
        "version 0 by its document",
        by_this_python,
        [
            "ServerInfo 0",
            "Test {'Id': 2, 'TestString': 'echo'}",
            f"device {EDGE} SingleMotorVibrateCmd StopDeviceCmd",
            *("  vibrate Ok", "  read Error", "  stop Ok"),
            f"device {NORA} SingleMotorVibrateCmd StopDeviceCmd VorzeA10CycloneCmd",
            *("  vibrate Ok", "  turn Ok", "  turn Ok", "  read Error", "  stop Ok"),
            f"device {STROKER} FleshlightLaunchFW12Cmd StopDeviceCmd",
            *("  move Ok", "  read Error", "  stop Ok"),
            WAITING_FOR_DEVICE,
            f"left {EDGE}",
        ],
        {
            EDGE: [ASK, "Vibrate1:10;", "Vibrate2:10;", *EDGE_STOPS],
            NORA: [ASK, "Vibrate:10;", *BOTH_WAYS, *NORA_STOPS, *FAREWELL],
            STROKER: [r"L0999I210\n"],
        },
    ),
    # It cannot read a battery.
    Client(
        "buttplug 0.3.0 (PyPI), version 1",
        by_python("buttplug==0.3.0", "buttplug_0_3.py"),
        [
            f"device {EDGE} {{'StopDeviceCmd': None, 'SingleMotorVibrateCmd': None, 'VibrateCmd': 2}}",
            f"device {NORA} {{'StopDeviceCmd': None, 'SingleMotorVibrateCmd': None, 'VibrateCmd': 1, 'RotateCmd': 1, "
            "'VorzeA10CycloneCmd': None}",
            f"device {STROKER} {{'StopDeviceCmd': None, 'LinearCmd': 1, 'FleshlightLaunchFW12Cmd': None}}",
            WAITING_FOR_DEVICE,
            f"left {EDGE}",
        ],
        {
            EDGE: [ASK, "Vibrate1:10;", "Vibrate1:5;", "Vibrate2:5;", *EDGE_STOPS],
            NORA: [ASK, "Vibrate:10;", "Vibrate:5;", *BOTH_WAYS, *NORA_STOPS, *FAREWELL],
            STROKER: [STROKE],
        },
    ),
    Client(
        "buttplug-py 0.2.0 (PyPI), version 2",
        by_python("buttplug-py==0.2.0", "buttplug_py.py", "2"),
        [
            "found 3",
            f"device {EDGE}",
            *("  actuator 0 Vibrate [20, 20]", "  actuator 1 Vibrate [20, 20]", "  sensor [0.85]"),
            f"device {NORA}",
            *("  actuator 0 Vibrate [20]", "  rotator 0 [20]", "  sensor [0.85]"),
            f"device {STROKER}",
            "  stroker 0 [999]",
            WAITING_FOR_DEVICE,
            f"left {EDGE} 2",
            "connected False",
        ],
        {
            EDGE: [ASK, "Vibrate1:10;", "Vibrate2:10;", BATTERY, *EDGE_STOPS],
            NORA: [ASK, "Vibrate:10;", *BOTH_WAYS, BATTERY, *NORA_STOPS, *FAREWELL],
            STROKER: [STROKE],
        },
    ),
    Client(
        "buttplug-py 0.2.0 (PyPI), version 3",
        by_python("buttplug-py==0.2.0", "buttplug_py.py", "3"),
        [
            "found 3",
            f"device {EDGE}",
            *("  actuator 0 Vibrate 20", "  actuator 1 Vibrate 20", "  sensor [85]"),
            f"device {NORA}",
            *("  actuator 0 Vibrate 20", "  actuator 1 Rotate 20", "  rotator 0 20", "  sensor [85]"),
            f"device {STROKER}",
            *("  actuator 0 Position 999", "  stroker 0 999"),
            WAITING_FOR_DEVICE,
            f"left {EDGE} 2",
            "connected False",
        ],
        {
            EDGE: [ASK, "Vibrate1:10;", "Vibrate2:10;", BATTERY, *EDGE_STOPS],
            NORA: [ASK, "Vibrate:10;", "Rotate:10;", *BOTH_WAYS, BATTERY, *NORA_STOPS, *FAREWELL],
            STROKER: [r"L0500\n", STROKE],
        },
    ),
    Client(
        "buttplug 1.0.17 (npm), version 2",
        # Its WebAssembly is made for bundlers; node loads it with this option.
        by_node("buttplug@1.0.17", "buttplug_1_0.mjs", "--experimental-wasm-modules", "--no-warnings"),
        [
            f"device {EDGE}",
            *("  vibrators 2 20 20", "  battery 0.85"),
            f"device {NORA}",
            *("  vibrators 1 20", "  rotators 1 20", "  battery 0.85"),
            f"device {STROKER}",
            "  strokers 1 999",
            WAITING_FOR_DEVICE,
            f"left {EDGE} 2",
            "connected false",
        ],
        {
            EDGE: [ASK, "Vibrate1:10;", "Vibrate2:10;", "Vibrate1:5;", BATTERY, *EDGE_STOPS],
            NORA: [ASK, "Vibrate:10;", "Vibrate:5;", *BOTH_WAYS, BATTERY, *NORA_STOPS, *FAREWELL],
            STROKER: [STROKE],
        },
    ),
    Client(
        "buttplug 3.2.2 (npm), version 3",
        by_node("buttplug@3.2.2", "buttplug_3_2.mjs"),
        [
            f"device {EDGE}",
            *("  vibrator 0 20", "  vibrator 1 20", "  battery 0.85"),
            f"device {NORA}",
            *("  vibrator 0 20", "  rotator 0 20", "  battery 0.85"),
            f"device {STROKER}",
            "  stroker 0 999",
            WAITING_FOR_DEVICE,
            f"left {EDGE} 2",
            "connected false",
        ],
        {
            EDGE: [ASK, "Vibrate1:10;", "Vibrate2:10;", "Vibrate1:5;", BATTERY, *EDGE_STOPS],
            NORA: [ASK, "Vibrate:10;", "Vibrate:5;", *BOTH_WAYS, BATTERY, *NORA_STOPS, *FAREWELL],
            STROKER: [r"L0500\n", STROKE],
        },
    ),
)


BY_HAND = (
    Client(
        "rust: crate buttplug 12, version 4",
        by_cargo,
        [
            f"device {EDGE}",
            *("  Vibrate of feature 0", "  Vibrate of feature 1", "  battery 85"),
            f"device {NORA}",
            *("  Vibrate of feature 0", "  Rotate of feature 1", "  battery 85"),
            f"device {STROKER}",
            *("  Position of feature 0", "  HwPositionWithDuration of feature 0"),
            WAITING_FOR_DEVICE,
            f"left {EDGE} 2",
            "connected false",
        ],
        {
            EDGE: [ASK, "Vibrate1:10;", "Vibrate2:10;", BATTERY, *EDGE_STOPS],
            NORA: [ASK, "Vibrate:10;", *BOTH_WAYS, BATTERY, *NORA_STOPS, *FAREWELL],
            STROKER: [r"L0500\n", STROKE],
        },
    ),
)


def check(client: Client, checks: Checks) -> None:
    with client.command() as (command, directory):
        ran = run(command, directory=directory, server="tests.interop.house")
    checks.equal(f"{client.name}: the program ends without an error", ran.exit_code, 0)
    checks.equal(f"{client.name}: it prints what it should", ran.output, client.output)
    for device, wanted in client.sent.items():
        checks.equal(f"{client.name}: {device} is sent what was asked for", ran.sent[device][: len(wanted)], wanted)
    end = ran.sent[NORA][len(client.sent[NORA]) :]
    checks.equal(f"{client.name}: what it left running is stopped", (end[:1], {*end} - {*NORA_STOPS}), (["Vibrate:0;"], set()))


def main(*names: str) -> None:
    checks = Checks()
    for client in [client for client in CLIENTS + BY_HAND if client.name.startswith(names)] if names else CLIENTS:
        check(client, checks)
    checks.exit()


if __name__ == "__main__":
    main(*sys.argv[1:])
