"""What one command costs as devices, clients and rates grow. On virtual time: only the work is measured, not the waiting.

The commands go through the codec both ways, as over a websocket, but through no socket.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from benchmarks.devices import HANDSHAKE, Bench, levels, output_frame
from benchmarks.table import Note, micro
from buttplug.core.codec import encode
from buttplug.core.legacy.versions import decode_client_frame
from buttplug.server.session import Session
from tests.fakes.clock import VirtualTimeLoop

SIZES = (1, 10, 100)
RATES = (1, 10, 50)
#: Commands of each measurement, at the least.
COMMANDS = 2_000


def notes() -> list[Note]:
    """Return CPU time per command: more devices with one client, and more clients with a device each."""
    return [
        _table("CPU per command as devices grow (one client)", "devices", lambda size: (size, 1)),
        _table("CPU per command as clients grow (a device each)", "clients", lambda size: (size, size)),
    ]


def _table(title: str, what: str, shape: Callable[[int], tuple[int, int]]) -> Note:
    header = (what, *(f"{rate} a second each" for rate in RATES))
    lines = tuple((str(size), *(micro(_cost(*shape(size), rate)) for rate in RATES)) for size in SIZES)
    return Note(title, header, lines)


def _cost(devices: int, clients: int, rate: int) -> float:
    loop = VirtualTimeLoop()
    try:
        return loop.run_until_complete(_measure(devices, clients, rate))
    finally:
        loop.close()


async def _measure(devices: int, clients: int, rate: int) -> float:
    bench = Bench(devices)
    await bench.open()
    sessions: list[Session] = []
    for _ in range(clients):
        session = bench.server.open_session(lambda message: _discard(encode(message)))
        _receive(session, HANDSHAKE)
        sessions.append(session)
    turns = -(-COMMANDS // devices)
    await _turns(sessions, devices, rate, 20)
    began = time.process_time()
    await _turns(sessions, devices, rate, turns)
    took = time.process_time() - began
    await bench.server.close()
    return took / (turns * devices)


async def _turns(sessions: list[Session], devices: int, rate: int, turns: int) -> None:
    for turn in range(turns):
        for device in range(devices):
            _receive(sessions[device % len(sessions)], output_frame(turn + 2, device, levels(device, turn)))
            await asyncio.sleep(1 / rate / devices)


def _receive(session: Session, frame: str) -> None:
    for message in decode_client_frame(frame):
        session.receive(message)


def _discard(frame: bytes) -> None:
    pass
