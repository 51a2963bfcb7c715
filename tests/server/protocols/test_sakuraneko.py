"""Sakuraneko."""

from __future__ import annotations

import pytest

from buttplug.core.errors import ButtplugDeviceError
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import drive, hexes, oscillate, rotate, vibrate


def vibration(value: str) -> str:
    return f"A1 08 01 00 00 00 64 {value} 00 64 DF 55"


def rotation(value: str) -> str:
    return f"A2 08 01 00 00 00 64 {value} 00 32 DF 55"


@pytest.mark.parametrize(
    ("output", "data"),
    [
        (vibrate(0, 0), vibration("00")),
        (vibrate(0, 1), vibration("01")),
        (vibrate(0, 60), vibration("3C")),
        (vibrate(0, 100), vibration("64")),
        (rotate(1, 0), rotation("00")),
        (rotate(1, 1), rotation("01")),
        (rotate(1, 40), rotation("28")),
        (rotate(1, 100), rotation("64")),
    ],
)
def test_each_feature_has_its_packet(output: Output, data: str) -> None:
    assert hexes(drive("sakuraneko", "sakuraneko-04").send(output)) == [data]


@pytest.mark.parametrize("model", [None, "sakuraneko-01", "sakuraneko-02", "sakuraneko-03"])
def test_the_others_vibrate_only(model: str | None) -> None:
    assert hexes(drive("sakuraneko", model).stop()) == [vibration("00")]


def test_a_stop_reaches_both() -> None:
    device = drive("sakuraneko", "sakuraneko-04")
    device.send(vibrate(0, 9), rotate(1, 9))
    assert hexes(device.stop()) == [vibration("00"), rotation("00")]


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="has no Oscillate output"):
        drive("sakuraneko").send(oscillate(0, 1))
