"""VibCrafter and Vibio."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError, HardwareTimeoutError
from buttplug.hardware.simulated import SimulatedDevice, Subscribe
from buttplug.server.protocols.base import Output
from buttplug.server.protocols.shared import aes
from buttplug.server.protocols.vibcrafter import Vibcrafter
from buttplug.server.protocols.vibio import Vibio
from tests.server.protocols.helpers import drive, hexes, link, silent_device, vibrate

FAMILIES = {"vibcrafter": Vibcrafter, "vibio": Vibio}


def encrypted(protocol: str, text: bytes) -> bytes:
    return aes.encrypt(FAMILIES[protocol].key, text)


def decrypted(protocol: str, device: SimulatedDevice) -> list[bytes | None]:
    return [aes.decrypt(FAMILIES[protocol].key, packet.data) for packet in device.packets]


# Outputs


@pytest.mark.parametrize(
    ("protocol", "steps", "stop"),
    [
        (
            "vibcrafter",
            [
                (vibrate(0, 50), "EB CC 1A DD B0 13 23 40 D5 1B 7E 97 B6 1C A3 20"),
                (vibrate(1, 99), "BE CE 76 4B 96 94 C1 B5 B3 14 BD C1 DA 41 04 3B"),
                (vibrate(0, 99), "BE FF FE BB 3A BE 3F E6 3D 06 E4 A8 64 E4 E1 8B"),
            ],
            "DF F0 2F 0D F4 5B 1F 07 21 62 3F 8C F1 B9 61 38",
        ),
        ("vibcrafter", [(vibrate(0, 5), "9C 4D 96 64 DB 64 EE 0B B9 C2 3A 3E 32 A5 A6 EC")], None),
        (
            "vibio",
            [
                (vibrate(0, 50), "31 BA 03 44 18 20 43 AA 58 5B F2 58 1F 1B 95 22"),
                (vibrate(1, 99), "19 58 D3 06 97 93 23 82 22 1B CB B2 20 A2 4D 50"),
                (vibrate(0, 0), "91 70 8A D2 4F 05 AE AA E3 4A B1 B7 A0 CE B1 53"),
                (vibrate(1, 0), "25 52 E7 B4 3B 92 75 30 88 07 0A 6F 5B 71 8D 1D"),
            ],
            "25 52 E7 B4 3B 92 75 30 88 07 0A 6F 5B 71 8D 1D",
        ),
    ],
)
def test_every_packet_has_both_speeds(protocol: str, steps: list[tuple[Output, str]], stop: str | None) -> None:
    toy = drive(protocol)
    for output, data in steps:
        assert toy.send(output) == [Packet(bytes.fromhex(data))]
    if stop is not None:
        assert hexes(toy.stop()) == [stop]


@pytest.mark.parametrize(("protocol", "model"), [("vibcrafter", "Janna"), ("vibio", "Clara_Vibio")])
@pytest.mark.parametrize(("value", "text"), [(0, b"MtInt:0000;"), (1, b"MtInt:0100;"), (99, b"MtInt:9900;")])
def test_the_second_speed_of_a_single_motor_is_0(protocol: str, model: str, value: int, text: bytes) -> None:
    assert drive(protocol, model).send(vibrate(0, value)) == [Packet(encrypted(protocol, text))]


# Hand-shake


def answering(protocol: str, *answers: bytes) -> SimulatedDevice:
    """Return a device that answers each packet with the next of these, and all that follow with the last."""
    device = silent_device()

    def reply(packet: Packet) -> None:
        device.notify("rx", answers[min(len(device.packets), len(answers)) - 1])

    device.on_packet = reply
    return device


async def initialise(protocol: str, device: SimulatedDevice) -> None:
    await drive(protocol).protocol.initialise(await link(device, protocol))


@pytest.mark.parametrize(
    ("protocol", "challenge", "ready", "answer"),
    [
        (
            "vibcrafter",
            "9D AA CE A2 A0 D6 31 17 A2 52 68 95 70 29 77 E3",
            "12 0A 6D EF A7 05 E3 6F A0 46 E6 CD F6 09 F6 7A",
            "B9 68 BC 6D 8F E2 45 0E 08 EB 87 5D 43 3E B8 C2",
        ),
        (
            "vibio",
            "FF 83 34 15 CA A8 D4 B0 04 0E 6F CB 6C 08 51 8C",
            "73 F4 CB D1 1A 61 E4 18 5E 8E 48 62 83 59 5A 24",
            "18 06 44 E0 BF B0 5D 8D 05 BF C6 A2 03 F6 C0 45",
        ),
    ],
)
async def test_a_challenge_is_answered(protocol: str, challenge: str, ready: str, answer: str) -> None:
    device = answering(protocol, bytes.fromhex(challenge), bytes.fromhex(ready))
    await initialise(protocol, device)
    subscribed, greeting, answered = device.commands
    assert subscribed == Subscribe("rx")
    assert isinstance(greeting, Packet)
    assert len(greeting.data) == 16
    assert answered == Packet(bytes.fromhex(answer))


@pytest.mark.parametrize(("protocol", "size"), [("vibcrafter", 6), ("vibio", 8)])
async def test_the_server_begins_with_letters_and_digits_that_nobody_can_foresee(protocol: str, size: int) -> None:
    greetings = set()
    for _ in range(2):
        device = answering(protocol, encrypted(protocol, b"OK;"))
        await initialise(protocol, device)
        greetings.update(decrypted(protocol, device))
    assert len(greetings) == 2
    assert all(greeting and re.fullmatch(rb"Auth:[A-Za-z0-9]{%d};" % size, greeting) for greeting in greetings)


@pytest.mark.parametrize("protocol", FAMILIES)
async def test_another_challenge_is_answered_again_but_not_for_ever(protocol: str) -> None:
    challenge = encrypted(protocol, b"1a2b:ABCDEFGH;")
    device = answering(protocol, challenge, challenge, encrypted(protocol, b"OK;"))
    await initialise(protocol, device)
    assert decrypted(protocol, device)[1:] == [b"Auth:9ac2;"] * 2
    with pytest.raises(HardwareError, match="not content with the answers to"):
        await initialise(protocol, answering(protocol, challenge))


@pytest.mark.parametrize(
    ("protocol", "text"),
    [
        ("vibcrafter", b""),
        ("vibcrafter", b"ok;"),
        ("vibcrafter", b"OK;OK;"),
        ("vibcrafter", b"FAIL;"),
        ("vibcrafter", b"A1b:QwErTy12;"),
        ("vibcrafter", b"A1b2:;"),
        ("vibcrafter", b"A1b2:QwEr_y12;"),
        ("vibcrafter", b"A1b2:QwErTy12"),
        ("vibcrafter", b"\xff\xfe"),
        ("vibio", b""),
        ("vibio", b"OK"),
        ("vibio", b"1a2g:ABCDEFGH;"),
        ("vibio", b"1a2b:;"),
        ("vibio", b"1a2b:AB;CD;"),
        ("vibio", b"\xff\xfe"),
    ],
)
async def test_another_text_ends_the_connection(protocol: str, text: bytes) -> None:
    device = answering(protocol, encrypted(protocol, text))
    with pytest.raises(HardwareError, match="sent no challenge that can be understood"):
        await initialise(protocol, device)
    assert len(device.packets) == 1


@pytest.mark.parametrize("protocol", FAMILIES)
@pytest.mark.parametrize("data", [b"", b"OK;", b"\x00" * 15, b"\x00" * 16, b"\xff" * 33])
async def test_what_was_not_encrypted_with_the_key_ends_the_connection(protocol: str, data: bytes) -> None:
    with pytest.raises(HardwareError, match="sent no challenge that can be understood"):
        await initialise(protocol, answering(protocol, data))


@pytest.mark.parametrize("protocol", FAMILIES)
async def test_a_device_that_does_not_answer_is_not_waited_for_for_ever(protocol: str) -> None:
    with pytest.raises(HardwareTimeoutError, match="sent nothing for 5 s"):
        await initialise(protocol, silent_device())


@pytest.mark.parametrize("protocol", FAMILIES)
async def test_a_link_that_is_lost_ends_the_hand_shake(protocol: str) -> None:
    device = silent_device()
    asyncio.get_running_loop().call_later(1, device.disconnect)
    with pytest.raises(HardwareDisconnectedError):
        await initialise(protocol, device)


# The cipher


@given(st.binary(min_size=16, max_size=16), st.binary(max_size=40))
def test_what_was_encrypted_can_be_decrypted(key: bytes, plain: bytes) -> None:
    data = aes.encrypt(key, plain)
    assert aes.decrypt(key, data) == plain
    assert len(data) == (len(plain) // 16 + 1) * 16


@given(st.binary(max_size=50))
def test_any_bytes_can_be_tried_to_decrypt(data: bytes) -> None:
    plain = aes.decrypt(Vibio.key, data)
    assert plain is None or aes.encrypt(Vibio.key, plain) == data
