"""Runs the Python of a documentation page, block after block, as a reader would who types it in.

A page may say in a comment which simulated devices there are, and what they are called in its code::

    <!-- devices: nora = Lovense Nora, handy = The Handy (FW4+) -->

Its blocks share their names, and have ``client``, connected to a ``server`` with those devices, which listens on the address
that the page uses. A block that defines ``main`` and runs it is a program of its own. What a block prints is compared with the
``text`` block behind it, if there is one. A block whose comment is ``<!-- not run: why -->`` is compiled only.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import re
import types
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

from msgspec import Struct

import buttplug.hardware.bluetooth
from buttplug import ButtplugClient, ButtplugServer
from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from buttplug.server.websocket import WebsocketListener

ADDRESS = "ws://127.0.0.1:12345"
RUN = re.compile(r"^asyncio\.run\((main\(\))\)$", re.MULTILINE)
DEVICES = re.compile(r"<!-- devices: (.*?) -->", re.DOTALL)
BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<why>.+?) -->\n+)?^```python.*?\n(?P<code>.*?)^```\n(?:\n```text\n(?P<printed>.*?)^```)?",
    re.MULTILINE | re.DOTALL,
)


class Block(Struct, frozen=True):
    """One piece of code of a page. ``printed``: what the page says it prints."""

    line: int
    code: str
    printed: str | None
    is_run: bool


def blocks(text: str) -> Iterator[Block]:
    """Go through the Python of a page."""
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("code"))
        yield Block(line, match["code"], match["printed"], match["why"] is None)


def compiled(block: Block, page: Path, code: str) -> types.CodeType:
    """Return a block as code whose traceback leads to the page."""
    made: types.CodeType = compile("\n" * block.line + code, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    return made


class Reader:
    """Somebody who reads a page and runs all of it."""

    def __init__(self, page: Path) -> None:
        self.page = page
        self.text = page.read_text(encoding="utf-8")
        self.devices: dict[str, SimulatedDevice] = {}

    async def run(self, patch_bluetooth: contextlib.AbstractContextManager[object]) -> None:
        """Run every block; raise what it raises, or AssertionError where it prints something else than the page says."""
        configuration = DeviceConfiguration.load()
        for name, model in self._wanted_devices():
            self.devices[name] = simulate(configuration, model, [device.address for device in self.devices.values()])
        async with AsyncExitStack() as stack:
            stack.enter_context(patch_bluetooth)
            server = await stack.enter_async_context(
                ButtplugServer(managers=[SimulatedManager(self.devices.values())], configuration=configuration)
            )
            listener = await stack.enter_async_context(WebsocketListener(server, port=0))
            client = await stack.enter_async_context(ButtplugClient("A reader"))
            if self.devices:
                await client.connect(server)
                await client.scan()
            names: dict[str, object] = {"__name__": "__main__", "asyncio": asyncio, "client": client, "server": server}
            for name, device in self.devices.items():
                names[f"simulated_{name}"] = device
                names[name] = next(found for found in client.devices.values() if found.name == device.label)
            for block in blocks(self.text):
                if block.is_run:
                    await self._run_block(block, names, listener.addresses[0])
                else:
                    compiled(block, self.page, block.code)

    def _wanted_devices(self) -> Iterator[tuple[str, str]]:
        for match in DEVICES.finditer(self.text):
            for wanted in match[1].split(","):
                name, _, model = wanted.partition("=")
                yield name.strip(), model.strip()

    async def _run_block(self, block: Block, names: dict[str, object], address: str) -> None:
        code = RUN.sub(r"await \1", block.code.replace(ADDRESS, address))
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            made = types.FunctionType(compiled(block, self.page, code), names)()
            if inspect.isawaitable(made):
                await made
        if block.printed is not None:
            assert printed.getvalue() == block.printed, f"{self.page.name}, line {block.line}"


@contextlib.contextmanager
def bluetooth_finds(devices: dict[str, SimulatedDevice]) -> Iterator[None]:
    """Have programs that use Bluetooth find simulated devices."""
    original = buttplug.hardware.bluetooth.BluetoothManager

    def manager(*settings: object) -> SimulatedManager:
        configuration = DeviceConfiguration.load()
        return SimulatedManager([simulate(configuration, device.label) for device in devices.values()])

    buttplug.hardware.bluetooth.BluetoothManager = manager  # type: ignore[assignment, misc]
    try:
        yield
    finally:
        buttplug.hardware.bluetooth.BluetoothManager = original  # type: ignore[misc]
