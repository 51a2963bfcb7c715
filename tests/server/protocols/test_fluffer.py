"""Fluffer."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.hardware.bluetooth import BluetoothAdvertisement
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError, HardwareTimeoutError
from buttplug.hardware.simulated import SimulatedDevice, Subscribe
from buttplug.server.protocols.base import Output
from buttplug.server.protocols.fluffer import COMPANY, KEY, mark
from buttplug.server.protocols.shared import aes
from tests.server.protocols.helpers import custom_definition, drive, hexes, link, oscillate, rotate, silent_device, vibrate

# Outputs


@pytest.mark.parametrize("model", [None, "FDGTHING", "FDG2G", "FDPR"])
@pytest.mark.parametrize(
    ("value", "data"),
    [
        (100, "34 86 9A 67 7B 8E 6F A9 E9 2B 53 F8 37 C5 25 3C"),
        (50, "4D 8F AD 2B 38 D0 70 1C 81 37 7D 72 96 C0 15 26"),
        (1, "E3 A6 4C 41 8E 0F 41 75 93 66 11 61 43 40 15 87"),
        (0, "D3 AF 8C B6 B5 05 3C 01 7E C0 D3 7F 5B 06 44 21"),
    ],
)
def test_a_single_vibrator(model: str | None, value: int, data: str) -> None:
    assert drive("fluffer", model).send(vibrate(0, value)) == [Packet(bytes.fromhex(data))]


def test_every_packet_has_both_values_and_the_other_direction_above_100() -> None:
    toy = drive("fluffer", "MBO")
    for output, data in [
        (vibrate(0, 50), "4D 8F AD 2B 38 D0 70 1C 81 37 7D 72 96 C0 15 26"),
        (rotate(1, 100), "B6 DD 66 90 DE 81 97 89 39 52 29 E8 47 91 53 A1"),
        (rotate(1, -40), "FE 6E 18 2C 1F C0 7D 33 B9 3C 7A 8C 92 33 EE 61"),
    ]:
        assert toy.send(output) == [Packet(bytes.fromhex(data))]
    both = toy.send(vibrate(0, 100), rotate(1, -100))
    assert hexes(both) == ["7B 9D A8 0C 4E 07 A2 39 37 C9 43 11 95 4C B9 95"]
    assert hexes(toy.stop()) == ["D3 AF 8C B6 B5 05 3C 01 7E C0 D3 7F 5B 06 44 21"]


@pytest.mark.parametrize(
    ("model", "output", "values"),
    [
        ("MBB", oscillate(1, 100), "00 64"),
        ("MB Link 201", oscillate(1, 1), "00 01"),
        ("MB Controller", rotate(1, 1), "00 01"),
        ("MB Controller", rotate(1, -1), "00 65"),
        ("MB Controller", rotate(1, 0), "00 00"),
    ],
)
def test_the_second_value(model: str, output: Output, values: str) -> None:
    packets = drive("fluffer", model).send(output)
    assert [aes.decrypt(KEY, packet.data) for packet in packets] == [bytes.fromhex(f"82 0F 05 00 {values} 00 00")]


def test_a_third_motor_is_refused() -> None:
    toy = drive("fluffer", definition=custom_definition("fluffer", *[{OutputType.VIBRATE: (0, 100)}] * 3))
    with pytest.raises(ButtplugDeviceError, match="no place for feature 2"):
        toy.send(vibrate(2, 1))


# Hand-shake

ADVERTISED = bytes.fromhex("10 78 00 22 33 44")
RANDOM = bytes.fromhex("01 02 03 04")
MARK = "CD F1 96 4B 83 EC 92 7D DF 68 8A 6E 74 05 DA 89"
KNOWN = "FB 14 63 04 20 5C 54 79 BB 6B A6 C9 69 FD AA 96"
READY = "D9 A0 64 11 F5 E2 4E 7E 05 DB 14 1D 95 63 05 D5"


def advertising(data: dict[int, bytes]) -> SimulatedDevice:
    device = silent_device("FDPR")
    device.advertisement = BluetoothAdvertisement(name="FDPR", manufacturer_data=data)
    return device


def answering(answer: str) -> SimulatedDevice:
    """Return a device that answers the first packet."""
    device = advertising({COMPANY: ADVERTISED})

    def reply(packet: Packet) -> None:
        if len(device.packets) == 1:
            device.notify("rx", bytes.fromhex(answer))

    device.on_packet = reply
    return device


async def initialise(device: SimulatedDevice) -> None:
    await drive("fluffer").protocol.initialise(await link(device, "fluffer"))


async def test_a_device_knows_the_server_by_its_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "token_bytes", lambda size: RANDOM[:size])
    device = answering(KNOWN)
    await initialise(device)
    assert list(device.commands) == [Subscribe("rx"), *(Packet(bytes.fromhex(data)) for data in (MARK, READY))]


@pytest.mark.parametrize("data", [{}, {76: b"\x02\x15"}])
async def test_a_device_that_advertises_nothing_needs_no_hand_shake(data: dict[int, bytes]) -> None:
    device = advertising(data)
    await initialise(device)
    assert list(device.commands) == [Subscribe("rx")]


async def test_advertised_data_without_content_ends_the_connection() -> None:
    device = advertising({COMPANY: b""})
    with pytest.raises(HardwareError, match="advertises nothing under its company"):
        await initialise(device)
    assert not device.packets


@pytest.mark.parametrize("answer", ["", "FB", KNOWN[:-3], KNOWN + " 00", READY, "00 " * 16, "FF " * 32])
async def test_any_other_answer_ends_the_connection(answer: str) -> None:
    device = answering(answer)
    with pytest.raises(HardwareError, match="FDPR refused the hand-shake"):
        await initialise(device)
    assert len(device.packets) == 1


async def test_a_device_that_does_not_answer_is_not_waited_for_for_ever() -> None:
    with pytest.raises(HardwareTimeoutError, match="FDPR sent nothing for 5 s"):
        await initialise(advertising({COMPANY: ADVERTISED}))


async def test_a_link_that_is_lost_ends_the_hand_shake() -> None:
    device = advertising({COMPANY: ADVERTISED})
    asyncio.get_running_loop().call_later(1, device.disconnect)
    with pytest.raises(HardwareDisconnectedError):
        await initialise(device)


@pytest.mark.parametrize(
    ("advertised", "same_as"),
    [("10", "10"), ("10 78", "10 78"), ("10 78 00 22 33", "10 78 00 22 33 44 55")],
)
def test_the_mark_is_made_with_no_more_than_four_bytes_and_with_fewer(advertised: str, same_as: str) -> None:
    assert mark(RANDOM, bytes.fromhex(advertised)) == mark(RANDOM, bytes.fromhex(same_as))
    assert mark(RANDOM, bytes.fromhex("10 78 00 22 33")) == bytes.fromhex("D1 84 64 11")
