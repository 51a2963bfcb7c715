"""What a device goes through with a server and a client around it, packet by packet; the same on every bus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import pytest

from buttplug import ButtplugClient, ButtplugDevice, DeviceOutputCommand
from buttplug.core.enums import InputType, OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import CommunicationManager, Packet
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from tests.hardware.helpers import until


class Driven(NamedTuple):
    """An output of a feature, and what must reach the device for it."""

    feature: int
    command: DeviceOutputCommand
    packets: Sequence[Packet]


class Sensed(NamedTuple):
    """What a device sends by itself, and the reading of a feature that a client must get for it."""

    feature: int
    type: InputType
    endpoint: str
    data: bytes
    value: int


@dataclass(frozen=True)
class Story:
    """What a device is put through, and what must reach it.

    Attributes:
        name: What clients are told that it is.
        hand_shake: What it is sent before it is announced.
        outputs: What is driven, in this order: every kind of output of every feature.
        halted: What a stop sends after that.
        returned: What is sent after it dropped out in the middle of a write and came back: the hand-shake, then a stop.
        driven_again: What the first of the outputs sends then.
        halted_again: What the shutdown sends after that.
        battery: The level that a client reads, from 0.0 to 1.0; None for a device that tells none.
        sensed: What it sends by itself.
    """

    name: str
    hand_shake: Sequence[Packet]
    outputs: Sequence[Driven]
    halted: Sequence[Packet]
    returned: Sequence[Packet]
    driven_again: Sequence[Packet]
    halted_again: Sequence[Packet]
    battery: float | None = None
    sensed: Sequence[Sensed] = ()


@dataclass(frozen=True)
class Stage:
    """Where a story takes place.

    Attributes:
        manager: The bus.
        device: What stands behind the bus and remembers what it was sent.
        hold: Have the bus finish no write to it any more, until it is unplugged.
        unplug: Take it away.
        plug_in: Bring it, and bring it back.
        configuration: What the server knows of devices; what is bundled where it is None.
    """

    manager: CommunicationManager
    device: SimulatedDevice
    hold: Callable[[], None]
    unplug: Callable[[], None]
    plug_in: Callable[[], None]
    configuration: DeviceConfiguration | None = None


#: A toy that can be reached in several ways; on all of them the same.
NORA = Story(
    name="Lovense Nora",
    hand_shake=[Packet(b"DeviceType;")],
    outputs=[
        Driven(0, DeviceOutputCommand(OutputType.VIBRATE, 10), [Packet(b"Vibrate:10;")]),
        Driven(1, DeviceOutputCommand(OutputType.ROTATE, 10), [Packet(b"Rotate:10;")]),
        Driven(1, DeviceOutputCommand(OutputType.ROTATE, -20), [Packet(b"RotateChange;"), Packet(b"Rotate:20;")]),
        Driven(0, DeviceOutputCommand(OutputType.VIBRATE, 1.0), [Packet(b"Vibrate:20;")]),
    ],
    halted=[Packet(b"Vibrate:0;"), Packet(b"Rotate:0;")],
    returned=[Packet(b"DeviceType;"), Packet(b"Vibrate:0;"), Packet(b"Rotate:0;")],
    driven_again=[Packet(b"Vibrate:10;")],
    halted_again=[Packet(b"Vibrate:0;"), Packet(b"Rotate:0;")],
    battery=0.85,
)


async def tell(story: Story, stage: Stage) -> None:
    """Have a device found, identified, driven, read, unplugged in the middle of a write, brought back, and stopped in the end.

    It comes back without a scan: it may still be running.
    """
    device = stage.device
    server = ButtplugServer(managers=[stage.manager], configuration=stage.configuration)
    async with server, ButtplugClient("story") as client:
        await client.connect(server)
        await client.start_scanning()
        stage.plug_in()
        found = await _announced(client)
        await client.stop_scanning()
        assert found.name == story.name
        await _reached(device, story.hand_shake)

        assert {(driven.feature, driven.command.output_type) for driven in story.outputs} == _outputs(found)
        for feature, command, packets in story.outputs:
            device.packets.clear()
            await found.features[feature].run_output(command)
            await _reached(device, packets)
        device.packets.clear()
        await found.stop()
        await _reached(device, story.halted)

        assert found.has_battery() == (story.battery is not None)
        if story.battery is not None:
            assert await found.battery() == story.battery
        for sensed in story.sensed:
            await _senses(found, device, sensed)

        first = story.outputs[0]
        await _unplugged_in_the_middle_of_a_write(client, found.features[first.feature].run_output(first.command), stage)
        device.packets.clear()
        stage.plug_in()
        again = await _announced(client)
        assert (again.index, again.name) == (found.index, found.name)
        await _reached(device, story.returned)

        device.packets.clear()
        await again.features[first.feature].run_output(first.command)
        await _reached(device, story.driven_again)
        device.packets.clear()
        await server.close()
        await _reached(device, story.halted_again)


def _outputs(device: ButtplugDevice) -> set[tuple[int, str]]:
    return {(index, name) for index, feature in device.features.items() for name in feature.outputs or ()}


async def _reached(device: SimulatedDevice, expected: Sequence[Packet]) -> None:
    """Assert that these packets reached the device and no others, but for repeats; those nobody waits for may be late."""
    with suppress(TimeoutError):
        # By their number it cannot be told: the first one may be of before.
        await until(lambda: not expected or _written(device, expected) == expected, 1.0)
    assert _written(device, expected) == expected


def _written(device: SimulatedDevice, expected: Sequence[Packet]) -> list[Packet]:
    packets = [packet for packet, _ in groupby(device.packets)]
    # The last packet of before, repeated.
    return packets[1:] if expected and len(packets) > len(expected) and packets[0] != expected[0] else packets


async def _announced(client: ButtplugClient) -> ButtplugDevice:
    await until(lambda: client.devices)
    (device,) = client.devices.values()
    return device


async def _senses(found: ButtplugDevice, device: SimulatedDevice, sensed: Sensed) -> None:
    readings = found.features[sensed.feature].subscribe(sensed.type)
    reading = asyncio.ensure_future(anext(readings))
    await until(lambda: device.hardware is not None and sensed.endpoint in device.hardware.subscribed)
    async with asyncio.timeout(5):
        while not reading.done():  # it goes to nobody until the server has confirmed the subscription
            device.notify(sensed.endpoint, sensed.data)
            await asyncio.sleep(0.02)
    assert reading.result().value == sensed.value
    await readings.aclose()
    await until(lambda: device.hardware is not None and sensed.endpoint not in device.hardware.subscribed)


async def _unplugged_in_the_middle_of_a_write(
    client: ButtplugClient, write: Coroutine[object, object, None], stage: Stage
) -> None:
    """The command fails at once, and the client is told that the device is gone."""
    stage.hold()
    running = asyncio.ensure_future(write)
    await asyncio.sleep(0.15)  # more than any message gap
    assert not running.done()
    stage.unplug()
    async with asyncio.timeout(1):
        with pytest.raises(ButtplugDeviceError, match=r"lost|disconnected|gone"):
            await running
    await until(lambda: not client.devices)
