"""Hismith's first machines, and who drives which."""

from __future__ import annotations

import asyncio

import pytest

from buttplug.core.errors import ButtplugDeviceError
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.simulated import SimulatedManager
from buttplug.server import ButtplugServer
from buttplug.server.protocols.base import Output
from buttplug.server.protocols.hismith import Hismith
from buttplug.server.protocols.hismith.mini import HismithMini
from tests.server.protocols.helpers import constrict, drive, hexes, link, oscillate, silent_device, vibrate


@pytest.mark.parametrize(
    ("model", "output", "data"),
    [
        ("1001", oscillate(0, 0), "AA 04 00 04"),
        ("1002", oscillate(0, 1), "AA 04 01 05"),
        ("1003", oscillate(0, 50), "AA 04 32 36"),
        ("1006", oscillate(0, 100), "AA 04 64 68"),
        ("2001", oscillate(0, 100), "AA 04 64 68"),
        ("2001", vibrate(1, 1), "AA 06 01 07"),
        ("2001", vibrate(1, 0), "AA 06 F0 F6"),
        ("3001", vibrate(0, 25), "AA 04 19 1D"),
        ("3001", vibrate(0, 0), "AA 04 00 04"),
    ],
)
def test_each_feature_has_its_packet(model: str, output: Output, data: str) -> None:
    assert hexes(drive("hismith", model).send(output)) == [data]


def test_a_stop_reaches_both() -> None:
    device = drive("hismith", "2001")
    device.send(oscillate(0, 9), vibrate(1, 1))
    assert hexes(device.stop()) == ["AA 04 00 04", "AA 06 F0 F6"]


def test_an_output_it_does_not_have_is_refused() -> None:
    with pytest.raises(ButtplugDeviceError, match="has no Constrict output"):
        drive("hismith", "1001").send(constrict(0, 1))


@pytest.mark.parametrize(
    ("data", "model", "other"),
    [
        (b"\x10\x01", "1001", None),
        (b"\x30\x01", "3001", None),
        (b"\x22\x05", "2205", "hismith-mini"),
        (b"\xab\xcd\xef", "abcdef", "hismith-mini"),
        (b"\x10", "10", "hismith-mini"),
        (b"", "", None),
    ],
)
async def test_the_number_tells_the_model_and_its_protocol(data: bytes, model: str, other: str | None) -> None:
    device = silent_device()
    device.readable["rxblemodel"] = [data]
    for family in (Hismith, HismithMini):
        assert await family.identify(await link(device, "hismith")) == model
    assert Hismith.other_protocol(model) == other
    assert HismithMini.other_protocol(model) is None


async def test_a_number_that_cannot_be_read_ends_the_hand_shake() -> None:
    with pytest.raises(HardwareError, match="nothing to read"):
        await Hismith.identify(await link(silent_device(), "hismith"))


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("1001", "Hismith Sex Machine"),
        ("2205", "Sinloli Aston"),
        ("4002", "Sinloli Piupiu"),
        ("0000", "Hismith Mini device"),
        ("", "Hismith device"),
    ],
)
async def test_a_later_machine_that_is_called_as_a_first_one_is_driven_as_what_it_is(number: str, name: str) -> None:
    device = silent_device("HISMITH")
    device.readable["rxblemodel"] = [bytes.fromhex(number)]
    async with ButtplugServer(managers=[SimulatedManager([device])]) as server:
        await server.devices.start_scanning(object(), lambda: None)
        await asyncio.sleep(1)
        (found,) = server.devices.devices.values()
        assert found.definition.name == name
