"""A user's limits hold in the hand-shake too, in which some devices are woken by a level or sent to a place."""

from __future__ import annotations

import asyncio

import pytest

from buttplug.core.enums import OutputType
from buttplug.hardware.simulated import SimulatedManager
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.settings import DeviceKey, DeviceSettings, OutputSettings
from buttplug.server.devices.simulation import simulate
from buttplug.server.protocols.base import Packet
from buttplug.server.protocols.kiiroo.v21_initialized import KiirooV21Initialized
from tests.server.protocols.helpers import ADDRESS, drive, hexes, move

ONYX, NOVA = ("kiiroo-v21-initialized", "Onyx+"), ("wevibe", "Nova")
LOOB, FREDORCH = ("loob", None), ("fredorch", None)

OFF = OutputSettings(disabled=True)
UNLIMITED = OutputSettings()
WEVIBE_STOP = "0F 00 00 00 00 00 00 00"


def within(lowest: int, highest: int, *, shortest: int = 0) -> OutputSettings:
    return OutputSettings(value=(lowest, highest), duration=(shortest, 100_000) if shortest else None)


async def hand_shake(protocol: str, identifier: str | None, settings: DeviceSettings) -> list[str]:
    """Return what a device is sent until a second after it is connected."""
    configuration = DeviceConfiguration.load()
    model = configuration.definition(protocol, identifier)
    assert model is not None
    device = simulate(configuration, f"{model.name}@{ADDRESS}")
    configuration.configure(DeviceKey(protocol, identifier, ADDRESS), settings)
    async with ButtplugServer(managers=[SimulatedManager([device])], configuration=configuration) as server:
        await server.devices.start_scanning(server, lambda: None)
        await asyncio.sleep(1)
        assert server.devices.devices
        return hexes(device.packets)


@pytest.mark.parametrize(
    ("limits", "woken"),
    [
        ((within(0, 4), UNLIMITED), "0F 03 00 49 00 03 00 00"),
        ((UNLIMITED, within(0, 1)), "0F 03 00 91 00 03 00 00"),
        ((within(12, 15), within(0, 9)), "0F 03 00 99 00 03 00 00"),
        ((OFF, within(0, 15)), "0F 03 00 09 00 01 00 00"),
        ((OFF, within(0, 0)), WEVIBE_STOP),
    ],
)
async def test_a_wevibe_is_woken_by_no_speed_above_its_limits(
    limits: tuple[OutputSettings, OutputSettings], woken: str
) -> None:
    outputs = {(feature, OutputType.VIBRATE): limit for feature, limit in enumerate(limits)}
    assert await hand_shake(*NOVA, DeviceSettings(outputs=outputs)) == [woken, WEVIBE_STOP]


@pytest.mark.parametrize(
    ("model", "limit", "packets"),
    [
        (ONYX, UNLIMITED, ["03 00 64 19", "03 00 64 00"]),
        (ONYX, within(10, 20), ["03 00 64 14", "03 00 64 0A"]),
        (ONYX, within(40, 60, shortest=1000), ["03 00 13 28"]),
        (LOOB, within(300, 600), ["01 2C 01 F4"]),
        (LOOB, within(0, 600, shortest=2000), ["00 01 07 D0"]),
        (FREDORCH, within(4, 10), ["00 05 00 05 00 28 00 28 00 01"]),
        (FREDORCH, within(0, 10, shortest=8048), ["00 02 00 02 00 00 00 00 00 01"]),
    ],
)
async def test_a_stroker_is_sent_no_further_and_no_faster_than_its_limits(
    model: tuple[str, str | None], limit: OutputSettings, packets: list[str]
) -> None:
    sent = await hand_shake(*model, DeviceSettings(outputs={(0, OutputType.POSITION_WITH_DURATION): limit}))
    moves = [packet[21:-6] for packet in sent if packet.startswith("01 10")] if model is FREDORCH else sent
    assert list(dict.fromkeys(moves)) == packets, "one of them is what a Kiiroo is kept awake by"


async def test_a_stroker_that_is_not_to_move_is_not_kept_awake_and_is_again_when_it_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repeats = 0

    def repeat(*_: object) -> list[Packet]:
        nonlocal repeats
        repeats += 1
        return []

    monkeypatch.setattr(KiirooV21Initialized, "repeat", repeat)
    await hand_shake(*ONYX, DeviceSettings(outputs={(0, OutputType.POSITION_WITH_DURATION): OFF}))
    assert not repeats
    device = drive(*ONYX)
    assert device.protocol.repeat_after is None
    device.send(move(0, 50, 500))
    assert device.protocol.repeat_after == 2


@pytest.mark.parametrize("model", [ONYX, LOOB, FREDORCH])
async def test_a_stroker_that_is_disabled_is_not_moved(model: tuple[str, str | None]) -> None:
    assert await hand_shake(*model, DeviceSettings(outputs={(0, OutputType.POSITION_WITH_DURATION): OFF})) == []


@pytest.mark.parametrize("refusal", [DeviceSettings(deny=True), DeviceSettings(unusable="its limits cannot be read")])
async def test_a_device_that_comes_back_only_to_be_stopped_is_not_woken(refusal: DeviceSettings) -> None:
    configuration = DeviceConfiguration.load()
    device = simulate(configuration, f"WeVibe Nova@{ADDRESS}")
    async with ButtplugServer(managers=[SimulatedManager([device])], configuration=configuration) as server:
        await server.devices.start_scanning(server, lambda: None)
        await asyncio.sleep(1)
        server.devices.devices[0].output(0, OutputType.VIBRATE, 5, 0, None, lambda error: None)
        await asyncio.sleep(1)
        device.disconnect()
        configuration.configure(DeviceKey(*NOVA, ADDRESS), refusal)
        device.packets.clear()
        device.come_back()
        await asyncio.sleep(5)
        assert not server.devices.devices
    assert set(hexes(device.packets)) == {WEVIBE_STOP}
