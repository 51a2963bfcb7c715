"""Any device model as clients see it, with any settings of its user, without hardware and without its protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from buttplug.core.messages import DeviceInfo
from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothSpecifier
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.devices.device import Device
from buttplug.server.devices.settings import DeviceKey, DeviceSettings
from tests.fakes.clock import VirtualTimeLoop
from tests.fakes.protocols import PacketPerFeature


def infos_of(models: Iterable[tuple[DeviceDefinition, DeviceSettings]]) -> list[DeviceInfo]:
    """Return what clients are told of each of these models, all of them as device 0."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(_infos_of(models))


async def _infos_of(models: Iterable[tuple[DeviceDefinition, DeviceSettings]]) -> list[DeviceInfo]:
    simulated = SimulatedDevice("model", BluetoothAdvertisement("model"), address="1", endpoints=["tx"])
    hardware = await simulated.discovery().connect([BluetoothSpecifier({})])
    infos = []
    for definition, settings in models:
        key = DeviceKey(definition.protocol, definition.identifier, "1")
        protocol = PacketPerFeature(definition, name="model", address="1")
        device = Device(0, key, definition, settings, hardware, protocol)
        infos.append(device.info)
    return infos
