"""A device as the client sees it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from buttplug.client.command import DeviceOutputCommand
from buttplug.client.connection import Connection, Subject
from buttplug.client.feature import DeviceFeature, run_outputs
from buttplug.client.outputs import OutputMethods
from buttplug.client.subscription import Reading, readings
from buttplug.core.enums import InputType, OutputType
from buttplug.core.errors import ButtplugConnectorError, ButtplugDeviceError, ButtplugError
from buttplug.core.messages import DeviceInfo, Ok, StopCmd


class ButtplugDevice(OutputMethods):
    """A device that the server has connected. Devices are found in :attr:`ButtplugClient.devices`.

    What is asked of a device is asked of all its features that can do it; ask the features themselves to tell them apart.
    """

    def __init__(self, connection: Connection, info: DeviceInfo) -> None:
        self._connection = connection
        self._info = info
        self._removed = False
        self._driven = False
        self._subject = Subject(info.device_index, info.device_name)
        self._features = {index: DeviceFeature(self, feature) for index, feature in info.device_features.items()}

    def __repr__(self) -> str:
        return f"<ButtplugDevice {self._subject}>"

    @property
    def index(self) -> int:
        """The index of this device at the server, which it keeps when it comes back."""
        return self._info.device_index

    @property
    def name(self) -> str:
        """The name of the model."""
        return self._info.device_name

    @property
    def display_name(self) -> str | None:
        """The name that the user gave it, if any."""
        return self._info.device_display_name

    @property
    def message_timing_gap(self) -> int:
        """The shortest time between two commands in milliseconds; the server keeps it. 0 is none."""
        return self._info.device_message_timing_gap

    @property
    def features(self) -> dict[int, DeviceFeature]:
        """Its features by index."""
        return self._features

    @property
    def connected(self) -> bool:
        """Whether it can be used. A device that comes back is a new object."""
        return not self._removed and self._connection.open

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

        When one of them cannot do it, nothing is sent.

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
            raise ButtplugDeviceError(f"Device has no {command.output_type} features ({self._subject})")

    async def stop(self, inputs: bool = True, outputs: bool = True) -> None:
        """Stop its outputs, and end the subscriptions to its inputs.

        Raises:
            ButtplugDeviceError: The device is gone, or could not be stopped.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        connection = self._connection_in_use()
        self._stopping(inputs, outputs)
        message = StopCmd(connection.next_id(), self.index, inputs=inputs, outputs=outputs)
        await connection.request(message, Ok, self._subject)

    async def read(self, input_type: InputType | str) -> int:
        """Read the first input of a type.

        Raises:
            ButtplugDeviceError: There is no such input, it cannot be read, or the device is gone or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        return await self._first_with_input(input_type).read(input_type)

    def has_battery(self) -> bool:
        """Return whether it can tell how full its battery is."""
        return self.has_input(InputType.BATTERY)

    async def battery(self) -> float:
        """Read how full the battery is, from 0.0 to 1.0; raises what :meth:`read` raises."""
        return await self._first_with_input(InputType.BATTERY).battery()

    def has_rssi(self) -> bool:
        """Return whether it can tell how strong its radio signal is."""
        return self.has_input(InputType.RSSI)

    async def rssi(self) -> int:
        """Read the strength of the radio signal in dBm, about -10 to -100; raises what :meth:`read` raises."""
        return await self._first_with_input(InputType.RSSI).rssi()

    def subscribe(self, input_type: InputType | str) -> AsyncGenerator[Reading, None]:
        """Return an iterator over what all inputs of a type report by themselves; see :meth:`DeviceFeature.subscribe`.

        Raises:
            ButtplugDeviceError: There is no such input, or it cannot be subscribed to; from the iteration also: the device
                is gone or failed.
            ButtplugConnectorError: From the iteration: there is no connection, or no answer.
        """
        self._first_with_input(input_type)
        return readings([feature._subscription(input_type) for feature in self.get_features_with_input(input_type)])

    def _first_with_input(self, input_type: InputType | str) -> DeviceFeature:
        for feature in self._features.values():
            if feature.has_input(input_type):
                return feature
        raise ButtplugDeviceError(f"Device has no {input_type} sensor ({self._subject})")

    def _connection_in_use(self) -> Connection:
        if not self._connection.open:
            raise ButtplugConnectorError(f"Not connected: the connection of {self._subject} has ended")
        if self._removed:
            raise ButtplugDeviceError(f"The device is no longer connected to the server ({self._subject})")
        return self._connection

    def _stopping(self, inputs: bool, outputs: bool) -> None:
        """Take note of a stop that is about to be sent."""
        if inputs:
            self._end_subscriptions()
        if outputs:
            self._driven = False

    def _end_subscriptions(self, error: ButtplugError | None = None) -> None:
        for feature in self._features.values():
            feature._end_subscriptions(error)

    def _remove(self, error: ButtplugError | None) -> None:
        """Be gone. Who listens to an input is given the error, or comes to a quiet end when it is None."""
        self._removed = True
        self._end_subscriptions(error)

    def _update(self, info: DeviceInfo) -> bool:
        """Take over what may change in a device, and return whether it still is the same one."""
        same = info.device_name == self.name and info.device_features == self._info.device_features
        if same:
            self._info = info
        return same
