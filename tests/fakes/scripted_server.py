"""A connector whose server is a script: it answers what it is told to answer, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeVar

from buttplug.client.connector import OnLost, OnMessage
from buttplug.core.codec import Malformed
from buttplug.core.errors import ButtplugConnectorError
from buttplug.core.messages import (
    ClientMessage,
    DeviceInfo,
    DeviceList,
    FeatureInfo,
    InputLimits,
    Ok,
    OutputLimits,
    RequestDeviceList,
    RequestServerInfo,
    ServerInfo,
    ServerMessage,
)

Message = TypeVar("Message", bound=ClientMessage)
Script = Callable[[Message], ServerMessage | Malformed | None]


def device_info(index: int, name: str, *features: FeatureInfo, display_name: str | None = None) -> DeviceInfo:
    """Return a device of a device list."""
    return DeviceInfo(index, name, {feature.feature_index: feature for feature in features}, 50, display_name)


def vibrator(index: int, name: str = "Demo Vibrator", steps: int = 20) -> DeviceInfo:
    """Return a device with one motor."""
    return device_info(index, name, FeatureInfo(0, "", {"Vibrate": OutputLimits((0, steps))}))


def stroker(index: int = 2) -> DeviceInfo:
    """Return a device with a bit of everything."""
    return device_info(
        index,
        "Demo Stroker",
        FeatureInfo(
            0,
            "Shaft",
            {"Position": OutputLimits((0, 100)), "HwPositionWithDuration": OutputLimits((0, 100), (20, 1000))},
        ),
        FeatureInfo(1, "Twist", {"Rotate": OutputLimits((-6, 6))}),
        FeatureInfo(2, "", {"Vibrate": OutputLimits((0, 20))}),
        FeatureInfo(3, "", {"Vibrate": OutputLimits((0, 7))}),
        FeatureInfo(4, "", input={"Battery": InputLimits([(0, 100)], ["Read"])}),
        FeatureInfo(5, "", input={"Pressure": InputLimits([(0, 1000)], ["Read", "Subscribe"])}),
        FeatureInfo(6, "", input={"Pressure": InputLimits([(0, 1000)], ["Subscribe"])}),
        display_name="blue one",
    )


class ScriptedServer:
    """Answers Ok, unless the script for a kind of message says otherwise; a script that returns None answers nothing.

    Attributes:
        devices: What the device list says.
        received: All messages of the client, oldest first.
        refuses: Raised by an attempt to connect.
        attempts: When each attempt to connect was made, by the clock of the event loop.
        connected: Whether a client is.
        closing_time: Seconds that closing a connection takes.
        instant: Whether answers come before ``send`` returns, instead of a moment later.
    """

    def __init__(self, devices: Iterable[DeviceInfo] = (), *, max_ping_time: int = 0) -> None:
        self.devices = {device.device_index: device for device in devices}
        self.received: list[ClientMessage] = []
        self.refuses: ButtplugConnectorError | None = None
        self.attempts: list[float] = []
        self.connected = False
        self.closing_time = 0.0
        self.instant = False
        self._scripts: dict[type[ClientMessage], Callable[..., ServerMessage | Malformed | None]] = {}
        self.script(RequestServerInfo, lambda hello: ServerInfo(hello.id, "Scripted", max_ping_time, 4, 0))
        self.script(RequestDeviceList, lambda request: DeviceList(request.id, dict(self.devices)))

    def script(self, kind: type[Message], script: Script[Message]) -> None:
        """Say how a kind of message is answered."""
        self._scripts[kind] = script

    def answer_of(self, kind: type[Message]) -> Script[Message]:
        """Return how a kind of message is answered now."""
        return self._scripts.get(kind, _ok)

    def silence(self, kind: type[ClientMessage]) -> None:
        """Answer a kind of message no more."""
        self._scripts[kind] = lambda message: None

    def say(self, message: ServerMessage | Malformed) -> None:
        """Send a message."""
        self._on_message(message)

    def show(self, *devices: DeviceInfo) -> None:
        """Change the devices, and tell."""
        self.devices = {device.device_index: device for device in devices}
        self.say(DeviceList(0, dict(self.devices)))

    def lose(self, reason: str = "cable cut") -> None:
        """Drop the connection."""
        self.connected = False
        self._on_lost(reason)

    def sent(self, kind: type[Message]) -> list[Message]:
        """Return the messages of one kind that the client sent."""
        return [message for message in self.received if isinstance(message, kind)]

    async def connect(self, on_message: OnMessage, on_lost: OnLost) -> None:
        self.attempts.append(asyncio.get_running_loop().time())
        if self.refuses is not None:
            raise self.refuses
        self._on_message = on_message
        self._on_lost = on_lost
        self.connected = True

    async def send(self, message: ClientMessage) -> None:
        if not self.connected:
            raise ButtplugConnectorError("the scripted server is gone")
        self.received.append(message)
        answer = self._scripts.get(type(message), _ok)(message)
        if answer is not None and self.instant:
            self._on_message(answer)
        elif answer is not None:
            asyncio.get_running_loop().call_soon(self._on_message, answer)

    async def disconnect(self) -> None:
        if self.closing_time:
            await asyncio.sleep(self.closing_time)
        self.connected = False


def _ok(message: ClientMessage) -> Ok:
    return Ok(message.id)
