"""The synchronous face: what a call costs beside what the asynchronous one costs."""

from __future__ import annotations

import statistics
import time

from benchmarks.devices import MODEL, levels
from benchmarks.in_process import latency
from benchmarks.table import Row, median_of, micro, percentile
from buttplug.hardware.simulated import SimulatedManager
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from buttplug.sync import Client, DeviceOutputCommand, OutputType, Server

ADDED_LIMIT = 1e-3
COMMANDS = 2_000


def call_times() -> list[float]:
    """Return the times of commands, one after the other, to a device of a server in the same process."""
    configuration = DeviceConfiguration.load()
    managers = [SimulatedManager([simulate(configuration, MODEL)])]
    with Server(managers=managers, configuration=configuration) as server, Client("benchmark") as client:
        client.connect(server)
        feature = client.wait_for_device().features[0]
        times = []
        for number in range(COMMANDS):
            command = DeviceOutputCommand(OutputType.VIBRATE, levels(0, number))
            began = time.perf_counter()
            feature.run_output(command)
            times.append(time.perf_counter() - began)
    return times


def rows() -> list[Row]:
    """Measure."""
    own, floor = call_times(), median_of(3, latency)
    added, slow = statistics.median(own) - floor, percentile(own, 0.99) - floor
    limit = f"<= {micro(ADDED_LIMIT)}"
    return [
        Row("synchronous: added to one command, median", micro(added), limit, added <= ADDED_LIMIT, micro(floor)),
        Row("synchronous: added to one command, p99", micro(slow), limit, slow <= ADDED_LIMIT, micro(floor)),
    ]
