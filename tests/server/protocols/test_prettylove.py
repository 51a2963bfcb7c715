"""Pretty Love."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from buttplug.server.protocols.prettylove import Prettylove
from tests.server.protocols.helpers import drive, hexes, link, silent_device, vibrate


@pytest.mark.parametrize(("value", "data"), [(0, "00 00"), (1, "00 01"), (3, "00 03")])
def test_vibration(value: int, data: str) -> None:
    assert drive("prettylove").send(vibrate(0, value)) == [Packet(bytes.fromhex(data), response=True)]


def test_a_stop() -> None:
    assert hexes(drive("prettylove").stop()) == ["00 00"]


@pytest.mark.parametrize("name", ["Aogu BLE 1", "AB Shutter3 [Aogu BLE Device]"])
async def test_all_are_one_model(name: str) -> None:
    assert await Prettylove.identify(await link(silent_device(name), "prettylove")) == "Aogu BLE"
