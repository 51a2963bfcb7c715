"""The sensors of one client: what it reads, and whose readings it gets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from typing import Any, TypeAlias

from buttplug.core.enums import InputCommandType, InputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.core.log import logger_of
from buttplug.core.messages import InputCmd, InputReading, InputValue, Ok
from buttplug.core.text import printable
from buttplug.server.commands import input_command_of, input_of
from buttplug.server.devices.device import Device
from buttplug.server.devices.manager import DeviceManager
from buttplug.server.protocols.base import Reading
from buttplug.server.replies import Replies

logger: logging.Logger = logger_of(__name__)

#: One sensor: a device, a feature index and a type.
Sensor: TypeAlias = tuple[Device, int, InputType]


class Inputs:
    """Reads sensors, and passes on the readings of those that the client subscribed to."""

    def __init__(
        self,
        devices: DeviceManager,
        replies: Replies,
        label: Callable[[], str],
        run_to_end: Callable[[Coroutine[object, object, None]], object],
    ) -> None:
        """``run_to_end`` runs what goes on though the client is gone."""
        self._run_to_end = run_to_end
        self._devices = devices
        self._replies = replies
        self._label = label
        #: Sensors that the client subscribed to, or is about to.
        self._wanted: set[Sensor] = set()
        #: Those of them whose readings it gets, with their types as the client spells them.
        self._spellings: dict[Sensor, str] = {}
        #: Those that it unsubscribed from, until the device has done so: should it leave before, that is still to be done.
        self._leaving: set[Sensor] = set()
        #: Those to be unsubscribed from, which waits for stops.
        self._ending: set[Sensor] = set()

    def handle(self, message: InputCmd) -> None:
        """Do what a message asks of a sensor, and answer it.

        Raises:
            ButtplugMessageError: The command is unknown.
            ButtplugDeviceError: There is no such device, or no such type.
            ButtplugUnknownError: As many messages wait for their answers as may.
        """
        command = input_command_of(message.command)
        device, feature = self._devices.device(message.device_index), message.feature_index
        try:
            type_ = input_of(message.type)
        except ButtplugDeviceError as error:
            raise device.error(feature, error.message) from None
        act: Callable[[int, Sensor, str], Awaitable[None]] = {
            InputCommandType.READ: self._read,
            InputCommandType.SUBSCRIBE: self._subscribe,
            InputCommandType.UNSUBSCRIBE: self._unsubscribe,
        }[command]
        sensor = device, feature, type_
        self._replies.answer_later(message.id, act, sensor, _spelling(message.type, type_))
        if command is InputCommandType.SUBSCRIBE:
            self._wanted.add(sensor)
            self._leaving.discard(sensor)
        elif command is InputCommandType.UNSUBSCRIBE:
            self._forget(sensor)
            self._leaving.add(sensor)

    def keep_only(self, devices: Collection[Device]) -> None:
        """Forget the sensors of all other devices: these are gone."""
        for sensor in [sensor for sensor in self._wanted if sensor[0] not in devices]:
            self._forget(sensor)
        self._leaving = {sensor for sensor in self._leaving if sensor[0] in devices}

    def end(self, devices: Collection[Device], feature: int | None = None) -> list[Sensor]:
        """Pass on no more readings of these devices, or of one feature; return what is to be unsubscribed from.

        Without what waits for that already, so that a client which subscribes and stops by turns keeps nothing waiting.

        Raises:
            ButtplugDeviceError: One of the devices has no such feature.
        """
        for device in devices:
            device.subscriptions(self._notify, feature)
        known = self._wanted | self._leaving
        ended = [sensor for sensor in known if sensor[0] in devices and feature in (None, sensor[1])]
        for sensor in ended:
            self._forget(sensor)
        self._leaving.difference_update(ended)
        ended = [sensor for sensor in ended if sensor not in self._ending]
        self._ending.update(ended)
        return ended

    async def unsubscribe(self, ended: Sequence[Sensor], after: asyncio.Future[Any] | None) -> None:
        """Unsubscribe from sensors, after stops that come first; what fails is told on the log.

        Devices do so side by side. What the client subscribed to again is left alone.
        """
        if after is not None:
            await asyncio.wait([after])
        of_devices: dict[Device, list[Sensor]] = {}
        for sensor in ended:
            of_devices.setdefault(sensor[0], []).append(sensor)
        await asyncio.gather(*map(self._unsubscribe_all, of_devices.values()))

    async def _unsubscribe_all(self, sensors: Sequence[Sensor]) -> None:
        for sensor in sensors:
            self._ending.discard(sensor)
            if sensor in self._wanted:
                continue
            device, feature, type_ = sensor
            try:
                await device.unsubscribe(feature, type_, self._notify)
            except ButtplugDeviceError as error:
                logger.warning("%s: %s", self._label(), error)

    async def _read(self, id_: int, sensor: Sensor, spelling: str) -> None:
        device, feature, type_ = sensor
        value = await device.read(feature, type_)
        self._replies.deliver(_reading(id_, device, feature, spelling, value))

    async def _subscribe(self, id_: int, sensor: Sensor, spelling: str) -> None:
        device, feature, type_ = sensor
        try:
            await device.subscribe(feature, type_, self._notify)
        except ButtplugDeviceError:
            if (feature, type_) in device.subscriptions(self._notify):
                # It was asked for again meanwhile, which is another try.
                raise
            self._forget(sensor)
            if sensor not in self._ending:
                # It may have been heard all the same: the device would send readings that nobody wants.
                self._ending.add(sensor)
                self._run_to_end(self.unsubscribe([sensor], after=None))
            raise
        if sensor in self._wanted:
            self._spellings[sensor] = spelling
        self._replies.deliver(Ok(id_))

    async def _unsubscribe(self, id_: int, sensor: Sensor, spelling: str) -> None:
        device, feature, type_ = sensor
        try:
            await device.unsubscribe(feature, type_, self._notify)
        except ButtplugDeviceError:
            if not device.may_send(feature, type_):
                self._leaving.discard(sensor)
            raise
        self._leaving.discard(sensor)
        self._replies.deliver(Ok(id_))

    def _notify(self, device: Device, reading: Reading) -> None:
        spelling = self._spellings.get((device, reading.feature, reading.type))
        if spelling is not None:
            self._replies.deliver(_reading(0, device, reading.feature, spelling, reading.value))

    def _forget(self, sensor: Sensor) -> None:
        self._wanted.discard(sensor)
        self._spellings.pop(sensor, None)


def _spelling(asked: str, type_: InputType) -> str:
    """Return the name of an input type as the client spells it: of one, two spellings are in use."""
    return printable(asked) if type_ is InputType.RSSI else type_.value


def _reading(id_: int, device: Device, feature: int, spelling: str, value: int) -> InputReading:
    return InputReading(id_, device.index, feature, {spelling: InputValue(value)})
