"""Galaku, the pump included."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.enums import InputType, OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Notification, Packet
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareTimeoutError
from buttplug.hardware.simulated import Subscribe
from buttplug.server.protocols.base import Output
from buttplug.server.protocols.galaku import battery_level
from buttplug.server.protocols.galaku.cipher import deciphered, enciphered
from tests.server.protocols.helpers import (
    constrict,
    custom_definition,
    drive,
    hexes,
    link,
    oscillate,
    rotate,
    silent_device,
    vibrate,
)

QUERY = Packet(bytes.fromhex("23 81 BB AB D2 CE D3 23 BB A3 3B C2"), response=True)


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (50, "23 81 BB AB D2 EC 29 C3 BB A3 3B D2"),
        (100, "23 81 BB AB D2 EC 57 23 BB A3 3B 44"),
        (0, "23 81 BB AB D2 EC 3B 23 BB A3 3B 90"),
    ],
)
def test_one_motor(value: int, data: str) -> None:
    for model in (None, "GX21", "GK25"):
        assert drive("galaku", model).send(vibrate(0, value)) == [Packet(bytes.fromhex(data))]


@pytest.mark.parametrize(
    ("model", "first", "second"),
    [
        ("G302", OutputType.VIBRATE, OutputType.VIBRATE),
        ("AK71", OutputType.OSCILLATE, OutputType.VIBRATE),
        ("TFG1", OutputType.VIBRATE, OutputType.CONSTRICT),
        ("G339", OutputType.VIBRATE, OutputType.ROTATE),
    ],
)
def test_two_motors_share_a_frame(model: str, first: OutputType, second: OutputType) -> None:
    toy = drive("galaku", model)
    for output, data in [
        (Output(0, first, 60), "23 81 BB AB D2 7B 44 5F BB A3 3B DE"),
        (Output(1, second, 30), "23 81 BB AB D2 7B 44 5F C1 43 3B 3C"),
        (Output(0, first, 0), "23 81 BB AB D2 7B 44 33 C1 43 3B 00"),
        (Output(1, second, 0), "23 81 BB AB D2 7B 44 33 BB A3 3B F2"),
    ]:
        assert toy.send(output) == [Packet(bytes.fromhex(data))]
    assert hexes(toy.send(Output(0, first, 100), Output(1, second, 100))) == ["23 81 BB AB D2 7B 44 97 97 A3 3B AA"]
    assert hexes(toy.stop()) == ["23 81 BB AB D2 7B 44 33 BB A3 3B F2"]


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (100, "AA 01 0A 03 64 01 00 00 00 00 00 00 00 00 00 00"),
        (1, "AA 01 0A 03 01 01 00 00 00 00 00 00 00 00 00 00"),
        (0, "AA 01 0A 03 00 00 00 00 00 00 00 00 00 00 00 00"),
    ],
)
def test_one_model_takes_its_speed_as_it_is(value: int, data: str) -> None:
    assert drive("galaku", "AC695X_1(BLE)").send(vibrate(0, value)) == [Packet(bytes.fromhex(data))]


def test_a_stop_of_one_motor_is_speed_0() -> None:
    assert hexes(drive("galaku").stop()) == ["23 81 BB AB D2 EC 3B 23 BB A3 3B 90"]
    assert hexes(drive("galaku", "AC695X_1(BLE)").stop())[0].startswith("AA 01 0A 03 00 00")


def test_a_direction_that_a_user_adds_turns_as_fast() -> None:
    definition = custom_definition("galaku", {OutputType.VIBRATE: (0, 100)}, {OutputType.ROTATE: (-100, 100)})
    toy = drive("galaku", definition=definition)
    assert toy.send(rotate(1, -30)) == toy.send(rotate(1, 30))


def test_a_third_motor_is_refused() -> None:
    toy = drive("galaku", definition=custom_definition("galaku", *[{OutputType.CONSTRICT: (0, 100)}] * 3))
    with pytest.raises(ButtplugDeviceError, match="no place for feature 2"):
        toy.send(constrict(2, 1))


# The pump


def test_the_pump_has_a_frame_of_its_own() -> None:
    toy = drive("galaku-pump", "V415")
    for output, data in [
        (oscillate(0, 50), "23 81 BB AB D2 9B 44 61 3B A3 3B 44"),
        (vibrate(1, 25), "23 81 BB AB D2 9B 44 61 44 C3 3B 0F"),
        (oscillate(0, 0), "23 81 BB AB D2 9B 44 33 C4 C3 3B DD"),
        (vibrate(1, 0), "23 81 BB AB D2 9B 44 33 BB A3 3B D2"),
        (vibrate(1, 1), "23 81 BB AB D2 9B 44 33 BC C3 3B D5"),
    ]:
        assert toy.send(output) == [Packet(bytes.fromhex(data), response=True)]
    assert hexes(toy.send(oscillate(0, 100), vibrate(1, 100))) == ["23 81 BB AB D2 9B 44 97 97 A3 3B 8A"]
    assert hexes(toy.stop()) == ["23 81 BB AB D2 9B 44 33 BB A3 3B D2"]


# The cipher


@given(st.binary(min_size=10, max_size=10))
def test_what_was_enciphered_can_be_deciphered(content: bytes) -> None:
    assert deciphered(enciphered(content)) == content


@given(st.binary(max_size=20))
def test_any_bytes_are_a_frame_or_none(data: bytes) -> None:
    content = deciphered(data)
    assert content is None or enciphered(content) == data


# Battery

FRAME = enciphered(bytes.fromhex("5A 00 00 4B 13 00 00 00 00 00"))


@pytest.mark.parametrize(
    ("data", "level"),
    [
        (b"\x00", 0),
        (b"\x64", 100),
        (b"\x23", 35),
        (b"\x4b\x00\x00", 75),
        (FRAME, 75),
        (FRAME[:-1], None),
        (FRAME[:-1] + b"\x00", None),
        (enciphered(bytes.fromhex("5A 00 00 65 13 00 00 00 00 00")), None),
        (b"\x65", None),
        (b"", None),
    ],
)
def test_the_battery_level_is_the_first_byte_or_the_fourth_of_a_frame(data: bytes, level: int | None) -> None:
    assert battery_level(Notification("rxblebattery", data)) == level
    assert battery_level(Notification("rx", data)) is None


async def test_the_battery_level_is_asked_for() -> None:
    device = silent_device()
    hardware = await link(device, "galaku")
    device.on_packet = lambda packet: device.notify("rxblebattery", b"\x32")
    assert await drive("galaku").protocol.read(hardware, 1, InputType.BATTERY) == 50
    assert list(device.commands) == [Subscribe("rxblebattery"), QUERY]


async def test_a_device_that_does_not_tell_its_battery_level_is_not_waited_for_for_ever() -> None:
    device = silent_device()
    hardware = await link(device, "galaku")
    device.on_packet = lambda packet: device.notify("rxblebattery", b"")
    with pytest.raises(HardwareTimeoutError, match="did not answer within 3 s"):
        await drive("galaku").protocol.read(hardware, 1, InputType.BATTERY)


async def test_a_link_that_is_lost_ends_the_reading() -> None:
    device = silent_device()
    hardware = await link(device, "galaku")
    asyncio.get_running_loop().call_later(1, device.disconnect)
    with pytest.raises(HardwareDisconnectedError):
        await drive("galaku").protocol.read(hardware, 1, InputType.BATTERY)


async def test_the_signal_strength_is_the_bus_s() -> None:
    device = silent_device()
    device.rssi = -60
    assert await drive("galaku").protocol.read(await link(device, "galaku"), 1, InputType.RSSI) == -60
