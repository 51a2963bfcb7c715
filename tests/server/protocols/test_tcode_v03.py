"""T-Code."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareDisconnectedError
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import (
    Driven,
    custom_definition,
    drive,
    halted,
    link,
    move,
    position,
    rotate,
    silent_device,
    texts,
    vibrate,
)


async def initialise(*answers: bytes, restarts: bool = True) -> tuple[float, list[Packet]]:
    """Do the hand-shake; an answer for each question, none for an empty one. Return its seconds and packets."""
    device = silent_device()
    left = list(answers)
    device.on_packet = lambda packet: device.notify("rx", left.pop(0) if left else b"")
    hardware = await link(device, "tcode-v03")
    hardware.__dict__["restarts_device"] = restarts
    await hardware.subscribe("rx")
    await drive("tcode-v03").protocol.initialise(hardware)
    return asyncio.get_running_loop().time(), list(device.packets)


@pytest.mark.parametrize(
    ("answers", "questions"),
    [
        ([b"TCode v0.3\r\n"], 1),
        ([b"OSR2 TCODE V0.3 ready"], 1),
        ([b"", b"", b"TCode v0.3"], 3),
        ([b"ets Jun  8 2016", b"TCo", b"de v0.3"], 3),
        ([b"\xff" * 300, b"TCode v0.3"], 2),
    ],
)
async def test_a_board_that_starts_anew_is_asked_until_it_answers(answers: list[bytes], questions: int) -> None:
    assert await initialise(*answers) == ((questions - 1) / 4, [Packet(b"D1\n")] * questions)


async def test_a_board_that_never_answers_is_used_all_the_same_and_reported(caplog: pytest.LogCaptureFixture) -> None:
    assert await initialise(*[b"?"] * 16) == (4, [Packet(b"D1\n")] * 16)
    assert "did not tell its T-Code version" in caplog.text


async def test_a_board_that_does_not_start_anew_is_not_asked() -> None:
    assert await initialise(restarts=False) == (0, [])


@pytest.mark.parametrize("restarts", [False, True])
async def test_the_bus_knows_what_ends_a_line(restarts: bool) -> None:
    device = silent_device()
    hardware = await link(device, "tcode-v03")
    hardware.restarts_device = restarts  # type: ignore[misc]
    await drive("tcode-v03").protocol.initialise(hardware)
    assert hardware.line_end == b"\n"


async def test_a_board_that_is_unplugged_while_it_starts_ends_the_hand_shake() -> None:
    device = silent_device()
    hardware = await link(device, "tcode-v03")
    hardware.__dict__["restarts_device"] = True
    asyncio.get_running_loop().call_later(1.1, device.disconnect)
    with pytest.raises(HardwareDisconnectedError, match="out of range"):
        await drive("tcode-v03").protocol.initialise(hardware)


def axis(upper: int) -> dict[OutputType, tuple[int, int]]:
    return {OutputType.POSITION: (0, upper), OutputType.POSITION_WITH_DURATION: (0, upper)}


def vibrator(upper: int) -> dict[OutputType, tuple[int, int]]:
    return {OutputType.VIBRATE: (0, upper)}


def custom(*outputs: dict[OutputType, tuple[int, int]], first: int = 0) -> Driven:
    return drive("tcode-v03", definition=custom_definition("tcode-v03", *outputs, first=first))


@pytest.mark.parametrize(
    ("output", "line"),
    [
        (position(0, 0), "L0000\n"),
        (position(0, 1), "L0001\n"),
        (position(0, 500), "L0500\n"),
        (position(0, 999), "L0999\n"),
        (move(0, 500, 1000), "L0500I1000\n"),
        (move(0, 5, 250), "L0005I250\n"),
        (move(0, 999, 99999), "L0999I99999\n"),
        (move(0, 999, 0), "L0999I0\n"),
    ],
)
def test_a_place_moves_its_axis_and_no_other(output: Output, line: str) -> None:
    assert drive("tcode-v03").send(output) == [Packet(line.encode())]


@pytest.mark.parametrize(
    ("upper", "value", "line"),
    [
        (9, 9, "L09\n"),
        (10, 10, "L09\n"),
        (99, 99, "L099\n"),
        (100, 51, "L051\n"),
        (100, 100, "L099\n"),
        (999, 999, "L0999\n"),
        (1000, 5, "L0005\n"),
        (1000, 500, "L0500\n"),
        (1000, 1000, "L0999\n"),
        (9999, 5000, "L05000\n"),
        (1, 1, "L01\n"),
        (0, 0, "L00\n"),
    ],
)
def test_there_are_as_many_digits_as_the_range_has_steps_for(upper: int, value: int, line: str) -> None:
    assert texts(custom(axis(upper)).send(position(0, value))) == [line]


@given(st.integers(0, 9999), st.integers(0, 9), st.data())
def test_a_magnitude_is_the_share_of_the_next_power_of_ten_but_for_the_last_step(
    upper: int, feature: int, data: st.DataObject
) -> None:
    value = data.draw(st.integers(0, upper))
    (line,) = texts(custom(axis(upper), first=feature).send(position(feature, value)))
    assert line[:2] == f"L{feature}"
    digits = len(line[2:-1])
    assert 10 ** (digits - 1) < max(upper, 2) <= 10**digits
    assert float(f"0.{line[2:-1]}") == pytest.approx(min(value, 10**digits - 1) / 10**digits)


def test_each_output_has_the_digits_of_its_own_range() -> None:
    device = custom(axis(999), vibrator(99), vibrator(999))
    assert texts(device.send(move(0, 5, 1), vibrate(1, 5), vibrate(2, 5))) == ["L0005I1\n", "V105\n", "V2005\n"]


def test_the_feature_is_the_axis() -> None:
    device = custom(axis(99), axis(99), vibrator(100), first=7)
    assert texts(device.send(position(7, 1))) == ["L701\n"]
    assert texts(device.send(move(8, 50, 200))) == ["L850I200\n"]
    assert texts(device.send(vibrate(9, 100))) == ["V999\n"]


def test_a_feature_that_cannot_be_an_axis_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="output on feature 10"):
        custom(axis(99), first=10)


def test_an_output_it_does_not_know_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="no Rotate output"):
        custom({OutputType.ROTATE: (-9, 9)}).send(rotate(0, 1))


def test_a_stop_of_everything_that_moves_is_a_halt_and_nothing_before_it() -> None:
    device = drive("tcode-v03")
    device.send(move(0, 999, 5000))
    assert texts(device.stop(halted(0, 400))) == ["DSTOP\n"]


def test_a_stop_at_rest_only_silences_the_vibrators() -> None:
    device = custom(axis(100), vibrator(100))
    device.send(position(0, 50), vibrate(1, 50))
    assert texts(device.stop()) == ["V100\n"]


def test_a_stop_of_everything_halts_every_axis_and_silences_the_vibrators() -> None:
    device = custom(axis(99), axis(99), vibrator(99))
    device.send(move(0, 99, 5000), move(1, 99, 5000), vibrate(2, 50))
    assert texts(device.stop(halted(0, 40), halted(1, 30))) == ["DSTOP\n", "V200\n"]


def test_a_stop_of_one_feature_leaves_the_others_running() -> None:
    device = custom(axis(99), vibrator(99))
    device.send(move(0, 99, 5000), vibrate(1, 50))
    assert texts(device.stop_only(halted(0, 40))) == ["L040I200\n"]
    device.send(vibrate(1, 0))
    assert texts(device.stop_only(halted(0, 40))) == ["DSTOP\n"]


@pytest.mark.parametrize("goal", [0, 99])
def test_a_stop_of_one_axis_leaves_another_on_its_way_wherever_that_goes(goal: int) -> None:
    device = custom(axis(99), axis(99))
    device.send(move(0, 99, 5000), move(1, goal, 5000))
    assert texts(device.stop_only(halted(0, 40))) == ["L040I200\n"]
