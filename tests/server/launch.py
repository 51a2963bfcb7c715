"""The server in a process of its own."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
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
                self.urls += re.findall(r"^Listening on ((?:ws|http)s?://.*)$", line)
        return self.urls[0]

    async def logged(self, text: str) -> str:
        """Wait until it has logged a text; return all that was logged before and not read yet."""
        assert self.process.stderr is not None
        read = ""
        async with asyncio.timeout(20):
            while text not in read:
                line = (await self.process.stderr.readline()).decode()
                assert line, f"it ended, and had not logged {text}: {read}"
                read += line
        return read

    async def end(self) -> tuple[int, str]:
        """Wait for its end; return its exit code and all that it wrote to stderr."""
        async with asyncio.timeout(20):
            _, err = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, err.decode()


Start = Callable[..., Awaitable[Program]]


async def launch(
    *words: str,
    stdout: int = subprocess.PIPE,
    pass_fds: Sequence[int] = (),
    preexec_fn: Callable[[], object] | None = None,
    **environment: str,
) -> Program:
    """Start the server with these options; the named arguments are those of :class:`subprocess.Popen`, or set variables."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "buttplug.server",
        *words,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("BUTTPLUG_")} | environment,
        stdout=stdout,
        stderr=subprocess.PIPE,
        pass_fds=pass_fds,
        preexec_fn=preexec_fn,
        # Only a process of a group that has a parent in another one can be suspended as by a terminal.
        process_group=0 if os.name == "posix" else None,
    )
    return Program(process)


def is_suspended(process: int) -> bool:
    """Return whether a process is suspended, as the system has it."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "T"


async def suspended(process: int) -> None:
    """Wait until a process is suspended."""
    async with asyncio.timeout(10):
        while not is_suspended(process):
            await asyncio.sleep(0.01)
