"""F-Machine."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError
from buttplug.hardware.simulated import SimulatedHardware, Subscribe
from tests.server.protocols.helpers import Driven, drive, link, oscillate, silent_device, vibrate
from tests.server.protocols.in_time import Moving, on

PROTOCOL = "fmachine"
SWITCH = ["01", "02"]
FASTER = ["05", "03"]
SLOWER = ["06", "03"]
CHECKSUMS = {"01": "B6", "02": "B6", "03": "CC", "05": "CC", "06": "CC"}


def press(button: str) -> Packet:
    data = f"{button} 64 00 00 00 00 31 32 33 34 00 00 00 00 00 00 00 {CHECKSUMS[button]}"
    return Packet(bytes.fromhex(data), response=True)


def buttons(packets: Iterable[Packet]) -> list[str]:
    """Return the buttons of packets, which are all as they should be."""
    packets = list(packets)
    numbers = [f"{packet.data[0]:02X}" for packet in packets]
    assert packets == list(map(press, numbers))
    return numbers


def all_buttons(device: Driven, value: int) -> list[str]:
    """Return what is pressed for a value until the machine has it."""
    return buttons([*device.send(oscillate(0, value)), *device.repeat_to_the_end()[1]])


def stopped(device: Driven) -> list[str]:
    pressed = buttons(device.stop())
    device.protocol.stop_written()
    return pressed


def take_in_silence(moving: Moving, unconfirmed: Packet, *, arrives: bool, times: int = 1) -> None:
    """Have the machine confirm a packet so many times too late, whether it arrives or not."""
    left = [unconfirmed] * times
    hardware = moving.device.hardware
    assert isinstance(hardware, SimulatedHardware)
    write = hardware.write

    async def write_but(packet: Packet) -> None:
        if packet not in left:
            await write(packet)
            return
        left.pop()
        if arrives:
            await write(packet)
        await asyncio.sleep(1e6)

    hardware.write = write_but  # type: ignore[method-assign]


class Machine:
    """What a machine does when its buttons are pressed, if it heeds those for the speed while it is off, and if not."""

    def __init__(self, *, heeds_while_off: bool) -> None:
        self.heeds_while_off = heeds_while_off
        self.running = False
        self.step = 1

    def take(self, pressed: Iterable[str]) -> None:
        for button in pressed:
            if button == "01":
                self.running = not self.running
            elif button in {"05", "06"} and (self.running or self.heeds_while_off):
                self.step = min(max(self.step + (1 if button == "05" else -1), 1), 28)


async def test_the_speed_is_brought_to_its_lowest_step_when_it_is_connected() -> None:
    device = silent_device()
    await drive(PROTOCOL).protocol.initialise(await link(device, PROTOCOL))
    assert list(device.commands) == [Subscribe("rx"), *[press("06"), press("03")] * 55]
    assert asyncio.get_running_loop().time() == pytest.approx(3.3)


async def test_a_disconnection_ends_the_hand_shake() -> None:
    device = silent_device()
    asyncio.get_running_loop().call_later(1, device.disconnect)
    with pytest.raises(HardwareDisconnectedError):
        await drive(PROTOCOL).protocol.initialise(await link(device, PROTOCOL))


@pytest.mark.parametrize("model", [None, "FM-G", "FM-T", "FM-A"])
def test_a_goal_is_reached_from_step_1(model: str | None) -> None:
    device = drive(PROTOCOL, model)
    assert all_buttons(device, 1) == SWITCH
    assert all_buttons(device, 2) == FASTER
    assert all_buttons(device, 2) == []
    assert all_buttons(device, 5) == FASTER * 3
    assert all_buttons(device, 1) == SLOWER * 4
    assert all_buttons(device, 28) == FASTER * 27


def test_it_goes_step_by_step() -> None:
    device = drive(PROTOCOL)
    assert buttons(device.send(oscillate(0, 3))) == [*SWITCH, *FASTER]
    assert device.protocol.repeat_after == 0.2
    assert buttons(device.repeat()) == FASTER
    assert device.protocol.repeat_after is None


@pytest.mark.parametrize("value", [1, 5, 28])
def test_it_is_switched_off_at_once_and_brought_back_to_step_1_then(value: int) -> None:
    device = drive(PROTOCOL)
    all_buttons(device, value)
    assert all_buttons(device, 0) == [*SWITCH, *SLOWER * (value - 1)]
    device = drive(PROTOCOL)
    all_buttons(device, value)
    assert stopped(device) == SWITCH
    assert buttons(device.repeat_to_the_end()[1]) == SLOWER * (value - 1)
    assert stopped(device) == [], "it is off"


def test_a_stop_that_was_not_written_is_made_again() -> None:
    device = drive(PROTOCOL)
    all_buttons(device, 3)
    assert buttons(device.stop()) == SWITCH
    assert buttons(device.stop()) == SWITCH


def test_it_is_not_switched_on_before_it_is_back_at_step_1() -> None:
    device = drive(PROTOCOL)
    all_buttons(device, 4)
    stopped(device)
    assert buttons(device.send(oscillate(0, 2))) == SLOWER
    assert buttons(device.repeat_to_the_end()[1]) == [*SLOWER * 2, *SWITCH, *SLOWER * 3, *FASTER]


@given(st.lists(st.integers(0, 28), max_size=6), st.booleans(), st.booleans())
def test_the_counted_step_is_that_of_the_machine(values: list[int], heeds_while_off: bool, stops: bool) -> None:
    device, machine = drive(PROTOCOL), Machine(heeds_while_off=heeds_while_off)
    for value in values:
        machine.take(all_buttons(device, value))
        assert machine.running is (value > 0)
        assert machine.step == value or not value
        if stops:
            machine.take(stopped(device))
            assert not machine.running


@given(st.lists(st.integers(0, 28), min_size=1, max_size=6), st.data())
def test_a_stop_at_any_time_stops_it_and_nothing_starts_it_again(values: list[int], data: st.DataObject) -> None:
    device, machine = drive(PROTOCOL), Machine(heeds_while_off=data.draw(st.booleans()))
    for value in values:
        turns = data.draw(st.integers(0, 60))
        machine.take(buttons(device.send(oscillate(0, value))))
        while turns and device.protocol.repeat_after is not None:
            machine.take(buttons(device.repeat()))
            turns -= 1
    machine.take(stopped(device))
    assert not machine.running
    machine.take(buttons(device.repeat_to_the_end()[1]))
    assert not machine.running


@on("F-Machine Gigolo BT-R")
async def test_steps_leave_every_200_ms(moving: Moving) -> None:
    moving.send(oscillate(0, 4))
    await asyncio.sleep(10)
    assert [(when, data[:2]) for when, data in moving.packets] == [
        (0.0, "01"),
        (0.0, "02"),
        (0.0, "05"),
        (0.0, "03"),
        (0.2, "05"),
        (0.2, "03"),
        (0.4, "05"),
        (0.4, "03"),
    ]


@pytest.mark.parametrize("after", [0.01, 0.11, 0.21, 0.31, 0.41, 0.51, 0.61, 0.71, 0.81, 0.91, 2.0])
@on("F-Machine Gigolo BT-R")
async def test_a_stop_between_any_two_presses_stops_it_and_no_button_stays_pressed(moving: Moving, after: float) -> None:
    moving.device.write_delay = 0.1
    moving.send(oscillate(0, 4))
    await asyncio.sleep(after)
    await moving.stop()
    machine = Machine(heeds_while_off=True)
    machine.take(data[:2] for _, data in moving.packets)
    assert not machine.running
    await asyncio.sleep(20)
    pressed = Counter(data[:2] for _, data in moving.packets)
    assert pressed["01"] == pressed["02"]
    assert pressed["05"] + pressed["06"] <= pressed["03"]
    assert moving.packets[-1][1][:2] in {"02", "03"}
    assert moving.errors == []
    machine = Machine(heeds_while_off=True)
    machine.take(data[:2] for _, data in moving.packets)
    assert (machine.running, machine.step) == (False, 1)


@on("F-Machine Gigolo BT-R")
async def test_a_failed_step_is_released_and_the_machine_can_still_be_stopped(moving: Moving) -> None:
    moving.send(oscillate(0, 1))
    await asyncio.sleep(1)
    moving.device.write_error = HardwareError("no luck")
    moving.send(oscillate(0, 2))
    await asyncio.sleep(0.01)
    moving.device.write_error = None
    moving.packets.clear()
    await asyncio.sleep(5)
    assert moving.errors == ["no luck"]
    assert moving.packets[0][1][:2] == "03"
    await moving.stop()
    assert [data[:2] for _, data in moving.packets[-2:]] == SWITCH


@on("F-Machine Gigolo BT-R")
async def test_a_press_of_a_stop_that_was_not_written_is_made_again_before_the_button_is_released(moving: Moving) -> None:
    moving.send(oscillate(0, 1))
    await asyncio.sleep(1)
    moving.packets.clear()
    moving.device.write_delay = 0.1
    moving.device.fail("no luck")
    asyncio.get_running_loop().call_later(0.15, moving.device.recover)
    await moving.stop()
    await asyncio.sleep(5)
    assert [data[:2] for _, data in moving.packets] == SWITCH
    assert moving.errors == []


@pytest.mark.parametrize("arrives", [True, False])
@on("F-Machine Gigolo BT-R")
async def test_a_press_of_a_stop_that_is_not_confirmed_is_not_made_again_since_it_could_start_the_machine(
    moving: Moving, arrives: bool
) -> None:
    moving.send(oscillate(0, 1))
    await asyncio.sleep(1)
    moving.packets.clear()
    take_in_silence(moving, press("01"), arrives=arrives)
    await moving.stop()
    await asyncio.sleep(60)
    moving.send(oscillate(0, 2))
    await asyncio.sleep(10)
    await moving.stop()
    assert [data[:2] for _, data in moving.packets] == ["01", "02"][not arrives :]
    assert len(moving.errors) == 3
    assert all("switch it off by hand" in error for error in moving.errors)
    assert moving.pacer.may_be_running


@on("F-Machine Gigolo BT-R")
async def test_a_stop_whose_press_was_confirmed_and_whose_release_was_not_only_releases_the_button_again(
    moving: Moving,
) -> None:
    moving.send(oscillate(0, 1))
    await asyncio.sleep(1)
    moving.packets.clear()
    take_in_silence(moving, press("02"), arrives=False, times=2)
    await moving.stop()
    await asyncio.sleep(60)
    assert [data[:2] for _, data in moving.packets] == SWITCH
    assert len(moving.errors) == 1
    assert not moving.pacer.may_be_running


@on("F-Machine Gigolo BT-R")
async def test_a_machine_that_confirms_each_press_late_is_stopped_by_one(moving: Moving) -> None:
    moving.send(oscillate(0, 1))
    await asyncio.sleep(1)
    moving.packets.clear()
    moving.device.write_delay = 3.0
    await moving.stop()
    await asyncio.sleep(60)
    assert [data[:2] for _, data in moving.packets] == SWITCH
    assert moving.errors == []


@on("F-Machine Gigolo BT-R")
async def test_where_it_is_not_known_whether_it_runs_nothing_is_pressed_and_that_is_said(moving: Moving) -> None:
    moving.device.write_error = HardwareError("no luck")
    moving.send(oscillate(0, 2))
    await asyncio.sleep(0.01)
    moving.device.write_error = None
    moving.send(oscillate(0, 3))
    await asyncio.sleep(1)
    await moving.stop()
    await asyncio.sleep(10)
    assert moving.packets == []
    assert moving.errors[0] == "no luck"
    assert all("switch it off by hand" in error for error in moving.errors[1:])
    assert len(moving.errors) == 3


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="has no Vibrate output"):
        drive(PROTOCOL).send(vibrate(0, 1))
