"""Kiiroo and Fleshlight, generation 2."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareError
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import drive, halted, hexes, link, move, silent_device, vibrate

READY = Packet(b"\x00", endpoint="firmware", response=True)


async def test_it_is_made_ready_at_connection() -> None:
    device = silent_device()
    await drive("kiiroo-v2", "Launch").protocol.initialise(await link(device, "kiiroo-v2"))
    assert list(device.packets) == [READY]


async def test_one_that_cannot_be_made_ready_cannot_be_used() -> None:
    device = silent_device()
    hardware = await link(device, "kiiroo-v2")
    device.write_error = HardwareError("refused")
    with pytest.raises(HardwareError, match="refused"):
        await drive("kiiroo-v2", "Launch").protocol.initialise(hardware)


def test_moves_follow_one_another() -> None:
    toy = drive("kiiroo-v2", "Onyx2")
    assert toy.send(move(0, 99, 500)) == [Packet(bytes.fromhex("63 28"))]
    assert hexes(toy.send(move(0, 0, 1000))) == ["00 13"]
    assert hexes(toy.send(move(0, 50, 200))) == ["32 33"]
    assert hexes(toy.send(move(0, 50, 201))) == ["32 01"], "never speed 0, at which it may not move at all"
    assert hexes(toy.send(move(0, 99, 0))) == ["63 63"], "never above 99, which it ignores"
    assert hexes(toy.send(move(0, 0, 150))) == ["00 63"]
    assert hexes(toy.send(move(0, 10, 3000))) == ["0A 01"]


def test_a_stop_ends_a_move_as_gently_as_can_be() -> None:
    toy = drive("kiiroo-v2", "Launch")
    toy.send(move(0, 99, 2000))
    assert hexes(toy.stop(halted(0, 40))) == ["28 01"]
    assert hexes(toy.stop(move(0, 99, 100_000))) == ["63 01"]
    assert hexes(drive("kiiroo-v2", "Launch").stop()) == []


def test_a_move_takes_the_time_of_its_speed() -> None:
    protocol = drive("kiiroo-v2", "Launch").protocol
    full = Output(0, OutputType.POSITION_WITH_DURATION, 99, 0, start=0)
    assert 200 < protocol.travel_time(full) < 220, "the shortest time, not none"


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="Fleshlight Launch has no Vibrate output"):
        drive("kiiroo-v2", "Launch").send(vibrate(0, 1))
