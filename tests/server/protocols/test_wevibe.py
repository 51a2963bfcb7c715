"""We-Vibe."""

from __future__ import annotations

import asyncio

import pytest

from buttplug.hardware.base import Hardware, Packet
from buttplug.hardware.errors import HardwareError
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import drive, hexes, link, silent_device, vibrate

FIRST, EIGHT_BITS, CHORUS = "wevibe", "wevibe-8bit", "wevibe-chorus"

STOP = "0F 00 00 00 00 00 00 00"
HAND_SHAKE = [Packet(bytes.fromhex(data), response=True) for data in ("0F 03 00 99 00 03 00 00", STOP)]


@pytest.mark.parametrize(
    ("protocol", "model", "value", "data"),
    [
        (FIRST, "Pivot", 0, STOP),
        (FIRST, "Pivot", 1, "0F 03 00 11 00 03 00 00"),
        (FIRST, "Pivot", 8, "0F 03 00 88 00 03 00 00"),
        (FIRST, "Pivot", 15, "0F 03 00 FF 00 03 00 00"),
        (EIGHT_BITS, "Moxie", 0, STOP),
        (EIGHT_BITS, "Moxie", 1, "0F 03 00 04 04 03 00 00"),
        (EIGHT_BITS, "Moxie", 12, "0F 03 00 0F 0F 03 00 00"),
        (EIGHT_BITS, "Bond", 27, "0F 03 00 1E 1E 03 00 00"),
        (EIGHT_BITS, "Melt", 22, "0F 03 00 19 19 03 00 00"),
        (CHORUS, "Sync Lite", 0, STOP),
        (CHORUS, "Sync Lite", 1, "0F 03 00 01 01 03 00 00"),
        (CHORUS, "Sync Lite", 10, "0F 03 00 0A 0A 03 00 00"),
        (CHORUS, "Sync O", 30, "0F 03 00 1E 1E 03 00 00"),
    ],
)
def test_one_motor_has_both_speeds(protocol: str, model: str, value: int, data: str) -> None:
    assert drive(protocol, model).send(vibrate(0, value)) == [Packet(bytes.fromhex(data), response=True)]


@pytest.mark.parametrize(
    ("protocol", "model", "changes"),
    [
        (
            FIRST,
            "Nova",
            [
                (vibrate(0, 15), "0F 03 00 F0 00 02 00 00"),
                (vibrate(1, 5), "0F 03 00 F5 00 03 00 00"),
                (vibrate(0, 0), "0F 03 00 05 00 01 00 00"),
                (vibrate(1, 0), STOP),
            ],
        ),
        (
            EIGHT_BITS,
            "Vector",
            [
                (vibrate(0, 12), "0F 03 00 03 0F 01 00 00"),
                (vibrate(1, 6), "0F 03 00 09 0F 03 00 00"),
                (vibrate(0, 0), "0F 03 00 09 03 02 00 00"),
                (vibrate(1, 0), STOP),
            ],
        ),
        (
            CHORUS,
            None,
            [
                (vibrate(0, 30), "0F 03 00 1E 00 01 00 00"),
                (vibrate(1, 15), "0F 03 00 1E 0F 03 00 00"),
                (vibrate(0, 0), "0F 03 00 00 0F 02 00 00"),
                (vibrate(1, 0), STOP),
            ],
        ),
    ],
)
def test_of_two_motors_only_those_that_have_a_speed_run(
    protocol: str, model: str | None, changes: list[tuple[Output, str]]
) -> None:
    toy = drive(protocol, model)
    assert [hexes(toy.send(change)) for change, _ in changes] == [[data] for _, data in changes]
    toy.send(vibrate(0, 1), vibrate(1, 2))
    assert hexes(toy.stop()) == [STOP]


async def test_the_first_kind_is_woken_and_stopped_at_once() -> None:
    device = silent_device()
    await drive(FIRST, "Pivot").protocol.initialise(await link(device, FIRST))
    assert list(device.packets) == HAND_SHAKE


@pytest.mark.parametrize(("protocol", "model"), [(EIGHT_BITS, "Moxie"), (CHORUS, None)])
async def test_the_others_are_sent_nothing_at_connection(protocol: str, model: str | None) -> None:
    device = silent_device()
    await drive(protocol, model).protocol.initialise(await link(device, protocol))
    assert not device.packets


class Waking:
    """A hand-shake whose first packet arrives, though the server does not learn that."""

    def __init__(self, hardware: Hardware) -> None:
        self.arrived: list[Packet] = []
        self._write = hardware.write
        hardware.write = self.write  # type: ignore[method-assign]

    async def write(self, packet: Packet) -> None:
        self.arrived.append(packet)
        if packet == HAND_SHAKE[0]:
            await self.acknowledge()

    async def acknowledge(self) -> None:
        raise HardwareError("no acknowledgement")


async def test_motors_that_may_have_been_woken_are_stopped_though_the_connection_failed() -> None:
    hardware = await link(silent_device(), FIRST)
    waking = Waking(hardware)
    with pytest.raises(HardwareError, match="no acknowledgement"):
        await drive(FIRST, "Pivot").protocol.initialise(hardware)
    assert waking.arrived == HAND_SHAKE


async def test_motors_that_were_woken_are_stopped_though_nobody_waits_for_the_connection_any_more() -> None:
    hardware = await link(silent_device(), FIRST)
    waking = Waking(hardware)
    waking.acknowledge = asyncio.Event().wait  # type: ignore[method-assign, assignment]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5):
            await drive(FIRST, "Pivot").protocol.initialise(hardware)
    assert waking.arrived == HAND_SHAKE
