"""What several families have in common."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.server.protocols.shared import protobuf
from buttplug.server.protocols.shared.strokes import speed_for


@pytest.mark.parametrize(
    ("distance", "duration", "speed"),
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
        (0, 1000, 0),
        (0, 0, 0),
        (200, 1000, 19),
    ],
)
def test_the_speed_for_a_way_and_a_time(distance: int, duration: int, speed: int) -> None:
    assert speed_for(distance, duration) == speed


@given(st.integers(0, 99), st.integers(0, 1_000_000))
def test_only_standing_still_has_speed_0_and_none_is_over_99(distance: int, duration: int) -> None:
    assert (1 if distance else 0) <= speed_for(distance, duration) <= (99 if distance else 0)


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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
