"""Motorbunny."""

from __future__ import annotations

import pytest

from buttplug.core.errors import ButtplugDeviceError
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import constrict, drive, hexes, rotate, vibrate

OFF = ["F0 00 00 00 00 EC", "A0 00 00 00 00 EC"]


def packet(head: str, pair: str, end: str) -> str:
    return " ".join((head, *[pair] * 7, end, "EC"))


@pytest.mark.parametrize("model", [None, "MB Controller", "MB LINK 201"])
@pytest.mark.parametrize(
    ("output", "data"),
    [
        (vibrate(0, 0), OFF[0]),
        (vibrate(0, 1), packet("FF", "01 14", "93")),
        (vibrate(0, 128), packet("FF", "80 14", "0C")),
        (vibrate(0, 255), packet("FF", "FF 14", "85")),
        (rotate(1, 0), OFF[1]),
        (rotate(1, 1), packet("AF", "2A 01", "2D")),
        (rotate(1, -1), packet("AF", "29 01", "26")),
        (rotate(1, 100), packet("AF", "2A 64", "E2")),
        (rotate(1, -100), packet("AF", "29 64", "DB")),
        (rotate(1, 255), packet("AF", "2A FF", "1F")),
        (rotate(1, -255), packet("AF", "29 FF", "18")),
    ],
)
def test_each_feature_has_its_packet(model: str | None, output: Output, data: str) -> None:
    assert hexes(drive("motorbunny", model).send(output)) == [data]


def test_a_stop_switches_both_off() -> None:
    device = drive("motorbunny")
    device.send(vibrate(0, 9), rotate(1, -9))
    assert hexes(device.stop()) == OFF


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="has no Constrict output"):
        drive("motorbunny").send(constrict(0, 1))
