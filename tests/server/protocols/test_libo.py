"""Libo."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import custom_definition, drive, hexes, vibrate

ELLE, SHARK, VIBES = "libo-elle", "libo-shark", "libo-vibes"


def tx(value: int) -> Packet:
    return Packet(bytes((value,)))


def txmode(value: int) -> Packet:
    return Packet(bytes((value,)), endpoint="txmode")


@pytest.mark.parametrize("model", ["PiPiJing", "Shuidi"])
@pytest.mark.parametrize("value", [0, 1, 3])
def test_the_elle_vibrates_by_its_mode(model: str, value: int) -> None:
    toy = drive(ELLE, model)
    assert toy.send(vibrate(0, value)) == [txmode(value)]
    assert toy.stop() == [txmode(0)]


def test_the_elle_is_never_made_to_give_shocks() -> None:
    toy = drive(ELLE, definition=custom_definition(ELLE, {OutputType.VIBRATE: (0, 3)}, {OutputType.VIBRATE: (0, 14)}))
    with pytest.raises(ButtplugDeviceError, match="no place for feature 1"):
        toy.send(vibrate(1, 1))


def test_both_outputs_of_the_shark_share_a_byte() -> None:
    toy = drive(SHARK)
    changes = [vibrate(0, 2), vibrate(1, 3), vibrate(0, 3), vibrate(0, 0), vibrate(1, 1), vibrate(1, 0)]
    assert [hexes(toy.send(change)) for change in changes] == [["20"], ["23"], ["33"], ["03"], ["01"], ["00"]]
    assert toy.send(vibrate(0, 1), vibrate(1, 2)) == [tx(0x12)]
    assert toy.stop() == [tx(0)]


@pytest.mark.parametrize("feature", [0, 1])
def test_a_value_of_the_shark_does_not_change_the_other(feature: int) -> None:
    toy = drive(SHARK, definition=custom_definition(SHARK, {OutputType.VIBRATE: (0, 16)}, {OutputType.VIBRATE: (0, 16)}))
    with pytest.raises(ButtplugDeviceError, match="do not fit into one byte: either may be 0 to 15"):
        toy.send(vibrate(feature, 16))


@pytest.mark.parametrize(
    ("model", "value", "packets"),
    [
        ("LiBo", 0, [tx(0), txmode(0)]),
        ("LiBo", 1, [tx(1)]),
        ("LiBo", 64, [tx(64)]),
        ("LiBo", 100, [tx(100)]),
        ("Yuyi", 99, [tx(99)]),
        ("BaiHu", 0, [tx(0), txmode(0)]),
    ],
)
def test_a_vibrator_stops_fully_by_both_endpoints(model: str, value: int, packets: list[Packet]) -> None:
    assert drive(VIBES, model).send(vibrate(0, value)) == packets


@pytest.mark.parametrize("model", ["BaiHu", "Gugudai", "Haima"])
def test_suction_is_the_mode(model: str) -> None:
    toy = drive(VIBES, model)
    toy.send(vibrate(0, 50))
    assert [toy.send(vibrate(1, value)) for value in (3, 1, 0)] == [[txmode(3)], [txmode(1)], [txmode(0)]]


@pytest.mark.parametrize(
    ("outputs", "packets"),
    [
        ((vibrate(0, 0),), [tx(0), txmode(2)]),
        ((vibrate(1, 0),), [txmode(0)]),
        ((vibrate(0, 0), vibrate(1, 0)), [tx(0), txmode(0)]),
    ],
)
def test_a_stop_ends_what_it_is_for_and_nothing_else(outputs: tuple[Output, ...], packets: list[Packet]) -> None:
    toy = drive(VIBES, "BaiHu")
    toy.send(vibrate(0, 50), vibrate(1, 2))
    assert toy.stop_only(*outputs) == packets
