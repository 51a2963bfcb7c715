"""A stop that is typed at a terminal waits for nothing; what a pipe says is done line by line."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from buttplug import ButtplugClient, ButtplugDeviceError
from buttplug.console import main
from buttplug.hardware.errors import HardwareError
from tests.console.conftest import Desk

Type = Callable[[str | None], Awaitable[None]]
Talk = Callable[..., AbstractAsyncContextManager[Type]]


@pytest.fixture
def talk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Talk:
    """Return a context in which lines are typed; None is their end."""

    @asynccontextmanager
    async def talk(*, at_once: bool = True) -> AsyncIterator[Type]:
        typed: asyncio.Queue[str | None] = asyncio.Queue()
        monkeypatch.setattr(main, "_read", lambda lines, prompt: typed)
        talking = asyncio.create_task(main._run_lines(desk.commands, io.StringIO(), at_once=at_once))

        async def type_(line: str | None) -> None:
            typed.put_nowait(line)
            await asyncio.sleep(0.1)

        yield type_
        typed.put_nowait(None)
        async with asyncio.timeout(60):
            await talking

    return talk


@pytest.mark.parametrize("line", ["\n", "stop\n", " STOP \n"])
async def test_a_stop_overtakes_all_that_was_typed_before(desk: Desk, talk: Talk, line: str) -> None:
    async with talk() as type_:
        await type_("vibrate 0 50 60\n")
        await type_("vibrate 1 50\n")
        await type_("vibrate 0 100\n")
        await type_(line)
        assert desk.told[-1] == "everything has stopped"
        assert desk.sent(0)[:2] == ["Vibrate:10;", "Vibrate:0;"]
        assert desk.devices[1].is_stopped
        desk.sent(1)
        await asyncio.sleep(100)
        assert desk.sent(0) == desk.sent(1) == []
        await type_("vibrate 1 50\n")
        assert desk.sent(1) == ["f140", "f240"]


@pytest.mark.parametrize("line", ["quit\n", None])
async def test_the_end_overtakes_all_that_was_typed_before(desk: Desk, talk: Talk, line: str | None) -> None:
    began = asyncio.get_running_loop().time()
    async with talk() as type_:
        await type_("vibrate 0 50 60\n")
        await type_("vibrate 1 50\n")
        await type_(line)
    assert desk.sent(0)[:2] == ["Vibrate:10;", "Vibrate:0;"]
    assert not any(level for _, level in desk.devices[1].timeline("vibrate"))
    assert asyncio.get_running_loop().time() - began < 1


async def test_a_device_that_hangs_does_not_hold_up_the_stop_of_another(desk: Desk, talk: Talk) -> None:
    async with talk() as type_:
        await type_("vibrate 1 50\n")
        await type_("vibrate 0 50 60\n")
        desk.devices[0].write_delay = 100
        desk.sent(1)
        await type_("\n")
        assert desk.sent(1) == ["f100", "f200"]
        desk.devices[0].write_delay = 0
        await asyncio.sleep(20)


@pytest.mark.parametrize("line", ["quit\n", None])
async def test_nor_does_it_at_the_end_which_says_what_was_not_stopped(desk: Desk, talk: Talk, line: str | None) -> None:
    with pytest.raises(ButtplugDeviceError, match="Lovense Nora"):
        async with talk() as type_:
            await type_("vibrate 1 50\n")
            await type_("vibrate 0 50 60\n")
            desk.devices[0].write_delay = 100
            desk.sent(1)
            await type_(line)
            assert desk.sent(1) == ["f100", "f200"]


async def test_of_what_is_cut_off_only_the_stop_tells_what_went_wrong(desk: Desk, talk: Talk) -> None:
    async with talk() as type_:
        await type_("vibrate 0 50 60\n")
        desk.devices[0].write_error = HardwareError("no luck")
        desk.told.clear()
        await type_("\n")
        await asyncio.sleep(10)
        (told,) = desk.told
        assert "could not be stopped" in told
        desk.devices[0].write_error = None
        await asyncio.sleep(10)


async def test_a_scan_that_does_not_end_holds_up_no_stop(desk: Desk, talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    async with talk() as type_:
        await type_("vibrate 1 50\n")
        desk.sent(1)
        monkeypatch.setattr(ButtplugClient, "scanning", True)
        monkeypatch.setattr(ButtplugClient, "stop_scanning", lambda client: asyncio.sleep(10))
        await type_("scan 60\n")
        await type_("\n")
        assert desk.sent(1) == ["f100", "f200"]


async def test_lines_of_a_pipe_wait_for_each_other_stops_too(desk: Desk, talk: Talk) -> None:
    async with talk(at_once=False) as type_:
        for line in ("vibrate 1 50 2\n", "stop\n", "vibrate 1 100\n"):
            await type_(line)
        assert desk.sent(1) == ["f140", "f240"]
        await asyncio.sleep(3)
        assert desk.sent(1) == ["f100", "f200", "f100", "f200", "f17f", "f27f"]
