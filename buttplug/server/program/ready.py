"""Telling people, and programs that start this one, where the server can be reached."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence

from buttplug.server.program.options import Options


def tell_ready(options: Options, addresses: Sequence[str], rest: Sequence[str] = ()) -> None:
    """Print where the server can be reached, by websocket and by requests; write it to the descriptor that was asked for."""
    ready = {"event": "listening", "addresses": list(addresses), "rest": list(rest), "pid": os.getpid()}
    line = json.dumps(ready) + "\n"
    text = line if options.log_format == "json" else "".join(f"Listening on {address}\n" for address in [*addresses, *rest])
    print(text, end="", flush=True)  # noqa: T201 it is what they wait for
    if options.ready_fd is not None:
        # It may be a pipe that is full.
        threading.Thread(target=_write, args=(options.ready_fd, line.encode()), daemon=True).start()


def _write(descriptor: int, line: bytes) -> None:
    with open(descriptor, "wb", buffering=0) as file:
        file.write(line)
