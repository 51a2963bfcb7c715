"""JoyHub."""

from __future__ import annotations

import asyncio

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.core.messages import OutputArguments, OutputCmd
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareTimeoutError
from buttplug.server.protocols.base import Output
from tests.server.conftest import BuildHouse, is_ok
from tests.server.protocols.helpers import constrict, custom_definition, drive, hexes, oscillate, rotate, vibrate


def temperature(value: int) -> Output:
    return Output(6, OutputType.TEMPERATURE, value)


def led(value: int) -> Output:
    return Output(6, OutputType.LED, value)


def spray(value: int) -> Output:
    return Output(7, OutputType.SPRAY, value)


def test_one_packet_has_all_motors_and_the_heater_has_its_own() -> None:
    siren = drive("joyhub", "J-VibSiren")
    assert siren.send(vibrate(0, 128)) == [Packet(bytes.fromhex("A0 03 80 00 00 00 AA"), endpoint="tx", response=False)]
    assert hexes(siren.send(oscillate(2, 255))) == ["A0 03 80 00 FF 00 AA"]
    assert hexes(siren.send(vibrate(0, 0))) == ["A0 03 00 00 FF 00 AA"]
    assert hexes(siren.send(temperature(1))) == ["A0 04 01 00 01 FF"]
    assert hexes(siren.send(vibrate(0, 1), vibrate(1, 2), temperature(0))) == ["A0 03 01 02 FF 00 AA", "A0 04 00 00 00 00"]
    assert hexes(siren.stop()) == ["A0 03 00 00 00 00 AA", "A0 04 00 00 00 00"]


@pytest.mark.parametrize(
    ("model", "output", "data"),
    [
        ("J-Mysticolor", rotate(0, 50), "A0 03 32 00 00 00 AA"),
        ("J-Mysticolor", constrict(4, 7), "A0 07 01 00 07 FF"),
        ("J-Mysticolor", constrict(4, 1), "A0 07 01 00 01 FF"),
        ("J-Mysticolor", constrict(4, 0), "A0 07 00 00 00 FF"),
        ("J-MoonHorn", constrict(5, 9), "A0 0D 00 00 09 FF"),
        ("J-MoonHorn", constrict(5, 1), "A0 0D 00 00 01 FF"),
        ("J-MoonHorn", constrict(5, 0), "A0 0D 00 00 00 FF"),
        ("J-Rainbow", led(1), "A0 14 01 00 01 FF"),
        ("J-Rainbow", led(0), "A0 14 00 00 00 00"),
        ("J-Dodge", spray(1), "A0 24 01 00 01 FF"),
        ("J-Dodge", spray(0), "A0 24 00 00 00 00"),
    ],
)
def test_each_other_part_has_its_packet(model: str, output: Output, data: str) -> None:
    assert hexes(drive("joyhub", model).send(output)) == [data]


def test_a_rotator_has_no_direction() -> None:
    both_ways = custom_definition("joyhub", {OutputType.ROTATE: (-255, 255)})
    assert hexes(drive("joyhub", definition=both_ways).send(rotate(0, -50))) == ["A0 03 32 00 00 00 AA"]


def test_a_motor_without_a_place_is_refused() -> None:
    five = drive("joyhub", definition=custom_definition("joyhub", *[{OutputType.VIBRATE: (0, 255)}] * 5))
    with pytest.raises(ButtplugDeviceError, match="no place for feature 4"):
        five.send(vibrate(4, 1))


def test_a_spray_ends_by_itself_after_a_second_whatever_else_is_sent() -> None:
    dodge = drive("joyhub", "J-Dodge")
    assert dodge.protocol.repeats_regularly
    dodge.send(spray(1))
    dodge.send(vibrate(1, 9))
    assert dodge.repeat_to_the_end() == (1.0, [Packet(bytes.fromhex("A0 24 00 00 00 00"))])


def test_the_end_of_one_spray_does_not_cut_the_next_short() -> None:
    dodge = drive("joyhub", "J-Dodge")
    dodge.send(spray(1))
    dodge.send(spray(0))
    assert dodge.protocol.repeat_after is None
    dodge.send(spray(1))
    assert dodge.protocol.repeat_after == 1.0


def test_a_stop_ends_a_spray_for_good() -> None:
    dodge = drive("joyhub", "J-Dodge")
    dodge.send(spray(1))
    assert hexes(dodge.stop()) == ["A0 03 00 00 00 00 AA", "A0 24 00 00 00 00"]
    assert dodge.protocol.repeat_after is None


async def test_a_spray_that_may_have_begun_is_ended_though_its_write_failed(build: BuildHouse) -> None:
    house = await build("JoyHub Dodge")
    dodge = house.simulated[0]

    def lose_the_acknowledgement(packet: Packet) -> None:
        if packet.data == bytes.fromhex("A0 24 01 00 01 FF"):
            raise HardwareTimeoutError("no acknowledgement")

    dodge.on_packet = lose_the_acknowledgement
    talker = await house.client()
    assert not is_ok(await talker.ask(OutputCmd, 0, 7, {"Spray": OutputArguments(value=1)}))
    await asyncio.sleep(1.1)
    assert hexes(dodge.packets) == ["A0 24 01 00 01 FF", "A0 24 00 00 00 00"]


async def test_a_spray_is_ended_in_time_while_a_motor_is_driven(build: BuildHouse) -> None:
    house = await build("JoyHub Dodge")
    ended: list[float] = []

    def note(packet: Packet) -> None:
        if packet.data == bytes.fromhex("A0 24 00 00 00 00"):
            ended.append(asyncio.get_running_loop().time())

    house.simulated[0].on_packet = note
    talker = await house.client()
    assert is_ok(await talker.ask(OutputCmd, 0, 7, {"Spray": OutputArguments(value=1)}))
    begun = asyncio.get_running_loop().time()
    for value in range(1, 31):
        assert is_ok(await talker.ask(OutputCmd, 0, 1, {"Vibrate": OutputArguments(value=value)}))
        await asyncio.sleep(0.1)
    assert ended == [pytest.approx(begun + 1.0, abs=0.05)]
