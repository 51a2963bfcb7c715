"""In process: from ``run_output`` to bytes at a simulated device and back."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable

from benchmarks.devices import Bench, levels
from benchmarks.table import Row, median_of, micro
from buttplug import ButtplugClient, DeviceOutputCommand, OutputType
from buttplug.client import DeviceFeature

LATENCY_LIMIT = 40e-6
RATE_LIMIT = 40_000
OFFICIAL_SHARE = 1 / 6

COMMANDS = 5_000
#: Commands under way at a time when it is the rate that counts.
WINDOW = 50


def latency() -> float:
    """Return the median time of one command, one after the other."""
    return asyncio.run(_with_feature(_one_at_a_time))


def rate() -> float:
    """Return commands per second to one device."""
    return asyncio.run(_with_feature(_many_at_a_time))


def rows(official: float | None) -> list[Row]:
    """Measure; ``official`` is the same through a websocket with the official client, where that was measured."""
    own = median_of(5, latency)
    speed = median_of(5, rate)
    result = [
        Row("in process: one command to the device and back", micro(own), f"<= {micro(LATENCY_LIMIT)}", own <= LATENCY_LIMIT),
        Row("in process: commands per second to one device", f"{speed:,.0f}", f">= {RATE_LIMIT:,}", speed >= RATE_LIMIT),
    ]
    if official is not None:
        ratio = own / official
        result.append(
            Row(
                "the same against the official client over a websocket",
                micro(own),
                "<= 1/6",
                ratio <= OFFICIAL_SHARE,
                micro(official),
                ratio,
            )
        )
    return result


async def _with_feature(measure: Callable[[DeviceFeature], object]) -> float:
    bench = Bench(1)
    await bench.open()
    client = ButtplugClient("benchmark")
    await client.connect(bench.server)
    result: float = await measure(client.devices[0].features[0])  # type: ignore[misc]
    await client.disconnect()
    await bench.server.close()
    return result


async def _one_at_a_time(feature: DeviceFeature) -> float:
    commands = [DeviceOutputCommand(OutputType.VIBRATE, levels(0, number)) for number in range(100)]
    times = []
    for number in range(COMMANDS):
        command = commands[number % 100]
        began = time.perf_counter()
        await feature.run_output(command)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


async def _many_at_a_time(feature: DeviceFeature) -> float:
    commands = [DeviceOutputCommand(OutputType.VIBRATE, levels(0, number)) for number in range(WINDOW)]
    began = time.perf_counter()
    for _ in range(COMMANDS // WINDOW):
        await asyncio.gather(*(feature.run_output(command) for command in commands))
    return COMMANDS / (time.perf_counter() - began)
