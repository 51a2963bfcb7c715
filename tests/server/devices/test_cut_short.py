"""Devices that are lost, denied or left by their server at any moment of their coming and going."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.messages import OutputArguments, OutputCmd, ScanningFinished, StartScanning
from buttplug.hardware.base import Discovery, Hardware, Notification
from buttplug.hardware.bluetooth import BluetoothAdvertisement
from buttplug.hardware.simulated import SimulatedDevice, SimulatedHardware, SimulatedManager
from buttplug.hardware.specifier import Specifier
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.settings import DeviceKey
from tests.fakes.cut import cuts
from tests.fakes.families import Family, install
from tests.fakes.protocols import PacketPerFeature, text
from tests.server.conftest import Talker

ADDRESS = "toy-1"
KEY = DeviceKey("toy", None, ADDRESS)


class Talkative(PacketPerFeature):
    """Devices with every kind of await in their hand-shake: writes, an answer, a pause."""

    @classmethod
    async def identify(cls, hardware: Hardware) -> str | None:
        with hardware.listen() as answers:
            await hardware.subscribe("rx")
            await hardware.write(text("who"))
            await answers.find(Notification.__repr__, 1.0)
        return None

    async def initialise(self, hardware: Hardware) -> None:
        await hardware.write(text("begin"))
        await asyncio.sleep(0.01)


class Toy(SimulatedDevice):
    """A toy that needs time for everything; its link is made in the end even where that is cancelled."""

    def __init__(self) -> None:
        super().__init__("toy", BluetoothAdvertisement("toy"), address=ADDRESS)
        self.write_delay = 0.001
        self.answer = lambda packet: self._say_later() if packet.data == b"who" else None

    def discovery(self) -> Discovery:
        return replace(super().discovery(), connect=self._connect_slowly)

    async def _connect_slowly(self, specifiers: Sequence[Specifier]) -> Hardware:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)
        return await self._connect(specifiers)

    def _say_later(self) -> None:
        asyncio.get_running_loop().call_later(0.001, self.notify, "rx", b"toy")

    @property
    def runs(self) -> bool:
        """Whether its motor does, by the last packet that it was sent for it."""
        told = [packet.data for packet in self.packets if packet.data.startswith(b"Vibrate")]
        return bool(told) and not told[-1].endswith(b" 0")


class Scene(NamedTuple):
    """A server with one toy, and a client that scans."""

    server: ButtplugServer
    toy: Toy
    client: Talker

    async def scan(self) -> int:
        """Scan to the end; return how often that was told."""
        before = len(self.client.events(ScanningFinished))
        await self.client.ask(StartScanning)
        await asyncio.sleep(1)
        return len(self.client.events(ScanningFinished)) - before

    async def drive(self) -> None:
        """Have the toy run."""
        await self.client.ask(OutputCmd, 0, 0, {"Vibrate": OutputArguments(50)})
        assert self.toy.runs

    def lose(self) -> None:
        self.toy.disconnect()

    def come_back(self) -> None:
        self.toy.come_back()

    def deny(self) -> None:
        self.server.configuration.change_device(KEY, deny=True)

    def disable(self) -> None:
        self.server.configuration.limit_output(KEY, 0, OutputType.VIBRATE, disabled=True)

    def close(self) -> None:
        closing.append(asyncio.ensure_future(self.server.close()))


closing: list[asyncio.Future[list[str]]] = []
EVENTS: list[Callable[[Scene], None]] = [Scene.lose, Scene.deny, Scene.disable, Scene.close]


@pytest.fixture(autouse=True)
def _slow_disconnect(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a link need time to be closed, and be left open where that is cancelled."""

    async def disconnect(hardware: SimulatedHardware) -> None:
        await asyncio.sleep(0.01)
        hardware.lost("the server closed it")

    monkeypatch.setattr(SimulatedHardware, "disconnect", disconnect)


@pytest.fixture
def configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> DeviceConfiguration:
    return install(monkeypatch, tmp_path, {"toy": Family(Talkative)})


async def begin(configuration: DeviceConfiguration) -> Scene:
    configuration.settings.clear()
    closing.clear()
    toy = Toy()
    server = ButtplugServer(managers=[SimulatedManager([toy])], configuration=configuration)
    await server.open()
    return Scene(server, toy, await Talker(server).shake_hands())


async def end(scene: Scene) -> None:
    """Close the server, and require that nothing is left of it."""
    await scene.server.close()
    await asyncio.gather(*closing)
    await asyncio.sleep(0.1)
    assert not scene.toy.connected
    assert not scene.toy.runs
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("event", EVENTS)
async def test_a_device_whose_connecting_is_cut_short_is_let_go_and_found_again(
    configuration: DeviceConfiguration, caplog: pytest.LogCaptureFixture, event: Callable[[Scene], None]
) -> None:
    for cut in cuts("DeviceManager._connect"):
        scene = await begin(configuration)
        caplog.clear()
        with cut.by(event, scene):
            finished = await scene.scan()
        warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert len(warnings) <= 1, cut
        if event is not Scene.close:
            assert finished == 1, cut
            assert scene.toy.connected == bool(scene.server.devices.devices), cut
            configuration.settings.clear()
            scene.toy.in_range = True
            await scene.scan()
            assert scene.client.devices == [0], cut
            assert scene.toy.connected, cut
        await end(scene)


@pytest.mark.parametrize("event", EVENTS)
async def test_a_device_that_may_be_running_is_stopped_whenever_its_coming_back_is_cut_short(
    configuration: DeviceConfiguration, caplog: pytest.LogCaptureFixture, event: Callable[[Scene], None]
) -> None:
    for cut in cuts("DeviceManager._connect"):
        scene = await begin(configuration)
        await scene.scan()
        await scene.drive()
        scene.toy.disconnect()
        await asyncio.sleep(1)
        with cut.by(event, scene):
            scene.toy.come_back()
            await asyncio.sleep(1)
        if event is Scene.close:
            (told,) = [closed.result() for closed in closing] or [[]]
            assert scene.toy.runs == bool(told), cut
            scene.toy.packets.clear()
        elif event is Scene.lose:
            scene.toy.come_back()
            await asyncio.sleep(1)
        await end(scene)


@pytest.mark.parametrize("function", ["DeviceManager._close_lost", "_disconnect_stopped"])
@pytest.mark.parametrize("event", [Scene.lose, Scene.deny, Scene.close, Scene.come_back])
async def test_a_device_whose_going_is_cut_short_is_stopped_let_go_and_found_again(
    configuration: DeviceConfiguration, function: str, event: Callable[[Scene], None]
) -> None:
    for cut in cuts(function):
        scene = await begin(configuration)
        await scene.scan()
        await scene.drive()
        with cut.by(event, scene):
            scene.lose() if function == "DeviceManager._close_lost" else scene.deny()
            await asyncio.sleep(1)
        if event is not Scene.close:
            configuration.settings.clear()
            scene.toy.in_range = True
            await scene.scan()
            assert scene.client.devices == [0], cut
            assert not scene.toy.runs, cut
        elif scene.toy.runs and cut.happened:
            assert closing[0].result(), cut
        scene.toy.packets.clear()
        await end(scene)
