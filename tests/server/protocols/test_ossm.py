"""OSSM."""

from __future__ import annotations

import asyncio

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.simulated import SimulatedManager, Subscribe
from buttplug.server import ButtplugServer
from buttplug.server.devices.simulation import simulate
from tests.server.protocols.helpers import (
    Driven,
    configuration,
    drive,
    halted,
    link,
    move,
    oscillate,
    silent_device,
    texts,
    vibrate,
)
from tests.server.protocols.in_time import Moving, on

PROTOCOL = "ossm"
ENTER_STROKES = ["go:menu", "go:strokeEngine"]
ENTER_STREAM = ["go:menu", "go:streaming"]
KNOB_IS_FREE = Packet(b"false", endpoint="txmode", response=True)


def notify(device: Driven, state: str) -> None:
    assert not list(device.protocol.notified("rx", f'{{"state":"{state}","speed":50,"stroke":75}}'.encode()))


def confirmed(device: Driven, mode: str) -> list[Packet]:
    """Return what is written once the machine says that it is in a mode."""
    notify(device, "menu.idle")
    notify(device, f"{mode}.idle")
    return device.repeat()


async def test_its_state_is_subscribed_to() -> None:
    device = silent_device()
    await drive(PROTOCOL).protocol.initialise(await link(device, PROTOCOL))
    assert list(device.commands) == [Subscribe("rx")]


def test_each_output_enters_its_mode_once() -> None:
    device = drive(PROTOCOL)
    assert device.send(oscillate(0, 0)) == []
    assert device.send(oscillate(0, 50)) == [
        Packet(b"go:menu", response=True),
        Packet(b"go:strokeEngine", response=True),
        Packet(b"set:speed:50", response=True),
    ]
    assert texts(device.send(oscillate(0, 100))) == ["set:speed:100"]
    assert texts(device.send(oscillate(0, 1))) == ["set:speed:1"]
    assert texts(device.send(oscillate(0, 0))) == ["set:speed:0"]
    assert texts(device.send(move(0, 75, 500))) == [*ENTER_STREAM, "set:speed:100", "stream:75:500"]
    assert texts(device.send(move(0, 0, 250))) == ["stream:0:250"]
    assert texts(device.send(oscillate(0, 1))) == [*ENTER_STROKES, "set:speed:1"]


def test_a_fresh_machine_keeps_its_speed_until_it_says_that_it_streams() -> None:
    device = drive(PROTOCOL)
    assert texts(device.send(move(0, 100, 0))) == [*ENTER_STREAM, "stream:100:0"]
    assert confirmed(device, "streaming") == [KNOB_IS_FREE, Packet(b"set:speed:100", response=True)]
    assert device.protocol.repeat_after is None


def test_the_speed_is_told_again_once_it_strokes() -> None:
    device = drive(PROTOCOL)
    device.send(oscillate(0, 50))
    assert device.repeat() == []
    assert confirmed(device, "strokeEngine") == [KNOB_IS_FREE, Packet(b"set:speed:50", response=True)]
    assert device.protocol.repeat_after is None


def test_depth_and_stroke_stay_as_they_were_set_at_the_machine() -> None:
    device = drive(PROTOCOL)
    sent = [*device.send(move(0, 1, 1)), *confirmed(device, "streaming"), *device.send(oscillate(0, 9))]
    assert not [text for text in texts(sent) if "depth" in text or "stroke:" in text]


def test_a_machine_that_says_nothing_is_not_waited_for_for_ever() -> None:
    device = drive(PROTOCOL)
    device.send(oscillate(0, 50))
    seconds, packets = device.repeat_to_the_end()
    assert seconds == pytest.approx(5)
    assert packets == []


def test_a_mode_that_somebody_left_at_the_machine_is_entered_again() -> None:
    device = drive(PROTOCOL)
    device.send(oscillate(0, 50))
    confirmed(device, "strokeEngine")
    notify(device, "menu.idle")
    assert texts(device.send(oscillate(0, 60))) == [*ENTER_STROKES, "set:speed:60"]


def test_states_on_the_way_into_a_mode_do_not_begin_it_anew() -> None:
    device = drive(PROTOCOL)
    device.send(oscillate(0, 50))
    for state in ("menu", "homing.forward", "strokeEngine.preflight"):
        notify(device, state)
    assert texts(device.send(oscillate(0, 60))) == ["set:speed:60"]


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff", b"{}", b"[]", b"null", b'{"state":5}', b'{"state":null}', b'{"state":"streaming', b"[" * 2000],
)
def test_what_is_no_state_is_passed_over(data: bytes) -> None:
    device = drive(PROTOCOL)
    device.send(oscillate(0, 50))
    assert not list(device.protocol.notified("rx", data))
    assert device.repeat() == []


def test_a_stop_is_speed_0_in_any_mode() -> None:
    device = drive(PROTOCOL)
    assert texts(device.stop()) == ["set:speed:0"]
    device.send(oscillate(0, 50))
    assert texts(device.stop()) == ["set:speed:0"]
    assert texts(device.send(oscillate(0, 40))) == ["set:speed:40"]
    device.send(move(0, 50, 5000))
    assert texts(device.stop(halted(0, 20))) == ["set:speed:0"]
    assert device.protocol.repeat_after is None
    assert texts(device.send(move(0, 50, 500))) == [*ENTER_STREAM, "set:speed:100", "stream:50:500"]
    assert device.stop_only() == []


@pytest.mark.parametrize("mode", ["strokeEngine", "streaming"])
def test_a_stop_before_the_mode_is_entered_stays_one(mode: str) -> None:
    device = drive(PROTOCOL)
    device.send(oscillate(0, 50) if mode == "strokeEngine" else move(0, 50, 5000))
    device.stop(*([] if mode == "strokeEngine" else [halted(0, 20)]))
    if device.protocol.repeat_after is not None:
        assert [packet.data for packet in confirmed(device, mode)] == [b"false", b"set:speed:0"]


@on("Kinky Makers OSSM")
async def test_a_stop_in_the_middle_of_entering_a_mode_is_not_followed_by_its_speed(moving: Moving) -> None:
    moving.device.write_delay = 0.05
    moving.send(oscillate(0, 80))
    await asyncio.sleep(0.07)
    await moving.stop()
    await asyncio.sleep(10)
    assert [bytes.fromhex(data).decode() for _, data in moving.packets] == [*ENTER_STROKES, "set:speed:0"]


@on("Kinky Makers OSSM")
async def test_the_speed_follows_the_state_within_a_tenth_of_a_second(moving: Moving) -> None:
    moving.send(oscillate(0, 80))
    await asyncio.sleep(0.33)
    moving.device.notify("rx", b'{"state":"strokeEngine.idle"}')
    await asyncio.sleep(10)
    assert moving.packets[-1] == (0.4, b"set:speed:80".hex(" ").upper())


async def test_the_state_is_followed_without_a_client_that_subscribed_to_it() -> None:
    ossm = simulate(configuration(), "Kinky Makers OSSM")
    async with ButtplugServer(managers=[SimulatedManager([ossm])]) as server:
        await server.devices.start_scanning(object(), lambda: None)
        await asyncio.sleep(1)
        (device,) = server.devices.devices.values()
        device.output(0, OutputType.OSCILLATE, 80, 0, self := object(), lambda error: None)
        await asyncio.sleep(0.5)
        ossm.notify("rx", b'{"state":"strokeEngine.idle"}')
        await asyncio.sleep(0.5)
        await device.stop(driver=self)
        assert texts(ossm.packets) == [*ENTER_STROKES, "set:speed:80", "false", "set:speed:80", "set:speed:0"]


@on("Kinky Makers OSSM")
async def test_a_mode_that_could_not_be_entered_is_tried_again(moving: Moving) -> None:
    moving.device.write_error = HardwareError("no luck")
    moving.send(oscillate(0, 80))
    await asyncio.sleep(1)
    moving.device.write_error = None
    moving.send(oscillate(0, 80))
    await asyncio.sleep(1)
    assert moving.errors == ["no luck"]
    assert [bytes.fromhex(data).decode() for _, data in moving.packets] == [*ENTER_STROKES, "set:speed:80"]


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="has no Vibrate output"):
        drive(PROTOCOL).send(vibrate(0, 1))


@pytest.mark.parametrize("late", [0.5, 4.0, 30.0])
@on("Kinky Makers OSSM")
async def test_entering_the_mode_that_was_cut_off_by_a_stop_and_happens_later_is_followed_by_speed_0(
    moving: Moving, late: float
) -> None:
    moving.send(oscillate(0, 80))
    moving.device.write_delay = 0.05
    await asyncio.sleep(0.07)
    moving.device.write_delay = 60.0
    await asyncio.sleep(0.05)
    stopping = asyncio.create_task(moving.stop())
    await asyncio.sleep(0.9)
    moving.device.write_delay = 0.0
    await stopping
    stopped = moving.now
    await asyncio.sleep(late)
    moving.device.notify("rx", b'{"state":"strokeEngine.idle"}')
    await asyncio.sleep(2)
    when, last = moving.packets[-1]
    assert bytes.fromhex(last).decode() == "set:speed:0"
    assert when >= stopped + late


@pytest.mark.parametrize("ended_by", ["nothing", "a zero", "a stop"])
@on("Kinky Makers OSSM")
async def test_a_mode_whose_packet_was_given_up_and_that_is_entered_later_is_brought_to_speed_0(
    moving: Moving, ended_by: str
) -> None:
    moving.device.write_delay = 0.05
    moving.send(oscillate(0, 80))
    await asyncio.sleep(0.02)
    moving.device.write_delay = 60.0
    await asyncio.sleep(0.05)
    moving.device.write_delay = 0.0
    if ended_by == "a stop":
        await moving.stop()
    await asyncio.sleep(6)
    if ended_by == "a zero":
        moving.send(oscillate(0, 0))
    await asyncio.sleep(10)
    moving.device.notify("rx", b'{"state":"strokeEngine.idle"}')
    await asyncio.sleep(1)
    assert [bytes.fromhex(data).decode() for _, data in moving.packets][-2:] == ["false", "set:speed:0"]


def test_a_machine_that_may_not_have_left_its_strokes_is_told_speed_0() -> None:
    device = drive(PROTOCOL)
    device.send(oscillate(0, 80))
    confirmed(device, "strokeEngine")
    next(iter(device.protocol.encode([move(0, 75, 500)], {0: 75})))  # go:menu is not written
    assert texts(device.send(oscillate(0, 0))) == ["set:speed:0"]
