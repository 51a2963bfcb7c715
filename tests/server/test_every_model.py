"""What holds for every model of the configuration, the defaults included, from the scan to the end of its last task.

A model whose protocol is not supported is left out; there is no list of them here.
"""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import NamedTuple

import pytest

from buttplug.client import ButtplugClient, ButtplugDevice
from buttplug.client.command import DeviceOutputCommand
from buttplug.client.device import DeviceFeature
from buttplug.core.enums import InputCommandType, OutputType
from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.devices.device import Device
from buttplug.server.devices.format import SIMULATED
from buttplug.server.devices.simulation import simulate_model
from buttplug.server.protocols import supports
from buttplug.server.protocols.base import Output, Protocol
from tests.cases import for_each

CONFIGURATION = DeviceConfiguration.load()
FAMILIES: dict[str, list[DeviceDefinition]] = {}
for definition in CONFIGURATION:
    if supports(definition.protocol):
        FAMILIES.setdefault(definition.protocol, []).append(definition)

#: Virtual seconds: until a device is announced, and what is given to packets that are sent in steps, and to readings.
CONNECT_LIMIT = 30.0
STEPS = 2.0
READING_LIMIT = 10.0

#: Milliseconds of a timed move.
MOVE = 500

#: What a device says by itself, and where: first that nothing is touched, then that everything is.
SAYS = {
    "kgoal-boost": ("rxpressure", bytes(7), bytes.fromhex("00 01 04 00 64 05 D3")),
    "kiiroo-v21": ("rx", bytes(9), bytes(8) + b"\x0f"),
}


class House(NamedTuple):
    """One connected device: simulated, at the server, and at the client; and its protocol when it had done nothing yet."""

    simulated: SimulatedDevice
    device: Device
    shown: ButtplugDevice
    fresh: Protocol

    @property
    def sends_nothing(self) -> bool:
        """Whether its protocol is for devices that exist only as simulations, and have no bytes of their own."""
        return self.device.definition.protocol == SIMULATED

    async def sent_by(self, command: DeviceOutputCommand, feature: DeviceFeature) -> set[bytes]:
        """Return what the device is sent for a command."""
        self.simulated.packets.clear()
        await feature.run_output(command)
        return await self.sent_meanwhile()

    async def sent_meanwhile(self) -> set[bytes]:
        """Wait, and return what the device was sent since this was asked last."""
        await asyncio.sleep(STEPS)
        sent = {packet.data for packet in self.simulated.packets}
        self.simulated.packets.clear()
        return sent


@asynccontextmanager
async def connected(definition: DeviceDefinition) -> AsyncIterator[House]:
    """Connect a device of a model, alone in its house. When it leaves, nothing that was begun for it goes on."""
    configuration = copy.copy(CONFIGURATION)
    configuration.settings = {}
    simulated = simulate_model(configuration, definition, "here")
    manager = SimulatedManager([simulated])
    async with ButtplugServer(managers=[manager], configuration=configuration) as server, ButtplugClient("tests") as client:
        await client.connect(server)
        simulated.in_range = False
        await client.scan()
        before = asyncio.all_tasks()
        simulated.come_back()
        await client.start_scanning()
        async with asyncio.timeout(CONNECT_LIMIT):
            while not client.devices:
                await asyncio.sleep(0.01)
        await client.stop_scanning()
        [device], [shown] = server.devices.devices.values(), client.devices.values()
        yield House(simulated, device, shown, copy.deepcopy(device._protocol))
        simulated.disconnect()
        await asyncio.sleep(STEPS)
        assert not client.devices
        assert asyncio.all_tasks() <= before, "the device is gone, and something of it goes on"
    assert asyncio.all_tasks() == {asyncio.current_task()}


def steps_of(definition: DeviceDefinition, feature: DeviceFeature, type_: OutputType) -> list[int]:
    """Return the highest value of an output, the one in the middle, the lowest and 0; where it has two directions, of both."""
    [(lowest, highest)] = [each.outputs[type_].value for each in definition.features if each.index == feature.index]
    ups = [highest, (max(lowest, 0) + highest) // 2, min(max(lowest, 1), highest), 0]
    downs = [lowest, lowest // 2, -1] if lowest < 0 else []
    return list(dict.fromkeys(ups + downs))


def outputs_of(shown: ButtplugDevice) -> list[tuple[DeviceFeature, OutputType]]:
    features = shown.features.values()
    return [(feature, type_) for feature in features for type_ in OutputType if feature.has_output(type_)]


def order(type_: OutputType, step: int, feature: DeviceFeature) -> DeviceOutputCommand:
    shortest, longest = feature.duration_range(type_) or (0, 0)
    return DeviceOutputCommand(type_, step, min(max(MOVE, shortest), longest))


def stop_packets(fresh: Protocol) -> list[set[bytes]]:
    """Return what a device is sent to stop its levels, by themselves or in a stop of everything."""
    features = fresh.definition.features
    everything = [Output(feature.index, type_, 0) for feature in features for type_ in feature.outputs]
    levels = [output for output in everything if not output.type.is_position]
    return [same_twice(fresh, levels), same_twice(fresh, everything)]


def same_twice(fresh: Protocol, stopped: list[Output]) -> set[bytes]:
    """Return the packets that stop these outputs; none where they are never the same twice."""
    values = {output.feature: 0 for output in stopped}
    first, second = ([packet.data for packet in fresh.stop(stopped, values)] for _ in range(2))
    return set(first) if first == second else set()


@pytest.fixture(autouse=True)
def warnings(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING)
    return caplog


@pytest.mark.parametrize("family", FAMILIES)
async def test_every_model_is_driven_stopped_read_and_left(family: str, warnings: pytest.LogCaptureFixture) -> None:
    @for_each("definition", FAMILIES[family], ids=lambda definition: definition.identifier)
    async def play(definition: DeviceDefinition) -> None:
        warnings.clear()
        async with connected(definition) as house:
            # A default stands for what is no model: a hand-shake may tell that it is another family's.
            assert house.shown.name == definition.name or definition.identifier is None
            await drive(house)
            await stop(house)
            await read(house)
        assert not warnings.messages

    await play()


async def drive(house: House) -> None:
    for feature, type_ in outputs_of(house.shown):
        for step in steps_of(house.device.definition, feature, type_):
            sent = await house.sent_by(order(type_, step, feature), feature)
            # A spray ends by itself: for some there is nothing that would end it.
            is_over = type_ is OutputType.SPRAY and step == 0
            assert sent or is_over or house.sends_nothing, f"{feature} {type_} {step} was not sent"


async def stop(house: House) -> None:
    """Have everything run, and stop it: all levels are told zero, no part is on its way, and so it stays."""
    outputs = [(feature, type_) for feature, type_ in outputs_of(house.shown) if type_ is not OutputType.POSITION]
    for feature, type_ in outputs:
        _, highest = feature.step_range(type_) or (0, 0)
        await feature.run_output(order(type_, highest, feature))
    assert house.device.may_be_running or not outputs or house.sends_nothing
    house.simulated.packets.clear()
    await house.shown.stop()
    sent = await house.sent_meanwhile()
    assert not house.device.may_be_running
    assert not house.device.moves_under_way()
    assert sent or all(type_ is OutputType.SPRAY for _, type_ in outputs) or house.sends_nothing
    assert any(packets <= sent for packets in stop_packets(house.fresh))
    later, last = await house.sent_meanwhile(), await house.sent_meanwhile()
    # Packets that are counted are never the same.
    assert later <= sent or not later & last, "something else is sent after a stop"


async def read(house: House) -> None:
    for feature in house.shown.features.values():
        for type_, limits in (feature.inputs or {}).items():
            if InputCommandType.READ in limits.command:
                value = await feature.read(type_)
                assert any(lowest <= value <= highest for lowest, highest in limits.value)
            if InputCommandType.SUBSCRIBE in limits.command:
                await hear(house, feature, type_)


async def hear(house: House, feature: DeviceFeature, type_: str) -> None:
    async def say() -> None:
        await asyncio.sleep(1.0)
        endpoint, *said = SAYS[house.device.definition.protocol]
        for data in said:
            house.simulated.notify(endpoint, data)

    saying = asyncio.create_task(say())
    async with asyncio.timeout(READING_LIMIT), aclosing(feature.subscribe(type_)) as readings:
        await anext(readings)
    await saying
