"""Over a websocket: against a bare echo server on the same library, and with many devices."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.devices import HANDSHAKE, levels, output_frame
from benchmarks.servers import Report
from benchmarks.table import Note, Row, micro, milli, percentile

ROUND_TRIP_LIMIT = 1.4
RATE_LIMIT = 0.5
#: Of one core; the limit was set on a machine on which the bare echo took 13 %, which is what a slower one is judged by.
CPU_LIMIT = 0.35
CPU_RATIO_LIMIT = 2.7
DELAY_LIMIT = 5e-3

ROUNDS = 7
ROUND_TRIPS = 600
PIPELINED = 4_000

FLEET = 100
FLEET_RATE = 50
FLEET_TIME = 4.0

STUCK_FLEET = 20
STUCK_RATE = 20


class Process:
    """A server in a process of its own."""

    def __init__(self, *words: str) -> None:
        command = [sys.executable, "-m", "benchmarks.servers", *words]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def report(self) -> Report:
        """Return what the server noted since the last time."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return msgspec.json.decode(self._line(), type=Report)

    def end(self) -> None:
        """End it by closing its input, and wait; kill it if it does not end."""
        try:
            self._process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


@contextmanager
def serving(*words: str) -> Iterator[Process]:
    """Run a server for a while."""
    process = Process(*words)
    try:
        yield process
    finally:
        process.end()


def rows() -> list[Row]:
    """Measure everything that goes over a websocket."""
    with serving("echo") as echo, serving("buttplug", "1") as server:
        trips, floors, rates, rate_floors = asyncio.run(_compare(server.port, echo.port))
    trip, floor = statistics.median(trips), statistics.median(floors)
    trip_ratio = statistics.median(own / bare for own, bare in zip(trips, floors, strict=True))
    rate, rate_floor = statistics.median(rates), statistics.median(rate_floors)
    rate_ratio = statistics.median(own / bare for own, bare in zip(rates, rate_floors, strict=True))
    return [
        Row(
            "websocket round trip of an OutputCmd",
            micro(trip),
            f"<= {ROUND_TRIP_LIMIT} x echo",
            trip_ratio <= ROUND_TRIP_LIMIT,
            micro(floor),
            trip_ratio,
        ),
        Row(
            "websocket commands per second, pipelined",
            f"{rate:,.0f}",
            f">= {RATE_LIMIT} x echo",
            rate_ratio >= RATE_LIMIT,
            f"{rate_floor:,.0f}",
            rate_ratio,
        ),
        *_fleet(),
    ]


def stuck() -> tuple[list[Row], Note]:
    """Measure the delay to 19 devices while the twentieth never ends a write."""
    with serving("buttplug", str(STUCK_FLEET), "timed", "stuck") as server:
        asyncio.run(_drive(server.port, STUCK_FLEET, STUCK_RATE, FLEET_TIME))
        delays = [delay for index, values in server.report().delays.items() if index for delay in values]
    median, late = statistics.median(delays), percentile(delays, 0.99)
    row = Row("20 devices, one stuck: frame to write, p99", milli(late), f"<= {milli(DELAY_LIMIT)}", late <= DELAY_LIMIT)
    lines = (("median", milli(median)), ("p99", milli(late)), ("most", milli(max(delays))), ("commands", str(len(delays))))
    return [row], Note(
        "Frame received to bytes at the transport, 20 devices at 20 commands a second, one stuck", ("", ""), lines
    )


def _fleet() -> list[Row]:
    floor = _load("echo").cpu / FLEET_TIME
    share = _load("buttplug", str(FLEET)).cpu / FLEET_TIME
    delays = _load("buttplug", str(FLEET), "timed").delays
    late = percentile([delay for values in delays.values() for delay in values], 0.99)
    what = f"{FLEET} devices at {FLEET_RATE} commands a second"
    return [
        Row(
            f"{what}: share of a core",
            f"{share:.1%}",
            f"<= {CPU_LIMIT:.0%} or {CPU_RATIO_LIMIT} x echo",
            share <= CPU_LIMIT or share / floor <= CPU_RATIO_LIMIT,
            f"{floor:.1%}",
            share / floor,
        ),
        Row(f"{what}: frame to write, p99", milli(late), f"<= {milli(DELAY_LIMIT)}", late <= DELAY_LIMIT),
    ]


def _load(*words: str) -> Report:
    """Put the whole load on a server, after a second to get going."""
    with serving(*words) as process:
        asyncio.run(_drive(process.port, FLEET, FLEET_RATE, 1.0))
        process.report()
        asyncio.run(_drive(process.port, FLEET, FLEET_RATE, FLEET_TIME))
        return process.report()


async def _compare(port: int, echo_port: int) -> tuple[list[float], list[float], list[float], list[float]]:
    """Measure both servers in turns, so that what else the machine does meets both."""
    trips, floors, rates, rate_floors = [], [], [], []
    async with await connected(port) as own, await connected(echo_port) as bare:
        for _ in range(ROUNDS):
            floors.append(await _round_trips(bare))
            trips.append(await _round_trips(own))
            rate_floors.append(await _pipelined(bare))
            rates.append(await _pipelined(own))
    return trips, floors, rates, rate_floors


async def connected(port: int) -> ClientConnection:
    connection = await connect(f"ws://127.0.0.1:{port}", compression=None, proxy=None)
    await connection.send(HANDSHAKE)
    await connection.recv()
    return connection


async def _round_trips(connection: ClientConnection) -> float:
    times = []
    for number in range(ROUND_TRIPS):
        frame = output_frame(number + 2, 0, levels(0, number))
        began = time.perf_counter()
        await connection.send(frame)
        await connection.recv()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


async def _pipelined(connection: ClientConnection) -> float:
    frames = [output_frame(number + 2, 0, levels(0, number)) for number in range(PIPELINED)]

    async def send() -> None:
        for frame in frames:
            await connection.send(frame)

    began = time.perf_counter()
    sending = asyncio.create_task(send())
    for _ in frames:
        await connection.recv()
    await sending
    return PIPELINED / (time.perf_counter() - began)


async def _drive(port: int, devices: int, rate: int, seconds: float) -> None:
    """Command every device ``rate`` times a second, evenly spread, and read all answers."""
    connection = await connected(port)

    async def read() -> None:
        async for _ in connection:
            pass

    reading = asyncio.create_task(read())
    loop = asyncio.get_running_loop()
    began = loop.time()
    turns_a_second = 100
    per_turn = devices * rate / turns_a_second
    sent = 0
    for turn in range(int(seconds * turns_a_second)):
        while sent < (turn + 1) * per_turn:
            device = sent % devices
            await connection.send(output_frame(sent + 2, device, levels(device, sent // devices)))
            sent += 1
        await asyncio.sleep(max(0.0, began + (turn + 1) / turns_a_second - loop.time()))
    await connection.close()
    await reading
