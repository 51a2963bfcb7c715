"""A program for the official Python client, using all that it documents. It prints what it sees, for comparison.

It imports nothing but that client and the standard library, so that it runs on either package. Its one argument is a server's
URL, with one simulated Lovense Nora, Lovense Edge and T-Code stroker behind it. It ends when the server goes away.
"""

import asyncio
import sys
from collections.abc import Awaitable

from buttplug import (
    ButtplugClient,
    ButtplugConnectorError,
    ButtplugDevice,
    ButtplugDeviceError,
    ButtplugError,
    DeviceOutputCommand,
    InputCommandType,
    InputType,
    OutputType,
)


def show(*things: object) -> None:
    print(*things, flush=True)


async def attempt(title: str, awaitable: Awaitable[object]) -> None:
    """Print the result of a call, or the class of its error."""
    try:
        show(title, "->", await awaitable)
    except ButtplugError as error:
        show(title, "!!", type(error).__name__)


def describe(device: ButtplugDevice) -> None:
    show("device", device.name, device.display_name, device.message_timing_gap, device.has_battery(), device.has_rssi())
    show("  outputs", [type_.name for type_ in OutputType if device.has_output(type_)])
    show("  inputs", [type_.name for type_ in InputType if device.has_input(type_)])
    for index, feature in sorted(device.features.items()):
        show("  feature", index, feature.index, repr(feature.description))
        for name, output in (feature.outputs or {}).items():
            show("   ", name, output.value, output.duration, feature.step_range(name), feature.step_count(name))
            show("   ", feature.duration_range(name), feature.has_output(name), feature.has_output(OutputType(name)))
        for name, input_ in (feature.inputs or {}).items():
            show("   ", name, [tuple(pair) for pair in input_.value], input_.command, feature.has_input(name))
            show("   ", [feature.supports_input_command(name, command) for command in InputCommandType])


async def drive_nora(nora: ButtplugDevice) -> None:
    vibrator = nora.get_features_with_output(OutputType.VIBRATE)[0]
    rotator = nora.get_features_with_output(OutputType.ROTATE)[0]
    await nora.run_output(DeviceOutputCommand(OutputType.VIBRATE, 0.5))
    await vibrator.run_output(DeviceOutputCommand(OutputType.VIBRATE, 7))
    await rotator.run_output(DeviceOutputCommand(OutputType.ROTATE, 0.25))
    await rotator.run_output(DeviceOutputCommand(OutputType.ROTATE, -0.25))
    await rotator.stop()
    for value in (0.0, 0.01, 0.5, 1.0, 0, 1, 20):
        show("step of", value, "is", vibrator.convert_to_step(OutputType.VIBRATE, value))
    for value in (-1.0, -0.33, -20):
        show("step of", value, "is", rotator.convert_to_step(OutputType.ROTATE, value))
    await attempt("nora battery", nora.battery())
    await nora.stop()


async def drive_edge(edge: ButtplugDevice) -> None:
    await edge.run_output(DeviceOutputCommand(OutputType.VIBRATE, 0.75))
    first, second = edge.get_features_with_output("Vibrate")
    await first.run_output(DeviceOutputCommand(OutputType.VIBRATE, first.step_count(OutputType.VIBRATE) or 0))
    await second.run_output(DeviceOutputCommand(OutputType.VIBRATE, 0))
    await attempt("edge battery", edge.get_features_with_input(InputType.BATTERY)[0].battery())


async def drive_stroker(stroker: ButtplugDevice) -> None:
    await stroker.run_output(DeviceOutputCommand(OutputType.POSITION, 0.25))
    await stroker.run_output(DeviceOutputCommand(OutputType.POSITION_WITH_DURATION, 1.0, duration=500))
    await asyncio.sleep(0.6)
    await stroker.run_output(DeviceOutputCommand(OutputType.POSITION_WITH_DURATION, 500, duration=100))
    await asyncio.sleep(0.2)


async def make_mistakes(nora: ButtplugDevice, stroker: ButtplugDevice) -> None:
    vibrator = nora.get_features_with_output(OutputType.VIBRATE)[0]
    for value in (1.5, -0.5, 21, -1, float("nan")):
        await attempt(f"vibrate {value}", vibrator.run_output(DeviceOutputCommand(OutputType.VIBRATE, value)))
    await attempt("constrict", nora.run_output(DeviceOutputCommand(OutputType.CONSTRICT, 0.5)))
    await attempt("feature position", vibrator.run_output(DeviceOutputCommand(OutputType.POSITION, 0.5)))
    await attempt("stroker battery", stroker.battery())
    await attempt("stroker rssi", stroker.rssi())
    await attempt("vibrator battery", vibrator.battery())


async def main(url: str) -> None:
    finished, gone = asyncio.Event(), asyncio.Event()
    added: list[str] = []
    client = ButtplugClient("Documented use")
    client.on_device_added = lambda device: added.append(device.name)
    client.on_scanning_finished = finished.set
    client.on_server_disconnect = gone.set
    client.on_error = lambda error: show("error", type(error).__name__)

    show(client.name, client.connected, client.server_name, client.devices, client.scanning)
    await attempt("scan without connection", client.start_scanning())
    await attempt("connect to nobody", client.connect("ws://127.0.0.1:1"))
    await attempt("disconnect without connection", client.disconnect())
    try:
        await client.stop_all_devices()
    except ButtplugConnectorError as error:
        # This package's client says behind a colon what to do.
        show(str(error).partition(":")[0])

    await client.connect(url)
    await client.connect(url)
    show(client.connected, client.server_name, client.devices, client.scanning)
    await client.start_scanning()
    show("scanning", client.scanning)
    await asyncio.wait_for(finished.wait(), 10)
    show("scanning", client.scanning, sorted(added))
    await client.stop_scanning()

    devices = sorted(client.devices.values(), key=lambda device: device.name)
    show("indexes", sorted(client.devices), all(client.devices[device.index] is device for device in devices))
    for device in devices:
        describe(device)
    edge, nora, stroker = devices
    await drive_nora(nora)
    await drive_edge(edge)
    await drive_stroker(stroker)
    await make_mistakes(nora, stroker)
    await client.stop_all_devices()

    added.clear()
    await client.disconnect()
    await client.disconnect()
    show(client.connected, client.server_name, client.devices)
    try:
        await nora.run_output(DeviceOutputCommand(OutputType.VIBRATE, 0.5))
    except (ButtplugConnectorError, ButtplugDeviceError) as error:
        show("after disconnect", type(error).__name__)
    await client.connect(url)
    show("again", client.connected, sorted(added))
    edge = next(device for device in client.devices.values() if device.name == edge.name)
    await edge.run_output(DeviceOutputCommand(OutputType.VIBRATE, 0.1))

    show("waiting for the server to leave")
    await asyncio.wait_for(gone.wait(), 20)
    show(client.connected, client.devices, client.scanning)
    await attempt("vibrate without server", edge.run_output(DeviceOutputCommand(OutputType.VIBRATE, 0.5)))
    await client.disconnect()


asyncio.run(main(sys.argv[1]))
