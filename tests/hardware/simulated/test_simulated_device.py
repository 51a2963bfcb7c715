"""What a test sees of a simulated device, and has it do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from buttplug import ButtplugClient, ButtplugDevice, ButtplugDeviceError, ButtplugServer, InputType, OutputType
from buttplug.core import kinds
from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from buttplug.server.protocols import UNSUPPORTED, supports
from tests.cases import for_each

CONFIGURATION = DeviceConfiguration.load()
#: What devices say by themselves.
SENSORS = {InputType.PRESSURE, InputType.BUTTON}


async def connected(toy: SimulatedDevice) -> AsyncIterator[ButtplugDevice]:
    async with ButtplugServer(managers=[SimulatedManager([toy])]) as server, ButtplugClient("Test") as client:
        await client.connect(server)
        yield (await client.scan())[0]


@pytest.fixture
def toy(request: pytest.FixtureRequest) -> SimulatedDevice:
    marker = request.node.get_closest_marker("model")
    return simulate(CONFIGURATION, marker.args[0] if marker else "Lovense Nora")


@pytest.fixture
async def device(toy: SimulatedDevice) -> AsyncIterator[ButtplugDevice]:
    async for device in connected(toy):
        yield device


async def test_a_level_is_a_share_of_what_the_device_has(device: ButtplugDevice, toy: SimulatedDevice) -> None:
    assert toy.level(OutputType.VIBRATE) == 0.0
    await device.vibrate(0.5)
    assert toy.level(OutputType.VIBRATE) == toy.output("vibrate") == toy.output("VIBRATE", feature=0) == 0.5
    await device.rotate(-0.25)
    assert toy.output("rotate") == -0.25
    assert toy.output("vibrate") == 0.5


async def test_a_level_counts_only_once_it_was_written(device: ButtplugDevice, toy: SimulatedDevice) -> None:
    toy.fail("the battery is empty")
    with pytest.raises(ButtplugDeviceError, match="the battery is empty"):
        await device.vibrate(0.5)
    assert toy.output("vibrate") == 0.0
    assert list(toy.sent) == []
    toy.recover()
    toy.write_delay = 1.0
    slow = asyncio.create_task(device.vibrate(0.5))
    await asyncio.sleep(0.9)
    assert toy.output("vibrate") == 0.0
    await slow
    assert toy.output("vibrate") == 0.5


async def test_what_was_sent_when(device: ButtplugDevice, toy: SimulatedDevice) -> None:
    for level in (0.25, 0.5, 1.0):
        await device.vibrate(level)
        await asyncio.sleep(0.7)
    await device.stop()
    assert toy.timeline("vibrate") == [(0.0, 0.25), (0.7, 0.5), (1.4, 1.0), (2.1, 0.0)]
    assert [at for at, _ in toy.timeline("rotate")] == [2.1]
    first = toy.sent[0]
    assert (first.output, first.feature, first.level, first.duration) == (OutputType.VIBRATE, 0, 0.25, 0.0)


async def test_it_is_stopped_when_all_of_it_is(device: ButtplugDevice, toy: SimulatedDevice) -> None:
    assert toy.is_stopped
    await device.vibrate(0.1)
    await device.rotate(-0.1)
    await device.vibrate(0.0)
    assert not toy.is_stopped
    await device.stop()
    assert toy.is_stopped


@pytest.mark.model("The Handy (FW4+)")
async def test_a_part_that_is_on_its_way_is_not_stopped(device: ButtplugDevice, toy: SimulatedDevice) -> None:
    await device.position(0.8, duration=1.0)
    assert toy.output("position") == toy.level(OutputType.POSITION_WITH_DURATION) == 0.8
    assert toy.sent[-1].duration == 1.0
    await asyncio.sleep(0.9)
    assert not toy.is_stopped
    await asyncio.sleep(0.2)
    assert toy.is_stopped


async def test_an_output_that_it_does_not_have_is_told_with_those_it_has(toy: SimulatedDevice) -> None:
    with pytest.raises(LookupError, match="Lovense Nora has no Constrict output; it has: Rotate, Vibrate"):
        toy.output("constrict")
    with pytest.raises(LookupError, match=r"no Vibrate output in feature 1"):
        toy.output("vibrate", feature=1)
    with pytest.raises(LookupError, match="vibrat is no kind of output; there are: vibrate, rotate"):
        toy.output("vibrat")


async def test_its_look_says_how_it_is(toy: SimulatedDevice) -> None:
    assert repr(toy) == '<SimulatedDevice "Lovense Nora" at simulated-1: not connected>'
    async for device in connected(toy):
        await device.vibrate(0.5)
        assert repr(toy) == '<SimulatedDevice "Lovense Nora" at simulated-1: connected, Vibrate 0.50>'
    toy.disconnect()
    assert repr(toy).startswith('<SimulatedDevice "Lovense Nora" at simulated-1: out of range')


async def test_who_watches_the_packets_leaves_the_handshake_alone(toy: SimulatedDevice) -> None:
    seen: list[Packet] = []
    toy.on_packet = seen.append
    async for device in connected(toy):
        assert device.name == "Lovense Nora"
    assert seen == list(toy.packets)


PROTOCOLS = sorted(protocol for protocol in CONFIGURATION.protocols if supports(protocol) and protocol not in UNSUPPORTED)


@for_each("protocol", PROTOCOLS)
def test_no_family_answers_where_observers_are(protocol: str) -> None:
    toy = simulate(CONFIGURATION, protocol)
    fresh = SimulatedDevice("x", toy.advertisement, address="x")
    assert toy.on_packet.__code__ is fresh.on_packet.__code__, "a peer sets device.answer, not device.on_packet"


@pytest.mark.parametrize("model", ["Lovense Nora", "Kiiroo Pearl 2.1"])
async def test_the_battery_is_what_the_test_says(model: str) -> None:
    toy = simulate(CONFIGURATION, model)
    async for device in connected(toy):
        assert await device.battery() == 0.85
        toy.battery = 0.1
        assert await device.battery() == 0.1
        toy.feed(InputType.BATTERY, 55)
        assert (await device.battery(), toy.battery) == (0.55, 0.55)
    with pytest.raises(ValueError, match="not 10"):
        toy.battery = 10


@pytest.mark.model("Kiiroo Pearl 2.1")
async def test_a_sensor_says_what_it_is_fed(device: ButtplugDevice, toy: SimulatedDevice) -> None:
    features = device.get_features_with_input(InputType.PRESSURE)
    readings = features[1].subscribe(InputType.PRESSURE)
    first = asyncio.ensure_future(anext(readings))
    await asyncio.sleep(0.1)
    toy.feed(InputType.PRESSURE, 512, feature=features[1].index)
    assert (await first).value == 512
    await readings.aclose()
    with pytest.raises(LookupError, match="no Pressure"):
        simulate(CONFIGURATION, "Lovense Nora").feed(InputType.PRESSURE, 1)


@pytest.mark.parametrize(
    "model", sorted({model.name for model in CONFIGURATION if any(SENSORS & set(each.inputs) for each in model.features)})
)
async def test_every_sensor_of_every_model_can_be_fed(model: str) -> None:
    toy = simulate(CONFIGURATION, model)
    async for device in connected(toy):
        for feature in device.features.values():
            for type_ in SENSORS & {kinds.input_type(name) for name in feature.inputs or ()}:
                readings = feature.subscribe(type_)
                first = asyncio.ensure_future(anext(readings))
                await asyncio.sleep(0.1)
                toy.feed(type_, 1, feature=feature.index)
                assert (await first).value == 1
                await readings.aclose()


@pytest.mark.real_time
def test_another_thread_may_use_it(toy: SimulatedDevice) -> None:
    from buttplug.sync import Client, Server

    with Server(managers=[SimulatedManager([toy])]) as server, Client("Test") as client:
        client.connect(server)
        device = client.wait_for_device("Nora")
        device.vibrate(0.5)
        assert toy.output("vibrate") == 0.5
        toy.disconnect()
        events = client.events()
        while device.connected:
            events.poll(0.01)
        toy.come_back()
        assert client.wait_for_device("Nora", timeout=5).connected
