"""What drives a device over time ends with the device: nothing moves again by itself when it comes back."""

from __future__ import annotations

import asyncio

import pytest

from buttplug import ButtplugClient, ButtplugConnectorError, ButtplugDeviceError
from buttplug.client.reconnect import LONGEST_PAUSE
from buttplug.core.messages import OutputCmd
from buttplug.funscript import Action, Axis, Funscript, FunscriptPlayer
from buttplug.patterns import hold
from buttplug.testing import Simulation
from tests.fakes.fault_log import faults
from tests.fakes.scripted_server import ScriptedServer, vibrator


async def test_a_pattern_that_was_under_way_does_not_go_on_after_a_reconnect(server: ScriptedServer) -> None:
    async with ButtplugClient("Tests", reconnect=True) as client:
        await client.connect(server)
        playing = asyncio.create_task(client.devices[7].play(hold(0.5, 2 * LONGEST_PAUSE).then(hold(0.8, 10))))
        await asyncio.sleep(1)
        before = len(server.sent(OutputCmd))
        server.lose()
        with pytest.raises(ButtplugConnectorError, match="ended"):
            await asyncio.wait_for(playing, 1)
        await asyncio.sleep(4 * LONGEST_PAUSE)
        assert client.connected
        assert len(server.sent(OutputCmd)) == before


async def test_a_script_that_was_under_way_does_not_go_on_after_a_reconnect(server: ScriptedServer) -> None:
    pause = 2 * LONGEST_PAUSE
    script = Funscript({"stroke": Axis([Action(0, 0), Action(pause, 0), Action(pause + 1, 1), Action(pause + 2, 0)])})
    async with ButtplugClient("Tests", reconnect=True) as client:
        await client.connect(server)
        async with FunscriptPlayer(script, client.devices[7]) as player:
            player.play()
            await asyncio.sleep(1)
            before = len(server.sent(OutputCmd))
            server.lose()
            with pytest.raises(ButtplugConnectorError, match="ended"):
                await asyncio.wait_for(player.wait(), 1)
            assert not player.playing
            await asyncio.sleep(4 * LONGEST_PAUSE)
            assert client.connected
            assert len(server.sent(OutputCmd)) == before


async def test_a_pattern_without_an_end_raises_when_its_device_is_gone(client: ButtplugClient, server: ScriptedServer) -> None:
    playing = asyncio.create_task(client.devices[7].play(hold(0.5)))
    await asyncio.sleep(1)
    server.show(server.devices[2])
    with pytest.raises(ButtplugDeviceError, match="disconnected"):
        await asyncio.wait_for(playing, 1)


async def test_a_pattern_without_an_end_raises_when_the_client_disconnects() -> None:
    async with Simulation("Lovense Nora") as simulation:
        client = await simulation.connect()
        playing = asyncio.create_task(client.devices[0].play(hold(0.5)))
        await asyncio.sleep(1)
        await client.disconnect()
        assert simulation.devices[0].is_stopped
        with pytest.raises(ButtplugConnectorError):
            await asyncio.wait_for(playing, 1)


async def test_a_pattern_that_nobody_waits_for_is_lost_without_a_fault(
    client: ButtplugClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.devices[8] = vibrator(8)
    playing = asyncio.create_task(client.devices[7].play(hold(0.5)))
    await asyncio.sleep(1)
    server.show(server.devices[2])
    await asyncio.wait([playing], timeout=1)
    assert isinstance(playing.exception(), ButtplugDeviceError)
    assert not faults(caplog)
