"""Vorze."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.server.protocols.base import Output
from buttplug.server.protocols.vorze.sa import piston_speed
from tests.server.protocols.helpers import custom_definition, drive, halted, hexes, move, rotate, vibrate


@pytest.mark.parametrize(
    ("model", "output", "data"),
    [
        ("Bach smart", vibrate(0, 0), "06 03 00"),
        ("Bach smart", vibrate(0, 1), "06 03 01"),
        ("Bach smart", vibrate(0, 50), "06 03 32"),
        ("Bach smart", vibrate(0, 100), "06 03 64"),
        ("ROCKET", vibrate(0, 100), "07 03 64"),
        ("CycSA", rotate(0, 0), "01 01 80"),
        ("CycSA", rotate(0, 1), "01 01 81"),
        ("CycSA", rotate(0, -1), "01 01 01"),
        ("CycSA", rotate(0, 50), "01 01 B2"),
        ("CycSA", rotate(0, -50), "01 01 32"),
        ("CycSA", rotate(0, 99), "01 01 E3"),
        ("CycSA", rotate(0, -99), "01 01 63"),
        ("UFOSA", rotate(0, 50), "02 01 B2"),
        ("UFO-TW", rotate(1, -99), "05 80 63"),
        ("UFO TW", rotate(0, 99), "05 E3 80"),
        ("UFO-", rotate(0, 99), "05 E3 80"),
        ("UFO ", rotate(0, 99), "05 E3 80"),
        ("OMORFI", vibrate(0, 50), "09 32 00"),
        ("OMOR", vibrate(1, 99), "09 00 63"),
        ("VorzePiston", move(0, 99, 1000), "03 63 04"),
    ],
)
def test_one_packet_with_all_values(model: str, output: Output, data: str) -> None:
    assert drive("vorze-sa", model).send(output) == [Packet(bytes.fromhex(data), response=True)]


def test_both_rotators_are_in_every_packet() -> None:
    toy = drive("vorze-sa", "UFO-TW")
    assert hexes(toy.send(rotate(0, 50))) == ["05 B2 80"]
    assert hexes(toy.send(rotate(1, -99))) == ["05 B2 63"]
    assert hexes(toy.send(rotate(0, -1), rotate(1, 1))) == ["05 01 81"]
    assert hexes(toy.stop()) == ["05 80 80"]


def test_both_vibrators_are_in_every_packet() -> None:
    toy = drive("vorze-sa", "OMORFI")
    assert hexes(toy.send(vibrate(0, 50))) == ["09 32 00"]
    assert hexes(toy.send(vibrate(1, 99))) == ["09 32 63"]
    assert hexes(toy.send(vibrate(0, 0))) == ["09 00 63"]


def test_the_piston_s_speed_is_for_its_way_and_time() -> None:
    toy = drive("vorze-sa", "VorzePiston")
    assert hexes(toy.send(move(0, 99, 1000))) == ["03 63 04"]
    assert hexes(toy.send(move(0, 0, 1000))) == ["03 00 04"]
    assert hexes(toy.send(move(0, 50, 300))) == ["03 32 07"]
    assert hexes(toy.send(move(0, 99, 5000))) == ["03 63 01"], "too slow for it: as slowly as it can"
    assert hexes(toy.send(move(0, 0, 200))) == ["03 00 1D"]
    assert hexes(toy.send(move(0, 10, 0))) == ["03 0A 64"]


def test_the_piston_does_not_race_where_it_is_already() -> None:
    toy = drive("vorze-sa", "VorzePiston")
    toy.send(move(0, 50, 300))
    assert hexes(toy.send(move(0, 50, 0))) == ["03 32 01"]


@given(st.integers(0, 99), st.integers(0, 100_000))
def test_the_piston_s_speed_is_1_to_100(distance: int, duration: int) -> None:
    assert 1 <= piston_speed(distance, duration) <= 100


def test_a_stop_halts_the_piston_where_it_is() -> None:
    toy = drive("vorze-sa", "VorzePiston")
    toy.send(move(0, 99, 3000))
    assert hexes(toy.stop(halted(0, 33))) == ["03 21 01"]
    assert hexes(toy.send(move(0, 99, 1000))) == ["03 63 02"], "the next way starts where the last one was halted"


def test_a_stop_of_a_piston_at_rest_sends_nothing() -> None:
    assert drive("vorze-sa", "VorzePiston").stop() == []


def test_a_piston_does_nothing_else() -> None:
    with pytest.raises(ButtplugDeviceError, match="Vorze Piston has no Vibrate output"):
        drive("vorze-sa", "VorzePiston").send(vibrate(0, 1))


@pytest.mark.parametrize("variant", [None, "vorze-sa-drill"])
def test_an_unknown_variant_is_refused(variant: str | None) -> None:
    with pytest.raises(ButtplugDeviceError, match=f"protocol variant {variant}; it needs one of vorze-sa-single-vibrator"):
        drive("vorze-sa", "Bach smart", definition=custom_definition("vorze-sa", variant=variant))


@pytest.mark.parametrize(
    ("variant", "name"),
    [("vorze-sa-single-vibrator", "CycSA"), ("vorze-sa-single-rotator", "Bach smart"), ("vorze-sa-dual-vibrator", "")],
)
def test_a_name_that_does_not_tell_the_model_is_refused(variant: str, name: str) -> None:
    with pytest.raises(ButtplugDeviceError, match=f"{name} cannot be driven as {variant}: its name contains none of"):
        drive("vorze-sa", name=name, definition=custom_definition("vorze-sa", variant=variant))


def test_the_name_may_be_in_any_case() -> None:
    assert hexes(drive("vorze-sa", "UFOSA", name="My ufosa").send(rotate(0, 1))) == ["02 01 81"]
