"""TryFun."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import drive, hexes, oscillate, rotate, vibrate

SPRAY = "TF-SPRAY"


@pytest.mark.parametrize(
    ("model", "output", "data"),
    [
        (None, oscillate(0, 0), "AA 02 07 00 F9"),
        (None, oscillate(0, 1), "AA 02 07 01 F8"),
        (None, oscillate(0, 9), "AA 02 07 09 F0"),
        (None, rotate(1, 0), "AA 02 08 00 F8"),
        (None, rotate(1, 5), "AA 02 08 05 F3"),
        (None, rotate(1, 9), "AA 02 08 09 EF"),
        (SPRAY, vibrate(0, 0), "00 02 00 05 01 02 01 01 FC"),
        (SPRAY, vibrate(0, 1), "00 02 00 05 02 01 01 00 FC"),
        (SPRAY, vibrate(0, 4), "00 02 00 05 02 04 01 00 F9"),
    ],
)
def test_the_first_toys(model: str | None, output: Output, data: str) -> None:
    assert drive("tryfun", model).send(output) == [Packet(bytes.fromhex(data), response=True)]


def test_the_first_toys_stop() -> None:
    assert hexes(drive("tryfun").stop()) == ["AA 02 07 00 F9", "AA 02 08 00 F8"]
    assert hexes(drive("tryfun", SPRAY).stop()) == ["00 02 00 05 01 02 01 01 FC"]


def test_a_direction_that_it_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="range"):
        drive("tryfun").send(rotate(1, -1))


@pytest.mark.parametrize(
    ("protocol", "model", "outputs", "packets"),
    [
        (
            "tryfun-blackhole",
            None,
            [oscillate(0, 50), vibrate(1, 100), oscillate(0, 100), oscillate(0, 0), vibrate(1, 0)],
            [
                "00 02 00 03 0C 32 C2",
                "01 02 00 03 09 64 93",
                "02 02 00 03 0C 64 90",
                "03 02 00 03 0C 00 F4",
                "04 02 00 03 09 00 F7",
            ],
        ),
        ("tryfun-blackhole", "TF-ROCK", [vibrate(1, 50), vibrate(1, 1)], ["00 02 00 03 09 32 C5", "01 02 00 03 09 01 F6"]),
        (
            "tryfun-meta2",
            None,
            [
                *(oscillate(0, 50), vibrate(1, 100), oscillate(0, 0), vibrate(1, 0)),
                *(rotate(2, value) for value in (30, 100, -30, -100, 0, 55, 1, -1)),
            ],
            [
                "00 02 00 05 21 05 0B 32 9D",
                "01 02 00 05 21 05 08 64 6E",
                "02 02 00 05 21 05 0B 00 CF",
                "03 02 00 05 21 05 08 00 D2",
                "04 02 00 05 21 05 0E E1 EB",
                "05 02 00 05 21 05 0E 9B 31",
                "06 02 00 05 21 05 0E 1E AE",
                "07 02 00 05 21 05 0E 64 68",
                "08 02 00 05 21 05 0E FF CD",
                "09 02 00 05 21 05 0E C8 04",
                "0A 02 00 05 21 05 0E FE CE",
                "0B 02 00 05 21 05 0E 01 CB",
            ],
        ),
    ],
)
def test_packets_are_counted(protocol: str, model: str | None, outputs: list[Output], packets: list[str]) -> None:
    toy = drive(protocol, model)
    assert [toy.send(output) for output in outputs] == [[Packet(bytes.fromhex(data))] for data in packets]


def test_a_stop_has_a_packet_for_each_output() -> None:
    toy = drive("tryfun-meta2")
    toy.send(oscillate(0, 1), vibrate(1, 2), rotate(2, -3))
    assert hexes(toy.stop()) == ["03 02 00 05 21 05 0B 00 CF", "04 02 00 05 21 05 08 00 D2", "05 02 00 05 21 05 0E FF CD"]


def test_the_count_begins_anew_behind_255() -> None:
    toy = drive("tryfun-blackhole")
    counts = [toy.send(oscillate(0, 1))[0].data[0] for _ in range(258)]
    assert counts == [*range(256), 0, 1]


def test_a_packet_that_was_not_written_has_its_count_all_the_same() -> None:
    toy = drive("tryfun-blackhole")
    next(iter(toy.protocol.encode([oscillate(0, 1)], {0: 1, 1: 0})))
    assert toy.send(oscillate(0, 1))[0].data[0] == 1, "the device may have got the first"


@given(st.sampled_from([oscillate(0, 7), vibrate(1, 7), *(rotate(2, value) for value in range(-100, 101))]))
def test_the_checksum_makes_up_for_all_bytes_but_the_count(output: Output) -> None:
    data = drive("tryfun-meta2").send(output)[0].data
    assert sum(data[1:]) % 256 == 7


def test_an_output_it_does_not_have_is_refused() -> None:
    for protocol in ("tryfun", "tryfun-blackhole", "tryfun-meta2"):
        with pytest.raises(ButtplugDeviceError, match="has no Constrict output"):
            drive(protocol).send(Output(0, OutputType.CONSTRICT, 1))
