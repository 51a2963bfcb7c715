"""Honey Play Box."""

from __future__ import annotations

import asyncio
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.enums import InputType, OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError, HardwareTimeoutError
from buttplug.hardware.simulated import SimulatedDevice, Subscribe
from buttplug.server.protocols.base import Output
from buttplug.server.protocols.honeyplaybox import HEADER, Frames, frame
from tests.server.protocols.helpers import (
    Driven,
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

GREETINGS = [
    Packet(bytes.fromhex("02 A5 5A 55 AA F0 00 B1 01 00 02 00 10 03 36 86"), response=True),
    Packet(bytes.fromhex("02 A5 5A 55 AA F0 01 B1 01 00 02 00 10 03 36 86"), response=True),
]
REPLY = bytes.fromhex("02 A5 5A 55 AA F0 00 B1 01 00 12 90 00 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 03 28 BA")


def answering(*portions: bytes, to: int = 1) -> SimulatedDevice:
    """Return a device that answers its first packet, or a later one, in these portions."""
    device = silent_device()

    def reply(packet: Packet) -> None:
        if len(device.packets) == to:
            for portion in portions:
                device.notify("rx", portion)

    device.on_packet = reply
    return device


async def connected(model: str | None, device: SimulatedDevice | None = None) -> Driven:
    toy = drive("honeyplaybox", model)
    await toy.protocol.initialise(await link(device or answering(REPLY), "honeyplaybox"))
    return toy


# Outputs

START = "02 A5 5A 55 AA F0"


@pytest.mark.parametrize(
    ("model", "steps"),
    [
        (
            None,
            [
                (vibrate(0, 50), "02 B1 03 00 10 01 00 05 00 3C 00 00 32 B7 4F 89 FE 16 DC 0C D0 03 30 D0"),
                (vibrate(0, 0), "03 B1 03 00 10 01 00 05 00 3C 00 00 00 DA 29 60 51 6F 4D 87 7B 03 F9 F1"),
                (vibrate(0, 100), "04 B1 03 00 10 01 00 05 00 3C 00 00 64 F8 65 BC 7F CC 35 F5 46 03 48 D9"),
            ],
        ),
        (
            "HPB-399",
            [
                (
                    vibrate(0, 50),
                    "02 B1 03 00 18 01 00 05 00 3C 00 00 32 11 00 05 00 3C 00 00 00 F3 CE A9 B8 CB C3 BF 52 03 6C 0C",
                ),
                (
                    oscillate(1, 100),
                    "03 B1 03 00 18 01 00 05 00 3C 00 00 32 11 00 05 00 3C 00 00 64 60 E1 8C 40 63 F0 46 09 03 30 74",
                ),
                (
                    vibrate(0, 0),
                    "04 B1 03 00 18 01 00 05 00 3C 00 00 00 11 00 05 00 3C 00 00 64 CC 75 43 9F 42 18 AF 5D 03 F0 5E",
                ),
                (
                    oscillate(1, 0),
                    "05 B1 03 00 18 01 00 05 00 3C 00 00 00 11 00 05 00 3C 00 00 00 15 1F 0F AF C8 EE 91 53 03 84 D6",
                ),
            ],
        ),
        (
            "HPB-274",
            [
                (
                    constrict(1, 4),
                    "02 B1 03 00 18 01 00 05 00 3C 00 00 00 11 00 05 00 3C 00 00 68 2F 61 A6 12 67 1C 4F EC 03 FF E8",
                ),
                (
                    vibrate(0, 50),
                    "03 B1 03 00 18 01 00 05 00 3C 00 00 32 11 00 05 00 3C 00 00 68 F1 B6 D0 34 51 6C 01 9B 03 09 0F",
                ),
                (
                    constrict(1, 1),
                    "04 B1 03 00 18 01 00 05 00 3C 00 00 32 11 00 05 00 3C 00 00 65 19 1E 32 B9 BF 39 6D D8 03 E9 03",
                ),
                (
                    constrict(1, 0),
                    "05 B1 03 00 18 01 00 05 00 3C 00 00 32 11 00 05 00 3C 00 00 00 F3 CE A9 B8 CB C3 BF 52 03 6C 0C",
                ),
            ],
        ),
    ],
)
async def test_every_packet_has_all_strengths_a_number_and_a_signature(
    model: str | None, steps: list[tuple[Output, str]]
) -> None:
    toy = await connected(model)
    for output, data in steps:
        assert toy.send(output) == [Packet(bytes.fromhex(f"{START} {data}"), response=True)]


@pytest.mark.parametrize(
    ("model", "outputs", "strengths"),
    [
        ("HPB-376-1", [rotate(0, 1), oscillate(1, 2)], [1, 2]),
        ("HPB-376", [oscillate(0, 1), rotate(1, 100)], [1, 100]),
        ("HPB-S302", [vibrate(0, 3), rotate(1, 4)], [3, 4]),
        ("HPB-296", [vibrate(1, 5)], [0, 5]),
        ("HPB-274", [constrict(1, 2)], [0, 102]),
    ],
)
def test_the_strengths_of_models_with_two_motors(model: str, outputs: list[Output], strengths: list[int]) -> None:
    (packet,) = drive("honeyplaybox", model).send(*outputs)
    assert [packet.data[18], packet.data[26]] == strengths


def test_a_stop_is_one_packet_for_all() -> None:
    toy = drive("honeyplaybox", "HPB-274")
    toy.send(vibrate(0, 100), constrict(1, 4))
    (packet,) = toy.stop()
    assert packet.data[6] == 2
    assert packet.data[11:27] == bytes.fromhex("01 00 05 00 3C 00 00 00 11 00 05 00 3C 00 00 00")


def test_a_direction_that_a_user_adds_turns_as_strongly() -> None:
    definition = custom_definition("honeyplaybox", {OutputType.ROTATE: (-100, 100)})
    (packet,) = drive("honeyplaybox", definition=definition).send(rotate(0, -30))
    assert packet.data[18] == 30


def test_the_strengths_are_repeated_with_numbers_of_their_own_from_half_a_second_after_the_hand_shake_on() -> None:
    toy = drive("honeyplaybox")
    assert toy.protocol.repeat_after == 0.5
    assert toy.repeat() == [], "the hand-shake was just now"
    assert [packet.data[6] for packet in toy.repeat()] == [1]
    toy.send(vibrate(0, 50))
    (packet,) = toy.repeat()
    assert (packet.data[6], packet.data[18]) == (3, 50)


def test_the_number_begins_anew_after_255() -> None:
    toy = drive("honeyplaybox")
    numbers = [toy.send(vibrate(0, 1))[0].data[6] for _ in range(257)]
    assert numbers == [*range(1, 256), 0, 1]


def test_a_number_is_not_used_again_for_what_may_have_been_lost() -> None:
    protocol = drive("honeyplaybox").protocol
    numbers = [next(iter(protocol.encode([vibrate(0, 1)], {0: 1}))).data[6] for _ in range(2)]
    assert numbers == [1, 2]


# Hand-shake


async def test_the_token_is_asked_for() -> None:
    device = answering(REPLY)
    await connected(None, device)
    assert list(device.commands) == [Subscribe("rx"), GREETINGS[0]]


async def test_the_token_is_asked_for_again_after_6_seconds() -> None:
    device = answering(REPLY, to=2)
    toy = await connected(None, device)
    assert list(device.packets) == GREETINGS
    assert asyncio.get_running_loop().time() == 6
    assert toy.send(vibrate(0, 1))[0].data[6] == 3


@pytest.mark.parametrize(
    "portions",
    [
        [REPLY[:20], REPLY[20:]],
        [REPLY[:3], REPLY[3:]],
        [bytes((byte,)) for byte in REPLY],
        [b"\x00\x02\xa5" + REPLY, REPLY],
        [HEADER + REPLY],
        [frame(0, 1, b""), frame(0, 1, b"\x90"), REPLY],
        [frame(0, 1, b"\x90\x00" + bytes(15)) + REPLY],
        [HEADER + b"\x00\xb1\x01\xff\xff" + REPLY],
        [HEADER + b"\x00\xb1\x01\x00\x01\xaa\xbb\xcc\xdd" + REPLY],
        [frame(0, 1, REPLY[11:29] + b"more")],
    ],
)
async def test_the_token_is_found_in_any_portions_and_between_anything(portions: list[bytes]) -> None:
    toy = await connected(None, answering(*portions))
    assert hexes(toy.send(vibrate(0, 50)))[0].endswith("B7 4F 89 FE 16 DC 0C D0 03 30 D0")


async def test_an_answer_without_a_token_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(HardwareTimeoutError):
        await connected(None, answering(frame(0, 1, b"\x90\x00")))
    assert "Toy sent an answer without a token: [90 00]" in caplog.text


@pytest.mark.parametrize("content", [b"\x90\x01" + bytes(16), b"\x00\x00", bytes(18)])
async def test_another_code_ends_the_connection(content: bytes) -> None:
    device = answering(frame(0, 1, content))
    with pytest.raises(HardwareError, match="Toy refused the hand-shake with code"):
        await connected(None, device)
    assert len(device.packets) == 1


@pytest.mark.parametrize("portions", [[], [b""], [REPLY[:-1]], [b"\xff" * 20] * 300, [HEADER] * 300, [bytes(14)]])
async def test_a_device_that_never_gives_a_token_is_not_waited_for_for_ever(portions: list[bytes]) -> None:
    device = answering(*portions)
    with pytest.raises(HardwareTimeoutError, match="did not answer the hand-shake"):
        await connected(None, device)
    assert asyncio.get_running_loop().time() == 10
    assert list(device.packets) == GREETINGS


async def test_a_link_that_is_lost_ends_the_hand_shake() -> None:
    device = silent_device()
    asyncio.get_running_loop().call_later(1, device.disconnect)
    with pytest.raises(HardwareDisconnectedError):
        await connected(None, device)


@given(st.lists(st.binary(max_size=40) | st.just(HEADER)))
def test_no_bytes_hide_an_answer_that_comes_again_and_again(portions: list[bytes]) -> None:
    frames = Frames()
    for portion in portions:
        assert all(len(content) <= 255 for content in frames.contents(portion))
    found = [content for _ in range(20) for content in frames.contents(REPLY)]
    assert found[-1] == REPLY[11:29]


async def test_the_battery_level_is_the_byte_that_is_read() -> None:
    device = silent_device()
    device.readable["rxblebattery"] = [b"\x5a", b""]
    hardware = await link(device, "honeyplaybox")
    protocol = drive("honeyplaybox").protocol
    assert await protocol.read(hardware, 1, InputType.BATTERY) == 90
    with pytest.raises(ButtplugDeviceError, match="empty battery level"):
        await protocol.read(hardware, 1, InputType.BATTERY)


async def test_thousands_of_answers_without_a_token_are_told_once_for_each_question(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(HardwareTimeoutError):
        await connected(None, answering(b"".join(frame(number % 256, 1, b"\x90\x00") for number in range(4000))))
    assert caplog.text.count("without a token") == 1
