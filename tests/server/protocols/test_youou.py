"""Youou."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


def test_packets_are_counted() -> None:
    toy = drive("youou")
    for value, data in [
        (124, "AA 55 00 02 03 01 7C 01 82 FF 00 00 00 00 00 00 00"),
        (247, "AA 55 01 02 03 01 F7 01 08 FF 00 00 00 00 00 00 00"),
        (0, "AA 55 02 02 03 01 00 00 FD FF 00 00 00 00 00 00 00"),
        (1, "AA 55 03 02 03 01 01 01 FC FF 00 00 00 00 00 00 00"),
    ]:
        assert toy.send(vibrate(0, value)) == [Packet(bytes.fromhex(data))]
    assert hexes(toy.stop()) == ["AA 55 04 02 03 01 00 00 FB FF 00 00 00 00 00 00 00"]


def test_the_number_begins_anew_after_255() -> None:
    toy = drive("youou")
    for _ in range(255):
        toy.send(vibrate(0, 1))
    assert hexes(toy.send(vibrate(0, 50))) == ["AA 55 FF 02 03 01 32 01 33 FF 00 00 00 00 00 00 00"]
    assert hexes(toy.send(vibrate(0, 50)))[0].startswith("AA 55 00")


@pytest.mark.parametrize("value", [248, 255])
def test_patterns_above_the_highest_speed_are_not_started(value: int) -> None:
    assert drive("youou").send(vibrate(0, value)) == drive("youou").send(vibrate(0, 247))


def test_a_packet_that_was_not_written_is_not_counted() -> None:
    protocol = drive("youou").protocol
    next(iter(protocol.output(vibrate(0, 1))))
    assert next(iter(protocol.output(vibrate(0, 1)))).data[2] == 0
