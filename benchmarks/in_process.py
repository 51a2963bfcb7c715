"""In process: from ``run_output`` to bytes at a simulated device and back.

The floor is what the same number of turns of the event loop costs alone: a task hands another one a future and has it back.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

from benchmarks.devices import Bench, levels
from benchmarks.table import Row, micro
from buttplug import ButtplugClient, DeviceOutputCommand, OutputType

LATENCY_LIMIT = 40e-6
RATE_LIMIT = 40_000
#: How much of the floor they may be where a machine is too slow for these limits.
MOST_OF_FLOOR = 6.0
LEAST_OF_FLOOR = 0.3
OFFICIAL_SHARE = 1 / 6

RUNS = 5
COMMANDS = 5_000
#: Commands under way at a time when it is the rate that counts.
WINDOW = 50


Ask = Callable[[int], Awaitable[object]]


def latency() -> float:
    """Return the median time of one command, one after the other."""
    return asyncio.run(_with_feature(_one_at_a_time))


def rows(official: float | None) -> list[Row]:
    """Measure; ``official`` is the same through a websocket with the official client, where that was measured."""
    own, turns = _in_turns(_one_at_a_time)
    speed, bare_speed = _in_turns(_many_at_a_time)
    result = [
        Row(
            "in process: one command to the device and back",
            micro(own),
            f"<= {micro(LATENCY_LIMIT)} or {MOST_OF_FLOOR:g} x bare turns",
            own <= max(LATENCY_LIMIT, MOST_OF_FLOOR * turns),
            micro(turns),
            own / turns,
        ),
        Row(
            "in process: commands per second to one device",
            f"{speed:,.0f}",
            f">= {RATE_LIMIT:,} or {LEAST_OF_FLOOR:g} x bare turns",
            speed >= min(RATE_LIMIT, LEAST_OF_FLOOR * bare_speed),
            f"{bare_speed:,.0f}",
            speed / bare_speed,
        ),
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


def _in_turns(measure: Callable[[Ask], Awaitable[float]]) -> tuple[float, float]:
    """Return the medians of both, measured in turns: the machine may be slower in some minutes than in others."""
    pairs = [(asyncio.run(_with_feature(measure)), asyncio.run(_with_bare_turns(measure))) for _ in range(RUNS)]
    return statistics.median(own for own, _ in pairs), statistics.median(bare for _, bare in pairs)


async def _with_feature(measure: Callable[[Ask], Awaitable[float]]) -> float:
    bench = Bench(1)
    await bench.open()
    client = ButtplugClient("benchmark")
    await client.connect(bench.server)
    feature = client.devices[0].features[0]
    commands = [DeviceOutputCommand(OutputType.VIBRATE, levels(0, number)) for number in range(100)]
    result = await measure(lambda number: feature.run_output(commands[number % 100]))
    await client.disconnect()
    await bench.server.close()
    return result


async def _with_bare_turns(measure: Callable[[Ask], Awaitable[float]]) -> float:
    loop = asyncio.get_running_loop()
    asked: list[asyncio.Future[None]] = []
    waker = loop.create_future()

    async def serve() -> None:
        nonlocal waker
        while True:
            await waker
            waker = loop.create_future()
            for future in asked:
                future.set_result(None)
            asked.clear()

    async def ask(number: int) -> None:
        asked.append(loop.create_future())
        if not waker.done():
            waker.set_result(None)
        await asked[-1]

    serving = loop.create_task(serve())
    result = await measure(ask)
    serving.cancel()
    return result


async def _one_at_a_time(ask: Ask) -> float:
    times = []
    for number in range(COMMANDS):
        began = time.perf_counter()
        await ask(number)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


async def _many_at_a_time(ask: Ask) -> float:
    began = time.perf_counter()
    for start in range(0, COMMANDS, WINDOW):
        await asyncio.gather(*(ask(number) for number in range(start, start + WINDOW)))
    return COMMANDS / (time.perf_counter() - began)
