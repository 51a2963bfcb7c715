"""The link to a simulated device, and what the device remembers of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct, structs

from buttplug.hardware.base import Hardware, OnTold, Packet
from buttplug.hardware.specifier import Specifier

if TYPE_CHECKING:
    from buttplug.hardware.simulated.device import SimulatedDevice


class Subscribe(Struct, frozen=True):
    """The server asked for notifications on an endpoint."""

    endpoint: str


class Unsubscribe(Struct, frozen=True):
    """The server ended the notifications of an endpoint."""

    endpoint: str


Command: TypeAlias = Packet | Subscribe | Unsubscribe


class SimulatedHardware(Hardware):
    """The link to a simulated device, and what the device remembers of it."""

    def __init__(self, device: SimulatedDevice, specifier: Specifier) -> None:
        advertisement = device.advertisement
        super().__init__(
            name=device.name,
            address=device.address,
            endpoints=specifier.endpoints if device.endpoints is None else device.endpoints,
            specifier=specifier,
            manufacturer_data=getattr(advertisement, "manufacturer_data", None),
            message_gap=device.message_gap,
        )
        self.device = device
        self.loop: asyncio.AbstractEventLoop | None = asyncio._get_running_loop()
        self.on_told: OnTold | None = device.told
        self.provisional_address: bool = device.provisional_address
        self.own_name: str | None = device.own_name
        self.subscribed: set[str] = set()

    async def write(self, packet: Packet) -> None:
        # The same as in `require`, without what calling it costs for every packet.
        if not self.connected or packet.endpoint not in self.endpoints:
            self.require(packet.endpoint)
        device = self.device
        if device.write_delay:
            await asyncio.sleep(device.write_delay)
            self.require(packet.endpoint)
        if device.write_error is not None:
            raise device.write_error
        # How long to wait behind it is for the server, not for the device.
        device.received(structs.replace(packet, pause=0.0) if packet.pause else packet)

    async def read(self, endpoint: str) -> bytes:
        self.require(endpoint)
        return self.device.value_of(endpoint)

    async def subscribe(self, endpoint: str) -> None:
        self.require(endpoint)
        self.subscribed.add(endpoint)
        self.device.commands.append(Subscribe(endpoint))
        self.device.on_subscribe(endpoint)

    async def unsubscribe(self, endpoint: str) -> None:
        self.require(endpoint)
        self.subscribed.discard(endpoint)
        self.device.commands.append(Unsubscribe(endpoint))

    @property
    def knows_battery(self) -> bool:
        return self.device.knows_battery

    @property
    def knows_signal_strength(self) -> bool:
        return self.device.rssi is not None

    async def read_rssi(self) -> int:
        if self.device.rssi is None:
            return await super().read_rssi()
        return self.device.rssi

    async def disconnect(self) -> None:
        self.lost("the server closed it")
