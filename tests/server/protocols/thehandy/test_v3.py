"""The Handy from firmware 4 on, and The Oh!"""

from __future__ import annotations

import asyncio
import logging

import pytest

from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError
from buttplug.hardware.simulated import SimulatedDevice, Subscribe
from buttplug.server.protocols.shared import protobuf
from buttplug.server.protocols.thehandy.v3 import ThehandyV3
from tests.server.protocols.helpers import drive, halted, hexes, link, move, rotate, silent_device, vibrate

PROTOCOL = "thehandy-v3"
BATTERY_QUERY = Packet(bytes.fromhex("08 01 12 05 10 01 B2 2C 00"))
CAPABILITIES_QUERY = Packet(bytes.fromhex("08 01 12 05 10 02 CA 2C 00"))
BATTERY_REPLY = bytes.fromhex("08 03 22 0B 08 01 B2 2C 06 0A 04 08 57 10 01")
CAPABILITIES_ERROR = bytes.fromhex("08 03 22 0B 08 02 12 07 08 A3 8D 06 12 01 78")
NOTIFICATION = bytes.fromhex("08 04 2A 02 10 01")


def test_moves_are_numbered_requests() -> None:
    device = drive(PROTOCOL)
    assert device.send(move(0, 50, 500)) == [
        Packet(bytes.fromhex("08 01 12 0D 10 02 C2 2E 08 0D 00 00 00 3F 10 F4 03"), response=True)
    ]
    assert hexes(device.send(move(0, 100, 1000))) == ["08 01 12 0D 10 03 C2 2E 08 0D 00 00 80 3F 10 E8 07"]
    assert hexes(device.send(move(0, 0, 200))) == ["08 01 12 08 10 04 C2 2E 03 10 C8 01"]
    assert hexes(device.send(move(0, 25, 0))) == ["08 01 12 0A 10 05 C2 2E 05 0D 00 00 80 3E"]
    assert hexes(device.send(move(0, 0, 0))) == ["08 01 12 05 10 06 C2 2E 00"]


def test_request_numbers_may_be_long() -> None:
    device = drive(PROTOCOL)
    for _ in range(298):
        device.send(move(0, 1, 1))
    assert hexes(device.send(move(0, 75, 20000))) == ["08 01 12 0F 10 AC 02 C2 2E 09 0D 00 00 40 3F 10 A0 9C 01"]


def test_vibrations_are_numbered_requests() -> None:
    device = drive(PROTOCOL, "hw1")
    assert device.send(vibrate(0, 50)) == [
        Packet(bytes.fromhex("08 01 12 0C 10 02 A2 38 07 0D 00 00 00 3F 10 64"), response=True)
    ]
    assert hexes(device.send(vibrate(0, 100))) == ["08 01 12 0C 10 03 A2 38 07 0D 00 00 80 3F 10 64"]
    assert hexes(device.send(vibrate(0, 0))) == ["08 01 12 05 10 04 AA 38 00"]
    assert hexes(device.send(vibrate(0, 1))) == ["08 01 12 0C 10 05 A2 38 07 0D 0A D7 23 3C 10 64"]
    assert hexes(device.stop()) == ["08 01 12 05 10 06 AA 38 00"]


def test_a_stop_halts_the_stroke() -> None:
    device = drive(PROTOCOL, "hw3")
    device.send(move(0, 100, 5000))
    assert device.stop(halted(0, 20)) == [Packet(bytes.fromhex("08 01 12 05 10 03 D2 2E 00"), response=True)]
    assert device.stop() == []


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="has no Rotate output"):
        drive(PROTOCOL).send(rotate(0, 1))


@pytest.mark.parametrize(
    ("name", "identifier"),
    [("OHD_hw3_A1B2C3", "hw3"), ("OHD_hw0_1", "hw0"), ("OHD_hw4_A_B", "hw4"), ("OHD_hw3", None), ("", None)],
)
async def test_the_name_tells_the_revision(name: str, identifier: str | None) -> None:
    device = silent_device(name)
    assert await ThehandyV3.identify(await link(device, PROTOCOL)) == identifier


def handy(*replies: bytes, delay: float = 0.0) -> SimulatedDevice:
    """Return a device that sends one reply for each packet, some time later; none for an empty one."""
    device = silent_device()
    left = list(replies)

    def answer(packet: Packet) -> None:
        reply = left.pop(0) if left else b""
        if reply:
            asyncio.get_running_loop().call_later(delay, device.notify, "rx", reply)

    device.answer = answer
    return device


async def initialise(device: SimulatedDevice) -> float:
    """Do the hand-shake; return the seconds it took."""
    hardware = await link(device, PROTOCOL)
    started = asyncio.get_running_loop().time()
    await drive(PROTOCOL).protocol.initialise(hardware)
    return asyncio.get_running_loop().time() - started


async def test_the_hand_shake_asks_for_battery_and_capabilities(caplog: pytest.LogCaptureFixture) -> None:
    device = handy(BATTERY_REPLY, CAPABILITIES_ERROR)
    with caplog.at_level(logging.INFO):
        assert await initialise(device) == 0
    assert list(device.commands) == [Subscribe("rx"), BATTERY_QUERY, CAPABILITIES_QUERY]
    assert "refused request 713: 100003 x" in caplog.text


async def test_what_the_device_says_of_an_error_can_forge_no_line_of_a_log(caplog: pytest.LogCaptureFixture) -> None:
    text = b"\x1b[2J\nINFO all is well" * 100
    error = protobuf.number(1, 7) + protobuf.message(2, text)
    reply = protobuf.number(1, 2) + protobuf.message(4, protobuf.number(1, 2) + protobuf.message(2, error))
    with caplog.at_level(logging.INFO):
        await initialise(handy(BATTERY_REPLY, reply))
    (told,) = [record.getMessage() for record in caplog.records if "refused request 713: 7 " in record.getMessage()]
    assert told.isprintable()
    assert len(told) < 200


async def test_late_replies_are_waited_for() -> None:
    assert await initialise(handy(BATTERY_REPLY, CAPABILITIES_ERROR, delay=1.5)) == 3


@pytest.mark.parametrize(
    "noise",
    [NOTIFICATION, CAPABILITIES_ERROR, b"\x00", b"\xff" * 20, b"", bytes.fromhex("20 05"), bytes.fromhex("22 02 12 FF")],
)
async def test_what_is_no_reply_is_passed_over(noise: bytes, caplog: pytest.LogCaptureFixture) -> None:
    device = silent_device()

    def answer(packet: Packet) -> None:
        device.notify("rx", noise)
        device.notify("rx", BATTERY_REPLY if packet == BATTERY_QUERY else CAPABILITIES_ERROR)

    device.answer = answer
    with caplog.at_level(logging.WARNING):
        assert await initialise(device) == 0
    assert not caplog.text


async def test_an_error_of_another_form_is_still_a_reply() -> None:
    response = protobuf.number(1, 1) + protobuf.message(2, protobuf.message(1, b"?") + protobuf.number(2, 7))
    assert await initialise(handy(protobuf.message(4, response), CAPABILITIES_ERROR)) == 0


async def test_a_silent_device_is_used_all_the_same_and_reported(caplog: pytest.LogCaptureFixture) -> None:
    assert await initialise(handy()) == 4
    assert "did not answer request 710" in caplog.text
    assert "did not answer request 713" in caplog.text


async def test_a_disconnection_ends_the_hand_shake() -> None:
    device = handy()
    asyncio.get_running_loop().call_later(1, device.disconnect)
    with pytest.raises(HardwareDisconnectedError, match="out of range"):
        await initialise(device)


async def test_a_failed_write_ends_the_hand_shake() -> None:
    device = handy()
    device.write_error = HardwareError("no")
    with pytest.raises(HardwareError, match="no"):
        await initialise(device)
