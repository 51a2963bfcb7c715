"""The clients that play a vector: this package's own, and those of old versions, as JSON over a websocket."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple, Protocol, TypeAlias

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from buttplug.client import ButtplugClient
from buttplug.core.errors import ButtplugDeviceError, error_from_code
from buttplug.core.messages import SPEC_MAJOR
from buttplug.server import ButtplugServer
from buttplug.server.ports import LOOPBACK
from buttplug.server.websocket import WebsocketListener
from tests.conformance.format import Send
from tests.conformance.orders import orders_for

#: The fields of a message.
Body: TypeAlias = dict[str, Any]


class Announced(NamedTuple):
    """What a client is told of a device."""

    name: str
    display_name: str | None


class VectorClient(Protocol):
    """What a vector wants of a client. What the server refuses, or the client was told nothing of, is raised."""

    async def start_scanning(self) -> None:
        """Look for devices."""

    def announced(self, index: int) -> Announced | None:
        """Return what it was told of a device, None where that is nothing."""

    async def send(self, index: int, send: Send) -> None:
        """Command a device."""

    async def battery(self, index: int) -> float:
        """Read a device's battery, from 0.0 to 1.0."""


#: Opens a client of a server, and closes it.
Connect: TypeAlias = Callable[[ButtplugServer], AbstractAsyncContextManager[VectorClient]]


@asynccontextmanager
async def in_process(server: ButtplugServer) -> AsyncIterator[VectorClient]:
    """Have this package's client hand over its messages as they are."""
    async with ButtplugClient("vector") as client:
        await client.connect(server)
        yield OwnClient(client)


def by_websocket(version: int) -> Connect:
    """Return how a client of a version comes, as JSON over a websocket."""

    @asynccontextmanager
    async def connect_to(server: ButtplugServer) -> AsyncIterator[VectorClient]:
        listener = WebsocketListener(server, hosts=LOOPBACK[:1], port=0)
        await listener.open()
        (url,) = listener.addresses
        try:
            if version == SPEC_MAJOR:
                async with ButtplugClient("vector") as client:
                    await client.connect(url)
                    yield OwnClient(client)
            else:
                old = await OldClient.connect(url, version)
                yield old
                await old.close()
        finally:
            await listener.close()

    return connect_to


class OwnClient:
    """This package's client, of version 4."""

    def __init__(self, client: ButtplugClient) -> None:
        self._client = client

    async def start_scanning(self) -> None:
        await self._client.start_scanning()

    def announced(self, index: int) -> Announced | None:
        device = self._client.devices.get(index)
        return None if device is None else Announced(device.name, device.display_name)

    async def send(self, index: int, send: Send) -> None:
        device = self._client.devices[index]
        if send.stop:
            await device.stop()
        else:
            await asyncio.gather(*(order.feature.run_output(order.command) for order in orders_for(device, send)))

    async def battery(self, index: int) -> float:
        return await self._client.devices[index].battery()


class OldClient:
    """A client of version 0 to 3."""

    def __init__(self, version: int, wire: ClientConnection) -> None:
        self._version = version
        self._wire = wire
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[tuple[str, Body]]] = {}
        self._devices: dict[int, Body] = {}
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, url: str, version: int) -> OldClient:
        client = cls(version, await connect(url, compression=None, proxy=None, ping_interval=None))
        fields = {"MessageVersion": version} if version else {}
        name, info = await client._ask("RequestServerInfo", ClientName="vector", **fields)
        assert (name, info["MessageVersion"]) == ("ServerInfo", version)
        return client

    async def close(self) -> None:
        await self._wire.close()
        await self._reader

    async def _read(self) -> None:
        try:
            async for frame in self._wire:
                for element in json.loads(frame):
                    for name, body in element.items():
                        self._heard(name, body)
        except ConnectionClosed:
            pass

    def _heard(self, name: str, body: Body) -> None:
        if body["Id"]:
            self._waiting.pop(body["Id"]).set_result((name, body))
        elif name == "DeviceAdded":
            assert body["DeviceIndex"] not in self._devices
            self._devices[body["DeviceIndex"]] = body
        elif name == "DeviceRemoved":
            del self._devices[body["DeviceIndex"]]

    async def _ask(self, name: str, **fields: Any) -> tuple[str, Body]:
        id_ = next(self._ids)
        answer = self._waiting[id_] = asyncio.get_running_loop().create_future()
        await self._wire.send(json.dumps([{name: {"Id": id_, **fields}}]))
        reply, body = await answer
        if reply == "Error":
            raise error_from_code(body["ErrorCode"], body["ErrorMessage"])
        return reply, body

    async def start_scanning(self) -> None:
        await self._ask("StartScanning")

    def announced(self, index: int) -> Announced | None:
        info = self._devices.get(index)
        if info is None:
            return None
        # Before version 3 nobody is told of display names.
        return Announced(info["DeviceName"], info.get("DeviceDisplayName"))

    async def send(self, index: int, send: Send) -> None:
        name, fields = self._message(self._devices[index]["DeviceMessages"], send)
        await self._ask(name, DeviceIndex=index, **fields)

    async def battery(self, index: int) -> float:
        messages = self._devices[index]["DeviceMessages"]
        if self._version == 2:
            _known(messages, "BatteryLevelCmd")
            _, reading = await self._ask("BatteryLevelCmd", DeviceIndex=index)
            return float(reading["BatteryLevel"])
        types = [entry["SensorType"] for entry in _known(messages, "SensorReadCmd")]
        sensor = types.index("Battery")
        _, reading = await self._ask("SensorReadCmd", DeviceIndex=index, SensorIndex=sensor, SensorType="Battery")
        (level,) = reading["Data"]
        return float(level / 100)

    def _message(self, messages: Any, send: Send) -> tuple[str, Body]:
        """Return the message that says what a vector wants, by what the client was told of the device."""
        if send.stop:
            return _part_of(messages, "StopDeviceCmd", {})
        if self._version == 0:
            speed, *_ = [level.value for level in send.vibrate or ()]
            return _part_of(messages, "SingleMotorVibrateCmd", {"Speed": speed})
        if send.rotate:
            rotations = [{"Index": item.index, "Speed": item.value, "Clockwise": item.clockwise} for item in send.rotate]
            return _part_of(messages, "RotateCmd", {"Rotations": rotations})
        if send.linear:
            vectors = [{"Index": item.index, "Duration": item.duration_ms, "Position": item.position} for item in send.linear]
            return _part_of(messages, "LinearCmd", {"Vectors": vectors})
        if self._version < 3:
            speeds = [{"Index": level.index, "Speed": level.value} for level in send.vibrate or ()]
            return _part_of(messages, "VibrateCmd", {"Speeds": speeds})
        return "ScalarCmd", {"Scalars": _scalars(messages, send)}


def _part_of(messages: Any, name: str, fields: Body) -> tuple[str, Body]:
    _known(messages, name)
    return name, fields


def _known(messages: Any, name: str) -> Any:
    """Return what a client was told of a command."""
    if name not in messages:
        raise ButtplugDeviceError(f"the device is not said to take {name}, but {', '.join(messages)}")
    return messages[name] if isinstance(messages, dict) else None


def _scalars(messages: Any, send: Send) -> list[Body]:
    entries = _known(messages, "ScalarCmd")
    vibrators = [index for index, entry in enumerate(entries) if entry["ActuatorType"] == "Vibrate"]
    if send.vibrate:
        return [_scalar(entries, vibrators, level.index, level.value, "vibrate") for level in send.vibrate]
    indexes = _one_way(messages)
    return [_scalar(entries, indexes, scalar.index, scalar.value, scalar.type) for scalar in send.scalar or ()]


def _scalar(entries: Sequence[Body], indexes: Sequence[int], number: int, value: float, type_: str) -> Body:
    if number >= len(indexes):
        raise ButtplugDeviceError(f"there is no {type_} output {number}: the device has {len(indexes)}")
    known = entries[indexes[number]]["ActuatorType"]
    if known.lower() != type_:
        raise ButtplugDeviceError(f"scalar output {number} is {known.lower()}, not {type_}")
    return {"Index": indexes[number], "Scalar": value, "ActuatorType": known}


def _one_way(messages: Any) -> list[int]:
    """Return the indexes of the scalars without those that turn both ways, which a vector counts by themselves."""
    both_ways = Counter((entry["FeatureDescriptor"], entry["StepCount"]) for entry in messages.get("RotateCmd", []))
    indexes = []
    for index, entry in enumerate(messages["ScalarCmd"]):
        key = entry["FeatureDescriptor"], entry["StepCount"]
        if entry["ActuatorType"] == "Rotate" and both_ways[key]:
            both_ways[key] -= 1
        else:
            indexes.append(index)
    return indexes
