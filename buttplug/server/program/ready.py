"""Telling people, and programs that start this one, where the server can be reached."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence

from buttplug.server.program.options import Options


def tell_ready(options: Options, addresses: Sequence[str]) -> None:
    """Print where the server can be reached, and write it to the file descriptor that was asked for."""
    line = json.dumps({"event": "listening", "addresses": list(addresses), "pid": os.getpid()}) + "\n"
    text = line if options.log_format == "json" else "".join(f"Listening on {address}\n" for address in addresses)
    print(text, end="", flush=True)  # noqa: T201 it is what they wait for
    if options.ready_fd is not None:
        # It may be a pipe that is full.
        threading.Thread(target=_write, args=(options.ready_fd, line.encode()), daemon=True).start()


def _write(descriptor: int, line: bytes) -> None:
    with open(descriptor, "wb", buffering=0) as file:
        file.write(line)
