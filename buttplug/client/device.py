"""A device and its features as the client sees them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable, Sequence

from msgspec import Struct

from buttplug.client.channel import DeviceChannel
from buttplug.client.command import CommandValue, DeviceOutputCommand
from buttplug.client.connection import Connection, Reply
from buttplug.client.inputs import InputMethods, value_of
from buttplug.client.outputs import OutputMethods
from buttplug.client.playing import PatternMethods, Play
from buttplug.client.steps import checked_step, clamped_duration
from buttplug.client.subject import Subject
from buttplug.client.subscription import Subscription, readings
from buttplug.core.enums import InputCommandType, InputType, OutputType
from buttplug.core.errors import ButtplugDeviceError, ButtplugError, ButtplugMessageError, DeviceErrorReason
from buttplug.core.kinds import name_in
from buttplug.core.log import logger_of
from buttplug.core.messages import (
    FeatureInfo,
    InputCmd,
    InputLimits,
    InputReading,
    Ok,
    OutputArguments,
    OutputCmd,
    OutputLimits,
)
from buttplug.patterns import Pattern

logger: logging.Logger = logger_of(__name__)

#: Seconds after a step of 1 in which a program may show, by a higher one, that it counts in steps.
EXPLAIN_AFTER = 1.0


class ButtplugDevice(OutputMethods, PatternMethods, InputMethods):
    """A device that the server has connected. Devices are found in :attr:`ButtplugClient.devices`.

    What is asked of a device is asked of all its features that can do it; ask the features themselves to tell them apart.
    """

    def __init__(self, channel: DeviceChannel) -> None:
        self._channel = channel
        self._subject = Subject(self, channel)
        self._features = {index: DeviceFeature(self, channel, info) for index, info in channel.info.device_features.items()}

    def __repr__(self) -> str:
        name = f'"{self.name}"' if self.display_name is None else f'"{self.name}" ("{self.display_name}")'
        abilities = list(dict.fromkeys(ability for feature in self._features.values() for ability in feature._abilities()))
        state = "" if self.connected else ", not connected"
        return f"<ButtplugDevice {self.index} {name}: {', '.join(abilities) or 'no features'}{state}>"

    @property
    def index(self) -> int:
        """The index of this device at the server, which it keeps when it comes back."""
        return self._channel.info.device_index

    @property
    def name(self) -> str:
        """The name of the model."""
        return self._channel.info.device_name

    @property
    def display_name(self) -> str | None:
        """The name that the user gave it, if any."""
        return self._channel.info.device_display_name

    @property
    def message_timing_gap(self) -> int:
        """The shortest time between two commands in milliseconds; the server keeps it. 0 is none."""
        return self._channel.info.device_message_timing_gap

    @property
    def features(self) -> dict[int, DeviceFeature]:
        """Its features by index."""
        return self._features

    @property
    def connected(self) -> bool:
        """Whether it can be used.

        A device that comes back is a new object, unless it was the connection to the server that was lost and the client
        reconnects by itself; see :class:`ButtplugClient`.
        """
        return self._channel.connected

    def has_output(self, output_type: OutputType | str) -> bool:
        """Return whether any feature has an output of this type."""
        return any(feature.has_output(output_type) for feature in self._features.values())

    def has_input(self, input_type: InputType | str) -> bool:
        """Return whether any feature has an input of this type."""
        return any(feature.has_input(input_type) for feature in self._features.values())

    def get_features_with_output(self, output_type: OutputType | str) -> list[DeviceFeature]:
        """Return the features that have an output of this type."""
        return [feature for feature in self._features.values() if feature.has_output(output_type)]

    def get_features_with_input(self, input_type: InputType | str) -> list[DeviceFeature]:
        """Return the features that have an input of this type."""
        return [feature for feature in self._features.values() if feature.has_input(input_type)]

    async def run_output(self, command: DeviceOutputCommand) -> None:
        """Send an output command to all features that have such an output, and wait until it is done or overtaken.

        When one of them cannot do it, nothing is sent. In a command too a float is a share of the range (``1.0`` is full), and
        an int is a step (``1`` is the lowest).

        Raises:
            ButtplugDeviceError: There is no such output, the value is outside its range, or the device is gone or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        features = self.get_features_with_output(command.output_type)
        if len(features) == 1:
            await features[0].run_output(command)
        elif features:
            await run_outputs(features, command)
        else:
            raise self._without_output(command.output_type)

    async def _play(self, pattern: Pattern, output_type: OutputType | str | None) -> None:
        features = [] if output_type is None else self.get_features_with_output(output_type)
        if output_type is None or not features:
            raise self._without_output(output_type or "output")
        await _play(features, pattern, output_type)

    async def stop(self, inputs: bool = True, outputs: bool = True) -> None:
        """Stop its outputs, and end the subscriptions to its inputs.

        Raises:
            ButtplugDeviceError: The device is gone, or could not be stopped.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        await self._channel.stop(self._subject, inputs=inputs, outputs=outputs)

    async def read(self, input_type: InputType | str) -> int:
        """Read the first input of a type.

        Raises:
            ButtplugDeviceError: There is no such input, it cannot be read, or the device is gone or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        return await self._with_input(input_type)[0].read(input_type)

    def subscribe(self, input_type: InputType | str) -> AsyncGenerator[Reading, None]:
        """Return an iterator over what all inputs of a type report by themselves; see :meth:`DeviceFeature.subscribe`.

        Raises:
            ButtplugDeviceError: There is no such input, or it cannot be subscribed to; from the iteration also: the device
                is gone or failed.
            ButtplugConnectorError: From the iteration: there is no connection, or no answer.
        """
        return readings([feature._subscription(input_type) for feature in self._with_input(input_type)])

    def _with_input(self, input_type: InputType | str) -> list[DeviceFeature]:
        features = self.get_features_with_input(input_type)
        if not features:
            known = _listed(name for feature in self._features.values() for name in feature._info.input)
            text = f"Device has no {input_type} sensor; it has {known}"
            raise self._subject.refusal(text, DeviceErrorReason.NO_SUCH_INPUT)
        return features

    def _without_output(self, output_type: str) -> ButtplugDeviceError:
        known = _listed(name for feature in self._features.values() for name in feature._info.output)
        text = f"Device has no {output_type} features; it has {known}"
        return self._subject.refusal(text, DeviceErrorReason.NO_SUCH_OUTPUT)


class DeviceFeature(OutputMethods, PatternMethods, InputMethods):
    """One feature of a device: a motor, a sensor, or both. Features are found in :attr:`ButtplugDevice.features`.

    Attributes:
        device: The device it is a part of.
    """

    def __init__(self, device: ButtplugDevice, channel: DeviceChannel, info: FeatureInfo) -> None:
        self.device: ButtplugDevice = device
        self._channel = channel
        self._info = info
        self._subject = Subject(device, channel, self)
        self._subscriptions: dict[str, Subscription[Reading]] = {}
        self._counts_steps: set[str] = set()
        self._explains_steps: set[str] = set()

    def __repr__(self) -> str:
        description = f' "{self.description}"' if self.description else ""
        abilities = ", ".join(self._abilities()) or "nothing"
        return f'<DeviceFeature {self.index}{description} of device {self.device.index} "{self.device.name}": {abilities}>'

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
        if output_type in self._info.output:
            return True
        # A constant has no other spelling, and to look further would cost every command.
        return not isinstance(output_type, OutputType) and name_in(self._info.output, output_type) is not None

    def has_input(self, input_type: InputType | str) -> bool:
        """Return whether it has an input of this type."""
        return name_in(self._info.input, input_type) is not None

    def supports_input_command(self, input_type: InputType | str, command: InputCommandType | str) -> bool:
        """Return whether an input can be read, or subscribed to. What can be subscribed to can be unsubscribed from."""
        name = name_in(self._info.input, input_type)
        if name is None:
            return False
        commands = self._info.input[name].command
        if command == InputCommandType.UNSUBSCRIBE:
            return command in commands or InputCommandType.SUBSCRIBE in commands
        return command in commands

    def step_range(self, output_type: OutputType | str) -> tuple[int, int] | None:
        """Return the lowest and highest step of an output; None when there is no such output."""
        limits = self._found_limits(output_type)
        return limits.value if limits else None

    def step_count(self, output_type: OutputType | str) -> int | None:
        """Return the highest step of an output; None when there is no such output."""
        limits = self._found_limits(output_type)
        return limits.value[1] if limits else None

    def duration_range(self, output_type: OutputType | str) -> tuple[int, int] | None:
        """Return the shortest and longest duration of an output in milliseconds; None when it takes none."""
        limits = self._found_limits(output_type)
        return limits.duration if limits else None

    def convert_to_step(self, output_type: OutputType | str, value: CommandValue) -> int:
        """Return the step for a value.

        A float is a share of the range, rounded away from zero: ``1.0`` is the highest step. An int is the step itself: ``1``
        is the lowest one.

        Raises:
            ButtplugDeviceError: There is no such output, or the value is no number or outside its range.
        """
        name = self._checked_output(output_type)
        return checked_step(name, value, self._info.output[name].value, self._subject)

    async def run_output(self, command: DeviceOutputCommand) -> None:
        """Send an output command to this feature, and wait until it is done or a newer one took its place.

        In a command too a float is a share of the range (``1.0`` is full), and an int is a step (``1`` is the lowest).

        Raises:
            ButtplugDeviceError: There is no such output, the value is outside its range, or the device is gone or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        connection = self._channel.connection_for(self._subject)
        message = self._message(connection, command)
        self._channel.driven[message.feature_index] = self._subject
        if self._channel.unsent:
            self._channel.unsent.pop(_output_of(message), None)
        await connection.request(message, Ok, self._subject)

    async def _play(self, pattern: Pattern, output_type: OutputType | str | None) -> None:
        await _play([self], pattern, self._checked_output(output_type or "outputs"))

    async def stop(self) -> None:
        """Stop the outputs of this feature. Subscriptions to its inputs go on.

        Raises:
            ButtplugDeviceError: The device is gone, or could not be stopped.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        await self._channel.stop(self._subject, inputs=False, outputs=True)

    async def read(self, input_type: InputType | str) -> int:
        """Read an input.

        Raises:
            ButtplugDeviceError: There is no such input, it cannot be read, or the device is gone or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        name = self._checked_input(input_type, InputCommandType.READ)
        reply = await self._run_input(name, InputCommandType.READ, InputReading)
        value = value_of(reply.reading, name)
        if value is None:
            raise ButtplugMessageError(f"The server read something else than {name} ({self._subject})")
        return value

    def subscribe(self, input_type: InputType | str) -> AsyncGenerator[Reading, None]:
        """Return an iterator over what an input reports by itself: ``async for reading in feature.subscribe(...)``.

        Leaving the loop ends the subscription; ``contextlib.aclosing`` makes that happen before the next line. The iteration
        ends when the device is stopped with its inputs and when the client disconnects, and raises when the device or the
        connection is lost: readings are missing then, even if the client reconnects. Who does not keep up loses the oldest
        readings.

        Raises:
            ButtplugDeviceError: There is no such input, or it cannot be subscribed to; from the iteration also: the device
                is gone or failed.
            ButtplugConnectorError: From the iteration: there is no connection, or no answer.
        """
        return readings([self._subscription(input_type)])

    def _found_limits(self, output_type: str) -> OutputLimits | None:
        name = name_in(self._info.output, output_type)
        return None if name is None else self._info.output[name]

    def _checked_output(self, output_type: str) -> str:
        """Return an output type as the server spells it."""
        name = name_in(self._info.output, output_type)
        if name is None:
            text = f"Feature does not support {output_type}; it has {_listed(self._abilities())}"
            raise self._subject.refusal(text, DeviceErrorReason.NO_SUCH_OUTPUT)
        return name

    def _message(self, connection: Connection, command: DeviceOutputCommand) -> OutputCmd:
        output_type: str = command.output_type
        value = command.value
        if (limits := self._info.output.get(output_type)) is None:
            output_type = self._checked_output(output_type)
            limits = self._info.output[output_type]
        step = checked_step(output_type, value, limits.value, self._subject)
        if step and isinstance(value, int) and output_type not in self._counts_steps:
            self._note_step(output_type, step, limits.value[1])
        duration = None
        if limits.duration is not None:
            duration = clamped_duration(0 if command.duration is None else command.duration, limits.duration, self._subject)
        arguments: dict[str, OutputArguments] = {output_type: OutputArguments(step, duration)}
        return OutputCmd(connection.next_id(), self._channel.info.device_index, self._info.feature_index, arguments)

    def _note_step(self, output_type: str, step: int, high: int) -> None:
        """Remember that a program counts in steps; or that it sent a 1 by which it may have meant full."""
        if abs(step) > 1:
            self._counts_steps.add(output_type)
        elif high > 1 and output_type not in self._explains_steps:
            self._explains_steps.add(output_type)
            asyncio.get_running_loop().call_later(EXPLAIN_AFTER, self._explain_step, output_type, step, high)

    def _explain_step(self, output_type: str, step: int, high: int) -> None:
        if output_type not in self._counts_steps:
            text = "%s of %d is the lowest of %d steps (%s): an int is a step, a float a share of the range. Full is %.1f."
            logger.warning(text, output_type, step, high, self._subject, step)

    def _checked_input(self, input_type: InputType | str, command: InputCommandType) -> str:
        name = name_in(self._info.input, input_type)
        if name is None:
            text = f"Feature does not support {input_type} input; it has {_listed(self._abilities())}"
            raise self._subject.refusal(text, DeviceErrorReason.NO_SUCH_INPUT)
        if not self.supports_input_command(input_type, command):
            text = f"{command} is not possible for {input_type}"
            raise self._subject.refusal(text, DeviceErrorReason.NO_SUCH_INPUT)
        return name

    async def _run_input(self, name: str, command: InputCommandType, reply: type[Reply]) -> Reply:
        connection = self._channel.connection_for(self._subject)
        message = InputCmd(connection.next_id(), self._channel.info.device_index, self.index, name, command)
        return await connection.request(message, reply, self._subject)

    def _subscription(self, input_type: InputType | str) -> Subscription[Reading]:
        name = self._checked_input(input_type, InputCommandType.SUBSCRIBE)
        subscription = self._subscriptions.get(name)
        if subscription is None:

            async def change(command: InputCommandType) -> None:
                await self._run_input(name, command, Ok)

            subscription = Subscription(self._channel, change, lambda value: Reading(self, value))
            self._subscriptions[name] = self._channel.listeners[self.index, name] = subscription
        return subscription

    def _abilities(self) -> list[str]:
        """Return what it can do, for people."""
        outputs = [f"{type_} {limits.value[0]}..{limits.value[1]}" for type_, limits in self._info.output.items()]
        return [*outputs, *self._info.input]


class Reading(Struct, frozen=True):
    """A value that a device reported by itself.

    Attributes:
        feature: The feature whose input it is.
        value: The value, in the range that the feature's ``inputs`` tell.
    """

    feature: DeviceFeature
    value: int


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names)) or "none"


async def _play(features: Sequence[DeviceFeature], pattern: Pattern, output_type: str) -> None:
    """Play a pattern on features of one device."""
    channel = features[0]._channel
    type_ = OutputType(features[0]._checked_output(output_type))
    play = Play(features, type_, channel.info.device_message_timing_gap / 1000, run_outputs)
    with channel.moved_by(play, [feature.index for feature in features]):
        await play.run(pattern)


def _output_of(message: OutputCmd) -> tuple[int, str]:
    """Return the feature and the type that a command drives. Both kinds of position are one and the same part."""
    (type_,) = message.command
    return message.feature_index, OutputType.POSITION if type_ == OutputType.POSITION_WITH_DURATION else type_


async def run_outputs(features: Sequence[DeviceFeature], command: DeviceOutputCommand) -> None:
    """Send one command to several features of one client at once, once all of them are known to take it.

    Raises:
        ButtplugError: At least one of them failed; the message has all failures.
    """
    connection = features[0]._channel.connection_for(features[0]._subject)
    messages = [feature._message(connection, command) for feature in features]
    requests = []
    unsent = [(feature._channel.unsent, _output_of(message)) for feature, message in zip(features, messages, strict=True)]
    for feature, message, (waiting, output) in zip(features, messages, unsent, strict=True):
        feature._channel.driven[feature.index] = feature._subject
        waiting[output] = message
    try:
        for feature, message, (waiting, output) in zip(features, messages, unsent, strict=True):
            # Sending takes its time where the server reads slowly; what was stopped, or driven otherwise, stays so.
            if waiting.get(output) is message:
                del waiting[output]
                requests.append(await connection.begin(message, feature._subject))
    finally:
        for message, (waiting, output) in zip(messages, unsent, strict=True):
            if waiting.get(output) is message:
                del waiting[output]
    errors = []
    for request in requests:
        try:
            await connection.finish(request, Ok)
        except ButtplugError as error:
            errors.append(error)
    if errors:
        raise _combined_error(errors) from errors[0]


def _combined_error(errors: Sequence[ButtplugError]) -> ButtplugError:
    """Return one error for what went wrong at several features."""
    first, text = errors[0], "; ".join(error.message for error in errors)
    if isinstance(first, ButtplugDeviceError):
        return ButtplugDeviceError(text, reason=first.reason, device=first.device, feature=first.feature, errors=errors)
    return type(first)(text)
