"""A program that uses the client, for type checkers only: mypy and pyright must find nothing in it, in their strict modes.

What must not pass is marked with ``type: ignore``; both are told to complain about such a mark where it is not needed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import assert_never, assert_type

from buttplug import (
    ButtplugClient,
    ButtplugConnectorError,
    ButtplugDevice,
    ButtplugDeviceError,
    ButtplugError,
    ButtplugServer,
    ClientEvent,
    CommandValue,
    Connector,
    DeviceAdded,
    DeviceErrorReason,
    DeviceFeature,
    DeviceOutputCommand,
    DeviceRemoved,
    ErrorReceived,
    InProcessConnector,
    InputType,
    OutputType,
    Reading,
    ReconnectFailed,
    ScanningFinished,
    ServerDisconnected,
    ServerReconnected,
    WebsocketConnector,
)
from buttplug.funscript import FunscriptPlayer, load
from buttplug.patterns import Pattern, pulse, ramp, sequence
from buttplug.testing import Simulation


async def test(my_game: Callable[[ButtplugClient], Awaitable[None]]) -> None:
    async with Simulation("Lovense Nora") as simulation:
        await my_game(await simulation.connect())
        assert_type(simulation["Nora"].output("vibrate"), float)


def misspell() -> None:
    from buttplug import ButtplugCleint  # type: ignore[attr-defined]  # noqa: F401
    from buttplug.client import Device  # type: ignore[attr-defined]  # noqa: F401


async def connect(client: ButtplugClient, server: ButtplugServer, own: Connector) -> None:
    await client.connect("ws://127.0.0.1:12345")
    await client.connect(server)
    await client.connect(InProcessConnector(server))
    await client.connect(WebsocketConnector("wss://127.0.0.1:12345"))
    await client.connect(own)
    await client.connect(None)  # type: ignore[arg-type]
    await client.connect(url=12345)  # type: ignore[arg-type]
    assert_type(client.server_name, str | None)


async def find(client: ButtplugClient) -> ButtplugDevice:
    found = await client.scan(5)
    assert_type(found, list[ButtplugDevice])
    plain: dict[int, ButtplugDevice] = client.devices
    for index, device in client.devices.items():
        assert_type(index, int)
        assert_type(device, ButtplugDevice)
    assert client.devices.keys() == plain.keys()
    assert client.devices != {}
    assert_type(client.devices[0], ButtplugDevice)
    assert_type(client.devices.get(1), ButtplugDevice | None)
    return await client.wait_for_device("Nora", timeout=10)


async def drive(device: ButtplugDevice, value: CommandValue) -> None:
    await device.vibrate(0.5)
    await device.vibrate(value)
    await device.rotate(-3)
    await device.position(0.8, duration=0.4)
    await device.run_output(DeviceOutputCommand(OutputType.POSITION_WITH_DURATION, 0.5, duration=250))
    await device.vibrate("0.5")  # type: ignore[arg-type]
    await device.vibrat(0.5)  # type: ignore[attr-defined]
    for feature in device.features.values():
        assert_type(feature, DeviceFeature)
        assert_type(feature.device, ButtplugDevice)
        assert_type(feature.step_range(OutputType.VIBRATE), tuple[int, int] | None)
    await device.stop(inputs=False)


async def play(device: ButtplugDevice) -> None:
    pattern = sequence(ramp(0.0, 0.6, 5), pulse(on=0.2, off=0.3).repeat(3))
    assert_type(pattern, Pattern)
    await device.play(pattern)
    await device.features[0].play(pattern, OutputType.ROTATE)
    await device.play(0.5)  # type: ignore[arg-type]
    async with FunscriptPlayer(load("video.funscript"), device, clock=lambda: 1.0) as player:
        player.play()
        player.speed = 2.0
        await player.pause()


async def sense(device: ButtplugDevice) -> list[int]:
    assert_type(await device.battery(), float)
    assert_type(await device.rssi(), int)
    values: list[int] = []
    async with aclosing(device.subscribe(InputType.PRESSURE)) as readings:
        async for reading in readings:
            assert_type(reading, Reading)
            assert_type(reading.feature, DeviceFeature)
            values.append(reading.value)
            break
    return values


def explain(error: ButtplugError) -> str:
    match error:
        case ButtplugDeviceError(reason=DeviceErrorReason.GONE):
            return "gone"
        case ButtplugDeviceError(reason=reason, device=device, feature=feature):
            where = "" if device is None else f"{device.index} {device.name} {device.connected}"
            return f"{reason.value} {where} {'' if feature is None else feature.description}"
        case ButtplugConnectorError():
            return "no connection"
        case _:
            return error.message


async def recover(error: ButtplugDeviceError) -> None:
    if error.reason is DeviceErrorReason.WRITE_FAILED and error.device is not None and error.feature is not None:
        await error.feature.stop()
        await error.device.stop()


def tell(event: ClientEvent) -> str:
    match event:
        case DeviceAdded(device) | DeviceRemoved(device):
            return device.name
        case ServerDisconnected(reason):
            return reason
        case ReconnectFailed(error, pause):
            return f"{error.message}, {pause:.1f} s"
        case ServerReconnected(name):
            return name
        case ErrorReceived(problem):
            return str(problem)
        case ScanningFinished():
            return "done"
        case _:
            assert_never(event)


async def main(server: ButtplugServer, own: Connector) -> None:
    def plain(device: ButtplugDevice) -> None: ...

    async def slow(device: ButtplugDevice) -> None: ...

    def wrong(first: ButtplugDevice, second: int) -> None: ...

    async with ButtplugClient("Typed", request_timeout=5, reconnect=True) as client:
        client.on_device_added = plain
        client.on_device_added = slow
        client.on_device_removed = None
        client.on_device_added = wrong  # type: ignore[assignment]
        client.on_server_reconnect = client.stop_all_devices
        client.on_error = lambda error: str(error)
        await connect(client, server, own)
        device = await find(client)
        await drive(device, 3)
        await sense(device)
        await client.vibrate(0.3)
        async for event in client.events():
            tell(event)
