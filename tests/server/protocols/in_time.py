"""A simulated model, driven by a pacer, with the time of every packet."""

from __future__ import annotations

import asyncio

import pytest

from buttplug.core.errors import ButtplugError
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.pacing import Pacer
from buttplug.server.protocols.base import Output


class Moving:
    """A simulated model, driven by a pacer, with the seconds since its hand-shake of every packet, and all errors."""

    def __init__(self, device: SimulatedDevice, pacer: Pacer) -> None:
        self.device = device
        self.pacer = pacer
        self.packets: list[tuple[float, str]] = []
        self.errors: list[str] = []
        self._started = asyncio.get_running_loop().time()
        device.on_packet = lambda packet: self.packets.append((self.now, packet.data.hex(" ").upper()))

    @property
    def now(self) -> float:
        return round(asyncio.get_running_loop().time() - self._started, 3)

    def send(self, output: Output) -> None:
        self.pacer.submit(output, self._note)

    async def stop(self) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def stopped(error: ButtplugError | None) -> None:
            self._note(error)
            done.set_result(None)

        self.pacer.stop(stopped)
        await done

    def _note(self, error: ButtplugError | None) -> None:
        if error is not None:
            self.errors.append(error.message)

    def sites(self) -> list[tuple[float, int]]:
        """Return times and places of a Lovense stroker's steps."""
        texts = [(when, bytes.fromhex(data).decode()) for when, data in self.packets]
        return [(when, int(text.removeprefix("FSetSite:")[:-1])) for when, text in texts if text.startswith("FSetSite:")]


def on(model: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("moving", [model], indirect=True)
