"""A program with the server inside, for type checkers only, as ``consumer.py`` is for the client."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

from buttplug import ButtplugServer, OutputType
from buttplug.hardware.base import CommunicationManager
from buttplug.hardware.bluetooth import BluetoothManager
from buttplug.hardware.gamepad import GamepadManager
from buttplug.hardware.lovense_connect import LovenseConnectManager
from buttplug.hardware.lovense_dongle import LovenseHidDongleManager
from buttplug.hardware.serial import SerialManager
from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.hardware.websocket import WebsocketManager
from buttplug.server import stop_on_signals
from buttplug.server.buses import buses
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.settings import DeviceKey
from buttplug.server.devices.simulation import simulate
from buttplug.server.devices.user_configuration import UserFile
from buttplug.server.websocket import WebsocketListener


def all_buses() -> list[CommunicationManager]:
    return [
        *buses("hid", "usb"),
        BluetoothManager(),
        GamepadManager(),
        LovenseConnectManager(["192.168.0.11"]),
        LovenseHidDongleManager(),
        SerialManager(["/dev/ttyUSB0"]),
        WebsocketManager(port=0),
    ]


def mistakes() -> None:
    ButtplugServer(managers=BluetoothManager())  # type: ignore[arg-type]
    ButtplugServer(managers=[BluetoothManager])  # type: ignore[list-item]
    ButtplugServer(BluetoothManager())  # type: ignore[arg-type]
    ButtplugServer(simulate=[1])  # type: ignore[list-item]
    SimulatedManager(["Lovense Nora"])  # type: ignore[list-item]


async def main() -> None:
    configuration = DeviceConfiguration.load()
    UserFile.open(Path("devices.json"), configuration)
    nora = simulate(configuration, "Lovense Nora")
    assert_type(nora, SimulatedDevice)
    managers: list[CommunicationManager] = [*all_buses(), SimulatedManager([nora])]
    async with ButtplugServer(
        "Desk", managers=managers, simulate=["Lovense Edge"], configuration=configuration, max_ping_time=1000, max_clients=2
    ) as server:
        with stop_on_signals(server):
            async with WebsocketListener(server, port=0) as listener:
                assert_type(listener.addresses, list[str])
        assert_type(server.simulated, list[SimulatedDevice])
        assert_type(server.simulated[0].output("vibrate"), float)
        await server.limit_output(0, 0, OutputType.VIBRATE, value=(0, 12))
        await server.limit_output(0, 0, OutputType.VIBRATE, maximum=12)  # type: ignore[call-arg]
        await server.change_device(DeviceKey("lovense", "P", "AA:BB:CC:DD:EE:FF"), display_name="Left one", index=3)
        await server.change_device(0, name="Left one")  # type: ignore[call-arg]
        assert_type(await server.stop_all(), list[str])
