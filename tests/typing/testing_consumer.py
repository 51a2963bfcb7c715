"""Tests of a game with the fixtures of the package, for type checkers only."""

from __future__ import annotations

from typing import assert_type

import pytest

from buttplug import ButtplugClient, ButtplugServer, InputType
from buttplug.sync import Client
from buttplug.testing import Clock, HardwareError, SimulatedDevice, Simulation, virtual_time, wait_until


@pytest.mark.buttplug("Lovense Nora", "The Handy (FW4+)")
def game_of_any_language(buttplug_url: str, buttplug_devices: list[SimulatedDevice]) -> None:
    first = buttplug_devices[0]
    wait_until(lambda: first.is_stopped, timeout=2)
    assert_type(first.output("vibrate", feature=0), float)
    assert_type(first.timeline("vibrate"), list[tuple[float, float]])
    assert_type(first.sent[0].duration, float)
    assert_type(first.packets[0].data, bytes)
    first.fail("the battery is empty")
    first.recover()
    first.disconnect()
    first.come_back()
    first.battery = 0.1
    first.battery = "empty"  # type: ignore[assignment]
    first.write_delay = 0.5
    first.connect_error = HardwareError("it is asleep")
    first.feed(InputType.PRESSURE, 700)
    first.feed("pressure", 700.5)  # type: ignore[arg-type]
    first.on_packet = lambda packet: print(packet.data)


async def game_in_the_loop(
    buttplug_clock: Clock, buttplug_server: ButtplugServer, buttplug_client: ButtplugClient, buttplug_device: SimulatedDevice
) -> None:
    await buttplug_client.connect(buttplug_server)
    await buttplug_clock.advance(3600)
    assert_type(buttplug_clock.now, float)
    assert buttplug_device.output("vibrte") == 0.5


def game_without_await(buttplug_sync_client: Client, buttplug_simulation: Simulation) -> None:
    buttplug_sync_client.vibrate(0.5)
    assert_type(buttplug_simulation["Nora"], SimulatedDevice)


async def without_pytest() -> None:
    with Simulation("Lovense Nora") as simulation:
        assert_type(simulation.url, str)
        assert_type(simulation.client(), Client)
    async with Simulation("Lovense Nora") as simulation:
        assert_type(await simulation.connect(), ButtplugClient)
        assert_type(await simulation.listen(), str)
    with virtual_time() as clock:
        assert_type(clock, Clock)
