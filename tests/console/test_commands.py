"""What can be typed at the prompt of ``python -m buttplug``."""

from __future__ import annotations

import asyncio

import pytest

from buttplug import ButtplugClient
from buttplug.console import commands
from buttplug.console.commands import HELP, TRY_TIME
from tests.console.conftest import Desk
from tests.fakes.fault_log import faults


async def test_a_scan_shows_what_was_found_and_what_it_can_do(desk: Desk) -> None:
    assert await desk.type("list") == [
        "0: Lovense Nora",
        "   0.0: Vibrate",
        "   0.1: Rotate",
        "   0.2: Battery (Battery level)",
        "1: Aneros Vivi",
        "   1.0: Vibrate (Perineum Vibrator)",
        "   1.1: Vibrate (Internal Vibrator)",
        "2: TCode v0.3 (Single Linear Axis)",
        "   2.0: Position, HwPositionWithDuration",
    ]


async def test_outputs_are_set_in_percent_of_a_device_or_of_one_feature(desk: Desk) -> None:
    assert await desk.type("vibrate 1 50") == []
    assert desk.sent(1) == ["f140", "f240"]
    assert await desk.type("VIBRATE 1.1 100%") == []
    assert desk.sent(1) == ["f27f"]
    assert await desk.type("rotate 0 -50") == []
    assert desk.sent(0) == ["RotateChange;", "Rotate:10;"]


async def test_who_types_a_share_is_told_that_it_is_percent(desk: Desk) -> None:
    assert await desk.type("vibrate 1.0 0.5") == ["that is 0.5 of 100; for half type 50"]
    assert desk.sent(1) == ["f101"]


async def test_with_a_time_an_output_is_stopped_after_it(desk: Desk) -> None:
    began = asyncio.get_running_loop().time()
    assert await desk.type("vibrate 1.0 50 3") == []
    assert asyncio.get_running_loop().time() - began == pytest.approx(3, abs=0.1)
    assert desk.sent(1) == ["f140", "f100"]


async def test_a_stroker_goes_to_a_place_in_a_time(desk: Desk) -> None:
    assert await desk.type("position 2 80 1.5") == []
    assert await desk.type("position 2 20") == []
    assert desk.sent(2) == ["L0800I1500\n", "L0200\n"]


async def test_a_device_is_tried_gently_and_stopped_after_each_output(desk: Desk) -> None:
    began = asyncio.get_running_loop().time()
    assert await desk.type("try 1") == ["Vibrate of feature 0 at 20 %", "Vibrate of feature 1 at 20 %"]
    assert asyncio.get_running_loop().time() - began == pytest.approx(2 * TRY_TIME, abs=0.1)
    sent = desk.sent(1)
    assert sent[:2] == ["f11a", "f100"]
    assert sent[2:4] == ["f21a", "f200"]
    assert set(sent[4:]) <= {"f100", "f200"}


async def test_a_trial_that_is_cut_off_stops_the_device(desk: Desk) -> None:
    trial = asyncio.create_task(desk.commands.do("try 1"))
    await asyncio.sleep(0.5)
    trial.cancel()
    await asyncio.wait([trial])
    assert desk.sent(1) == ["f11a", "f100", "f200"]


@pytest.mark.parametrize("line", ["", "   ", "stop"])
async def test_an_empty_line_stops_everything(desk: Desk, line: str) -> None:
    await desk.type("vibrate 1 50")
    desk.sent(1)
    assert await desk.type(line) == ["everything has stopped"]
    assert desk.sent(1) == ["f100", "f200"]


async def test_sensors_are_read(desk: Desk) -> None:
    assert await desk.type("read 0") == ["Battery: 85 %"]
    assert await desk.type("read 1") == ["it has no sensors that can be read"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("vibrat 0 1", "vibrat is no command; did you mean vibrate?"),
        ("xyzzy", "xyzzy is no command; help lists them"),
        ("vibrate", "vibrate DEVICE[.FEATURE] PERCENT [SECONDS], for instance: vibrate 0 50"),
        ("vibrate 0", "vibrate DEVICE[.FEATURE] PERCENT [SECONDS], for instance: vibrate 0 50"),
        ("vibrate 7 50", "there is no device 7; scan looks for devices, list shows them"),
        ("vibrate 0.7 50", "device 0 has no feature 7; list shows them"),
        ("vibrate nora 50", "name a device by its number, as list shows it"),
        ("vibrate .0 50", "name a device by its number, as list shows it"),
        ("vibrate 0 much", "much is not a number of percent"),
        ("vibrate 0 nan", "nan is not a number of percent that is of use here"),
        ("vibrate 0 50 soon", "soon is not a number of seconds"),
        ("rotate 1 50", "there is no Rotate there; list shows what there is"),
        ("try", "name a device by its number, as list shows it"),
        ("vibrate 0 50 -3", "-3 seconds is before now: type a number from 0 on"),
        ("position 2 50 -3", "-3 seconds is before now: type a number from 0 on"),
        ("scan -1", "-1 seconds is before now: type a number from 0 on"),
        (f"vibrate {'9' * 5000} 50", "name a device by its number, as list shows it"),
        ("scan forever", "forever is not a number of seconds"),
        ("help", HELP),
    ],
)
async def test_what_cannot_be_done_is_told_with_what_can_be(desk: Desk, line: str, told: str) -> None:
    assert await desk.type(line) == [told]
    assert desk.sent(0) == desk.sent(1) == desk.sent(2) == []


async def test_what_the_server_refuses_is_told(desk: Desk) -> None:
    (told,) = await desk.type("vibrate 1 150")
    assert "outside 0.0 to 1.0" in told
    desk.devices[1].disconnect("out of range")
    await asyncio.sleep(1)
    assert await desk.type("vibrate 1 50") == ["there is no device 1; scan looks for devices, list shows them"]


async def test_a_fault_in_a_command_is_logged_once_and_the_next_is_done(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(client: ButtplugClient) -> list[str]:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(commands, "_device_lines", fails)
        await desk.type("list")
    assert faults(caplog) == ["a fault of ours"]
    assert (await desk.type("list"))[0] == "0: Lovense Nora"
