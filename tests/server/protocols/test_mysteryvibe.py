"""MysteryVibe, both generations."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import drive, link, silent_device, vibrate


@pytest.mark.parametrize(
    ("protocol", "model", "steps"),
    [
        (
            "mysteryvibe",
            "MV Poco     ",
            [(vibrate(0, 28), "1C 00"), (vibrate(1, 56), "1C 38"), (vibrate(0, 0), "00 38"), (vibrate(1, 0), "00 00")],
        ),
        ("mysteryvibe", "MV Crescendo", [(vibrate(3, 10), "00 00 00 0A 00 00"), (vibrate(0, 1), "01 00 00 0A 00 00")]),
        (
            "mysteryvibe-v2",
            "6907 MV1",
            [
                (vibrate(2, 56), "00 00 38"),
                (vibrate(0, 1), "01 00 38"),
                (vibrate(2, 0), "01 00 00"),
                (vibrate(0, 0), "00 00 00"),
            ],
        ),
        ("mysteryvibe-v2", "6915 MV1", [(vibrate(0, 56), "38")]),
    ],
)
def test_every_packet_has_all_speeds_and_is_repeated(protocol: str, model: str, steps: list[tuple[Output, str]]) -> None:
    toy = drive(protocol, model)
    for output, data in steps:
        expected = [Packet(bytes.fromhex(data), endpoint="txvibrate")]
        assert toy.send(output) == expected
        assert toy.protocol.repeat_after == 0.093
        assert toy.repeat() == expected


@pytest.mark.parametrize(("protocol", "count"), [("mysteryvibe", 6), ("mysteryvibe-v2", 3)])
def test_the_speeds_are_repeated_from_the_connection_on_and_after_a_stop(protocol: str, count: int) -> None:
    toy = drive(protocol)
    zeros = [Packet(bytes(count), endpoint="txvibrate")]
    assert toy.protocol.repeat_after == 0.093
    assert toy.repeat() == zeros
    toy.send(vibrate(0, 56))
    assert toy.stop() == zeros
    assert toy.repeat() == zeros


@pytest.mark.parametrize(("protocol", "data"), [("mysteryvibe", "43 02 00"), ("mysteryvibe-v2", "03 02 40")])
async def test_direct_control_is_turned_on_at_connection(protocol: str, data: str) -> None:
    device = silent_device()
    await drive(protocol).protocol.initialise(await link(device, protocol))
    assert list(device.packets) == [Packet(bytes.fromhex(data), endpoint="txmode", response=True)]
