"""Patoo."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from buttplug.server.protocols.patoo import Patoo
from tests.server.protocols.helpers import drive, link, silent_device, vibrate


def packets(speed: str, mode: str) -> list[Packet]:
    return [
        Packet(bytes.fromhex(speed), endpoint="tx", response=True),
        Packet(bytes.fromhex(mode), endpoint="txmode", response=True),
    ]


def test_the_first_motor_that_runs_has_the_speed() -> None:
    toy = drive("patoo", "PBT")
    for output, speed, mode in [
        (vibrate(0, 64), "40", "04"),
        (vibrate(1, 30), "40", "04"),
        (vibrate(0, 0), "1E", "80"),
        (vibrate(1, 100), "64", "80"),
        (vibrate(1, 0), "00", "00"),
        (vibrate(0, 100), "64", "04"),
        (vibrate(0, 1), "01", "04"),
    ]:
        assert toy.send(output) == packets(speed, mode)


@pytest.mark.parametrize("model", [None, "PTVEA", "PCS", "PHT", "PBT"])
def test_a_stop_ends_whichever_motor_runs(model: str | None) -> None:
    toy = drive("patoo", model)
    toy.send(vibrate(0, 100))
    assert toy.stop() == packets("00", "00")


@pytest.mark.parametrize(
    ("name", "identifier"),
    [("PBT821", "PBT"), ("PTVEA2601", "PTVEA"), ("PHT7", "PHT"), ("PCS", "PCS"), ("pbt 8", "pbt "), ("8PBT", ""), ("", "")],
)
async def test_the_model_is_the_name_up_to_the_first_digit(name: str, identifier: str) -> None:
    assert await Patoo.identify(await link(silent_device(name), "patoo")) == identifier
