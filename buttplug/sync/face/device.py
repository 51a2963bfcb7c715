"""A device and its features as the synchronous client sees them.

Made by python -m tools.sync_face from the asynchronous classes: change those instead.
"""

from __future__ import annotations

from msgspec import Struct

from buttplug.client.command import CommandValue, DeviceOutputCommand
from buttplug.client.device import ButtplugDevice, DeviceFeature
from buttplug.core.enums import InputCommandType, InputType, OutputType
from buttplug.core.messages import InputLimits, OutputLimits
from buttplug.sync.bridge import Bridge
from buttplug.sync.face.inputs import InputMethods
from buttplug.sync.face.outputs import OutputMethods
from buttplug.sync.face.patterns import PatternMethods
from buttplug.sync.iteration import Iteration


class Device(OutputMethods, PatternMethods, InputMethods):
    """A device that the server has connected. Devices are found in :attr:`Client.devices`.

    What is asked of a device is asked of all its features that can do it; ask the features themselves to tell them apart.
    """

    def __init__(self, bridge: Bridge, device: ButtplugDevice) -> None:
        self._bridge = bridge
        self._async: ButtplugDevice = device

    def __repr__(self) -> str:
        return repr(self._async).replace("ButtplugDevice", "Device", 1)

    @property
    def index(self) -> int:
        """The index of this device at the server, which it keeps when it comes back."""
        return self._async.index

    @property
    def name(self) -> str:
        """The name of the model."""
        return self._async.name

    @property
    def display_name(self) -> str | None:
        """The name that the user gave it, if any."""
        return self._async.display_name

    @property
    def message_timing_gap(self) -> int:
        """The shortest time between two commands in milliseconds; the server keeps it. 0 is none."""
        return self._async.message_timing_gap

    @property
    def features(self) -> dict[int, Feature]:
        """Its features by index."""
        return self._bridge.faces_by_index(Feature, self._async.features)

    @property
    def connected(self) -> bool:
        """Whether it can be used.

        A device that comes back is a new object, unless it was the connection to the server that was lost and the client
        reconnects by itself; see :class:`Client`.
        """
        return self._async.connected

    def has_output(self, output_type: OutputType | str) -> bool:
        """Return whether any feature has an output of this type."""
        return self._bridge.call(self._async.has_output, output_type)

    def has_input(self, input_type: InputType | str) -> bool:
        """Return whether any feature has an input of this type."""
        return self._bridge.call(self._async.has_input, input_type)

    def get_features_with_output(self, output_type: OutputType | str) -> list[Feature]:
        """Return the features that have an output of this type."""
        return self._bridge.faces(Feature, self._bridge.call(self._async.get_features_with_output, output_type))

    def get_features_with_input(self, input_type: InputType | str) -> list[Feature]:
        """Return the features that have an input of this type."""
        return self._bridge.faces(Feature, self._bridge.call(self._async.get_features_with_input, input_type))

    def run_output(self, command: DeviceOutputCommand) -> None:
        """Send an output command to all features that have such an output, and wait until it is done or overtaken.

        When one of them cannot do it, nothing is sent. In a command too a float is a share of the range (``1.0`` is full), and
        an int is a step (``1`` is the lowest).

        Raises:
            ButtplugDeviceError: There is no such output, the value is outside its range, or the device is gone or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        self._bridge.run(self._async.run_output(command))

    def stop(self, inputs: bool = True, outputs: bool = True) -> None:
        """Stop its outputs, and end the subscriptions to its inputs.

        Raises:
            ButtplugDeviceError: The device is gone, or could not be stopped.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        self._bridge.run(self._async.stop(inputs, outputs))

    def read(self, input_type: InputType | str) -> int:
        """Read the first input of a type.

        Raises:
            ButtplugDeviceError: There is no such input, it cannot be read, or the device is gone or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        return self._bridge.run(self._async.read(input_type))

    def subscribe(self, input_type: InputType | str) -> Iteration[Reading]:
        """Return an iterator over what all inputs of a type report by themselves; see :meth:`Feature.subscribe`.

        Raises:
            ButtplugDeviceError: There is no such input, or it cannot be subscribed to; from the iteration also: the device
                is gone or failed.
            ButtplugConnectorError: From the iteration: there is no connection, or no answer.
        """
        return self._bridge.iterate(lambda: self._async.subscribe(input_type))


class Feature(OutputMethods, PatternMethods, InputMethods):
    """One feature of a device: a motor, a sensor, or both. Features are found in :attr:`Device.features`.

    Attributes:
        device: The device it is a part of.
    """

    def __init__(self, bridge: Bridge, device: DeviceFeature) -> None:
        self._bridge = bridge
        self._async: DeviceFeature = device

    def __repr__(self) -> str:
        return repr(self._async).replace("DeviceFeature", "Feature", 1)

    @property
    def device(self) -> Device:
        """The device it is a part of."""
        return self._bridge.face(Device, self._async.device)

    @property
    def index(self) -> int:
        """The index of this feature in its device. There may be gaps between indexes."""
        return self._async.index

    @property
    def description(self) -> str:
        """What this feature is, for people; may be empty."""
        return self._async.description

    @property
    def outputs(self) -> dict[str, OutputLimits] | None:
        """The limits of each output type: ``value`` and, for timed positions, ``duration``. None when there are none."""
        return self._async.outputs

    @property
    def inputs(self) -> dict[str, InputLimits] | None:
        """The limits of each input type: ``value`` per channel, and ``command``. None when there are none."""
        return self._async.inputs

    def has_output(self, output_type: OutputType | str) -> bool:
        """Return whether it has an output of this type."""
        return self._bridge.call(self._async.has_output, output_type)

    def has_input(self, input_type: InputType | str) -> bool:
        """Return whether it has an input of this type."""
        return self._bridge.call(self._async.has_input, input_type)

    def supports_input_command(self, input_type: InputType | str, command: InputCommandType | str) -> bool:
        """Return whether an input can be read, or subscribed to. What can be subscribed to can be unsubscribed from."""
        return self._bridge.call(self._async.supports_input_command, input_type, command)

    def step_range(self, output_type: OutputType | str) -> tuple[int, int] | None:
        """Return the lowest and highest step of an output; None when there is no such output."""
        return self._bridge.call(self._async.step_range, output_type)

    def step_count(self, output_type: OutputType | str) -> int | None:
        """Return the highest step of an output; None when there is no such output."""
        return self._bridge.call(self._async.step_count, output_type)

    def duration_range(self, output_type: OutputType | str) -> tuple[int, int] | None:
        """Return the shortest and longest duration of an output in milliseconds; None when it takes none."""
        return self._bridge.call(self._async.duration_range, output_type)

    def convert_to_step(self, output_type: OutputType | str, value: CommandValue) -> int:
        """Return the step for a value.

        A float is a share of the range, rounded away from zero: ``1.0`` is the highest step. An int is the step itself: ``1``
        is the lowest one.

        Raises:
            ButtplugDeviceError: There is no such output, or the value is no number or outside its range.
        """
        return self._bridge.call(self._async.convert_to_step, output_type, value)

    def run_output(self, command: DeviceOutputCommand) -> None:
        """Send an output command to this feature, and wait until it is done or a newer one took its place.

        In a command too a float is a share of the range (``1.0`` is full), and an int is a step (``1`` is the lowest).

        Raises:
            ButtplugDeviceError: There is no such output, the value is outside its range, or the device is gone or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        self._bridge.run(self._async.run_output(command))

    def stop(self) -> None:
        """Stop the outputs of this feature. Subscriptions to its inputs go on.

        Raises:
            ButtplugDeviceError: The device is gone, or could not be stopped.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        self._bridge.run(self._async.stop())

    def read(self, input_type: InputType | str) -> int:
        """Read an input.

        Raises:
            ButtplugDeviceError: There is no such input, it cannot be read, or the device is gone or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        return self._bridge.run(self._async.read(input_type))

    def subscribe(self, input_type: InputType | str) -> Iteration[Reading]:
        """Return an iterator over what an input reports by itself: ``for reading in feature.subscribe(...)``.

        Leaving the loop ends the subscription; used as a context manager it has ended before the next line. The iteration
        ends when the device is stopped with its inputs and when the client disconnects, and raises when the device or the
        connection is lost: readings are missing then, even if the client reconnects. Who does not keep up loses the oldest
        readings.

        Raises:
            ButtplugDeviceError: There is no such input, or it cannot be subscribed to; from the iteration also: the device
                is gone or failed.
            ButtplugConnectorError: From the iteration: there is no connection, or no answer.
        """
        return self._bridge.iterate(lambda: self._async.subscribe(input_type))


class Reading(Struct, frozen=True):
    """A value that a device reported by itself.

    Attributes:
        feature: The feature whose input it is.
        value: The value, in the range that the feature's ``inputs`` tell.
    """

    feature: Feature
    value: int
