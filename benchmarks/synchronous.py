"""The synchronous face: what a call costs beside what the asynchronous one costs.

The floor is a bare call into an event loop of another thread: what the two threads need to wake each other.
"""

from __future__ import annotations

import asyncio
import statistics
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.devices import MODEL, levels
from benchmarks.in_process import latency
from benchmarks.table import Row, median_of, micro, percentile, timed
from buttplug.hardware.simulated import SimulatedManager
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from buttplug.sync import Client, DeviceOutputCommand, OutputType, Server

ADDED_LIMIT = 1e-3
#: How many times the floor it may be where a machine is too slow for that.
MOST_OF_FLOOR = 3.0
TURNS = 20
CALLS = 100


def call_times() -> tuple[list[float], list[float]]:
    """Return the times of commands to a device of a server in the same process, and of bare calls, measured in turns."""
    configuration = DeviceConfiguration.load()
    managers = [SimulatedManager([simulate(configuration, MODEL)])]
    own, bare = [], []
    with (
        _bare_calls() as call,
        Server(managers=managers, configuration=configuration) as server,
        Client("benchmark") as client,
    ):
        client.connect(server)
        feature = client.wait_for_device().features[0]
        commands = [DeviceOutputCommand(OutputType.VIBRATE, levels(0, number)) for number in range(CALLS)]
        for _ in range(TURNS):
            own += [timed(lambda command=command: feature.run_output(command)) for command in commands]  # type: ignore[misc]
            bare += [timed(call) for _ in range(CALLS)]
    return own, bare


@contextmanager
def _bare_calls() -> Iterator[Callable[[], None]]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield lambda: asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def rows() -> list[Row]:
    """Measure."""
    own, bare = call_times()
    command = median_of(3, latency)
    return [
        _row("median", statistics.median(own) - command, statistics.median(bare)),
        _row("p99", percentile(own, 0.99) - command, percentile(bare, 0.99)),
    ]


def _row(which: str, added: float, floor: float) -> Row:
    return Row(
        f"synchronous: added to one command, {which}",
        micro(added),
        f"<= {micro(ADDED_LIMIT)} or {MOST_OF_FLOOR:g} x bare call",
        added <= max(ADDED_LIMIT, MOST_OF_FLOOR * floor),
        micro(floor),
        added / floor,
    )
