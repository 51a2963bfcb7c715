"""Runs a client's program against a server of its own, which leaves, or a device of it, when the program says so."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.interop.server import environment, running_server

#: What a program prints when the server is to go away.
WAITING = "waiting for the server to leave"
#: What it prints when the Edge is to go away.
WAITING_FOR_DEVICE = "waiting for a device to leave"

#: Seconds a program may run.
LIMIT = 60

NORA, EDGE, STROKER = "Lovense Nora", "Lovense Edge", "TCode v0.3 (Single Linear Axis)"


@dataclass(frozen=True)
class Run:
    """What a program printed, how it ended, and what the devices were sent meanwhile."""

    output: list[str]
    exit_code: int
    sent: Mapping[str, list[str]]


def run(
    command: Sequence[str | Path], *, directory: Path, python_path: Path | None = None, server: str = "buttplug.server"
) -> Run:
    """Run a program, which is given the URL of the server, itself a program, as its last argument."""
    env = environment()
    if python_path is not None:
        env["PYTHONPATH"] = str(python_path)
    with running_server(program=server) as running:
        program = subprocess.Popen([*command, running.url], stdout=subprocess.PIPE, text=True, cwd=directory, env=env)
        limit = threading.Timer(LIMIT, program.kill)
        limit.start()
        output = []
        assert program.stdout is not None
        for line in program.stdout:
            output.append(line.rstrip("\n"))
            if output[-1] == WAITING:
                running.stop()
            elif output[-1] == WAITING_FOR_DEVICE:
                running.take_away(EDGE)
        exit_code = program.wait()
        limit.cancel()
    return Run(output, exit_code, {device: running.sent(device) for device in (NORA, EDGE, STROKER)})
