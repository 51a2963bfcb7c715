"""Lovense toys behind the Lovense Connect app."""

from __future__ import annotations

import pytest

from buttplug.core.enums import InputType, OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.base import Packet
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import (
    ADDRESS,
    constrict,
    custom_definition,
    drive,
    link,
    oscillate,
    position,
    rotate,
    silent_device,
    texts,
    vibrate,
)

PROTOCOL = "lovense-connect-service"


@pytest.mark.parametrize(
    ("model", "output", "path"),
    [
        ("Lush", vibrate(0, 0), "Vibrate1?v=0"),
        ("Lush", vibrate(0, 1), "Vibrate1?v=1"),
        ("Lush", vibrate(0, 20), "Vibrate1?v=20"),
        ("Edge", vibrate(1, 20), "Vibrate2?v=20"),
        ("Gravity", vibrate(0, 7), "Vibrate1?v=7"),
        ("Gravity", oscillate(1, 7), "Thrusting?v=7"),
        ("Solace", oscillate(0, 20), "Thrusting?v=20"),
        ("XMachine", oscillate(0, 5), "Vibrate1?v=5"),
        ("Max", constrict(1, 2), "AirAuto?v=2"),
        ("Max", constrict(1, 0), "AirAuto?v=0"),
        ("Flexer", rotate(1, 20), "Rotate?v=20"),
    ],
)
def test_each_output_has_its_path(model: str, output: Output, path: str) -> None:
    assert drive(PROTOCOL, model).send(output) == [Packet(f"{path}&t={ADDRESS}".encode())]


def test_several_outputs_at_once_are_several_paths() -> None:
    edge = drive(PROTOCOL, "Edge")
    assert texts(edge.send(vibrate(0, 1), vibrate(1, 2))) == [f"Vibrate1?v=1&t={ADDRESS}", f"Vibrate2?v=2&t={ADDRESS}"]
    assert texts(edge.stop()) == [f"Vibrate1?v=0&t={ADDRESS}", f"Vibrate2?v=0&t={ADDRESS}"]


def test_the_direction_changes_when_the_sign_does() -> None:
    nora = drive(PROTOCOL, "Nora")
    change = f"RotateChange?t={ADDRESS}"
    for value, paths in [
        (10, [f"Rotate?v=10&t={ADDRESS}"]),
        (-20, [change, f"Rotate?v=20&t={ADDRESS}"]),
        (-10, [f"Rotate?v=10&t={ADDRESS}"]),
        (0, [f"Rotate?v=0&t={ADDRESS}"]),
        (-5, [f"Rotate?v=5&t={ADDRESS}"]),
        (5, [change, f"Rotate?v=5&t={ADDRESS}"]),
    ]:
        assert texts(nora.send(rotate(1, value))) == paths


def test_a_change_of_direction_that_was_not_written_is_still_to_come() -> None:
    nora = drive(PROTOCOL, "Nora")
    next(iter(nora.protocol.encode([rotate(1, -1)], {0: 0, 1: -1})))
    assert texts(nora.send(rotate(1, -1)))[0] == f"RotateChange?t={ADDRESS}"


def test_an_output_it_does_not_know_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="Lovense Lush has no Position output"):
        drive(PROTOCOL, "Lush").send(position(0, 1))


@pytest.mark.parametrize(("model", "paths"), [("Solace", [f"Depth?v=3&t={ADDRESS}"]), ("Lush", [])])
async def test_only_the_solace_is_told_its_depth(model: str, paths: list[str]) -> None:
    device = silent_device(model)
    await drive(PROTOCOL, model).protocol.initialise(await link(device, PROTOCOL))
    assert texts(device.packets) == paths


async def test_the_battery_level_is_what_the_app_says() -> None:
    device = silent_device("Lush")
    device.readable["rx"] = [bytes((42,))]
    assert await drive(PROTOCOL, "Lush").protocol.read(await link(device, PROTOCOL), 1, InputType.BATTERY) == 42
    assert not device.packets


async def test_no_battery_level_is_an_error() -> None:
    device = silent_device("Lush")
    device.readable["rx"] = [b""]
    hardware = await link(device, PROTOCOL)
    with pytest.raises(ButtplugDeviceError, match="Lovense Lush sent an empty battery level"):
        await drive(PROTOCOL, "Lush").protocol.read(hardware, 1, InputType.BATTERY)


@pytest.mark.parametrize("output", [vibrate(0, -5), oscillate(1, -5)])
def test_a_motor_of_one_direction_is_not_told_another(output: Output) -> None:
    ranges: dict[OutputType, tuple[int, int]] = {output.type: (-20, 20)}
    device = drive(PROTOCOL, definition=custom_definition(PROTOCOL, ranges, ranges))
    with pytest.raises(ButtplugDeviceError, match=f"one direction of {output.type}"):
        device.send(output)
