"""What becomes of timed moves when the pacer drives the family: when packets leave, and what a stop in between does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from buttplug.hardware.errors import HardwareError
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.pacing import Limits, Pacer, slot_of
from buttplug.server.devices.simulation import simulate
from buttplug.server.protocols import load
from buttplug.server.protocols.base import Output
from tests.server.protocols.helpers import configuration, link, move, oscillate


class Moving:
    """A simulated model, driven by a pacer, with the time of every packet since its hand-shake."""

    def __init__(self, device: SimulatedDevice, pacer: Pacer) -> None:
        self.device = device
        self.pacer = pacer
        self.packets: list[tuple[float, str]] = []
        device.on_packet = lambda packet: self.packets.append((self.now, packet.data.hex(" ").upper()))

    @property
    def now(self) -> float:
        return round(asyncio.get_running_loop().time(), 3)

    def send(self, output: Output) -> None:
        self.pacer.submit(output, lambda error: None)

    async def stop(self) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.pacer.stop(lambda error: done.set_result(None))
        await done

    def sites(self) -> list[tuple[float, int]]:
        """Return times and places of a Lovense stroker's steps."""
        texts = [(when, bytes.fromhex(data).decode()) for when, data in self.packets]
        return [(when, int(text.removeprefix("FSetSite:")[:-1])) for when, text in texts if text.startswith("FSetSite:")]


@pytest.fixture
async def moving(request: pytest.FixtureRequest) -> AsyncIterator[Moving]:
    definition = configuration().find(request.param)
    device = simulate(configuration(), definition.name)
    hardware = await link(device, definition.protocol)
    family = load(definition.protocol)
    assert family is not None
    protocol = family(definition, name=hardware.name, address=hardware.address)
    await protocol.initialise(hardware)
    outputs = [(feature.index, *output) for feature in definition.features for output in feature.outputs.items()]
    values = {slot_of(feature, type_): output.value for feature, type_, output in outputs}
    durations = {feature: output.duration for feature, _, output in outputs if output.duration is not None}
    pacer = Pacer(hardware, protocol, Limits(values, durations), gap=0.05)
    yield Moving(device, pacer)
    await pacer.close("the test is over")


def on(model: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("moving", [model], indirect=True)


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
async def test_oscillation_takes_over_from_a_move(moving: Moving) -> None:
    moving.send(move(0, 100, 1000))
    await asyncio.sleep(0.15)
    moving.send(oscillate(0, 5))
    await asyncio.sleep(10)
    assert moving.packets[-1] == (0.15, b"Mply:5:20;".hex(" ").upper())


@pytest.mark.parametrize(
    ("moving", "feature", "reach", "halt"),
    [
        ("Kiiroo Titan 1.1", 1, 99, ["01 00", "03 00 01 2F"]),
        ("Vorze Piston", 0, 99, ["03 1E 01"]),
        ("tcode-v03", 0, 999, [b"DSTOP\n".hex(" ").upper()]),
        ("The Handy 2 Pro", 0, 100, ["08 01 12 05 10 04 D2 2E 00"]),
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
