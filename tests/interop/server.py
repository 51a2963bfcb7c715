"""A server with simulated devices in a process of its own, and what its log says the devices were sent."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

#: The devices that all interop programs expect, one of each.
DEVICES = ("Lovense Nora", "Lovense Edge", "tcode-v03")

#: Seconds that starting and stopping may take.
LIMIT = 20

ROOT = Path(__file__).parents[2]
SENT = re.compile(r'(?P<device>\S.*) <- \S+ "?(?P<packet>.*?)"?$')


class RunningServer:
    """``python -m buttplug.server``, or a program that says where it listens as that does."""

    def __init__(self, program: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(),
        )
        self.log: list[str] = []
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._told = self._process.stdin
        self._said = self._process.stdout
        self._reader = threading.Thread(target=self._read, args=(self._process.stderr,))
        self._reader.start()
        self.url = self._url_in(self._said.readline())

    def _read(self, stream: IO[str]) -> None:
        with stream:
            self.log += (line.rstrip("\n") for line in stream)

    def _url_in(self, line: str) -> str:
        listening = re.match(r"Listening on (ws://127\.0\.0\.1:\d+)", line)
        if listening is None:
            self.stop()
            raise RuntimeError(f"the server said {line!r} instead of where it listens:\n" + "\n".join(self.log))
        return listening[1]

    def take_away(self, device: str) -> None:
        """Have a device disconnect; only :mod:`tests.interop.house` knows how."""
        self._told.write(f"{device}\n")
        self._told.flush()

    def stop(self) -> None:
        """End it as a user does, with SIGINT."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                raise
        self._reader.join()
        self._told.close()
        self._said.close()

    def sent(self, device: str) -> list[str]:
        """Return the packets a device was sent, oldest first; complete only after :meth:`stop`."""
        found = (SENT.search(line.partition(": ")[2]) for line in self.log)
        return [match["packet"] for match in found if match and match["device"] == device]


@contextmanager
def running_server(devices: Sequence[str] = DEVICES, program: str = "buttplug.server") -> Iterator[RunningServer]:
    """Run a server with simulated devices; with ``tests.interop.house`` they can be taken away."""
    if program == "buttplug.server":
        server = RunningServer(program, "--ws-port", "0", *(word for device in devices for word in ("--simulate", device)))
    else:
        server = RunningServer(program, *devices)
    try:
        yield server
    finally:
        server.stop()


def environment() -> dict[str, str]:
    """Return the environment for a program that is to find the package it was installed with."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("BUTTPLUG_", "PYTHONPATH"))}
