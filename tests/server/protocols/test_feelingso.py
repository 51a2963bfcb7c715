"""FeelingSo."""

from __future__ import annotations

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, oscillate, vibrate


def test_every_packet_has_both_values() -> None:
    toy = drive("feelingso")
    for output, data in [
        (vibrate(0, 10), "AA 40 03 0A 00 14 19"),
        (oscillate(1, 19), "AA 40 03 0A 13 14 19"),
        (vibrate(0, 19), "AA 40 03 13 13 14 19"),
        (oscillate(1, 1), "AA 40 03 13 01 14 19"),
        (vibrate(0, 0), "AA 40 03 00 01 14 19"),
    ]:
        assert toy.send(output) == [Packet(bytes.fromhex(data))]
    assert hexes(toy.stop()) == ["AA 40 03 00 00 14 19"]
