"""Lelo."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError, HardwareTimeoutError
from buttplug.hardware.simulated import SimulatedDevice, Subscribe, Unsubscribe
from tests.fakes.clock import VirtualTimeLoop
from tests.server.protocols.helpers import Driven, drive, hexes, link, rotate, silent_device, vibrate

F1S, F1S_V2, HARMONY = "lelo-f1s", "lelo-f1sv2", "lelo-harmony"

NOT_PAIRED, PAIRED, PASSWORD = "00 00 00 00 00 00 00 00", "01 00 00 00 00 00 00 00", "11 22 33 44 55 66 77 88"


class Toy(NamedTuple):
    """A model with the endpoints of its service, and the one that it is paired by."""

    protocol: str
    model: str
    endpoints: str
    security: str

    async def initialise(self, device: SimulatedDevice) -> Driven:
        device.endpoints = frozenset(self.endpoints.split())
        driven = drive(self.protocol, self.model)
        await driven.protocol.initialise(await link(device, self.protocol))
        return driven


V2 = Toy(F1S_V2, "F1SV2A", "tx rx whitelist", "whitelist")
V2_WITHOUT_WHITELIST = Toy(F1S_V2, "F1SV2X", "tx rx txvibrate generic0", "generic0")
IDA_WAVE = Toy(HARMONY, "IdaWave", "tx command whitelist", "whitelist")
V3 = Toy(HARMONY, "F1SV3", "tx command whitelist", "whitelist")
EARLY_V3 = Toy(HARMONY, "F1SV3", "tx command whitelist generic0", "generic0")


def saying(*answers: Sequence[str]) -> SimulatedDevice:
    """Return a device that notifies these bytes whenever it is listened to: the first time the first of them, and so on."""
    device, left = silent_device(), iter(answers)

    def tell(endpoint: str) -> None:
        for data in next(left, ()):
            device.notify(endpoint, bytes.fromhex(data))

    device.on_subscribe = tell
    return device


async def test_the_first_f1s_is_listened_to_lest_its_button_switches_it_off() -> None:
    device = silent_device()
    await drive(F1S).protocol.initialise(await link(device, F1S))
    assert list(device.commands) == [Subscribe("rx")]


def test_both_motors_of_the_first_f1s_share_a_packet() -> None:
    toy = drive(F1S)
    changes = [vibrate(0, 64), vibrate(1, 100), vibrate(0, 0), vibrate(1, 1), vibrate(1, 0)]
    assert [toy.send(change) for change in changes] == [
        [Packet(bytes.fromhex(data))] for data in ("01 40 00", "01 40 64", "01 00 64", "01 00 01", "01 00 00")
    ]
    toy.send(vibrate(0, 75), vibrate(1, 50))
    assert hexes(toy.stop()) == ["01 00 00"]


@pytest.mark.parametrize("toy", [V2, V2_WITHOUT_WHITELIST, IDA_WAVE, V3, EARLY_V3])
async def test_a_password_is_written_back_while_nobody_listens(toy: Toy) -> None:
    device = saying([NOT_PAIRED, NOT_PAIRED, PASSWORD], [PAIRED])
    await toy.initialise(device)
    assert list(device.commands) == [
        Subscribe(toy.security),
        Unsubscribe(toy.security),
        Packet(bytes.fromhex(PASSWORD), toy.security, response=True),
        Subscribe(toy.security),
    ]


async def test_one_that_is_paired_is_told_nothing() -> None:
    device = saying([PAIRED])
    await V2.initialise(device)
    assert list(device.commands) == [Subscribe("whitelist")]


async def test_every_password_is_tried() -> None:
    device = saying([PASSWORD], ["01 02 03 04 05 06 08"], ["00"], [])
    pairing = asyncio.create_task(IDA_WAVE.initialise(device))
    await asyncio.sleep(30)
    assert hexes(device.packets) == [PASSWORD, "01 02 03 04 05 06 08"]
    device.notify("whitelist", b"\x01")
    await pairing


@pytest.mark.parametrize("nonsense", ["", "00", "00 00 00", f"{PASSWORD} 99", f"{PAIRED} 00", "FF " * 20])
async def test_what_is_neither_a_password_nor_says_that_it_is_paired_is_passed_over(nonsense: str) -> None:
    device = saying([nonsense, PAIRED])
    await V2.initialise(device)
    assert list(device.commands) == [Subscribe("whitelist")]


async def test_what_comes_from_another_endpoint_is_no_password() -> None:
    device = saying([])
    pairing = asyncio.create_task(EARLY_V3.initialise(device))
    await asyncio.sleep(1)
    assert device.hardware is not None
    device.hardware.notified("tx", bytes.fromhex(PASSWORD))
    device.hardware.notified("tx", bytes.fromhex(PAIRED))
    await asyncio.sleep(1)
    assert not device.packets
    assert not pairing.done()
    device.notify("generic0", bytes.fromhex(PAIRED))
    await pairing


@pytest.mark.parametrize("told", [[], [NOT_PAIRED]])
async def test_a_button_that_is_not_pressed_within_a_minute_ends_the_connection(told: list[str]) -> None:
    with pytest.raises(HardwareTimeoutError, match="press its power button"):
        await V2.initialise(saying(told))
    assert asyncio.get_running_loop().time() == 60
    assert drive(F1S_V2, "F1SV2A").protocol.handshake_timeout > 60, "or the reason would not be told"


async def test_one_that_takes_none_of_its_passwords_ends_the_connection() -> None:
    device = saying(*[[PASSWORD]] * 1000)
    with pytest.raises(HardwareError, match="accepts none of its own passwords"):
        await V2.initialise(device)
    assert len(device.packets) == 10


async def test_one_that_is_switched_off_meanwhile_ends_the_connection() -> None:
    device = saying([NOT_PAIRED])
    asyncio.get_running_loop().call_later(5, device.disconnect)
    with pytest.raises(HardwareDisconnectedError):
        await V2.initialise(device)
    assert asyncio.get_running_loop().time() == 5


@pytest.mark.parametrize(
    ("toy", "endpoint", "response", "packets"),
    [
        (V2, "tx", True, ["01 40 00", "01 40 64", "01 00 64", "01 00 00"]),
        (EARLY_V3, "command", True, ["01 40 00", "01 40 64", "01 00 64", "01 00 00"]),
        (
            V2_WITHOUT_WHITELIST,
            "txvibrate",
            False,
            [
                "0A 12 01 08 00 00 00 00 40 00",
                "0A 12 02 08 00 00 00 00 64 00",
                "0A 12 01 08 00 00 00 00 00 00",
                "0A 12 02 08 00 00 00 00 00 00",
            ],
        ),
        (
            V3,
            "tx",
            True,
            [
                "0A 12 01 08 00 00 00 00 40 00",
                "0A 12 02 08 00 00 00 00 64 00",
                "0A 12 01 00 00 00 00 00 00 00",
                "0A 12 02 00 00 00 00 00 00 00",
            ],
        ),
    ],
)
async def test_packets_are_those_of_the_toy(toy: Toy, endpoint: str, response: bool, packets: list[str]) -> None:
    driven = await toy.initialise(saying([PAIRED]))
    changes = [vibrate(0, 64), vibrate(1, 100), vibrate(0, 0), vibrate(1, 0)]
    expected = [Packet(bytes.fromhex(data), endpoint, response) for data in packets]
    assert [driven.send(change) for change in changes] == [[packet] for packet in expected]
    driven.send(vibrate(0, 1), vibrate(1, 1))
    assert driven.stop() == (expected[3:] if packets[0].startswith("01") else expected[2:])


async def test_rotation_is_the_second_motor() -> None:
    toy = await IDA_WAVE.initialise(saying([PAIRED]))
    assert toy.send(vibrate(0, 1), rotate(1, 50)) == [
        Packet(bytes.fromhex("0A 12 01 08 00 00 00 00 01 00")),
        Packet(bytes.fromhex("0A 12 02 08 00 00 00 00 32 00")),
    ]
    assert hexes(toy.stop()) == ["0A 12 01 08 00 00 00 00 00 00", "0A 12 02 08 00 00 00 00 00 00"]
    with pytest.raises(ValueError, match="range"):
        toy.send(rotate(1, -50))


@given(st.lists(st.lists(st.binary(max_size=10), max_size=4), max_size=15))
def test_whatever_it_says_the_pairing_ends_within_a_minute(answers: list[list[bytes]]) -> None:
    loop = VirtualTimeLoop()
    with contextlib.closing(loop), contextlib.suppress(HardwareError):
        loop.run_until_complete(V2.initialise(saying(*([data.hex() for data in answer] for answer in answers))))
    assert loop.time() <= 60
