"""Sistalk MonsterPub."""

from __future__ import annotations

import logging

import pytest

from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError
from buttplug.server.protocols.base import Output
from buttplug.server.protocols.monsterpub import Monsterpub
from tests.server.protocols.helpers import Driven, drive, link, oscillate, silent_device, vibrate

CHALLENGE = bytes.fromhex("02 10 11 12 13 14 15 16 17 18 19 1A 1B 1C 1D 1E")


async def connected(model: str | None, *endpoints: str) -> Driven:
    device = silent_device()
    device.endpoints = frozenset(endpoints)
    toy = drive("monsterpub", model)
    await toy.protocol.initialise(await link(device, "monsterpub"))
    return toy


def packet(endpoint: str, data: str) -> Packet:
    return Packet(bytes.fromhex(data), endpoint=endpoint, response=endpoint == "txmode")


# Outputs

FIRST_CHOICE = ("txvibrate", "tx", "txmode", "generic0")


@pytest.mark.parametrize(
    ("model", "endpoints", "steps"),
    [
        (
            None,
            FIRST_CHOICE,
            [(vibrate(0, 1), "txvibrate 01"), (vibrate(0, 100), "txvibrate 64"), (vibrate(0, 0), "txvibrate 00")],
        ),
        (
            "MP2_JK_N_P1",
            FIRST_CHOICE,
            [
                (vibrate(0, 50), "txvibrate 32 00"),
                (vibrate(1, 100), "txvibrate 32 64"),
                (vibrate(0, 0), "txvibrate 00 64"),
                (vibrate(1, 0), "txvibrate 00 00"),
            ],
        ),
        (None, ("tx", "txmode", "generic0"), [(vibrate(0, 100), "tx 64"), (vibrate(0, 0), "tx 00, txmode 00")]),
        (None, ("tx",), [(vibrate(0, 100), "tx 64"), (vibrate(0, 0), "tx 00")]),
        (
            "MP_SUCKBANG_P5",
            ("tx", "txmode"),
            [
                (oscillate(0, 20), "tx 14 00"),
                (vibrate(1, 5), "tx 14 05"),
                (oscillate(0, 0), "tx 00 05"),
                (vibrate(1, 0), "tx 00 00, txmode 00 00"),
            ],
        ),
        (
            "TDG_CRAYBIT_PT",
            ("generic0",),
            [(vibrate(2, 7), "generic0 03 00 00 07"), (vibrate(2, 0), "generic0 03 00 00 00")],
        ),
    ],
)
async def test_the_speeds_go_to_the_endpoint_that_the_device_has(
    model: str | None, endpoints: tuple[str, ...], steps: list[tuple[Output, str]]
) -> None:
    toy = await connected(model, *endpoints)
    for output, packets in steps:
        assert toy.send(output) == [packet(*each.split(" ", 1)) for each in packets.split(", ")]


async def test_a_stop_is_told_on_both_endpoints() -> None:
    toy = await connected("MP2_JK_N_P1", "tx", "txmode")
    toy.send(vibrate(0, 100), vibrate(1, 100))
    assert toy.stop() == [packet("tx", "00 00"), packet("txmode", "00 00")]


async def test_a_device_that_takes_no_speeds_is_not_used() -> None:
    with pytest.raises(HardwareError, match="none of the endpoints that take speeds"):
        await connected(None, "txmode")


# Hand-shake


@pytest.mark.parametrize(
    ("model", "identifier"),
    [(b"MP2_JK_N_P1", "MP2_JK_N_P1"), (b"TDG_LIP_PT2\0\0", "TDG_LIP_PT2"), (b"\0M\0P", "MP"), (b" MP ", " MP "), (b"", "")],
)
async def test_the_model_is_what_is_read_without_zeros(model: bytes, identifier: str) -> None:
    device = silent_device()
    device.readable["rxblemodel"] = [model]
    assert await Monsterpub.identify(await link(device, "monsterpub")) == identifier


async def test_a_device_that_tells_no_model_is_used_as_the_simplest(caplog: pytest.LogCaptureFixture) -> None:
    hardware = await link(silent_device("MonsterPub"), "monsterpub")
    with caplog.at_level(logging.WARNING):
        assert await Monsterpub.identify(hardware) is None
    assert "MonsterPub told no model" in caplog.text


async def test_a_lost_link_is_not_taken_for_a_device_without_a_model() -> None:
    device = silent_device()
    hardware = await link(device, "monsterpub")
    device.disconnect()
    with pytest.raises(HardwareDisconnectedError):
        await Monsterpub.identify(hardware)


async def test_a_model_that_is_no_text_ends_the_connection() -> None:
    device = silent_device()
    device.readable["rxblemodel"] = [b"\xff\xfe"]
    hardware = await link(device, "monsterpub")
    with pytest.raises(HardwareError, match=r"told no model but \[ff fe\]"):
        await Monsterpub.identify(hardware)


@pytest.mark.parametrize(
    ("challenge", "answer"),
    [
        (CHALLENGE, "43 58 41 25 47 5C 45 21 4B 50 49 2D 4F 54 4D"),
        (CHALLENGE + b"\xff", "43 58 41 25 47 5C 45 21 4B 50 49 2D 4F 54 4D"),
        (bytes(16), "32 49 50 4F 32 49 50 4F 32 49 50 4F 32 49 50"),
        (b"\x01" + bytes(15), "4C 53 42 42 4C 53 42 42 4C 53 42 42 4C 53 42"),
        (b"\x03" + bytes(15), "54 41 4C 4B 54 41 4C 4B 54 41 4C 4B 54 41 4C"),
    ],
)
async def test_a_challenge_is_answered(challenge: bytes, answer: str) -> None:
    device = silent_device()
    device.readable["rx"] = [challenge]
    await drive("monsterpub").protocol.initialise(await link(device, "monsterpub"))
    assert list(device.packets) == [Packet(bytes.fromhex(answer), endpoint="rx", response=True)]


@pytest.mark.parametrize("challenge", [b"", b"\x00", bytes(15), b"\x04" + bytes(15), b"\xff" * 16])
async def test_what_is_no_challenge_ends_the_connection(challenge: bytes) -> None:
    device = silent_device()
    device.readable["rx"] = [challenge]
    hardware = await link(device, "monsterpub")
    with pytest.raises(HardwareError, match="sent no challenge that can be answered"):
        await drive("monsterpub").protocol.initialise(hardware)
    assert not device.packets
