"""Fredorch rotary machine."""

from __future__ import annotations

import asyncio
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError
from buttplug.hardware.simulated import SimulatedDevice, Subscribe
from tests.server.protocols.helpers import drive, hexes, link, oscillate, silent_device

PROTOCOL = "fredorch-rotary"
FASTER = "55 03 01 04 AA"
SLOWER = "55 03 02 05 AA"
STOP = "55 03 24 27 AA"
HANDSHAKE = ["55 03 99 9C AA", "55 09 21 00 00 00 00 00 00 2A AA", "55 03 1F 22 AA", STOP]


def test_the_speed_is_reached_in_steps() -> None:
    device = drive(PROTOCOL)
    assert hexes(device.send(oscillate(0, 3))) == [FASTER] * 3
    assert hexes(device.send(oscillate(0, 1))) == [SLOWER] * 2
    assert hexes(device.send(oscillate(0, 20))) == [FASTER] * 19
    assert hexes(device.send(oscillate(0, 20))) == []
    assert hexes(device.send(oscillate(0, 0))) == [STOP]
    assert hexes(device.send(oscillate(0, 1))) == [FASTER]


@given(st.lists(st.integers(0, 20)))
def test_the_counted_speed_is_that_of_the_machine(values: list[int]) -> None:
    device, speed = drive(PROTOCOL), 0
    for value in values:
        for packet in hexes(device.send(oscillate(0, value))):
            speed = {FASTER: speed + 1, SLOWER: speed - 1, STOP: 0}[packet]
        assert speed == value


def test_a_stop_is_sent_at_any_speed() -> None:
    device = drive(PROTOCOL)
    assert device.stop() == [Packet(bytes.fromhex(STOP))]
    device.send(oscillate(0, 9))
    assert hexes(device.stop()) == [STOP]
    device.protocol.stop_written()
    assert hexes(device.send(oscillate(0, 2))) == [FASTER] * 2


def test_where_a_stop_was_not_written_the_next_speed_begins_with_one() -> None:
    device = drive(PROTOCOL)
    device.send(oscillate(0, 9))
    device.stop()
    assert hexes(device.send(oscillate(0, 1))) == [STOP, FASTER]


@pytest.mark.parametrize("written", range(3))
def test_where_a_step_was_not_written_for_certain_the_next_speed_begins_with_a_stop(written: int) -> None:
    device = drive(PROTOCOL)
    unfinished = iter(device.protocol.encode([oscillate(0, 5)], {0: 5}))
    assert len(list(islice(unfinished, written + 1))) == written + 1
    assert hexes(device.send(oscillate(0, 1))) == [STOP, FASTER]


async def initialise(device: SimulatedDevice) -> float:
    """Do the hand-shake; return the seconds it took."""
    hardware = await link(device, PROTOCOL)
    await drive(PROTOCOL).protocol.initialise(hardware)
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize("reply", [b"", b"\x55", b"\xff" * 300])
async def test_the_hand_shake_does_not_wait_once_it_is_answered(reply: bytes) -> None:
    device = silent_device()
    device.on_packet = lambda packet: device.notify("rx", reply)
    assert await initialise(device) == 0
    assert list(device.commands) == [Subscribe("rx"), *(Packet(bytes.fromhex(data)) for data in HANDSHAKE)]


async def test_a_silent_machine_is_used_all_the_same() -> None:
    device = silent_device()
    assert await initialise(device) == pytest.approx(0.4)
    assert hexes(device.packets) == HANDSHAKE


async def test_a_disconnection_ends_the_hand_shake() -> None:
    device = silent_device()
    asyncio.get_running_loop().call_later(0.25, device.disconnect)
    with pytest.raises(HardwareDisconnectedError, match="out of range"):
        await initialise(device)


async def test_a_failed_write_ends_the_hand_shake() -> None:
    device = silent_device()
    device.write_error = HardwareError("no")
    with pytest.raises(HardwareError, match="no"):
        await initialise(device)
