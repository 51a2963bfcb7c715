"""Hismith's later machines."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import constrict, drive, hexes, oscillate, position, rotate, vibrate

FORWARDS = "CC 01 C0 C1"
BACKWARDS = "CC 01 C1 C2"


def spray(value: int) -> Output:
    return Output(0, OutputType.SPRAY, value)


@pytest.mark.parametrize(
    ("model", "output", "data"),
    [
        (None, oscillate(0, 0), ["CC 03 00 03"]),
        (None, oscillate(0, 1), ["CC 03 01 04"]),
        (None, oscillate(0, 50), ["CC 03 32 35"]),
        ("1501", oscillate(0, 100), ["CC 03 64 67"]),
        ("3101", vibrate(0, 40), ["CC 03 28 2B"]),
        ("3101", vibrate(1, 40), ["CC 05 28 2D"]),
        ("2101", constrict(0, 30), ["CC 03 1E 21"]),
        ("2201", vibrate(1, 30), ["CC 05 1E 23"]),
        ("3102", oscillate(0, 30), ["CC 03 1E 21"]),
        ("2202", vibrate(1, 30), ["CC 05 1E 23"]),
        ("2204", oscillate(0, 20), ["CC 03 14 17"]),
        ("2204", constrict(1, 20), ["CC 05 14 19"]),
        ("2205", rotate(0, 100), ["CC 03 64 67", FORWARDS]),
        ("2205", rotate(0, -50), ["CC 03 32 35", BACKWARDS]),
        ("2205", rotate(0, 0), ["CC 03 00 03", FORWARDS]),
        ("4002", spray(1), ["CC 0B 01 0C"]),
        ("4002", spray(0), []),
    ],
)
def test_each_feature_has_its_packet(model: str | None, output: Output, data: list[str]) -> None:
    assert hexes(drive("hismith-mini", model).send(output)) == data


@pytest.mark.parametrize(
    ("model", "data"),
    [
        ("3101", ["CC 03 00 03", "CC 05 00 05"]),
        ("2204", ["CC 03 00 03", "CC 05 00 05"]),
        ("2205", ["CC 03 00 03", FORWARDS]),
        ("4002", []),
    ],
)
def test_a_stop_reaches_every_part_and_does_not_spray(model: str, data: list[str]) -> None:
    assert hexes(drive("hismith-mini", model).stop()) == data


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="has no Position output"):
        drive("hismith-mini").send(position(0, 1))
