"""Patterns and funscripts: how late what is due reaches the device, and how soon a pause halts it."""

from __future__ import annotations

import asyncio

from benchmarks.table import Row, milli, percentile
from buttplug.funscript import Action, Axis, Funscript, FunscriptPlayer
from buttplug.funscript.script import STROKE
from buttplug.patterns import pulse
from buttplug.testing import Simulation

LATE_LIMIT = 5e-3
PAUSE_LIMIT = 20e-3

#: Seconds between two edges of the pattern, and between two actions of the script.
PERIOD = 0.1
COUNT = 100
PAUSES = 30

VIBRATOR = "Lovense Nora"
STROKER = "tcode-v03"


async def pattern_delays() -> list[float]:
    """Return how late each edge of a pattern was written."""
    async with Simulation(VIBRATOR) as simulation:
        client = await simulation.connect()
        loop, device = asyncio.get_running_loop(), client.devices[0]
        began = loop.time()
        await device.play(pulse(1.0, on=PERIOD, off=PERIOD, low=0.1).repeat(COUNT // 2))
        edges = list(simulation.devices[0].sent)[:COUNT]
        return [edge.at - began - PERIOD * count for count, edge in enumerate(edges)]


async def timer_delays() -> list[float]:
    """Return how late a bare timer of the event loop is, in turns with nothing else."""
    loop = asyncio.get_running_loop()
    began, delays = loop.time(), []
    for count in range(1, COUNT):
        await asyncio.sleep(began + PERIOD * count - loop.time())
        delays.append(loop.time() - began - PERIOD * count)
    return delays


async def script_delays() -> list[float]:
    """Return how late each move of a script was written."""
    async with Simulation(STROKER) as simulation:
        client = await simulation.connect()
        loop = asyncio.get_running_loop()
        async with FunscriptPlayer(_strokes(), client.devices[0]) as player:
            began = loop.time()
            player.play()
            await player.wait()
        # The first command is the approach: after it each action has its own.
        moves = [move for move in simulation.devices[0].sent if began + 0.55 < move.at < began + PERIOD * (COUNT - 1)]
        return [(move.at - began) - round((move.at - began) / PERIOD) * PERIOD for move in moves]


async def pause_times() -> list[float]:
    """Return how long each pause took until the device had its halt."""
    times = []
    async with Simulation(STROKER) as simulation:
        client = await simulation.connect()
        loop, device = asyncio.get_running_loop(), simulation.devices[0]
        async with FunscriptPlayer(_strokes(), client.devices[0]) as player:
            for number in range(PAUSES):
                player.play()
                await asyncio.sleep(0.05 + 0.003 * number)
                before, asked = len(device.sent), loop.time()
                await player.pause()
                times.append(next(sent.at for sent in list(device.sent)[before:] if not sent.duration) - asked)
                player.seek(0.0)
    return times


def rows() -> list[Row]:
    """Measure; takes half a minute."""
    # All at once: what else the machine does befalls them alike.
    late, behind, floor = asyncio.run(_together())
    halted = asyncio.run(pause_times())
    return [
        _row("a pattern: lateness of what is due, p99", late, LATE_LIMIT, floor),
        _row("a funscript: lateness of what is due, p99", behind, LATE_LIMIT, floor),
        _row("a funscript: from pause to the halt at the device, p99", halted, PAUSE_LIMIT),
    ]


async def _together() -> tuple[list[float], list[float], list[float]]:
    return await asyncio.gather(pattern_delays(), script_delays(), timer_delays())


def _row(what: str, times: list[float], limit: float, floor: list[float] | None = None) -> Row:
    """Return a row. The floor is how late a bare timer is: what the machine adds, next to nothing on a quiet one."""
    measured = percentile(times, 0.99)
    if floor is None:
        return Row(what, milli(measured), f"<= {milli(limit)}", measured <= limit)
    least = percentile(floor, 0.99)
    return Row(what, milli(measured), f"<= {milli(limit)} + floor", measured - least <= limit, milli(least))


def _strokes() -> Funscript:
    return Funscript({STROKE: Axis([Action(PERIOD * count, float(count % 2)) for count in range(COUNT)])})
