"""From the loss of a client to the zero at its device, for each way to lose one, on the real clock.

Run by itself: ``python -m benchmarks.losses``. The server is the whole program, with a simulated device that runs.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from websockets.asyncio.client import ClientConnection

from benchmarks.devices import Bench
from benchmarks.flood import drive
from benchmarks.over_websocket import connected
from benchmarks.table import Note, Row, milli, percentile
from buttplug.client import ButtplugClient

RUNS = 10
#: Seconds in which a loss that is visible at once has to be answered by the zero.
AT_ONCE = 50e-3
#: Milliseconds without a ping after which a client is gone, where that is measured.
PING_TIME = 500
#: Seconds after which one that falls silent is given up by the websocket's own pings.
SILENCE = 10.0
GIVEN_UP = 20.0

Act: TypeAlias = Callable[["Program", ClientConnection], Coroutine[Any, Any, None]]


class Program:
    """The server as a program, and when it wrote zeros to its first device."""

    def __init__(self, *words: str) -> None:
        command = [sys.executable, "-m", "benchmarks.servers", "program", "1", *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.zeros: list[float] = []
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().rpartition(":")[2])
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if line.startswith("zero "):
                self.zeros.append(float(line.removeprefix("zero ")))


@contextmanager
def _program(*words: str) -> Iterator[Program]:
    program = Program(*words)
    try:
        yield program
    finally:
        program.process.kill()
        program.process.wait()


def main() -> int:
    """Print what was measured; return the exit code."""
    rows, note = measure()
    for row in rows:
        print(f"{row.what}: {row.measured} (to reach: {row.limit})")
    for line in note.lines:
        print(" | ".join(line))
    return 0 if all(row.reached for row in rows) else 1


def measure() -> tuple[list[Row], Note]:
    """Measure each way; takes a minute."""
    times = asyncio.run(_in_process())
    lines = [("disconnects, in the server's process", milli(percentile(times, 0.5)), milli(max(times)), "visible at once")]
    most, worst = max(times), lines[0][0]
    with _program() as program:
        for what, act in VISIBLE.items():
            times = [asyncio.run(_once(program, act)) for _ in range(RUNS)]
            lines.append((what, milli(percentile(times, 0.5)), milli(max(times)), "visible at once"))
            most, worst = max((most, worst), (max(times), what))
        times = [asyncio.run(_killed(program)) for _ in range(3)]
        lines.append(("is killed (SIGKILL)", milli(percentile(times, 0.5)), milli(max(times)), "visible at once"))
        most, worst = max((most, worst), (max(times), "is killed"))
        silent = asyncio.run(_once(program, _fall_silent))
        lines.append(
            ("falls silent, its machine is gone", milli(silent), milli(silent), f"pings of the websocket, {SILENCE:g} s")
        )
    with _program(f"--max-ping-time={PING_TIME}") as program:
        times = [asyncio.run(_once(program, _no_ping)) for _ in range(RUNS)]
        lines.append(("misses its ping", milli(percentile(times, 0.5)), milli(max(times)), f"--max-ping-time {PING_TIME} ms"))
    for signal_ in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        times = []
        for _ in range(3):
            with _program() as program:
                times.append(asyncio.run(_once(program, _signalled(signal_))))
        what = f"the program gets {signal_.name}"
        lines.append((what, milli(percentile(times, 0.5)), milli(max(times)), "visible at once"))
        most, worst = max((most, worst), (max(times), what))
    row = Row(
        "from the loss of a client to the zero at its device, where it is visible at once, most",
        f"{milli(most)} ({worst})",
        f"<= {milli(AT_ONCE)}",
        most <= AT_ONCE,
    )
    title = f"From the loss of a client to the zero at its device ({RUNS} times each)"
    return [row], Note(title, ("the client", "median", "most", "seen by"), tuple(lines))


async def _once(program: Program, act: Act) -> float:
    """Have a client drive the device and be lost; return the seconds until the zero."""
    connection = await connected(program.port)
    await drive(connection)
    began = time.perf_counter()
    await act(program, connection)
    took = await _until_zero(program, began)
    connection.transport.abort()
    return took


async def _killed(program: Program) -> float:
    """Kill a client that is a program of its own; return the seconds until the zero."""
    client = subprocess.Popen([sys.executable, "-m", "benchmarks.losses", str(program.port)], stdout=subprocess.PIPE)  # noqa: ASYNC220
    assert client.stdout is not None
    client.stdout.readline()
    began = time.perf_counter()
    client.kill()
    client.wait()
    return await _until_zero(program, began)


async def _be_killed(port: int) -> None:
    """Drive the device until this program is killed."""
    await drive(await connected(port))
    print("driving", flush=True)
    await asyncio.sleep(GIVEN_UP)


async def _in_process() -> list[float]:
    """Return the seconds from the end of a client in the server's process to the zero."""
    bench = Bench(1)
    await bench.open()
    times = []
    for number in range(RUNS):
        client = ButtplugClient("in process")
        await client.connect(bench.server)
        await client.devices[0].vibrate((number + 1) / RUNS)
        zeros: list[float] = []
        bench.devices[0].on_packet = lambda packet, zeros=zeros: zeros.append(time.perf_counter())  # type: ignore[misc]
        began = time.perf_counter()
        await client.disconnect()
        times.append(zeros[0] - began)
    await bench.server.close()
    return times


async def _until_zero(program: Program, began: float) -> float:
    while time.perf_counter() - began < GIVEN_UP:
        if later := [zero for zero in program.zeros if zero > began]:
            return min(later) - began
        await asyncio.sleep(0.002)
    return GIVEN_UP


async def _disconnect(program: Program, connection: ClientConnection) -> None:
    await connection.send('[{"Disconnect":{"Id":900}}]')


async def _stop(program: Program, connection: ClientConnection) -> None:
    await connection.send('[{"StopCmd":{"Id":900}}]')


async def _close(program: Program, connection: ClientConnection) -> None:
    connection.protocol.send_close(1000)
    connection.send_data()


async def _half_close(program: Program, connection: ClientConnection) -> None:
    connection.transport.write_eof()


async def _reset(program: Program, connection: ClientConnection) -> None:
    plain: socket.socket = connection.transport.get_extra_info("socket")
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.transport.abort()


async def _break_the_rules(program: Program, connection: ClientConnection) -> None:
    connection.transport.write(b"\xff\xff\xff\xff")


async def _too_long(program: Program, connection: ClientConnection) -> None:
    connection.transport.write(b"\x81\xff" + (1 << 40).to_bytes(8, "big") + bytes(4))


async def _fall_silent(program: Program, connection: ClientConnection) -> None:
    connection.transport.pause_reading()


async def _no_ping(program: Program, connection: ClientConnection) -> None:
    """Do nothing: time passes."""


def _signalled(number: signal.Signals) -> Act:
    async def act(program: Program, connection: ClientConnection) -> None:
        program.process.send_signal(number)

    return act


VISIBLE: dict[str, Act] = {
    "asks for a stop": _stop,
    "says Disconnect": _disconnect,
    "closes the websocket": _close,
    "closes its half of the connection": _half_close,
    "resets the connection": _reset,
    "breaks the websocket protocol": _break_the_rules,
    "announces a frame without an end": _too_long,
}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(_be_killed(int(sys.argv[1])))
    else:
        sys.exit(main())
