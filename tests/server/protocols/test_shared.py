"""What several families have in common."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.server.protocols.base import Output
from buttplug.server.protocols.shared import protobuf
from buttplug.server.protocols.shared.checksums import crc16_modbus, sum8, xor8
from buttplug.server.protocols.shared.levels import require_one_direction, single_outputs
from buttplug.server.protocols.shared.strokes import distance, speed_for, time_for
from tests.cases import for_each
from tests.server.protocols.helpers import custom_definition, rotate


@for_each(
    ("steps", "duration", "speed"),
    [
        (99, 1000, 19),
        (99, 500, 40),
        (50, 200, 51),
        (99, 212, 99),
        (99, 211, 99),
        (99, 80, 99),
        (99, 0, 99),
        (1, 0, 99),
        (1, 1000, 1),
        (0, 1000, 1),
        (0, 0, 1),
        (200, 1000, 19),
    ],
)
def test_the_speed_for_a_way_and_a_time(steps: int, duration: int, speed: int) -> None:
    assert speed_for(steps, duration) == speed


@given(st.integers(0, 99), st.integers(0, 1_000_000))
def test_no_speed_is_0_or_over_99(steps: int, duration: int) -> None:
    assert 1 <= speed_for(steps, duration) <= 99


@given(st.integers(1, 99), st.integers(250, 10_000))
def test_the_time_for_a_speed_is_about_the_one_that_the_speed_is_for(steps: int, duration: int) -> None:
    speed = speed_for(steps, duration)
    assert time_for(steps, min(speed + 1, 99)) <= max(duration, time_for(steps, 99)) + 1
    assert time_for(steps, speed) >= min(duration, time_for(steps, 1)) - 1


@for_each(("start", "value", "steps"), [(10, 99, 89), (99, 10, 89), (None, 30, 30), (None, 0, 99), (7, 7, 0)])
def test_from_a_place_that_is_not_known_the_way_counts_from_the_low_end(start: int | None, value: int, steps: int) -> None:
    assert distance(Output(0, OutputType.POSITION_WITH_DURATION, value, 500, start=start), 99) == steps


@for_each(
    ("value", "data"), [(0, "00"), (1, "01"), (127, "7F"), (128, "80 01"), (300, "AC 02"), (2**32 - 1, "FF FF FF FF 0F")]
)
def test_varints(value: int, data: str) -> None:
    assert protobuf.varint(value) == bytes.fromhex(data)


def test_fields_of_0_are_left_out_but_empty_messages_are_not() -> None:
    assert protobuf.number(1, 0) == b""
    assert protobuf.single(1, 0.0) == b""
    assert protobuf.message(710, b"") == bytes.fromhex("B2 2C 00")


def test_fields_are_found_by_number() -> None:
    data = (
        protobuf.number(1, 300)
        + protobuf.single(2, 0.5)
        + protobuf.message(3, b"abc")
        + bytes.fromhex("21 01 02 03 04 05 06 07 08")
        + protobuf.message(710, b"")
        + protobuf.number(1, 2)
    )
    assert protobuf.fields(data) == {1: 2, 2: struct.pack("<f", 0.5), 3: b"abc", 4: bytes(range(1, 9)), 710: b""}


@for_each(
    "data",
    [
        "08",  # a number is missing
        "08 80",  # a number is cut off
        "08 FF FF FF FF FF FF FF FF FF FF 01",  # a number is too long
        "12 05 00",  # a message is cut off
        "0D 00 00",  # a single is cut off
        "09 00 00 00 00 00 00 00",  # a double is cut off
        "0B",  # groups are no longer used
        "0F",  # there is no wire type 7
    ],
)
def test_bytes_that_are_no_message_are_an_error(data: str) -> None:
    with pytest.raises(ValueError, match=r"cut off|unknown wire type"):
        protobuf.fields(bytes.fromhex(data))


@given(st.binary(max_size=64))
def test_any_bytes_are_a_message_or_a_value_error(data: bytes) -> None:
    try:
        protobuf.fields(data)
    except ValueError as error:
        assert str(error)


@given(st.dictionaries(st.integers(1, 2000), st.integers(1, 2**64 - 1) | st.binary(max_size=20), max_size=5))
def test_fields_come_back(fields: dict[int, int | bytes]) -> None:
    data = b"".join(
        protobuf.number(field, value) if isinstance(value, int) else protobuf.message(field, value)
        for field, value in fields.items()
    )
    assert protobuf.fields(data) == fields


def test_the_checksum_of_modbus() -> None:
    assert crc16_modbus(b"123456789") == 0x4B37
    assert crc16_modbus(b"") == 0xFFFF


def test_the_sum_of_bytes_is_one_byte() -> None:
    assert sum8(bytes((0xFF, 0x02))) == 1


@for_each(("data", "check"), [((), 0), ((0x5A,), 0x5A), ((0x23, 0x07, 0x03, 0x81, 0x03, 0x80), 0x25)])
def test_the_exclusive_or_of_bytes(data: Iterable[int], check: int) -> None:
    assert xor8(data) == check


def test_of_a_feature_with_two_outputs_it_is_not_known_which_of_them_its_value_is_for() -> None:
    one, two = {OutputType.VIBRATE: (0, 9)}, {OutputType.VIBRATE: (0, 9), OutputType.ROTATE: (0, 9)}
    assert single_outputs(custom_definition("anything", one, two, {}, one)) == {0: OutputType.VIBRATE, 3: OutputType.VIBRATE}


def test_of_levels_with_one_direction_none_is_negative() -> None:
    require_one_direction(rotate(0, 0), rotate(1, 5))
    with pytest.raises(ButtplugDeviceError, match="one direction of Rotate, and -1 is the other"):
        require_one_direction(rotate(0, 5), rotate(1, -1))


def test_a_message_of_thousands_of_fields_is_not_read_to_its_end() -> None:
    content = protobuf.number(1, 1) * protobuf.MOST_FIELDS
    assert protobuf.fields(content) == {1: 1}
    with pytest.raises(ValueError, match="more than 64 fields"):
        protobuf.fields(content + protobuf.number(1, 1))
