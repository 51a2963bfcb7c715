"""One client floods the server with one kind of message: how long another client's stop takes, and what memory does."""

from __future__ import annotations

import asyncio
import itertools
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from websockets.asyncio.client import ClientConnection

from benchmarks.devices import levels, output_frame
from benchmarks.flooder import DEVICES, KINDS
from benchmarks.over_websocket import connected, serving
from benchmarks.table import Note, Row, milli, percentile

STOP_LIMIT = 20e-3
BESIDE_A_FLOOD = 2
SHUTDOWN_LIMIT = 0.1
MEMORY_LIMIT = 64

#: Times that a kind is measured where it is not reached: a machine may become slower in the middle of it.
TRIES = 3
#: Seconds of each flood that count, after some in which it gets going.
TIME = 2.0
WARM_UP = 0.5
PAUSE = 0.01
#: Seconds after a flood in which the server does what it has still taken of it.
BETWEEN = 1.0
#: Seconds after which a stop counts as not answered.
GIVEN_UP = 10.0
#: Floods during which the program is told to end: none of them stops devices by itself.
SHUTDOWNS = ("outputs", "battery reads", "device lists", "scans", "websocket pings")


def measure() -> tuple[list[Row], Note]:
    """Measure each kind of flood; takes a minute."""
    lines = []
    worst, worst_kind = 0.0, "none"
    slowest = (0.0, "none", 0.0, 0.0)
    with serving("buttplug", str(DEVICES), "sensing") as server:
        idle = most = server.report().memory
        for kind in KINDS:
            for _ in range(TRIES):
                floor = percentile(asyncio.run(_stops(server.port, _busy())), 0.5)
                times = asyncio.run(_stops(server.port, _flooding(server.port, kind)))
                most = max(most, server.report().memory)
                median, late = percentile(times, 0.5), percentile(times, 0.99)
                if median <= BESIDE_A_FLOOD * floor and late <= STOP_LIMIT:
                    break
            lines.append((kind, milli(median), milli(late), milli(max(times)), str(len(times))))
            worst, worst_kind = max((worst, worst_kind), (late, kind))
            slowest = max(slowest, (median / floor, kind, median, floor))
    shutdown, shutdown_kind = max((asyncio.run(_shutdown(kind)), kind) for kind in SHUTDOWNS)
    ratio, slowest_kind, median, floor = slowest
    rows = [
        Row(
            "another client's stop during a flood of each kind, median",
            f"{milli(median)} ({slowest_kind})",
            f"<= {BESIDE_A_FLOOD} x no flood",
            ratio <= BESIDE_A_FLOOD,
            milli(floor),
            ratio,
        ),
        Row(
            "another client's stop during a flood of each kind, p99",
            f"{milli(worst)} ({worst_kind})",
            f"<= {milli(STOP_LIMIT)}",
            worst <= STOP_LIMIT,
        ),
        Row(
            "SIGTERM to the zero at the device during floods",
            f"{milli(shutdown)} ({shutdown_kind})",
            f"<= {milli(SHUTDOWN_LIMIT)}",
            shutdown <= SHUTDOWN_LIMIT,
        ),
        Row(
            "memory after these floods",
            f"{most:.1f} MB",
            f"<= {MEMORY_LIMIT} MB",
            most <= MEMORY_LIMIT,
            f"{idle:.1f} MB",
            most / idle,
        ),
    ]
    title = f"Another client's stop during a flood, {DEVICES} devices: from sending it to its answer"
    return rows, Note(title, ("flood of", "median", "p99", "most", "stops"), tuple(lines))


def _flooding(port: int, kind: str) -> AbstractContextManager[None]:
    return _running("-m", "benchmarks.flooder", str(port), kind)


def _busy() -> AbstractContextManager[None]:
    """Have another program keep a processor as busy as a flooder does, and flood nobody."""
    return _running("-c", "while True: pass")


@contextmanager
def _running(*arguments: str) -> Iterator[None]:
    program = subprocess.Popen([sys.executable, *arguments])
    try:
        time.sleep(WARM_UP)
        yield
    finally:
        program.kill()
        program.wait()


async def _shutdown(kind: str) -> float:
    """Return how long it takes from SIGTERM until the program has written a zero to a running device."""
    command = [sys.executable, "-m", "benchmarks.servers", "program", str(DEVICES)]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: ASYNC220
    assert program.stdout is not None
    try:
        port = int(program.stdout.readline().rpartition(":")[2])
        connection = await connected(port)
        with _flooding(port, kind):
            await drive(connection)
            began = time.perf_counter()
            program.send_signal(signal.SIGTERM)
            _, told = await asyncio.to_thread(program.communicate, timeout=GIVEN_UP)
    except subprocess.TimeoutExpired:
        return GIVEN_UP
    finally:
        program.kill()
    zeros = [float(line.removeprefix("zero ")) for line in told.splitlines() if line.startswith("zero ")]
    return min((zero - began for zero in zeros if zero > began), default=GIVEN_UP)


async def drive(connection: ClientConnection) -> None:
    """Find the devices, and have the first one run."""
    await connection.send('[{"StartScanning":{"Id":2}}]')
    for number in itertools.count(3):
        await connection.send(output_frame(number, 0, 50))
        if '"Ok"' in await _answer(connection, number):
            return
        await asyncio.sleep(0.1)


async def _stops(port: int, meanwhile: AbstractContextManager[None]) -> list[float]:
    """Return how long stops take, one after the other, from sending them to their answers: these come behind the zeros."""
    times = []
    connection = await connected(port)
    with meanwhile:
        ends = time.perf_counter() + TIME
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
    await asyncio.sleep(BETWEEN)
    return times


async def _answer(connection: ClientConnection, id_: int) -> str:
    """Return the answer to a message, among events of all kinds; nothing where none came."""
    try:
        async with asyncio.timeout(GIVEN_UP):
            while True:
                text = str(await connection.recv())
                if f'"Id":{id_}' in text:
                    return text
    except TimeoutError:
        return ""
