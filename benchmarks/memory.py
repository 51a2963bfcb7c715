"""Memory: idle, and after a million commands and a thousand connects. Runs as a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import msgspec

from benchmarks.devices import Bench, levels
from benchmarks.table import Row, resident
from buttplug.core.messages import OutputArguments, OutputCmd, RequestServerInfo
from buttplug.server.websocket import WebsocketListener

IDLE_LIMIT = 60
GROWTH_LIMIT = 0.05

COMMANDS = 1_000_000
CONNECTS = 1_000
#: Commands after which what a server keeps has reached its size: the packets that simulated devices remember.
WARM_UP = 30_000


def rows() -> list[Row]:
    """Measure in a fresh process."""
    done = subprocess.run([sys.executable, "-m", "benchmarks.memory"], capture_output=True, text=True, check=True)
    idle, warm, after = msgspec.json.decode(done.stdout, type=tuple[float, float, float])
    growth = after / warm - 1
    return [
        Row("memory of an idle server", f"{idle:.1f} MB", f"<= {IDLE_LIMIT} MB", idle <= IDLE_LIMIT),
        Row(
            f"the same after {COMMANDS:,} commands and {CONNECTS:,} connects",
            f"{after:.1f} MB",
            f"within {GROWTH_LIMIT:.0%} of {warm:.1f} MB",
            growth <= GROWTH_LIMIT,
            ratio=1 + growth,
        ),
    ]


async def _measure() -> tuple[float, float, float]:
    bench = Bench(1)
    await bench.open()
    listener = WebsocketListener(bench.server, hosts=("127.0.0.1",), port=0)
    await listener.open()
    idle = resident()
    await _command(bench, WARM_UP)
    await _connects(bench, CONNECTS // 10)
    warm = resident()
    await _command(bench, COMMANDS)
    await _connects(bench, CONNECTS)
    after = resident()
    await bench.server.close()
    await listener.close()
    return idle, warm, after


async def _command(bench: Bench, count: int) -> None:
    session = bench.server.open_session(lambda message: None)
    session.receive(RequestServerInfo(1, "memory", 4, 0))
    for number in range(count):
        session.receive(OutputCmd(number % 1_000_000 + 2, 0, 0, {"Vibrate": OutputArguments(levels(0, number))}))
        await asyncio.sleep(0)
    await session.close("done")


async def _connects(bench: Bench, count: int) -> None:
    for number in range(count):
        session = bench.server.open_session(lambda message: None)
        session.receive(RequestServerInfo(1, f"client {number}", 4, 0))
        session.receive(OutputCmd(2, 0, 0, {"Vibrate": OutputArguments(levels(0, number))}))
        await asyncio.sleep(0)
        await session.close("done")


if __name__ == "__main__":
    print(msgspec.json.encode(asyncio.run(_measure())).decode())
