"""One connected device: what clients see of it, which commands it accepts, and who drives and who listens to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from typing import TypeVar

from buttplug.core.enums import InputCommandType, InputType, OutputType
from buttplug.core.errors import ButtplugDeviceError, ButtplugError
from buttplug.core.log import logger_of
from buttplug.core.messages import DeviceInfo
from buttplug.hardware.base import Hardware
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.devices.description import describe_features
from buttplug.server.devices.limits import OutputRange, full_ranges, limit_protocol, output_ranges, pacer_limits
from buttplug.server.devices.pacing import Done, Move, Pacer, Slot, slot_of
from buttplug.server.devices.sensors import Listener, Sensors
from buttplug.server.devices.settings import DeviceKey, DeviceSettings
from buttplug.server.protocols.base import Output, Protocol
from buttplug.server.supervision import finish

logger: logging.Logger = logger_of(__name__)

Answer = TypeVar("Answer")

#: Seconds that closing the link may take.
DISCONNECT_LIMIT = 5.0

#: Drives an output whose last command failed: it may still do what another client asked for, who may have gone by now.
_UNKNOWN = object()


class Device:
    """A device that is ready to be driven.

    ``info`` is the device as clients see it. ``drivers`` holds who last commanded each output: what is to be stopped when
    that client goes. ``outputs_taken`` counts the commands to outputs.
    """

    def __init__(
        self,
        index: int,
        key: DeviceKey,
        definition: DeviceDefinition,
        settings: DeviceSettings,
        hardware: Hardware,
        protocol: Protocol,
        left: Mapping[int, Move] | None = None,
    ) -> None:
        """``left`` are moves that were under way when the last link to the device broke, by feature."""
        self.index = index
        self.key = key
        self.definition = definition
        self.hardware = hardware
        self.drivers: dict[Slot, object] = {}
        self.outputs_taken: int = 0
        self._protocol = protocol
        self._features = {feature.index: feature for feature in definition.features}
        #: Outputs with a command still to be written when a client went: should that command fail, what the client
        #: left running has to be stopped.
        self._left: set[Slot] = set()
        self._end: str | None = None
        self._refusal: str | None = None
        self._outputs: Mapping[tuple[int, OutputType], OutputRange] = {}
        self._use(settings)
        hardware.stop_device = self.stop
        self._sensors = Sensors(self, hardware, protocol)
        on_told = None if hardware.on_told is None else partial(hardware.on_told, full_ranges(definition))
        self._pacer = Pacer(hardware, protocol, self._limits, gap=self._gap(), left=left, on_told=on_told)

    @property
    def label(self) -> str:
        """The device in error messages and logs."""
        return f'Device {self.index} "{self.settings.display_name or self.name}"'

    @property
    def name(self) -> str:
        """Its name for clients: its model's, or its own where the model only says of what kind it is."""
        return self.hardware.own_name or self.definition.name

    @property
    def is_refused(self) -> bool:
        """Whether it was stopped for good, and is being disconnected."""
        return self._refusal is not None

    @property
    def may_be_running(self) -> bool:
        """Whether an output was told to run, or may have been, and did not confirm since that it has stopped."""
        return self._pacer.may_be_running

    # Outputs

    def output(self, feature: int, type: OutputType, value: int, duration: int, driver: object, done: Done) -> None:  # noqa: A002
        """Set an output: ``value`` in the shown range, ``duration`` in milliseconds. ``done`` is called when it is written.

        Raises:
            ButtplugDeviceError: The device has no such output, or the value is outside its range.
        """
        output_range = self._outputs.get((feature, type))
        if output_range is None:
            raise self._no_output(feature, type)
        try:
            value = output_range.to_device(value)
        except ButtplugDeviceError as error:
            raise self.error(feature, f"{type}: {error.message}") from None
        slot = slot_of(feature, type)
        self.drivers[slot] = driver
        self.outputs_taken += 1

        def written(error: ButtplugError | None) -> None:
            if error is not None and self.drivers.get(slot) is driver:
                self.drivers[slot] = _UNKNOWN
                if slot in self._left:
                    self._stop_left(slot)
            elif self._left and not self._pacer.wants(slot):
                self._left.discard(slot)
            done(error)

        self._pacer.submit(Output(feature, type, value, output_range.clamp_duration(duration)), written)

    def stop(self, feature: int | None = None, driver: object | None = None) -> asyncio.Future[ButtplugDeviceError | None]:
        """Stop all outputs, those of one feature, or those that one client drove last.

        It is under way when this returns; the result comes when it was written, None or the error for it.

        Raises:
            ButtplugDeviceError: The device has no such feature.
        """
        slots = self._slots_to_stop(feature, driver)
        result: asyncio.Future[ButtplugDeviceError | None] = asyncio.get_running_loop().create_future()

        def done(error: ButtplugError | None) -> None:
            if not result.done():
                result.set_result(None if error is None else self.error(feature, error.message))

        if slots:
            self._pacer.stop(done, slots)
        else:
            done(None)
        return result

    def begin_stop(self, feature: int | None = None) -> None:
        """Stop all outputs or those of one feature, for somebody who is not told when that is done: nothing waits for it.

        Raises:
            ButtplugDeviceError: The device has no such feature.
        """
        if slots := self._slots_to_stop(feature, None):
            self._pacer.stop(None, slots)

    def configure(self, settings: DeviceSettings) -> asyncio.Future[ButtplugDeviceError | None]:
        """Apply new settings now, and stop all outputs, since what they do may be outside the new limits; as :meth:`stop`.

        Raises:
            ConfigurationError: The limits are not inside the device's ranges; nothing was changed.
        """
        self._use(settings)
        self._pacer.configure(self._limits, self._gap())
        return self.stop()

    def stop_for_good(self, reason: str) -> asyncio.Future[ButtplugDeviceError | None]:
        """Stop all outputs, as :meth:`stop` does, and from now on refuse every command with the reason."""
        self._outputs = {}
        self._refusal = reason
        return self.stop()

    def moves_under_way(self) -> dict[int, Move]:
        """Return the moves that parts may still be on, by feature."""
        return self._pacer.moves_under_way()

    # Inputs

    async def read(self, feature: int, type: InputType) -> int:  # noqa: A002
        """Read a sensor.

        Raises:
            ButtplugDeviceError: It has no such sensor, or did not answer.
        """
        self._require_input(feature, type, InputCommandType.READ)
        return await self._sensors.read(feature, type)

    async def subscribe(self, feature: int, type: InputType, listener: Listener) -> None:  # noqa: A002
        """Send a sensor's readings to a listener; a second time changes nothing.

        Raises:
            ButtplugDeviceError: It has no such sensor, or refused.
        """
        self._require_input(feature, type, InputCommandType.SUBSCRIBE)
        await self._sensors.subscribe(feature, type, listener)

    async def unsubscribe(self, feature: int, type: InputType, listener: Listener) -> None:  # noqa: A002
        """End a listener's readings of a sensor; nothing happens where there are none.

        Raises:
            ButtplugDeviceError: It has no such sensor, or refused. The listener gets no more readings all the same.
        """
        self._require_input(feature, type, InputCommandType.SUBSCRIBE)
        await self._sensors.unsubscribe(feature, type, listener)

    def may_send(self, feature: int, type: InputType) -> bool:  # noqa: A002
        """Whether the device sends a sensor's readings by itself, or may."""
        return self._sensors.may_send(feature, type)

    def subscriptions(self, listener: Listener, feature: int | None = None) -> list[tuple[int, InputType]]:
        """Return what a listener is subscribed to, of all features or of one.

        Raises:
            ButtplugDeviceError: The device has no such feature.
        """
        if feature is not None:
            self._require_feature(feature)
        return self._sensors.subscriptions(listener, feature)

    # The end

    def end(self, reason: str) -> None:
        """Take no more commands; what clients still want of it fails with the reason."""
        if self._end is not None:
            return
        self._end = reason
        self._sensors.end(reason)
        self._pacer.end(reason)

    async def close(self, reason: str) -> None:
        """Take no more commands, and close the link."""
        self.end(reason)
        try:
            await self._pacer.close(reason)
        finally:
            await disconnect(self.hardware, self.label)

    # Errors

    def error(self, feature: int | None, reason: str) -> ButtplugDeviceError:
        """Return an error that names the device and the feature."""
        where = self.label if feature is None else f"{self.label}, feature {feature}"
        return ButtplugDeviceError(f"{where}: {reason}")

    def _require_feature(self, feature: int) -> None:
        if feature not in self._features:
            known = ", ".join(map(str, self._features)) or "none"
            raise self.error(None, f"there is no feature {feature}; its features are {known}")

    def _no_output(self, feature: int, type_: OutputType) -> ButtplugDeviceError:
        self._require_feature(feature)
        if self._refusal is not None:
            return self.error(feature, self._refusal)
        if type_ in self._features[feature].outputs:
            return self.error(feature, f"{type_} is disabled in the user's settings")
        known = ", ".join(known for index, known in self._outputs if index == feature) or "none"
        return self.error(feature, f"there is no {type_} output; its outputs are {known}")

    def _require_input(self, feature: int, type_: InputType, command: InputCommandType) -> None:
        self._require_feature(feature)
        definition = self._features[feature].inputs.get(type_)
        if definition is None:
            known = ", ".join(self._features[feature].inputs) or "none"
            raise self.error(feature, f"there is no {type_} input; its inputs are {known}")
        if command not in definition.command:
            known = ", ".join(definition.command)
            raise self.error(feature, f"{type_} does not know {command}; it knows {known}")

    # Inside

    def _slots_to_stop(self, feature: int | None, driver: object | None) -> list[Slot]:
        """Return the outputs that :meth:`stop` stops: from now on nobody drives them."""
        if feature is not None:
            self._require_feature(feature)
        slots = [slot for slot in self._pacer.slots if feature in (None, slot[0])]
        if driver is not None:
            self._left.update(filter(self._pacer.wants, slots))
            slots = [slot for slot in slots if self.drivers.get(slot) in (driver, _UNKNOWN)]
        self._left.difference_update(slots)
        for slot in slots:
            self.drivers.pop(slot, None)
        return slots

    def _stop_left(self, slot: Slot) -> None:
        """Stop an output that may still do what a client asked that has gone, since the command to replace it failed."""
        del self.drivers[slot]
        self._left.discard(slot)

        def stopped(error: ButtplugError | None) -> None:
            if error is not None:
                logger.error("%s: what a client left running could not be stopped: %s", self.label, error)

        self._pacer.stop(stopped, [slot])

    def _use(self, settings: DeviceSettings) -> None:
        self._outputs = output_ranges(self.definition, settings)
        self.settings = settings
        self.info: DeviceInfo = DeviceInfo(
            self.index,
            self.name,
            describe_features(self.definition, self._outputs),
            round(self._gap() * 1000),
            settings.display_name,
        )
        self._limits = pacer_limits(self.definition, self._outputs)
        limit_protocol(self._protocol, self.definition, self._outputs)

    def _gap(self) -> float:
        for gap in (self.settings.message_gap, self.definition.message_gap):
            if gap is not None:
                return gap
        return self.hardware.message_gap


async def disconnect(hardware: Hardware, label: str) -> None:
    """Close a link, for a bounded time, even where this is cancelled; what goes wrong with it is told on the log."""
    await finish(_disconnect(hardware, label))


async def _disconnect(hardware: Hardware, label: str) -> None:
    try:
        async with asyncio.timeout(DISCONNECT_LIMIT):
            await hardware.disconnect()
    except TimeoutError:
        logger.warning("%s did not disconnect within %g s", label, DISCONNECT_LIMIT)
    except Exception:
        logger.exception("%s did not disconnect", label)
