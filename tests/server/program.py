"""The server in a process of its own."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Program:
    """The server in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.urls: list[str] = []

    async def listening(self) -> str:
        """Wait until it listens; return the first address."""
        assert self.process.stdout is not None
        async with asyncio.timeout(20):
            while not self.urls:
                line = (await self.process.stdout.readline()).decode().strip()
                assert line, "it ended before it listened"
                self.urls += re.findall(r"^Listening on (wss?://.*)$", line)
        return self.urls[0]

    async def end(self) -> tuple[int, str]:
        """Wait for its end; return its exit code and all that it wrote to stderr."""
        async with asyncio.timeout(20):
            _, err = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, err.decode()


Start = Callable[..., Awaitable[Program]]


async def launch(*words: str, **environment: str) -> Program:
    """Start the server with these options."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "buttplug.server",
        *words,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("BUTTPLUG_")} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    return Program(process)
