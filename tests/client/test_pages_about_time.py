"""The code of the pages about patterns and funscripts runs."""

from __future__ import annotations

import ast
import asyncio
import inspect
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from buttplug import OutputType
from buttplug.funscript import FunscriptPlayer, load
from buttplug.testing import Simulation
from tests.documentation import python_blocks

SEQUENCE, COMBINED, CURVE = python_blocks("patterns.md")
SCRIPT, WITHOUT_AWAIT, VIDEO = python_blocks("funscripts.md")


async def run(block: str, **names: Any) -> None:
    """Run a block that awaits."""
    result = eval(compile(block, "page", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
    if inspect.isawaitable(result):
        await result


@pytest.fixture
async def simulation() -> AsyncIterator[Simulation]:
    async with Simulation("Lovense Nora", "The Handy (FW4+)") as simulation:
        yield simulation


async def test_a_sequence(simulation: Simulation) -> None:
    device = (await simulation.connect()).devices[0]
    began = asyncio.get_running_loop().time()
    await run(SEQUENCE, device=device)
    assert asyncio.get_running_loop().time() - began == pytest.approx(25, abs=0.01)
    levels = [level for _, level in simulation.devices[0].timeline("vibrate")]
    assert max(levels) == 0.9
    assert levels.count(0.9) == 20


async def test_two_patterns_at_once(simulation: Simulation) -> None:
    device, toy = (await simulation.connect()).devices[0], simulation.devices[0]
    await run(COMBINED, device=device)
    assert {round(level, 1) for _, level in toy.timeline("rotate")} == {0.3, -0.3, 0.0}
    assert max(level for _, level in toy.timeline("vibrate")) >= 0.9
    assert toy.is_stopped


async def test_a_curve(simulation: Simulation) -> None:
    device, toy = (await simulation.connect()).devices[1], simulation.devices[1]
    await run(CURVE, device=device)
    places = [level for _, level in toy.timeline(OutputType.POSITION)]
    assert len(places) == pytest.approx(290, abs=10)
    assert (round(min(places), 1), round(max(places), 1)) == (0.1, 0.9)


def script(directory: Path) -> Path:
    path = directory / "video.funscript"
    path.write_text('{"actions": [{"at": 0, "pos": 0}, {"at": 1000, "pos": 100}, {"at": 2000, "pos": 0}]}')
    return path


async def test_a_script_is_played(simulation: Simulation, tmp_path: Path) -> None:
    device = (await simulation.connect()).devices[1]
    await run(SCRIPT, device=device, path=script(tmp_path))
    assert [level for _, level in simulation.devices[1].timeline("position")][:3] == [0.5, 1.0, 0.0]


@pytest.mark.real_time
def test_a_script_is_played_without_await(tmp_path: Path) -> None:
    path = tmp_path / "short.funscript"
    path.write_text('{"actions": [{"at": 0, "pos": 0}, {"at": 100, "pos": 100}]}')
    with Simulation("The Handy (FW4+)") as simulation:
        exec(WITHOUT_AWAIT, {"device": simulation.client().devices[0], "path": path})
        assert simulation.devices[0].output("position") == 1.0
        assert simulation.devices[0].is_stopped


async def test_in_step_with_a_video(simulation: Simulation, tmp_path: Path) -> None:
    class Video:
        began = asyncio.get_running_loop().time()

        @property
        def position(self) -> float:
            return asyncio.get_running_loop().time() - self.began

        async def finished(self) -> None:
            await asyncio.sleep(2)

    device = (await simulation.connect()).devices[1]
    await run(VIDEO, device=device, script=load(script(tmp_path)), video=Video(), FunscriptPlayer=FunscriptPlayer)
    assert [level for _, level in simulation.devices[1].timeline("position")][:3] == [0.5, 1.0, 0.0]
    assert simulation.devices[1].is_stopped
