"""Which output of a device a vector commands: its numbers count only the outputs of a kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from buttplug.client import ButtplugDevice
from buttplug.client.command import DeviceOutputCommand
from buttplug.client.device import DeviceFeature
from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from tests.conformance.format import Send


class Order(NamedTuple):
    """A command for one output of one feature."""

    feature: DeviceFeature
    command: DeviceOutputCommand

    @property
    def step(self) -> int:
        """Its value as a step of the range that the client is shown."""
        return self.feature.convert_to_step(self.command.output_type, self.command.value)


class _Output(NamedTuple):
    feature: DeviceFeature
    type: OutputType

    def order(self, value: float, duration: int | None = None) -> Order:
        return Order(self.feature, DeviceOutputCommand(self.type, value, duration))


#: Kinds of output that clients before version 4 are not shown: one unknown name costs some of them the whole list.
UNKNOWN_TO_OLD_CLIENTS = {"led", "spray", "temperature"}


def orders_for(device: ButtplugDevice, send: Send) -> list[Order]:
    """Return the orders in one client command.

    Raises:
        ButtplugDeviceError: The device has no output with such a number, or of another type.
    """
    return list(_orders(list(_outputs(device)), send))


def exact(device: ButtplugDevice, send: Send) -> Send:
    """Return the same command, with places as shares that are whole steps: old clients' places are rounded the other way."""
    if not send.linear:
        return send
    orders = orders_for(device, send)
    shares = [order.step / (order.feature.step_count(order.command.output_type) or 1) for order in orders]
    strokes = [replace(stroke, position=share) for stroke, share in zip(send.linear, shares, strict=True)]
    return Send(linear=strokes)


def cannot_say(version: int, device: ButtplugDevice, send: Send) -> str | None:
    """Return why a client of this version has no words for a command to a device; None where it has."""
    if send.battery is not None:
        return "it reads no batteries" if version < 2 else None
    if send.setting is not None:
        return "it is not told the steps that were recorded"
    outputs = list(_outputs(device))
    if version == 0 and not send.stop:
        levels = {level.index: level.value for level in send.vibrate or ()}
        vibrators = sum(output.type is OutputType.VIBRATE for output in outputs)
        return (
            None
            if len(set(levels.values())) == 1 and len(levels) == vibrators
            else "it sets one speed for all vibrators, and nothing else"
        )
    both_ways = [output for output in outputs if output.type is OutputType.ROTATE and not _is_scalar(output)]
    if any(rotation.index >= len(both_ways) for rotation in send.rotate or ()):
        return "what turns one way only is no rotator to it"
    unknown = {scalar.type for scalar in send.scalar or ()} & UNKNOWN_TO_OLD_CLIENTS
    if unknown:
        return f"it does not know {', '.join(sorted(unknown))}"
    return "it has no scalars" if send.scalar and version < 3 else None


def _outputs(device: ButtplugDevice) -> Iterator[_Output]:
    """Go through all outputs, by feature and in the order of the types."""
    for _, feature in sorted(device.features.items()):
        for type_ in OutputType:
            if feature.has_output(type_):
                yield _Output(feature, type_)


def _orders(outputs: Sequence[_Output], send: Send) -> Iterator[Order]:
    for level in send.vibrate or ():
        yield _pick(outputs, OutputType.VIBRATE, level.index).order(level.value)
    for rotation in send.rotate or ():
        speed = rotation.value if rotation.clockwise else -rotation.value
        yield _pick(outputs, OutputType.ROTATE, rotation.index).order(speed)
    for stroke in send.linear or ():
        output = _pick(outputs, OutputType.POSITION_WITH_DURATION, stroke.index)
        yield output.order(stroke.position, stroke.duration_ms)
    if (setting := send.setting) is not None:
        features = {output.feature.index: output.feature for output in outputs if output.type is setting.type}
        if setting.feature not in features:
            raise ButtplugDeviceError(f"feature {setting.feature} has no output {setting.type}")
        command = DeviceOutputCommand(setting.type, setting.value, setting.duration_ms)
        yield Order(features[setting.feature], command)
    scalars = [output for output in outputs if _is_scalar(output)]
    for scalar in send.scalar or ():
        output = _at(scalars, scalar.index, "scalar")
        if output.type.lower() != scalar.type:
            raise ButtplugDeviceError(f"scalar output {scalar.index} is {output.type.lower()}, not {scalar.type}")
        yield output.order(scalar.value)


def _is_scalar(output: _Output) -> bool:
    lowest, _ = output.feature.step_range(output.type) or (0, 0)
    return output.type is not OutputType.POSITION_WITH_DURATION and not (output.type is OutputType.ROTATE and lowest < 0)


def _pick(outputs: Sequence[_Output], type_: OutputType, index: int) -> _Output:
    return _at([output for output in outputs if output.type is type_], index, type_)


def _at(outputs: Sequence[_Output], index: int, kind: str) -> _Output:
    if index >= len(outputs):
        raise ButtplugDeviceError(f"there is no {kind} output {index}: the device has {len(outputs)}")
    return outputs[index]
