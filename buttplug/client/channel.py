"""What a device and its features talk to the server through."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from buttplug.client.connection import Connection
from buttplug.client.inputs import value_of
from buttplug.client.subject import Subject
from buttplug.core.errors import ButtplugConnectorError, ButtplugError, DeviceErrorReason
from buttplug.core.messages import DeviceInfo, InputValue, Ok, OutputCmd, StopCmd


class Listener(Protocol):
    """What takes the readings of one input."""

    def publish(self, value: int, /) -> None:
        """Take a reading."""

    def end(self, error: ButtplugError | None, /) -> None:
        """Take no more, and be given the error that ended it, if one did."""


class Motion(Protocol):
    """What drives a feature by itself, over time."""

    def end(self, feature: int, /) -> None:
        """Send nothing more to a feature."""

    def lost(self, error: ButtplugError, /) -> None:
        """Send nothing more at all, also if the device comes back: it is gone, and this is why."""


class DeviceChannel:
    """One device's share of a connection: whether it is still there, what of it this client drives, and who listens to it.

    The client keeps it up to date; the device and its features use it. After a reconnect it may be given a new connection.

    Attributes:
        info: What the server says of the device.
        removed: Whether the device is gone.
        driven: What this client has driven and not stopped since, by feature.
        unsent: By feature and type, the command to an output that is still to be sent. A newer one, or a stop, takes it out.
        listeners: Who takes the readings of an input, by feature and the server's name for the input.
        motions: What drives a feature by itself: a pattern. A stop ends it.
        report: Tells the program of an error that no call can raise.
    """

    def __init__(self, connection: Connection, info: DeviceInfo, report: Callable[[Exception], None]) -> None:
        self.info: DeviceInfo = info
        self.driven: dict[int, Subject] = {}
        self.unsent: dict[tuple[int, str], OutputCmd] = {}
        self.listeners: dict[tuple[int, str], Listener] = {}
        self.motions: dict[int, Motion] = {}
        self.report: Callable[[Exception], None] = report
        self._connection = connection
        self.removed: bool = False

    @property
    def connected(self) -> bool:
        """Whether the device can be used."""
        return not self.removed and self._connection.open

    def connection_for(self, subject: Subject) -> Connection:
        """Return the connection for a request about the device or one of its features.

        Raises:
            ButtplugConnectorError: There is none.
            ButtplugDeviceError: The device is gone.
        """
        if not self._connection.open:
            raise ButtplugConnectorError(f"Not connected: the connection of {subject} has ended")
        if self.removed:
            raise subject.refusal("The device is no longer connected to the server", DeviceErrorReason.GONE)
        return self._connection

    async def stop(self, subject: Subject, *, inputs: bool, outputs: bool) -> None:
        """Stop the device, or one feature of it.

        Raises:
            ButtplugDeviceError: The device is gone, or could not be stopped.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        feature = None if subject.feature is None else subject.feature.index
        connection = self.connection_for(subject)
        message = StopCmd(connection.next_id(), self.info.device_index, feature, inputs=inputs, outputs=outputs)
        with self.stopping(feature, inputs=inputs, outputs=outputs):
            await connection.request(message, Ok, subject)

    @contextmanager
    def stopping(self, feature: int | None = None, *, inputs: bool, outputs: bool) -> Iterator[None]:
        """Take note of a stop that is sent inside. What could not be stopped still counts as driven."""
        if inputs:
            self._end_readings(None)
        if outputs:
            for index in [index for index in self.motions if feature in (None, index)]:
                # One that ends may end others with it.
                if (motion := self.motions.pop(index, None)) is not None:
                    motion.end(index)
            for waiting in [waiting for waiting in self.unsent if feature in (None, waiting[0])]:
                del self.unsent[waiting]
        stopped = {index: subject for index, subject in self.driven.items() if outputs and feature in (None, index)}
        for index in stopped:
            del self.driven[index]
        try:
            yield
        except BaseException:
            self.driven = stopped | self.driven
            raise

    @contextmanager
    def moved_by(self, motion: Motion, features: Sequence[int]) -> Iterator[None]:
        """Have something drive features over time inside; what did so before leaves them."""
        for feature in features:
            if (before := self.motions.get(feature)) is not None:
                before.end(feature)
            self.motions[feature] = motion
        try:
            yield
        finally:
            for feature in features:
                if self.motions.get(feature) is motion:
                    del self.motions[feature]

    def publish(self, feature: int, reading: Mapping[str, InputValue]) -> None:
        """Give a reading to who listens to that input of a feature."""
        for (index, input_type), listener in self.listeners.items():
            value = value_of(reading, input_type) if index == feature else None
            if value is not None:
                listener.publish(value)

    def remove(self, error: ButtplugError | None) -> None:
        """Be gone. Who listens to an input is given the error, or comes to a quiet end when it is None."""
        self.removed = True
        self.driven.clear()
        self.unsent.clear()
        while self.motions:
            _, motion = self.motions.popitem()
            motion.lost(error or ButtplugConnectorError("The client has disconnected"))
        self._end_readings(error)

    def attach(self, connection: Connection, info: DeviceInfo) -> None:
        """Be there again, on a new connection."""
        self.info = info
        self._connection = connection
        self.removed = False

    def _end_readings(self, error: ButtplugError | None) -> None:
        for listener in self.listeners.values():
            listener.end(error)
