"""Fredorch."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError, HardwareTimeoutError
from buttplug.hardware.simulated import SimulatedDevice, Subscribe
from buttplug.server.protocols.fredorch.speeds import speed_for, time_for
from tests.server.protocols.helpers import drive, halted, hexes, link, move, silent_device, vibrate

PROTOCOL = "fredorch"
HANDSHAKE = [
    "01 06 00 64 00 01 09 D5",
    "01 06 00 69 00 00 59 D6",
    "01 10 00 6B 00 05 0A 00 05 00 05 00 00 00 00 00 01 C0 C3",
    "01 06 00 69 00 01 98 16",
    "01 06 00 6A 00 01 68 16",
]


def registers(data: str) -> str:
    return f"01 10 00 6B 00 05 0A {data}"


def test_the_speed_is_for_its_way_and_time() -> None:
    device = drive(PROTOCOL)
    first = Packet(bytes.fromhex(registers("00 09 00 09 00 96 00 96 00 01 F1 F2")))
    assert device.send(move(0, 15, 1000)) == [first]
    assert hexes(device.send(move(0, 0, 250))) == [registers("00 10 00 10 00 00 00 00 00 01 76 92")]
    assert hexes(device.send(move(0, 0, 500))) == [registers("00 00 00 00 00 00 00 00 00 01 AA 93")]
    assert hexes(device.send(move(0, 8, 100))) == [registers("00 14 00 14 00 50 00 50 00 01 C1 8F")]
    assert hexes(device.send(move(0, 3, 9000))) == [registers("00 01 00 01 00 1E 00 1E 00 01 7F C7")]


@pytest.mark.parametrize(
    ("steps", "duration", "speed"),
    [
        (0, 1000, 0),
        (1, 1001, 1),
        (1, 1000, 2),
        (1, 24, 19),
        (1, 23, 20),
        (1, 0, 20),
        (15, 8049, 1),
        (15, 8048, 2),
        (15, 211, 19),
        (15, 210, 20),
        (99, 8049, 1),
    ],
)
def test_the_speed_is_the_slowest_that_is_in_time(steps: int, duration: int, speed: int) -> None:
    assert speed_for(steps, duration) == speed


@given(st.integers(1, 15), st.integers(0, 100_000))
def test_a_move_is_in_time_unless_it_cannot_be_faster(steps: int, duration: int) -> None:
    speed = speed_for(steps, duration)
    assert time_for(steps, speed) < duration or speed == 20
    assert time_for(steps, speed) <= time_for(steps, 1)


def test_the_slowest_speed_has_a_time() -> None:
    device = drive(PROTOCOL).protocol
    assert device.travel_time(move(0, 15, 100_000)) == 8048
    assert device.travel_time(halted(0, 15)) == 0


def test_a_stop_is_the_slowest_move_to_where_it_is() -> None:
    device = drive(PROTOCOL)
    device.send(move(0, 15, 5000))
    assert hexes(device.stop(halted(0, 5))) == [registers("00 01 00 01 00 32 00 32 00 01 2F C8")]
    assert device.stop() == []


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="has no Vibrate output"):
        drive(PROTOCOL).send(vibrate(0, 1))


def stroker(*, wakes: bool = True, answers: int = 5, reply: bytes = b"?") -> SimulatedDevice:
    """Return a device that says something at once, and answers so many packets."""
    device = silent_device()
    left = [reply] * answers

    def answer(packet: Packet) -> None:
        if left:
            device.notify("rx", left.pop())

    device.on_packet = answer
    if wakes:
        device.on_subscribe = lambda endpoint: device.notify(endpoint, b"")
    return device


async def initialise(device: SimulatedDevice) -> float:
    """Do the hand-shake; return the seconds it took."""
    hardware = await link(device, PROTOCOL)
    await drive(PROTOCOL).protocol.initialise(hardware)
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize("reply", [b"", b"\x00", b"\xff" * 300])
async def test_the_hand_shake_is_five_packets_whatever_the_answers_say(reply: bytes) -> None:
    device = stroker(reply=reply)
    assert await initialise(device) == 0
    assert list(device.commands) == [Subscribe("rx"), *(Packet(bytes.fromhex(data)) for data in HANDSHAKE)]


async def test_a_device_that_does_not_wake_up_by_itself_is_used_all_the_same() -> None:
    assert await initialise(stroker(wakes=False)) == 0.5


@pytest.mark.parametrize("answers", range(5))
async def test_a_missing_answer_ends_the_hand_shake(answers: int) -> None:
    device = stroker(answers=answers)
    with pytest.raises(HardwareTimeoutError, match=r"sent nothing for 0\.5 s"):
        await initialise(device)
    assert hexes(device.packets) == HANDSHAKE[: answers + 1]


async def test_a_disconnection_ends_the_hand_shake() -> None:
    device = stroker(wakes=False)
    asyncio.get_running_loop().call_later(0.2, device.disconnect)
    with pytest.raises(HardwareDisconnectedError, match="out of range"):
        await initialise(device)


async def test_a_failed_write_ends_the_hand_shake() -> None:
    device = stroker()
    device.write_error = HardwareError("no")
    with pytest.raises(HardwareError, match="no"):
        await initialise(device)
