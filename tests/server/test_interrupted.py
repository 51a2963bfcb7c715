"""Ctrl-C at any line of the server: what it breaks off is stopped all the same when the program ends."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import buttplug.server
from buttplug import ButtplugClient, ButtplugServer
from buttplug.hardware.simulated import SimulatedManager
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from tests.fakes.clock import VirtualTimeLoop

SOURCES = str(Path(buttplug.server.__file__).parent)
#: Of so many lines one is tried: all of them take a while.
STEP = 7
ZERO = {b"\xf1\x00", b"\xf2\x00"}

# What an interruption leaves behind is not looked at.
pytestmark = pytest.mark.filterwarnings("ignore")


class Interruption:
    """Raises KeyboardInterrupt at a line of the server, counted from when it begins; ``at`` says which line that was."""

    def __init__(self, line: int) -> None:
        self.at: str | None = None
        self._before = sys.gettrace()
        self._left = line

    def begin(self) -> None:
        sys.settrace(self._trace)

    def end(self) -> None:
        sys.settrace(self._before)

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(SOURCES):
            return None
        if event == "line":
            self._left -= 1
            if not self._left:
                self.end()
                self.at = f"{frame.f_code.co_filename}:{frame.f_lineno}"
                raise KeyboardInterrupt
        return self._trace


def interrupted(configuration: DeviceConfiguration, line: int) -> tuple[str | None, list[bytes]]:
    """Interrupt a program at a line of the server, and let it end; return where that was, and what the device was sent."""
    device = simulate(configuration, "aneros")
    server = ButtplugServer(managers=[SimulatedManager([device], scan_time=0.01)], configuration=configuration)
    interruption = Interruption(line)

    async def program() -> None:
        client = ButtplugClient("test")
        await server.open()
        await client.connect(server)
        (vibrator, *_) = await client.scan(0.05)
        await vibrator.vibrate(9)
        interruption.begin()
        await asyncio.sleep(0)
        await vibrator.vibrate(5)
        await vibrator.stop()
        await vibrator.vibrate(7)
        await server.close()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.get_loop().set_exception_handler(lambda loop, context: None)
        # What the program makes of the interruption is its own affair.
        with suppress(KeyboardInterrupt, Exception):
            runner.run(program())
        interruption.end()
        server._close_at_exit()
        sent = [packet.data for packet in device.packets]
    return interruption.at, sent


def test_whichever_line_of_the_server_ctrl_c_breaks_off_the_device_is_stopped_in_the_end() -> None:
    configuration = DeviceConfiguration.load()
    for line in range(1, 100_000, STEP):
        at, sent = interrupted(configuration, line)
        assert set(sent[-2:]) == ZERO, f"line {line}, {at}"
        if at is None:
            break
    assert line > 1000, "lines of the server"
