"""Je Joue."""

from __future__ import annotations

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, hexes, vibrate


def test_a_packet_says_which_motors_run_and_how_fast() -> None:
    toy = drive("jejoue")
    for output, data in [
        (vibrate(0, 3), "02 03"),
        (vibrate(1, 5), "01 03"),
        (vibrate(0, 0), "03 05"),
        (vibrate(1, 0), "01 00"),
        (vibrate(1, 1), "03 01"),
        (vibrate(0, 5), "01 01"),
        (vibrate(1, 5), "01 05"),
        (vibrate(1, 0), "02 05"),
    ]:
        assert toy.send(output) == [Packet(bytes.fromhex(data))]


def test_a_stop_stops_both() -> None:
    toy = drive("jejoue")
    toy.send(vibrate(0, 5), vibrate(1, 5))
    assert hexes(toy.stop()) == ["01 00"]
