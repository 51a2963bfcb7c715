"""Sexverse: the families of one table, and v2, which has a hand-shake."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareError
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import (
    constrict,
    custom_definition,
    drive,
    hexes,
    link,
    oscillate,
    rotate,
    silent_device,
    vibrate,
)


@pytest.mark.parametrize(
    ("family", "model", "output", "data", "response"),
    [
        ("sexverse-v2", None, vibrate(0, 0), "AA 03 01 01 64 00", True),
        ("sexverse-v2", None, vibrate(0, 1), "AA 03 01 01 64 01", True),
        ("sexverse-v2", None, vibrate(0, 20), "AA 03 01 01 64 14", True),
        ("sexverse-v2", None, oscillate(1, 7), "AA 03 01 02 64 07", True),
        ("sexverse-v2", None, oscillate(1, 0), "AA 03 01 02 64 00", True),
        ("sexverse-v2", "HH010", oscillate(0, 20), "AA 03 01 01 64 14", True),
        ("sexverse-v2", "NBQ-B619RX", vibrate(2, 10), "AA 03 01 03 64 0A", True),
        ("sexverse-v4", None, vibrate(0, 0), "BB 01 00 66", True),
        ("sexverse-v4", None, vibrate(0, 1), "BB 01 01 66", True),
        ("sexverse-v4", None, vibrate(0, 50), "BB 01 32 66", True),
        ("sexverse-v4", None, vibrate(0, 99), "BB 01 63 66", True),
        ("sexverse-v5", None, vibrate(0, 0), "AA 03 03 00 00 00 00", False),
        ("sexverse-v5", None, vibrate(0, 1), "AA 03 03 01 00 00 00", False),
        ("sexverse-v5", None, vibrate(0, 42), "AA 03 03 2A 00 00 00", False),
        ("sexverse-v5", None, vibrate(0, 100), "AA 03 03 64 00 00 00", False),
    ],
)
def test_a_packet_sets_one_motor(family: str, model: str | None, output: Output, data: str, response: bool) -> None:
    assert drive(family, model).send(output) == [Packet(bytes.fromhex(data), response=response)]


def test_motors_that_change_together_have_a_packet_each() -> None:
    toy = drive("sexverse-v2", "NBQ-B619RX")
    assert hexes(toy.send(oscillate(0, 1), vibrate(2, 3))) == ["AA 03 01 01 64 01", "AA 03 01 03 64 03"]
    assert hexes(toy.stop()) == ["AA 03 01 01 64 00", "AA 03 01 02 64 00", "AA 03 01 03 64 00"]


def test_v6_has_all_motors_in_one_packet() -> None:
    toy = drive("sexverse-v6", "A14M01C")
    assert toy.send(vibrate(0, 50)) == [Packet(bytes.fromhex("AA 03 03 32 00 00"))]
    assert hexes(toy.send(oscillate(1, 100))) == ["AA 03 03 32 64 00"]
    assert hexes(toy.send(constrict(2, 1))) == ["AA 03 03 32 64 01"]
    assert hexes(toy.send(vibrate(0, 0))) == ["AA 03 03 00 64 01"]
    assert hexes(toy.send(oscillate(1, 0), constrict(2, 100))) == ["AA 03 03 00 00 64"]
    assert hexes(toy.stop()) == ["AA 03 03 00 00 00"]


def test_v6_without_suction_has_0_for_it() -> None:
    assert hexes(drive("sexverse-v6", "A06K01C").send(vibrate(0, 1), oscillate(1, 2))) == ["AA 03 03 01 02 00"]


def test_lg389_has_both_motors_in_one_packet_and_a_way_to_go_only_where_it_thrusts() -> None:
    toy = drive("sexverse-lg389")
    assert toy.send(vibrate(0, 2)) == [Packet(bytes.fromhex("AA 05 02 14 00 00 00 00 00 00"), response=True)]
    assert hexes(toy.send(oscillate(1, 5))) == ["AA 05 02 14 01 00 04 00 05 00"]
    assert hexes(toy.send(vibrate(0, 3))) == ["AA 05 03 14 01 00 04 00 05 00"]
    assert hexes(toy.send(oscillate(1, 10))) == ["AA 05 03 14 01 00 04 00 0A 00"]
    assert hexes(toy.send(vibrate(0, 0))) == ["AA 05 00 14 01 00 04 00 0A 00"]
    assert hexes(toy.send(oscillate(1, 1))) == ["AA 05 00 14 01 00 04 00 01 00"]
    assert hexes(toy.stop()) == ["AA 05 00 14 00 00 00 00 00 00"]


def test_where_a_type_of_motor_has_one_place_in_the_packet_a_second_one_is_refused_and_the_other_is_driven() -> None:
    vibrator, suction = {OutputType.VIBRATE: (0, 3)}, {OutputType.CONSTRICT: (0, 3)}
    toy = drive("sexverse-lg389", definition=custom_definition("sexverse-lg389", vibrator, suction))
    with pytest.raises(ButtplugDeviceError, match="no Constrict output"):
        toy.send(constrict(1, 1))
    del toy.values[1]  # it is left out of the device
    assert hexes(toy.send(vibrate(0, 3))) == ["AA 05 03 14 00 00 00 00 00 00"]


@pytest.mark.parametrize("family", ["sexverse-v1", "sexverse-v2", "sexverse-v3"])
def test_a_negative_speed_is_refused_not_sent_as_a_high_one(family: str) -> None:
    definition = custom_definition(family, {OutputType.ROTATE: (-20, 20)})
    with pytest.raises(ButtplugDeviceError, match="one direction of Rotate, and -1 is the other"):
        drive(family, definition=definition).send(rotate(0, -1))


async def test_v2_is_asked_for_its_battery_level_at_connection() -> None:
    device = silent_device()
    await drive("sexverse-v2").protocol.initialise(await link(device, "sexverse-v2"))
    assert list(device.commands) == [Packet(bytes.fromhex("AA 04"), response=True)]


async def test_v2_that_does_not_take_this_cannot_be_used() -> None:
    device = silent_device()
    hardware = await link(device, "sexverse-v2")
    device.write_error = HardwareError("refused")
    with pytest.raises(HardwareError, match="refused"):
        await drive("sexverse-v2").protocol.initialise(hardware)
