"""Svakom: the families of one table, with a packet per output or one for two vibrators."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import constrict, custom_definition, drive, hexes, oscillate, rotate, vibrate

VIBRATOR = {OutputType.VIBRATE: (0, 10)}


def heat(feature: int, value: int) -> Output:
    return Output(feature, OutputType.TEMPERATURE, value)


@pytest.mark.parametrize(
    ("family", "model", "output", "data"),
    [
        ("alex", None, vibrate(0, 0), "12 01 03 00 FF 00"),
        ("alex", None, vibrate(0, 1), "12 01 03 00 01 00"),
        ("alex", None, vibrate(0, 2), "12 01 03 00 02 00"),
        ("alex", None, vibrate(0, 3), "12 01 03 00 03 00"),
        ("alex-v2", None, vibrate(0, 0), "55 03 03 00 00 05"),
        ("alex-v2", None, vibrate(0, 1), "55 03 03 00 01 06"),
        ("alex-v2", None, vibrate(0, 2), "55 03 03 00 02 07"),
        ("alex-v2", None, vibrate(0, 3), "55 03 03 00 03 08"),
        ("avaneo", None, vibrate(0, 0), "55 03 00 00 00 00"),
        ("avaneo", None, vibrate(0, 1), "55 03 00 00 01 01"),
        ("avaneo", None, vibrate(0, 4), "55 03 00 00 01 04"),
        ("avaneo", None, vibrate(0, 10), "55 03 00 00 01 0A"),
        ("avaneo", None, oscillate(1, 1), "55 08 00 00 01 FF"),
        ("avaneo", None, oscillate(1, 0), "55 08 00 00 00 FF"),
        ("barnard", None, vibrate(0, 0), "55 03 00 00 00 00"),
        ("barnard", None, vibrate(0, 1), "55 03 00 00 01 01"),
        ("barnard", None, vibrate(0, 3), "55 03 00 00 03 01"),
        ("barnard", None, oscillate(1, 0), "55 08 00 00 00 00"),
        ("barnard", None, oscillate(1, 1), "55 08 00 00 01 FF"),
        ("barnard", None, oscillate(1, 2), "55 08 00 00 02 FF"),
        ("barnard", None, oscillate(1, 3), "55 08 00 00 03 FF"),
        ("dice", None, vibrate(0, 0), "55 04 00 00 01 00 AA"),
        ("dice", None, vibrate(0, 1), "55 04 00 00 01 01 AA"),
        ("dice", None, vibrate(0, 128), "55 04 00 00 01 80 AA"),
        ("dice", None, vibrate(0, 255), "55 04 00 00 01 FF AA"),
        ("dt250a", None, vibrate(0, 0), "55 03 00 00 00 00"),
        ("dt250a", None, vibrate(0, 1), "55 03 00 00 01 01"),
        ("dt250a", None, vibrate(0, 2), "55 03 00 00 02 01"),
        ("dt250a", None, vibrate(1, 0), "55 08 00 00 00 00"),
        ("dt250a", None, vibrate(1, 3), "55 08 00 00 03 01"),
        ("dt250a", None, constrict(2, 0), "55 09 00 00 00 00"),
        ("dt250a", None, constrict(2, 1), "55 09 00 00 01 00"),
        ("dt250a", None, constrict(2, 2), "55 09 00 00 02 00"),
        ("fatima", None, vibrate(0, 0), "55 03 00 00 00 00"),
        ("fatima", None, vibrate(0, 1), "55 03 00 00 01 01"),
        ("fatima", None, vibrate(0, 5), "55 03 00 00 01 05"),
        ("fatima", None, vibrate(0, 10), "55 03 00 00 01 0A"),
        ("fatima", None, constrict(1, 0), "55 09 00 00 00 00"),
        ("fatima", None, constrict(1, 1), "55 09 00 00 01 01"),
        ("fatima", None, constrict(1, 10), "55 09 00 00 01 0A"),
        ("fatima", None, oscillate(2, 0), "55 08 00 00 00 00"),
        ("fatima", None, oscillate(2, 1), "55 08 00 00 01 FF"),
        ("fatima", None, oscillate(2, 7), "55 08 00 00 07 FF"),
        ("fatima", None, heat(3, 0), "55 05 00 00 02 00 00"),
        ("fatima", None, heat(3, 1), "55 05 01 37 02 00 00"),
        ("jordan", None, vibrate(0, 0), "55 03 00 00 00 00 00"),
        ("jordan", None, vibrate(0, 1), "55 03 00 00 01 01 00"),
        ("jordan", None, vibrate(0, 6), "55 03 00 00 01 06 00"),
        ("jordan", None, vibrate(0, 10), "55 03 00 00 01 0A 00"),
        ("jordan", None, oscillate(1, 0), "55 08 00 00 00 00 00"),
        ("jordan", None, oscillate(1, 1), "55 08 00 00 01 01 00"),
        ("jordan", None, oscillate(1, 5), "55 08 00 00 01 05 00"),
        ("pulse", None, vibrate(0, 0), "55 03 03 00 00 01"),
        ("pulse", None, vibrate(0, 1), "55 03 03 00 01 02"),
        ("pulse", None, vibrate(0, 5), "55 03 03 00 01 06"),
        ("pulse", None, vibrate(0, 9), "55 03 03 00 01 0A"),
        ("suitcase", None, vibrate(0, 0), "55 03 00 00 00 00"),
        ("suitcase", None, vibrate(0, 1), "55 03 00 00 01 01"),
        ("suitcase", None, vibrate(0, 10), "55 03 00 00 01 0A"),
        ("suitcase", None, vibrate(0, 11), "55 03 00 00 02 01"),
        ("suitcase", None, vibrate(0, 20), "55 03 00 00 02 0A"),
        ("suitcase", None, vibrate(0, 21), "55 03 00 00 03 01"),
        ("suitcase", None, vibrate(0, 30), "55 03 00 00 03 0A"),
        ("suitcase", None, vibrate(1, 0), "55 09 00 00 00 00"),
        ("suitcase", None, vibrate(1, 1), "55 09 00 00 01 00"),
        ("v1", None, vibrate(0, 0), "55 04 03 00 00 00"),
        ("v1", None, vibrate(0, 1), "55 04 03 00 01 01"),
        ("v1", None, vibrate(0, 10), "55 04 03 00 01 0A"),
        ("v1", None, vibrate(0, 19), "55 04 03 00 01 13"),
        ("v3", None, vibrate(0, 0), "55 03 03 00 00 00"),
        ("v3", None, vibrate(0, 1), "55 03 03 00 01 01"),
        ("v3", None, vibrate(0, 10), "55 03 03 00 01 0A"),
        ("v3", "QH-SX007E", vibrate(1, 0), "55 09 00 00 00 00"),
        ("v3", "QH-SX007E", vibrate(1, 1), "55 09 00 00 01 01"),
        ("v3", "FK008A", rotate(1, 0), "55 08 00 00 00 FF"),
        ("v3", "FK008A", rotate(1, 1), "55 08 00 00 01 FF"),
        ("v4", "VV468A", vibrate(0, 0), "55 03 00 00 00 00 00"),
        ("v4", "VV468A", vibrate(0, 4), "55 03 00 00 01 04 00"),
        ("v5", "Mini Emma Neo", vibrate(0, 10), "55 03 01 00 01 0A"),
        ("v5", "Mora Neo", oscillate(2, 0), "55 09 00 00 00 00"),
        ("v5", "Mora Neo", oscillate(2, 3), "55 09 00 00 03 00"),
        ("v6", "CocoPro", vibrate(0, 0), "55 03 00 00 00 00 00"),
        ("v6", "CocoPro", vibrate(0, 1), "55 03 00 00 01 01 00"),
        ("v6", "CocoPro", vibrate(0, 10), "55 03 00 00 01 0A 00"),
        ("v6", "Iker Neo", vibrate(2, 0), "55 07 00 00 00 00 00"),
        ("v6", "Iker Neo", vibrate(2, 5), "55 07 00 00 01 05 00"),
        ("v6", "ST462A", vibrate(0, 10), "55 03 00 00 01 0A 00"),
        ("v6", "ST462A", constrict(1, 0), "55 09 00 00 00 00 00"),
        ("v6", "ST462A", constrict(1, 3), "55 09 00 00 03 00 00"),
        ("v6", "ST462A", rotate(2, 0), "55 14 00 00 00 00 00"),
        ("v6", "ST462A", rotate(2, 4), "55 14 00 00 01 04 00"),
        ("v6", "ST462A", rotate(2, 10), "55 14 00 00 01 0A 00"),
    ],
)
def test_a_packet_per_output(family: str, model: str | None, output: Output, data: str) -> None:
    assert drive(f"svakom-{family}", model).send(output) == [Packet(bytes.fromhex(data))]


@pytest.mark.parametrize(
    ("family", "model", "output", "data"),
    [
        ("sam2", "Sam Neo 2", vibrate(0, 0), "55 03 00 00 00 00 00"),
        ("sam2", "Sam Neo 2", vibrate(0, 4), "55 03 00 00 05 04 00"),
        ("sam2", "Sam Neo 2 Pro", vibrate(0, 10), "55 03 00 00 05 0A 00"),
        ("sam2", "Sam Neo 2", constrict(1, 0), "55 09 00 00 00 00 00"),
        ("sam2", "Sam Neo 2", constrict(1, 1), "55 09 00 00 01 01 00"),
        ("sam2", "Sam Neo 2", constrict(1, 5), "55 09 00 00 01 05 00"),
        ("v2", None, vibrate(0, 0), "55 03 03 00 00 00"),
        ("v2", None, vibrate(0, 5), "55 03 03 00 01 05"),
        ("v2", None, vibrate(0, 10), "55 03 03 00 01 0A"),
    ],
)
def test_a_packet_per_output_that_is_acknowledged(family: str, model: str | None, output: Output, data: str) -> None:
    assert drive(f"svakom-{family}", model).send(output) == [Packet(bytes.fromhex(data), response=True)]


@pytest.mark.parametrize(
    ("family", "model", "stop"),
    [
        ("avaneo", None, ["55 03 00 00 00 00", "55 08 00 00 00 FF"]),
        ("barnard", None, ["55 03 00 00 00 00", "55 08 00 00 00 00"]),
        ("dt250a", None, ["55 03 00 00 00 00", "55 08 00 00 00 00", "55 09 00 00 00 00"]),
        ("fatima", None, ["55 03 00 00 00 00", "55 09 00 00 00 00", "55 08 00 00 00 00", "55 05 00 00 02 00 00"]),
        ("jordan", None, ["55 03 00 00 00 00 00", "55 08 00 00 00 00 00"]),
        ("sam2", "Sam Neo 2", ["55 03 00 00 00 00 00", "55 09 00 00 00 00 00"]),
        ("suitcase", None, ["55 03 00 00 00 00", "55 09 00 00 00 00"]),
        ("v3", "FK008A", ["55 03 03 00 00 00", "55 08 00 00 00 FF"]),
        ("v3", "QH-SX007E", ["55 03 03 00 00 00", "55 09 00 00 00 00"]),
        ("v5", "Mora Neo", ["55 03 00 00 00 00", "55 09 00 00 00 00"]),
        ("v6", "Iker Neo", ["55 03 00 00 00 00 00", "55 07 00 00 00 00 00"]),
        ("v6", "ST462A", ["55 03 00 00 00 00 00", "55 09 00 00 00 00 00", "55 14 00 00 00 00 00"]),
    ],
)
def test_a_stop_reaches_every_output(family: str, model: str | None, stop: list[str]) -> None:
    toy = drive(f"svakom-{family}", model)
    every = [
        Output(feature.index, type_, output.value[1])
        for feature in toy.protocol.definition.features
        for type_, output in feature.outputs.items()
    ]
    toy.send(*every)
    assert hexes(toy.stop()) == stop


@pytest.mark.parametrize(
    ("family", "form"),
    [
        ("barney", "55 03 {which} 00 {three} {level} 00"),
        ("v4", "55 03 {which} 00 {on} {level} 00"),
        ("v5", "55 03 {which} 00 {on} {level}"),
    ],
)
def test_two_vibrators_have_one_level_in_common_the_higher(family: str, form: str) -> None:
    def packet(which: int, level: int) -> list[str]:
        on = level > 0
        return [form.format(which=f"{which:02}", on=f"{on:02d}", three=f"{3 * on:02}", level=f"{level:02X}")]

    toy = drive(f"svakom-{family}")
    assert hexes(toy.send(vibrate(0, 4))) == packet(1, 4)
    assert hexes(toy.send(vibrate(1, 10))) == packet(0, 10)
    assert hexes(toy.send(vibrate(0, 0))) == packet(2, 10)
    assert hexes(toy.send(vibrate(0, 10))) == packet(0, 10)
    assert hexes(toy.send(vibrate(1, 1))) == packet(0, 10)
    assert hexes(toy.stop_only(vibrate(0, 0))) == packet(2, 1)
    assert hexes(toy.send(vibrate(1, 0))) == packet(0, 0)
    assert hexes(toy.send(vibrate(0, 10), vibrate(1, 5))) == packet(0, 10), "one packet for both"
    assert hexes(toy.stop()) == packet(0, 0)


@pytest.mark.parametrize("family", ["svakom-barney", "svakom-v4", "svakom-v5"])
def test_the_level_in_common_is_not_above_the_limit_that_a_user_set_for_one(family: str) -> None:
    toy = drive(family)
    toy.protocol.highest_levels = {**toy.protocol.highest_levels, (0, OutputType.VIBRATE): 3}
    levels = [toy.send(output)[0].data[5] for output in (vibrate(1, 9), vibrate(0, 3), vibrate(0, 0))]
    assert levels == [9, 3, 9]


def test_the_third_vibrator_has_a_level_of_its_own() -> None:
    toy = drive("svakom-v6", "Iker Neo")
    assert hexes(toy.send(vibrate(0, 4))) == ["55 03 01 00 01 04 00"]
    assert hexes(toy.send(vibrate(1, 7))) == ["55 03 00 00 01 07 00"]
    assert hexes(toy.send(vibrate(2, 5))) == ["55 07 00 00 01 05 00"]
    assert hexes(toy.send(vibrate(0, 0))) == ["55 03 02 00 01 07 00"]
    assert hexes(toy.send(vibrate(1, 0), vibrate(2, 1))) == ["55 03 00 00 00 00 00", "55 07 00 00 01 01 00"]


def test_thrusting_changes_no_vibrator() -> None:
    toy = drive("svakom-v5", "Mora Neo")
    toy.send(vibrate(0, 4))
    assert hexes(toy.send(oscillate(2, 3))) == ["55 09 00 00 03 00"]
    assert hexes(toy.send(vibrate(1, 10), oscillate(2, 1))) == ["55 03 00 00 01 0A", "55 09 00 00 01 00"]


@given(st.integers(0, 30))
def test_the_suitcase_s_bands_and_speeds_tell_levels_apart(level: int) -> None:
    band, speed = drive("svakom-suitcase").send(vibrate(0, level))[0].data[4:]
    assert level == (10 * (band - 1) + speed if band else 0)


# What only a user's own definition can have


@pytest.mark.parametrize(
    ("family", "output", "data"),
    [
        ("svakom-v2", vibrate(1, 7), "55 06 01 00 07 07"),
        ("svakom-v2", vibrate(1, 0), "55 06 01 00 00 00"),
        ("svakom-avaneo", vibrate(1, 10), "55 09 00 00 0A FF"),
        ("svakom-avaneo", vibrate(1, 0), "55 09 00 00 00 FF"),
    ],
)
def test_a_second_vibrator(family: str, output: Output, data: str) -> None:
    toy = drive(family, definition=custom_definition(family, VIBRATOR, VIBRATOR))
    assert hexes(toy.send(output)) == [data]


def test_what_thrusts_alone_has_the_packet_of_the_vibrator() -> None:
    thruster = {OutputType.OSCILLATE: (0, 10)}
    toy = drive("svakom-avaneo", definition=custom_definition("svakom-avaneo", thruster))
    assert hexes(toy.send(oscillate(0, 4))) == ["55 03 00 00 01 04"]


@pytest.mark.parametrize("family", ["svakom-barney", "svakom-v4", "svakom-v5"])
def test_a_third_vibrator_is_refused_where_no_packet_has_it(family: str) -> None:
    toy = drive(family, definition=custom_definition(family, VIBRATOR, VIBRATOR, VIBRATOR))
    with pytest.raises(ButtplugDeviceError, match="Custom device has no Vibrate output"):
        toy.send(vibrate(2, 1))


def test_a_single_vibrator_needs_no_naming_of_which_runs() -> None:
    toy = drive("svakom-barney", definition=custom_definition("svakom-barney", VIBRATOR))
    assert hexes(toy.send(vibrate(0, 5))) == ["55 03 00 00 03 05 00"]


@pytest.mark.parametrize(
    ("family", "output"),
    [
        ("svakom-v3", rotate(1, -1)),
        ("svakom-v6", rotate(1, -1)),
        ("svakom-v6", vibrate(0, -1)),
        ("svakom-pulse", vibrate(0, -1)),
    ],
)
def test_a_negative_level_is_refused_not_sent_as_another(family: str, output: Output) -> None:
    both_ways = {OutputType.VIBRATE: (-10, 10)}, {OutputType.ROTATE: (-10, 10)}
    toy = drive(family, definition=custom_definition(family, *both_ways))
    with pytest.raises(ButtplugDeviceError, match="and -1 is the other"):
        toy.send(output)


@pytest.mark.parametrize(("family", "output"), [("svakom-alex", rotate(0, 1)), ("svakom-v4", constrict(0, 1))])
def test_an_output_without_a_packet_is_refused(family: str, output: Output) -> None:
    with pytest.raises(ButtplugDeviceError, match=r"has no (Rotate|Constrict) output"):
        drive(family).send(output)
