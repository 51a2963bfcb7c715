"""Kiiroo's strokers of generation 2.1, with a hand-shake and a keep-alive."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.messages import OutputArguments, OutputCmd, StopCmd
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareError
from tests.server.conftest import BuildHouse
from tests.server.protocols.helpers import Driven, drive, halted, hexes, link, move, silent_device, vibrate


def onyx() -> Driven:
    return drive("kiiroo-v21-initialized", "Onyx+")


async def test_the_hand_shake_is_two_packets() -> None:
    device = silent_device()
    await onyx().protocol.initialise(await link(device, "kiiroo-v21-initialized"))
    assert list(device.packets) == [
        Packet(bytes.fromhex("03 00 64 19"), response=True),
        Packet(bytes.fromhex("03 00 64 00"), response=True),
    ]


async def test_a_hand_shake_that_fails_ends_the_connection() -> None:
    device = silent_device()
    hardware = await link(device, "kiiroo-v21-initialized")
    device.write_error = HardwareError("refused")
    with pytest.raises(HardwareError, match="refused"):
        await onyx().protocol.initialise(hardware)


def test_moves_follow_one_another() -> None:
    toy = onyx()
    assert toy.send(move(0, 99, 500)) == [Packet(bytes.fromhex("03 00 28 63"))]
    assert hexes(toy.send(move(0, 10, 300))) == ["03 00 3D 0A"]
    assert hexes(toy.send(move(0, 25, 200))) == ["03 00 0E 19"]
    assert hexes(toy.send(move(0, 0, 2000))) == ["03 00 02 00"]
    assert hexes(toy.send(move(0, 99, 0))) == ["03 00 63 63"], "never above 99, which it ignores"
    assert hexes(toy.send(move(0, 98, 1000))) == ["03 00 01 62"], "never 0, at which it may not move"


async def initialised() -> Driven:
    toy = onyx()
    await toy.protocol.initialise(await link(silent_device(), "kiiroo-v21-initialized"))
    return toy


async def test_it_is_kept_awake_by_the_last_packet() -> None:
    toy = await initialised()
    assert toy.protocol.repeat_after == 2.0
    assert toy.repeat() == [Packet(bytes.fromhex("03 00 64 00"))], "it stays where the hand-shake has left it"
    toy.send(move(0, 99, 500))
    assert hexes(toy.repeat()) == ["03 00 28 63"]
    assert hexes(toy.repeat()) == ["03 00 28 63"]


def test_a_stop_is_what_is_repeated_after_it() -> None:
    toy = onyx()
    toy.send(move(0, 99, 2000))
    assert hexes(toy.stop(halted(0, 40))) == ["03 00 01 28"]
    assert hexes(toy.repeat()) == ["03 00 01 28"]


async def test_a_move_that_may_have_been_written_is_not_taken_back_fast() -> None:
    toy = await initialised()
    next(iter(toy.protocol.encode([move(0, 99, 500)], {0: 99})))
    assert hexes(toy.repeat()) == ["03 00 01 00"], "not at the full speed of the hand-shake"
    toy.send(move(0, 50, 500))
    next(iter(toy.protocol.encode([move(0, 99, 500)], {0: 99})))
    assert hexes(toy.repeat()) == ["03 00 01 32"]


def test_vibration() -> None:
    assert hexes(onyx().send(vibrate(0, 100))) == ["01 64"], "no model has it, a user's own definition may"


async def test_no_three_seconds_pass_without_a_packet_and_none_of_them_undoes_a_stop(build: BuildHouse) -> None:
    house = await build("Kiiroo Onyx+")
    loop, heard = asyncio.get_running_loop(), list[tuple[float, str]]()
    house.simulated[0].on_packet = lambda packet: heard.append((loop.time(), packet.data.hex(" ").upper()))
    talker = await house.client()
    await talker.ask(OutputCmd, 0, 0, {OutputType.POSITION_WITH_DURATION: OutputArguments(0, 100)})
    await asyncio.sleep(5)
    await talker.ask(OutputCmd, 0, 0, {OutputType.POSITION_WITH_DURATION: OutputArguments(99, 3000)})
    await asyncio.sleep(1)
    await talker.ask(StopCmd)
    stopped = len(heard)
    await asyncio.sleep(60)
    assert heard[stopped - 1][1].startswith("03 00 01 ")
    assert {data for _, data in heard[stopped:]} == {heard[stopped - 1][1]}
    times = [when for when, _ in heard]
    assert max(later - earlier for earlier, later in pairwise(times)) < 3
