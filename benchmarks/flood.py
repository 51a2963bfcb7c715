"""One client floods the server with one kind of message: how long another client's stop takes, and what memory does."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

from websockets.asyncio.client import ClientConnection

from benchmarks.devices import levels, output_frame
from benchmarks.flooder import DEVICES, KINDS
from benchmarks.over_websocket import Process, connected, serving
from benchmarks.table import Note, Row, milli, percentile

STOP_LIMIT = 20e-3
MEMORY_LIMIT = 0.25

#: Seconds of each flood that count, after some in which it gets going.
TIME = 2.0
WARM_UP = 0.5
PAUSE = 0.01
#: Seconds after which a stop counts as not answered.
GIVEN_UP = 10.0


def measure() -> tuple[list[Row], Note]:
    """Measure each kind of flood; takes a minute."""
    lines = []
    worst, worst_kind = 0.0, "none"
    with serving("buttplug", str(DEVICES), "sensing") as server:
        asyncio.run(_stops(server.port, TIME))
        before = memory = server.report().memory
        for kind in KINDS:
            times = _flooded(server, kind)
            memory = max(memory, server.report().memory)
            late = percentile(times, 0.99)
            lines.append((kind, milli(percentile(times, 0.5)), milli(late), milli(max(times)), str(len(times))))
            worst, worst_kind = max((worst, worst_kind), (late, kind))
    growth = memory / before - 1
    rows = [
        Row(
            "another client's stop during a flood of each kind, p99 of the worst",
            f"{milli(worst)} ({worst_kind})",
            f"<= {milli(STOP_LIMIT)}",
            worst <= STOP_LIMIT,
        ),
        Row(
            "memory during these floods",
            f"{memory:.1f} MB",
            f"within {MEMORY_LIMIT:.0%} of {before:.1f} MB",
            growth <= MEMORY_LIMIT,
            ratio=1 + growth,
        ),
    ]
    return rows, Note(
        f"Another client's stop during a flood, {DEVICES} devices",
        ("flood of", "median", "p99", "most", "stops"),
        tuple(lines),
    )


def _flooded(server: Process, kind: str) -> list[float]:
    flooder = subprocess.Popen([sys.executable, "-m", "benchmarks.flooder", str(server.port), kind])
    try:
        time.sleep(WARM_UP)
        return asyncio.run(_stops(server.port, TIME))
    finally:
        flooder.kill()
        flooder.wait()


async def _stops(port: int, seconds: float) -> list[float]:
    """Return how long stops take, one after the other, from sending them to their answers: these come behind the zeros."""
    times = []
    connection = await connected(port)
    ends = time.perf_counter() + seconds
    number = 1
    while time.perf_counter() < ends:
        number += 2
        await connection.send(output_frame(number, 0, levels(0, number)))
        await _answer(connection, number)
        began = time.perf_counter()
        await connection.send(f'[{{"StopCmd":{{"Id":{number + 1},"DeviceIndex":0}}}}]')
        if not await _answer(connection, number + 1):
            return [GIVEN_UP]
        times.append(time.perf_counter() - began)
        await asyncio.sleep(PAUSE)
    connection.transport.abort()
    return times


async def _answer(connection: ClientConnection, id_: int) -> bool:
    """Wait for the answer to a message, among events of all kinds; return whether it came."""
    try:
        async with asyncio.timeout(GIVEN_UP):
            while f'"Id":{id_}' not in str(await connection.recv()):
                pass
    except TimeoutError:
        return False
    return True
