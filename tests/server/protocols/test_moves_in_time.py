"""What becomes of timed moves when the pacer drives the family: when packets leave, and what a stop in between does."""

from __future__ import annotations

import asyncio

import pytest

from buttplug.hardware.errors import HardwareError
from tests.server.protocols.helpers import move, oscillate
from tests.server.protocols.in_time import Moving, on


@on("Lovense Solace Pro")
async def test_a_stroker_s_steps_leave_every_100_ms_and_take_the_whole_time(moving: Moving) -> None:
    moving.send(move(0, 55, 3000))
    await asyncio.sleep(10)
    times = [when for when, _ in moving.sites()]
    assert times == [round(0.1 * step, 3) for step in range(30)]
    assert moving.sites()[-1] == (2.9, 55)


@on("Lovense Solace Pro")
async def test_no_step_leaves_after_a_stop(moving: Moving) -> None:
    moving.send(move(0, 100, 1000))
    await asyncio.sleep(0.25)
    await moving.stop()
    await asyncio.sleep(10)
    assert moving.sites() == [(0.0, 10), (0.1, 20), (0.2, 30)]
    assert moving.packets[-1] == (0.25, b"Mply:0:20;".hex(" ").upper())


@on("Lovense Solace Pro")
async def test_a_move_that_was_broken_off_by_a_failure_can_be_asked_for_again(moving: Moving) -> None:
    moving.send(move(0, 100, 1000))
    await asyncio.sleep(0.25)
    moving.device.write_error = HardwareError("no luck")
    await asyncio.sleep(1)
    moving.device.write_error = None
    moving.send(move(0, 100, 1000))
    await asyncio.sleep(10)
    assert [place for _, place in moving.sites()] == [10, 20, 30, *range(37, 101, 7)]


@on("Lovense Solace Pro")
async def test_a_stroker_goes_back_to_where_it_was_before_a_place_that_it_may_have_been_sent_to(moving: Moving) -> None:
    moving.send(move(0, 20, 0))
    await asyncio.sleep(1)
    moving.device.write_delay = 60.0
    moving.send(move(0, 80, 0))
    await asyncio.sleep(6)
    moving.device.write_delay = 0.0
    moving.send(move(0, 20, 0))
    await asyncio.sleep(1)
    assert len(moving.errors) == 1
    assert [place for _, place in moving.sites()] == [20, 20]


@on("Lovense Solace Pro")
async def test_oscillation_takes_over_from_a_move(moving: Moving) -> None:
    moving.send(move(0, 100, 1000))
    await asyncio.sleep(0.15)
    moving.send(oscillate(0, 5))
    await asyncio.sleep(10)
    assert moving.packets[-1] == (0.15, b"Mply:5:20;".hex(" ").upper())


@pytest.mark.parametrize(
    ("moving", "feature", "reach", "halt"),
    [
        ("Kiiroo Titan 1.1", 1, 99, ["03 00 01 2F", "01 00"]),
        ("Vorze Piston", 0, 99, ["03 1E 01"]),
        ("tcode-v03", 0, 999, [b"DSTOP\n".hex(" ").upper()]),
        ("The Handy 2 Pro", 0, 100, ["08 01 12 05 10 04 D2 2E 00"]),
        ("The Handy", 0, 100, ["0A 13 9A 19 10 08 02 1A 0C 10 C8 01 19 00 00 00 00 00 00 E0 3F"]),
        ("Fleshy Thrust Sync", 0, 180, ["5A 00 C8"]),
        ("Fredorch Device", 0, 15, ["01 10 00 6B 00 05 0A 00 01 00 01 00 50 00 50 00 01 77 DE"]),
        ("Joyroid Loob", 0, 1000, ["01 F4 00 C8"]),
        ("Kinky Makers OSSM", 0, 100, [b"set:speed:0".hex(" ").upper()]),
        ("RealTouch", 0, 99, [b"\x01\x60".ljust(64, b"\x00").hex(" ").upper()]),
        ("ServeU", 0, 100, ["01 32 00"]),
    ],
    indirect=["moving"],
)
async def test_a_stop_halts_a_move_half_way(moving: Moving, feature: int, reach: int, halt: list[str]) -> None:
    moving.send(move(feature, 0, 100))
    await asyncio.sleep(5)
    moving.send(move(feature, reach, 2000))
    await asyncio.sleep(1)
    moving.packets.clear()
    await moving.stop()
    assert moving.packets == [(6.0, data) for data in halt]
    await asyncio.sleep(10)
    assert len(moving.packets) == len(halt)
