"""One feature of a device: a motor, a sensor, or both."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import TYPE_CHECKING

from buttplug.client.command import CommandValue, DeviceOutputCommand
from buttplug.client.connection import Connection, Reply, Subject
from buttplug.client.outputs import OutputMethods
from buttplug.client.subscription import Reading, Subscription, readings
from buttplug.core.enums import InputCommandType, InputType, OutputType
from buttplug.core.errors import ButtplugDeviceError, ButtplugError, ButtplugMessageError
from buttplug.core.messages import (
    FeatureInfo,
    InputCmd,
    InputLimits,
    InputReading,
    InputValue,
    Ok,
    OutputArguments,
    OutputCmd,
    OutputLimits,
    Range,
    StopCmd,
)

if TYPE_CHECKING:
    from buttplug.client.device import ButtplugDevice

#: A product this little above a whole step is that step: 0.07 of 100 steps is 7, though 0.07 * 100 is more.
STEP_TOLERANCE = 1e-9


class DeviceFeature(OutputMethods):
    """One feature of a device. Features are found in :attr:`ButtplugDevice.features`.

    Attributes:
        device: The device it is a part of.
    """

    def __init__(self, device: ButtplugDevice, info: FeatureInfo) -> None:
        self.device = device
        self._info = info
        self._subject = Subject(device.index, device.name, info.feature_index, info.feature_description)
        self._subscriptions: dict[str, Subscription] = {}

    def __repr__(self) -> str:
        return f"<DeviceFeature {self._subject}>"

    @property
    def index(self) -> int:
        """The index of this feature in its device. There may be gaps between indexes."""
        return self._info.feature_index

    @property
    def description(self) -> str:
        """What this feature is, for people; may be empty."""
        return self._info.feature_description

    @property
    def outputs(self) -> dict[str, OutputLimits] | None:
        """The limits of each output type: ``value`` and, for timed positions, ``duration``. None when there are none."""
        return self._info.output or None

    @property
    def inputs(self) -> dict[str, InputLimits] | None:
        """The limits of each input type: ``value`` per channel, and ``command``. None when there are none."""
        return self._info.input or None

    def has_output(self, output_type: OutputType | str) -> bool:
        """Return whether it has an output of this type."""
        return output_type in self._info.output

    def has_input(self, input_type: InputType | str) -> bool:
        """Return whether it has an input of this type."""
        return self._input_name(input_type) is not None

    def supports_input_command(self, input_type: InputType | str, command: InputCommandType | str) -> bool:
        """Return whether an input can be read, or subscribed to. What can be subscribed to can be unsubscribed from."""
        name = self._input_name(input_type)
        if name is None:
            return False
        commands = self._info.input[name].command
        if command == InputCommandType.UNSUBSCRIBE:
            return command in commands or InputCommandType.SUBSCRIBE in commands
        return command in commands

    def step_range(self, output_type: OutputType | str) -> tuple[int, int] | None:
        """Return the lowest and highest step of an output; None when there is no such output."""
        limits = self._info.output.get(output_type)
        return limits.value if limits else None

    def step_count(self, output_type: OutputType | str) -> int | None:
        """Return the highest step of an output; None when there is no such output."""
        limits = self._info.output.get(output_type)
        return limits.value[1] if limits else None

    def duration_range(self, output_type: OutputType | str) -> tuple[int, int] | None:
        """Return the shortest and longest duration of an output in milliseconds; None when it takes none."""
        limits = self._info.output.get(output_type)
        return limits.duration if limits else None

    def convert_to_step(self, output_type: OutputType | str, value: CommandValue) -> int:
        """Return the step for a value: a float is a share of the range, rounded away from zero, an int is the step itself.

        Raises:
            ButtplugDeviceError: There is no such output, or the value is no number or outside its range.
        """
        limits = self._info.output.get(output_type)
        if limits is None:
            raise ButtplugDeviceError(f"Feature does not support {output_type} ({self._subject})")
        low, high = limits.value
        if isinstance(value, float):
            if not -1.0 <= value <= 1.0:
                raise ButtplugDeviceError(
                    f"{output_type} of {value} is outside -1.0 to 1.0: a float is a share of the range ({self._subject})"
                )
            step = step_of(value, high)
        elif isinstance(value, int) and not isinstance(value, bool):
            step = value
        else:
            raise ButtplugDeviceError(
                f"{output_type} takes a float (share of the range) or an int (step), not {value!r} ({self._subject})"
            )
        if not low <= step <= high:
            raise ButtplugDeviceError(
                f"{output_type} of {value} is outside its range of {low} to {high} steps ({self._subject})"
            )
        return step

    async def run_output(self, command: DeviceOutputCommand) -> None:
        """Send an output command to this feature, and wait until it is done or a newer one took its place.

        Raises:
            ButtplugDeviceError: There is no such output, the value is outside its range, or the device is gone or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        connection = self.device._connection_in_use()
        await connection.request(self._message(connection, command), Ok, self._subject)

    async def stop(self) -> None:
        """Stop the outputs of this feature. Subscriptions to its inputs go on.

        Raises:
            ButtplugDeviceError: The device is gone, or could not be stopped.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        connection = self.device._connection_in_use()
        message = StopCmd(connection.next_id(), self.device.index, self.index, inputs=False, outputs=True)
        await connection.request(message, Ok, self._subject)

    async def read(self, input_type: InputType | str) -> int:
        """Read an input.

        Raises:
            ButtplugDeviceError: There is no such input, it cannot be read, or the device is gone or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        name = self._checked_input(input_type, InputCommandType.READ)
        reply = await self._run_input(name, InputCommandType.READ, InputReading)
        value = _value_of(reply.reading, name)
        if value is None:
            raise ButtplugMessageError(f"The server read something else than {name} ({self._subject})")
        return value

    async def battery(self) -> float:
        """Read how full the battery is, from 0.0 to 1.0; raises what :meth:`read` raises."""
        return await self.read(InputType.BATTERY) / 100

    async def rssi(self) -> int:
        """Read the strength of the radio signal in dBm, about -10 to -100; raises what :meth:`read` raises."""
        return await self.read(InputType.RSSI)

    def subscribe(self, input_type: InputType | str) -> AsyncGenerator[Reading, None]:
        """Return an iterator over what an input reports by itself: ``async for reading in feature.subscribe(...)``.

        Leaving the loop ends the subscription; ``contextlib.aclosing`` makes that happen before the next line. The iteration
        ends when the device is stopped with its inputs and when the client disconnects, and raises when the device or the
        connection is lost. Who does not keep up loses the oldest readings.

        Raises:
            ButtplugDeviceError: There is no such input, or it cannot be subscribed to; from the iteration also: the device
                is gone or failed.
            ButtplugConnectorError: From the iteration: there is no connection, or no answer.
        """
        return readings([self._subscription(input_type)])

    def _message(self, connection: Connection, command: DeviceOutputCommand) -> OutputCmd:
        output_type = command.output_type
        step = self.convert_to_step(output_type, command.value)
        limits = self._info.output[output_type].duration
        duration = None if limits is None else self._duration(command.duration or 0, limits)
        arguments = OutputArguments(step, duration)
        self.device._driven = True
        return OutputCmd(connection.next_id(), self.device.index, self.index, {output_type: arguments})

    def _duration(self, duration: float, limits: Range) -> int:
        if isinstance(duration, bool) or not isinstance(duration, int | float) or not math.isfinite(duration):
            raise ButtplugDeviceError(f"A duration is a number of milliseconds, not {duration!r} ({self._subject})")
        return min(max(round(duration), limits[0]), limits[1])

    def _input_name(self, input_type: str) -> str | None:
        """Return an input type as the server spells it: there are two spellings of RSSI."""
        names = (input_type, "Rssi") if input_type == InputType.RSSI else (input_type,)
        return next((str(name) for name in names if name in self._info.input), None)

    def _checked_input(self, input_type: InputType | str, command: InputCommandType) -> str:
        name = self._input_name(input_type)
        if name is None:
            raise ButtplugDeviceError(f"Feature does not support {input_type} input ({self._subject})")
        if not self.supports_input_command(input_type, command):
            raise ButtplugDeviceError(f"{command} is not possible for {input_type} ({self._subject})")
        return name

    async def _run_input(self, name: str, command: InputCommandType, reply: type[Reply]) -> Reply:
        connection = self.device._connection_in_use()
        message = InputCmd(connection.next_id(), self.device.index, self.index, name, command)
        return await connection.request(message, reply, self._subject)

    def _subscription(self, input_type: InputType | str) -> Subscription:
        name = self._checked_input(input_type, InputCommandType.SUBSCRIBE)
        if name not in self._subscriptions:
            self._subscriptions[name] = Subscription(self, name)
        return self._subscriptions[name]

    def _end_subscriptions(self, error: ButtplugError | None = None) -> None:
        for subscription in self._subscriptions.values():
            subscription.end(error)

    def _publish(self, reading: Mapping[str, InputValue]) -> None:
        for name, subscription in self._subscriptions.items():
            value = _value_of(reading, name)
            if value is not None:
                subscription.publish(value)


def step_of(share: float, high: int) -> int:
    """Return the step for a share of a range, rounded away from zero; ``high`` is the highest step."""
    steps = math.ceil(high * abs(share) - STEP_TOLERANCE)
    return steps if share > 0 else -steps


async def run_outputs(features: Sequence[DeviceFeature], command: DeviceOutputCommand) -> None:
    """Send one command to several features of one client at once, once all of them are known to take it.

    Raises:
        ButtplugError: At least one of them failed; the message has all failures.
    """
    connection = features[0].device._connection_in_use()
    messages = [feature._message(connection, command) for feature in features]
    requests = [await connection.begin(message, feature._subject) for message, feature in zip(messages, features, strict=True)]
    errors = []
    for request in requests:
        try:
            await connection.finish(request, Ok)
        except ButtplugError as error:
            errors.append(error)
    if errors:
        raise type(errors[0])("; ".join(error.message for error in errors)) from errors[0]


def _value_of(reading: Mapping[str, InputValue], name: str) -> int | None:
    return next((value.value for key, value in reading.items() if key.casefold() == name.casefold()), None)
