"""What a program does wrong in its first hour, and what it is told: each message says what to write instead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from buttplug import ButtplugClient, ButtplugDevice, ButtplugDeviceError, ButtplugServer, DeviceOutputCommand, InputType
from buttplug.core import kinds
from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugConnectorError
from buttplug.hardware.simulated import SimulatedManager
from buttplug.patterns import hold
from buttplug.server.devices.errors import ConfigurationError
from buttplug.sync import Client, Server
from buttplug.testing import Simulation
from tests.fakes.scripted_server import ScriptedServer


@pytest.fixture
async def simulation() -> AsyncIterator[Simulation]:
    async with Simulation("Lovense Nora") as simulation:
        yield simulation


@pytest.fixture
async def client(simulation: Simulation) -> ButtplugClient:
    return await simulation.connect()


@pytest.fixture
def nora(client: ButtplugClient) -> ButtplugDevice:
    return client.devices[0]


@pytest.mark.parametrize("word", ["Vibrate", "vibrate", "VIBRATE", OutputType.VIBRATE])
async def test_an_output_may_be_written_in_upper_or_lower_case(
    nora: ButtplugDevice, simulation: Simulation, word: OutputType
) -> None:
    assert nora.has_output(word)
    assert nora.features[0].step_range(word) == (0, 20)
    assert nora.features[0].convert_to_step(word, 0.5) == 10
    await nora.run_output(DeviceOutputCommand(word, 0.5))
    assert simulation["Nora"].output("vibrate") == 0.5
    await nora.play(hold(0.7, 0.1), word)
    assert 0.7 in [level for _, level in simulation["Nora"].timeline(word)]


@pytest.mark.parametrize("word", ["Battery", "battery", "BATTERY", InputType.BATTERY])
async def test_so_may_an_input(nora: ButtplugDevice, word: str) -> None:
    assert nora.has_input(word)
    assert nora.get_features_with_input(word)[0].supports_input_command(word, "Read")
    assert await nora.read(word) == 85


@pytest.mark.parametrize("word", ["position_with_duration", "HwPositionWithDuration", "POSITION_WITH_DURATION"])
def test_both_names_of_an_output_are_known(word: str) -> None:
    assert kinds.output_type(word) is OutputType.POSITION_WITH_DURATION
    assert kinds.name_in(["HwPositionWithDuration"], word) == "HwPositionWithDuration"
    assert kinds.name_in(["Position"], word) is None


def ask(what: Callable[[ButtplugDevice], Awaitable[object]]) -> Callable[[ButtplugDevice], Awaitable[object]]:
    return what


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        (ask(lambda nora: nora.position(0.5, duration=1)), "it has Vibrate, Rotate"),
        (ask(lambda nora: nora.run_output(DeviceOutputCommand("vibrte", 0.5))), "no vibrte features; it has Vibrate"),  # type: ignore[arg-type]
        (ask(lambda nora: nora.features[1].vibrate(0.5)), "it has Rotate -20..20"),
        (ask(lambda nora: nora.play(hold(0.5, 1), "vibrte")), "no vibrte features; it has Vibrate"),
        (ask(lambda nora: nora.read("batery")), "no batery sensor; it has Battery"),
        (ask(lambda nora: nora.vibrate(50)), "0 to 20 steps; a float is a share of it: 0.5 is half"),
        (ask(lambda nora: nora.vibrate(1.5)), "outside 0.0 to 1.0: a float is a share of the range, an int is a step"),
        (ask(lambda nora: nora.vibrate(-0.5)), "outside 0.0 to 1.0"),
        (ask(lambda nora: nora.rotate(-1.5)), "outside -1.0 to 1.0"),
    ],
)
async def test_what_a_device_cannot_do_says_what_it_can(
    nora: ButtplugDevice, simulation: Simulation, mistake: Callable[[ButtplugDevice], Awaitable[object]], told: str
) -> None:
    before = len(simulation["Nora"].packets)
    with pytest.raises(ButtplugDeviceError) as raised:
        await mistake(nora)
    assert told in raised.value.message
    assert 'device 0 "Lovense Nora"' in raised.value.message
    assert len(simulation["Nora"].packets) == before


async def test_a_level_is_no_pattern(nora: ButtplugDevice) -> None:
    with pytest.raises(TypeError, match=r"takes a pattern of buttplug.patterns, such as hold\(0.5, 3\), not 0.5"):
        await nora.play(0.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", ["5", True])
async def test_seconds_are_numbers(client: ButtplugClient, seconds: Any) -> None:
    with pytest.raises(TypeError, match="seconds is a number of seconds, not "):
        await client.scan(seconds)
    with pytest.raises(TypeError, match="timeout is a number of seconds, not "):
        await client.wait_for_device("Edge", timeout=seconds)


async def test_who_forgot_to_connect_is_told_what_comes_first() -> None:
    with pytest.raises(ButtplugConnectorError, match=r"connect\(\) comes first"):
        await ButtplugClient("Tests").vibrate(0.5)


async def test_a_server_without_await_is_for_a_client_without_await() -> None:
    with pytest.raises(ButtplugConnectorError, match=r"use buttplug\.sync\.Client, or here a ButtplugServer"):
        await ButtplugClient("Tests").connect(Server())  # type: ignore[arg-type]


async def test_connecting_to_another_server_without_leaving_the_first_is_told(
    client: ButtplugClient, simulation: Simulation, caplog: pytest.LogCaptureFixture
) -> None:
    await client.connect(simulation.server)
    assert not caplog.records
    other = ScriptedServer([])
    await client.connect(other)
    assert client.server_name == "Simulation"
    assert "it is connected already; disconnect() comes first" in caplog.text


async def test_connecting_to_two_servers_at_once_is_told_of_the_second(
    simulation: Simulation, caplog: pytest.LogCaptureFixture
) -> None:
    client = ButtplugClient("Tests")
    await asyncio.gather(client.connect(simulation.server), client.connect(ScriptedServer([])))
    assert client.server_name == "Simulation"
    assert "it is connected already; disconnect() comes first" in caplog.text
    await client.disconnect()


@pytest.mark.parametrize("made", [ButtplugClient, Client])
async def test_a_callback_that_would_never_be_called_cannot_be_set(made: type[ButtplugClient] | type[Client]) -> None:
    client: Any = made("Tests")
    with pytest.raises(AttributeError, match="no callback on_device_addded; did you mean on_device_added"):
        client.on_device_addded = print
    with pytest.raises(TypeError, match="on_device_removed takes a function, or None, not 'print'"):
        client.on_device_removed = "print"
    client.on_device_added = print
    client.on_device_added = None
    client.on_hit = "a program's own"


async def test_the_log_says_for_what_a_callback_was_called_that_raised(caplog: pytest.LogCaptureFixture) -> None:
    async with Simulation("Lovense Nora") as simulation:
        client = ButtplugClient("Tests")
        client.on_scanning_finished = lambda nothing: None  # type: ignore[assignment]
        async with client:
            await client.connect(simulation.server)
            await client.scan(1)
    assert "called for ScanningFinished, raised an exception" in caplog.text


# The server


async def test_a_model_is_simulated_by_its_name_and_tells_what_it_was_sent() -> None:
    async with ButtplugServer(simulate=["Lovense Nora", "Lovense Nora"]) as server, ButtplugClient("Tests") as client:
        await client.connect(server)
        await client.scan(1)
        await client.devices[1].vibrate(0.5)
        assert [device.output("vibrate") for device in server.simulated] == [0.0, 0.5]
    assert server.simulated[1].is_stopped


async def test_one_name_is_one_model() -> None:
    assert [device.label for device in ButtplugServer(simulate="Lovense Nora").simulated] == ["Lovense Nora"]


async def test_a_model_that_does_not_exist_is_told_with_those_like_it() -> None:
    with pytest.raises(ConfigurationError, match="no device called 'Lovense Nroa'; did you mean Lovense Nora"):
        ButtplugServer(simulate=["Lovense Nroa"])
    with pytest.raises(ConfigurationError, match=r"no device called 'xyzzyxyzzy'; python -m buttplug\.server --list-models"):
        ButtplugServer(simulate=["xyzzyxyzzy"])


def test_a_bus_is_an_object_in_a_list() -> None:
    with pytest.raises(TypeError, match=r"write SimulatedManager\(\) in the place of SimulatedManager"):
        ButtplugServer(managers=[SimulatedManager])  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"the server's name, not .*; buses are given as managers=\["):
        ButtplugServer(SimulatedManager())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"'Lovense Nora' is no simulated device: .*simulate=\["):
        SimulatedManager(["Lovense Nora"])  # type: ignore[list-item]


async def test_a_server_that_was_not_opened_says_how_it_is() -> None:
    with pytest.raises(ButtplugConnectorError, match="the server is not open: `async with` opens it"):
        await ButtplugClient("Tests").connect(ButtplugServer())


async def test_a_simulated_sensor_is_fed_by_its_name_in_lower_case(simulation: Simulation, nora: ButtplugDevice) -> None:
    simulation["Nora"].feed("battery", 40)
    assert await nora.battery() == 0.4
    with pytest.raises(LookupError, match="presure is no kind of input; there are: battery, rssi, pressure, button"):
        simulation["Nora"].feed("presure", 1)
