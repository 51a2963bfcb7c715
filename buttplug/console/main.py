"""The prompt: lines in, and the end, which stops every device."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TextIO

from buttplug.client import ButtplugClient, ButtplugDevice
from buttplug.console.commands import HELP, Commands
from buttplug.core.errors import ButtplugError
from buttplug.core.log import logger_of
from buttplug.core.text import escaped
from buttplug.server import ButtplugServer, stop_on_signals
from buttplug.server.buses import make_buses
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.program.configured import load_configuration
from buttplug.server.program.log import logging_to
from buttplug.server.program.options import Options, parse
from buttplug.server.program.output import non_blocking_standard_output

logger: logging.Logger = logger_of(__name__)

PROMPT = "> "
INTERRUPTED = 130
LOST = "the server is lost, and stops the devices if it is still there; quit, and start this again when it is back"
NO_INPUT = "there is no standard input to read commands from: run this at a terminal, or give it a pipe"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the prompt until it is left; return the exit code."""
    own, rest = _parser().parse_known_args(arguments)
    options = parse(rest, {"BUTTPLUG_LOG_LEVEL": "warn", **os.environ})
    if sys.stdin is None:
        print(NO_INPUT, file=sys.stderr)  # noqa: T201
        return 1
    with non_blocking_standard_output(), logging_to(options.log_file, options.log_levels, options.log_format):
        try:
            asyncio.run(_talk(own.connect, options))
        except (ButtplugError, ConfigurationError) as error:
            print(error.message, file=sys.stderr)  # noqa: T201 it is for whoever typed this
            return 1
        except KeyboardInterrupt:
            return INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m buttplug",
        usage="%(prog)s [--connect URL] [option of the server …]",
        description="Find devices and try them by hand.",
        epilog=f"at the prompt:\n\n{HELP}\n\noptions of the server:\n  python -m buttplug.server --help lists them. Of use "
        "here are those that say what devices to look for,\n  for instance --simulate 'Lovense Nora' or --use-serial.\n\n"
        "the guide:\n  python -m buttplug.docs",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--connect", metavar="URL", help="use the devices of a server, for instance ws://127.0.0.1:12345")
    return parser


async def _talk(url: str | None, options: Options) -> None:
    async with AsyncExitStack() as stack:
        server: str | ButtplugServer
        server = await stack.enter_async_context(_server(options)) if url is None else url
        client = await stack.enter_async_context(ButtplugClient("Prompt"))
        client.on_device_added = lambda device: _tell(f"found {_name(device)}")
        client.on_device_removed = lambda device: _tell(f"lost {_name(device)}")
        if url is not None:
            client.on_server_disconnect = lambda: _tell(LOST)
        await client.connect(server)
        _tell("scan looks for devices; help tells what else can be typed; an empty line stops everything")
        await _run_lines(Commands(client, _tell), sys.stdin, at_once=sys.stdin.isatty())


@asynccontextmanager
async def _server(options: Options) -> AsyncIterator[ButtplugServer]:
    configuration = load_configuration(options)
    managers = make_buses(options, configuration)
    server = ButtplugServer(managers=managers, simulate=options.simulate, configuration=configuration)
    with stop_on_signals(server):
        async with server:
            yield server


async def _run_lines(commands: Commands, lines: TextIO, *, at_once: bool) -> None:
    """Do what the lines say, one after the other, until quit or their end; then stop everything.

    ``at_once``: a stop and the end wait for nothing.

    Raises:
        ButtplugError: Something could not be stopped at the end.
    """
    typed = _read(lines, prompt=at_once)
    doing: set[asyncio.Task[None]] = set()
    while (line := await typed.get()) is not None and line.strip().lower() != "quit":
        before = tuple(doing)
        if at_once and line.strip().lower() in ("", "stop"):
            # What is cut off may take its time to end, and what waits for it is not done any more.
            for task in before:
                task.cancel()
            before = ()
        task = asyncio.create_task(_do_after(before, commands, line))
        doing.add(task)
        task.add_done_callback(doing.discard)
        if not at_once:
            await asyncio.wait([task])
    for task in doing:
        task.cancel()
    try:
        await commands.stop_all()
    finally:
        if doing:
            await asyncio.wait(doing)


async def _do_after(before: Sequence[asyncio.Task[None]], commands: Commands, line: str) -> None:
    if before:
        await asyncio.wait(before)
    await commands.do(line)


def _read(lines: TextIO, *, prompt: bool) -> asyncio.Queue[str | None]:
    """Read lines on a thread of their own, which may be left behind; None is their end."""
    typed: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        line: str | None = ""
        while line is not None:
            if prompt:
                print(PROMPT, end="", flush=True)  # noqa: T201
            try:
                line = lines.readline() or None
            except Exception:
                # It is as if they had come to their end, which stops the devices.
                logger.exception("What is typed cannot be read any more")
                line = None
            if loop.is_closed():
                return
            loop.call_soon_threadsafe(typed.put_nowait, line)

    threading.Thread(target=read, name="prompt", daemon=True).start()
    return typed


def _tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201 it is what was asked for


def _name(device: ButtplugDevice) -> str:
    return f"{device.index}: {escaped(device.display_name or device.name)}"
