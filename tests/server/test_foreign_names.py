"""Names come from devices, clients and web pages: none of them can forge a line of a log, or command a terminal."""

from __future__ import annotations

import asyncio
import logging

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.messages import OutputArguments, OutputCmd, RequestServerInfo
from buttplug.hardware.bluetooth import BluetoothAdvertisement
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.simulated import SimulatedManager
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.settings import DeviceKey, DeviceSettings, OutputSettings
from buttplug.server.devices.simulation import simulate
from tests.fakes.managers import SecondManager
from tests.server.conftest import BuildHouse, Talker

EVIL = "\x1b[2J\r\n2026-01-01 INFO all is well\x9b\u202e\u2028"


@pytest.mark.parametrize("fault", ["", "connect_error", "write_error", "unknown"])
async def test_an_advertised_name_is_escaped_before_it_is_logged(
    bundled: DeviceConfiguration, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    caplog.set_level(logging.DEBUG, "buttplug")
    device = simulate(bundled, "lovense")
    device.name = "LVS-" + EVIL
    device.label = "toy"
    device.advertisement = BluetoothAdvertisement("Unknown" if fault == "unknown" else device.name)
    if fault.endswith("_error"):
        setattr(device, fault, HardwareError("it failed"))
    server = ButtplugServer(managers=[SimulatedManager([device])], configuration=bundled)
    async with server:
        talker = await Talker(server).shake_hands()
        await server.devices.start_scanning(talker, lambda: None)
        for _ in range(100):
            device.notify("rx", b"x")
            await asyncio.sleep(0.1)
        if server.devices.devices:
            await talker.ask(OutputCmd, 0, 0, {"Vibrate": OutputArguments(3)})
        device.disconnect("out of range")
    told = [record.getMessage() for record in caplog.records]
    assert all(text.isprintable() for text in told), told


async def test_an_address_that_a_device_chose_is_escaped_before_it_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "buttplug")
    configuration = DeviceConfiguration.load()
    devices = [simulate(configuration, model) for model in ("Lovense Nora", "Lovense Hush", "Aneros Vivi")]
    devices[0].address, devices[1].address, devices[2].address = "plain", EVIL, EVIL
    nora, hush = (configuration.match(device.advertisement)[0].protocol for device in devices[:2])
    limits = {(0, OutputType.VIBRATE): OutputSettings(value=(0, 5))}
    # One index for two devices, limits for none of them, and one address for two buses.
    configuration.settings[DeviceKey(nora, "A", "plain")] = DeviceSettings(index=0)
    configuration.settings[DeviceKey(hush, "Z", EVIL)] = DeviceSettings(index=0, outputs=limits)
    configuration.settings[DeviceKey(hush, "C", EVIL)] = DeviceSettings(outputs=limits)
    managers = [SimulatedManager(devices[:2]), SecondManager()]
    async with ButtplugServer(managers=managers, configuration=configuration) as server:
        await server.devices.start_scanning(object(), lambda: None)
        await asyncio.sleep(5)
        managers[1].on_found(devices[2].discovery())
        await asyncio.sleep(1)
    told = [record.getMessage() for record in caplog.records]
    assert len([text for text in told if "all is well" in text]) >= 2, told
    assert all(text.isprintable() for text in told), told


async def test_a_clients_name_is_escaped_before_it_is_logged(build: BuildHouse, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "buttplug")
    house = await build("aneros")
    talker = Talker(house.server)
    await talker.ask(RequestServerInfo, EVIL, 4, 0)
    await talker.session.close("gone")
    told = [record.getMessage() for record in caplog.records if "all is well" in record.getMessage()]
    assert len(told) == 2
    assert all(text.isprintable() for text in told)
