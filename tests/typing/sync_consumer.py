"""A program that uses the synchronous client, for type checkers only, as ``consumer.py`` is for the asynchronous one."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never, assert_type

from buttplug.funscript import load
from buttplug.hardware.base import CommunicationManager
from buttplug.patterns import ramp
from buttplug.sync import (
    ButtplugDeviceError,
    Client,
    ClientEvent,
    Device,
    DeviceAdded,
    DeviceErrorReason,
    DeviceRemoved,
    ErrorReceived,
    Feature,
    FunscriptPlayer,
    InputType,
    OutputType,
    Reading,
    ReconnectFailed,
    ScanningFinished,
    Server,
    ServerDisconnected,
    ServerReconnected,
    stop_on_signals,
)


def drive(device: Device) -> None:
    device.vibrate(0.5)
    device.position(0.8, duration=0.4)
    device.vibrate("0.5")  # type: ignore[arg-type]
    device.vibrat(0.5)  # type: ignore[attr-defined]
    assert_type(device.battery(), float)
    assert_type(device.features, dict[int, Feature])
    for feature in device.get_features_with_output(OutputType.VIBRATE):
        assert_type(feature.device, Device)


def play(device: Device) -> None:
    device.play(ramp(0.0, 0.6, 5))
    device.features[0].play(0.5)  # type: ignore[arg-type]


def follow(device: Device, video: Callable[[], float | None]) -> None:
    script = load("video.funscript")
    with FunscriptPlayer(script, device, axes={"twist": device.features[1]}, speed=2, clock=video) as player:
        player.play()
        player.seek(60)
        player.speed = 1.5
        player.offset = -0.1
        player.pause()
        player.wait()
        assert_type(player.time, float)
        assert_type(player.playing, bool)
        player.speed = "fast"  # type: ignore[assignment]
    FunscriptPlayer(script, device, clock=1.0)  # type: ignore[arg-type]


def sense(device: Device) -> int:
    with device.subscribe(InputType.PRESSURE) as readings:
        assert_type(readings.poll(), Reading | None)
        return next(readings).value


def recover(error: ButtplugDeviceError) -> None:
    if error.reason is DeviceErrorReason.WRITE_FAILED and error.feature is not None:
        error.feature.stop()


def tell(event: ClientEvent) -> str:
    match event:
        case DeviceAdded(device) | DeviceRemoved(device):
            assert_type(device, Device)
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


def main(bus: CommunicationManager) -> None:
    def wrong(first: Device, second: int) -> None: ...

    with (
        Server(managers=[bus], simulate=["Lovense Nora"]) as server,
        stop_on_signals(server),
        Client("Typed", reconnect=True) as client,
    ):
        client.on_device_added = drive
        client.on_device_added = None
        client.on_device_added = wrong  # type: ignore[assignment]
        client.connect(server)
        client.connect("ws://127.0.0.1:12345")
        assert_type(server.simulated[0].output("vibrate"), float)
        client.connect(None)  # type: ignore[arg-type]
        assert_type(client.scan(5), list[Device])
        assert_type(client.devices, dict[int, Device])
        drive(client.wait_for_device("Nora", timeout=10))
        for event in client.events():
            tell(event)
