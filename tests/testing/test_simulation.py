"""A simulation without pytest's fixtures, and the clock that jumps."""

from __future__ import annotations

import asyncio
import time

import pytest

import buttplug.testing
from buttplug import ButtplugClient, ButtplugConnectorError
from buttplug.testing import Simulation, virtual_time, wait_until


def test_everything_is_in_one_module() -> None:
    assert all(getattr(buttplug.testing, name) is not None for name in buttplug.testing.__all__)
    assert set(buttplug.testing.__all__) <= set(dir(buttplug.testing))
    with pytest.raises(AttributeError, match="no attribute 'Simulatoin'"):
        buttplug.testing.Simulatoin  # type: ignore[attr-defined]  # noqa: B018 looking it up is the test


async def test_a_client_in_the_loop_of_the_test_has_found_all_devices() -> None:
    async with Simulation("Lovense Nora", "Lovense Edge") as simulation:
        client = await simulation.connect()
        assert [device.name for device in client.devices.values()] == ["Lovense Nora", "Lovense Edge"]
        await client.vibrate(0.5)
        assert [device.output("vibrate") for device in simulation.devices] == [0.5, 0.5]
        assert simulation["edge"] is simulation.devices[1]
        with pytest.raises(LookupError, match="no device Hush in the simulation; there are: Lovense Nora, Lovense Edge"):
            simulation["Hush"]
    assert not client.connected
    assert all(device.is_stopped for device in simulation.devices)


async def test_devices_that_cannot_be_found_are_not_waited_for() -> None:
    simulation = Simulation("Lovense Nora", "Lovense Edge")
    simulation["Nora"].in_range = False
    async with simulation:
        client = await simulation.connect()
        assert [device.name for device in client.devices.values()] == ["Lovense Edge"]
        simulation["Nora"].come_back()
        assert (await client.wait_for_device("Nora", timeout=5)).connected


@pytest.mark.real_time
async def test_programs_connect_by_the_url() -> None:
    async with Simulation("Lovense Nora") as simulation:
        with pytest.raises(RuntimeError, match="does not listen"):
            _ = simulation.url
        async with ButtplugClient("Program") as client:
            await client.connect(await simulation.listen())
            assert await simulation.listen() == simulation.url
            await (await client.wait_for_device()).vibrate(1.0)
            assert simulation.devices[0].output("vibrate") == 1.0


@pytest.mark.real_time
def test_a_simulation_in_a_thread_of_its_own() -> None:
    with Simulation("Lovense Nora") as simulation:
        client = simulation.client()
        client.vibrate(0.25)
        assert simulation["Nora"].output("vibrate") == 0.25
        simulation["Nora"].disconnect()
        wait_until(lambda: not client.devices[0].connected if client.devices else True)
    assert not client.connected
    with pytest.raises(ButtplugConnectorError):
        client.vibrate(0.5)


def test_what_does_not_happen_in_time_is_said() -> None:
    with pytest.raises(AssertionError, match=r"within 0\.01 s"):
        wait_until(lambda: False, timeout=0.01)


def test_a_day_passes_in_no_time_and_to_the_second() -> None:
    async def sleep_and_note() -> list[float]:
        with virtual_time() as clock:
            noted = [clock.now]
            for _ in range(24):
                await asyncio.sleep(3600)
                noted.append(clock.now)
            await clock.advance(1.5)
            return [*noted, clock.now]

    began = time.monotonic()
    noted = asyncio.run(sleep_and_note())
    assert time.monotonic() - began < 5
    assert noted == [3600 * hour for hour in range(25)] + [24 * 3600 + 1.5]


@pytest.mark.parametrize("uptime", [0.1, 511.9, 12_345_678.9])
def test_times_are_exact_however_long_the_machine_has_been_on(uptime: float) -> None:
    async def drive() -> tuple[list[tuple[float, float]], float]:
        asyncio.get_running_loop().time = lambda: uptime  # type: ignore[method-assign]
        with virtual_time() as clock:
            async with Simulation("Lovense Nora") as simulation:
                client = await simulation.connect()
                began = clock.now
                for level in (0.25, 0.5, 1.0):
                    await client.vibrate(level)
                    await asyncio.sleep(0.1 if level == 1.0 else 60)
                await client.stop_all_devices()
                return simulation.devices[0].timeline("vibrate"), clock.now - began

    assert asyncio.run(drive()) == ([(0, 0.25), (60, 0.5), (120, 1.0), (120.1, 0.0)], 120.1)


def test_afterwards_time_goes_on_from_there_and_waits_are_real() -> None:
    async def go_on() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        pending = loop.create_future()
        with virtual_time():
            await asyncio.sleep(1000)
            loop.call_later(0.05, pending.set_result, None)
        virtual, real = loop.time(), time.monotonic()
        await pending
        return loop.time() - virtual, time.monotonic() - real

    passed, really = asyncio.run(go_on())
    assert passed >= 0.04
    assert really >= 0.04


def test_what_can_never_happen_is_told_instead_of_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buttplug.testing.clock.PATIENCE", 0.01)

    async def wait_for_ever() -> None:
        with virtual_time():
            await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="nothing will ever happen"):
        asyncio.run(wait_for_ever())
