"""What requests do: they drive, stop and read devices, and look for them. What goes wrong raises a :class:`RestError`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import TypeVar

from buttplug.core.enums import ErrorCode, InputCommandType, InputType, OutputType
from buttplug.core.errors import ButtplugDeviceError, ButtplugError
from buttplug.core.log import logger_of
from buttplug.core.messages import (
    ClientMessage,
    DeviceInfo,
    DeviceList,
    FeatureInfo,
    InputCmd,
    InputReading,
    Ok,
    OutputArguments,
    OutputCmd,
    OutputLimits,
    ScanningFinished,
    ServerMessage,
    StartScanning,
    StopCmd,
    StopScanning,
)
from buttplug.core.messages import Error as ErrorMessage
from buttplug.core.steps import step_of
from buttplug.server.rest.errors import RestError, not_found, of_session, unusable
from buttplug.server.rest.events import READING, Events, Stream
from buttplug.server.rest.leases import Feature, Leases
from buttplug.server.rest.session import RestSession, overlook
from buttplug.server.rest.values import Level
from buttplug.server.server import ButtplugServer
from buttplug.server.supervision import stop_all

logger: logging.Logger = logger_of(__name__)

Reply = TypeVar("Reply", bound=ServerMessage)


class RestDevices:
    """The devices of a server, for requests. A feature index of None means all features of a device."""

    def __init__(self, server: ButtplugServer) -> None:
        self.events: Events = Events()
        self._server = server
        self._session = RestSession(server, self._told, self._session_ended)
        self._leases = Leases(self._lease_is_over)

    def all(self) -> Mapping[int, DeviceInfo]:
        """Return every connected device."""
        return self._server.devices.infos()

    def one(self, index: int) -> DeviceInfo:
        """Return a device."""
        try:
            return self._server.devices.device(index).info
        except ButtplugDeviceError as error:
            raise not_found(error.message, index) from None

    def feature(self, index: int, feature: int) -> FeatureInfo:
        """Return a feature of a device."""
        known = self.one(index).device_features
        if feature not in known:
            there_are = ", ".join(map(str, known)) or "none"
            raise not_found(
                f"{self._label(index)}: there is no feature {feature}; its features are {there_are}", index, feature
            )
        return known[feature]

    async def start_scanning(self) -> None:
        """Look for devices, until that is stopped."""
        await self._ask(StartScanning, Ok)

    async def stop_scanning(self) -> None:
        """Look for devices no longer."""
        if self._session.driver is not None:
            await self._ask(StopScanning, Ok)

    async def drive(self, index: int, feature: int | None, type_: OutputType, level: Level) -> None:
        """Set an output; nothing is sent where one of several cannot be set so."""
        commands: list[tuple[int, Callable[[int], ClientMessage]]] = []
        for at, limits in self._outputs(index, feature, type_).items():
            arguments = self._arguments(index, at, type_, limits, level)
            commands.append((at, partial(_output, device=index, feature=at, type_=type_, arguments=arguments)))
        self._begin(index)
        answered = [self._leases.set((index, at), level.lease) for at, _ in commands]
        taken = False
        try:
            await self._ask_all(index, commands, Ok)
            taken = True
        finally:
            for tell in answered:
                tell(taken)

    async def stop(self, index: int | None, feature: int | None = None) -> None:
        """Stop a feature, a device, or all of them, and end the subscriptions to their inputs.

        It needs no session, and so no place among the clients: whoever has the last one, nobody is kept from stopping.
        """
        if index is not None:
            self.one(index)
            if feature is not None:
                self.feature(index, feature)
        self._leases.end(index, feature)
        devices = self._server.devices
        stops = stop_all(devices.devices.values()) if index is None else [devices.device(index).stop(feature)]
        if self._session.driver is not None:
            inputs = self._session.ask(lambda id_: StopCmd(id_, index, feature, inputs=True, outputs=False), Ok)
            inputs.add_done_callback(overlook)
        errors = [error.message for error in await asyncio.gather(*stops) if error is not None]
        if errors:
            raise of_session(ButtplugDeviceError("; ".join(errors)), index, feature)

    async def read(self, index: int, feature: int | None, type_: InputType) -> list[Mapping[str, object]]:
        """Return the reading of every such input."""
        readings = await self._input(index, feature, type_, InputCommandType.READ, InputReading)
        return [_reading(reading) for reading in readings]

    async def subscribe(self, index: int, feature: int | None, type_: InputType) -> None:
        """Have what such inputs report told by events."""
        await self._input(index, feature, type_, InputCommandType.SUBSCRIBE, Ok)

    async def unsubscribe(self, index: int, feature: int | None, type_: InputType) -> None:
        """Have it told no longer."""
        await self._input(index, feature, type_, InputCommandType.UNSUBSCRIBE, Ok)

    def open_stream(self) -> Stream:
        """Return a stream of what happens from now on, which begins with what there is."""
        if self.events.is_full:
            raise RestError(HTTPStatus.SERVICE_UNAVAILABLE, "too many streams of events are open", class_=ErrorCode.UNKNOWN)
        self._begin(None)
        self.events.devices_are(self.all())
        return self.events.open(scanning=self._session.driver in self._server.devices.scans)

    async def close(self) -> None:
        """End the session, which stops what it drives, and every stream."""
        self._leases.end()
        await self._session.close()
        self.events.end_all()

    # Outputs

    def _outputs(self, index: int, feature: int | None, type_: OutputType) -> Mapping[int, OutputLimits]:
        """Return the limits of every feature that has such an output."""
        features = self._features(index, feature)
        outputs = {known.feature_index: known.output[type_] for known in features if type_ in known.output}
        if not outputs:
            raise self._lacking(index, feature, type_, "output", [name for known in features for name in known.output])
        return outputs

    def _arguments(self, index: int, feature: int, type_: OutputType, limits: OutputLimits, level: Level) -> OutputArguments:
        where = f"{self._label(index)}, feature {feature}"
        low, high = limits.value
        step = level.steps if level.share is None else step_of(level.share, high)
        assert step is not None
        if not low <= step <= high:
            asked = f"{step} steps" if level.share is None else f"a level of {level.share:g}"
            raise unusable(f"{where}: {asked} is outside the range of its {type_}, {low} to {high} steps", index, feature)
        takes_duration = type_ is OutputType.POSITION_WITH_DURATION
        if takes_duration and level.duration is None:
            raise unusable(f"{where}: {type_} needs ?duration=… in milliseconds", index, feature)
        if not takes_duration and level.duration is not None:
            raise unusable(f"{where}: {type_} takes no duration; {OutputType.POSITION_WITH_DURATION} does", index, feature)
        return OutputArguments(step, level.duration)

    def _lease_is_over(self, leased: Feature) -> None:
        """Stop what requests drive of a feature: what another client drives by now is not leased."""
        index, feature = leased
        device = self._server.devices.devices.get(index)
        if device is None or self._session.driver is None:
            return
        try:
            stopped = device.stop(feature, driver=self._session.driver)
        except ButtplugDeviceError as error:
            logger.debug("a lease is over, and its feature is no longer there: %s", error)
            return
        self.events.tell("LeaseEnded", device=index, feature=feature)
        stopped.add_done_callback(self._lease_has_stopped)

    def _lease_has_stopped(self, stopped: asyncio.Future[ButtplugDeviceError | None]) -> None:
        if (error := stopped.result()) is not None:
            logger.error("a lease is over: %s", error)
            self.events.tell("Error", message=error.message)

    # Inputs

    async def _input(
        self, index: int, feature: int | None, type_: InputType, command: InputCommandType, kind: type[Reply]
    ) -> list[Reply]:
        features = self._features(index, feature)
        having = [known.feature_index for known in features if type_ in known.input]
        if not having:
            raise self._lacking(index, feature, type_, "input", [name for known in features for name in known.input])
        commands: list[tuple[int, Callable[[int], ClientMessage]]] = [
            (at, partial(InputCmd, device_index=index, feature_index=at, type=type_.value, command=command.value))
            for at in having
        ]
        return await self._ask_all(index, commands, kind)

    # The session

    def _begin(self, index: int | None) -> None:
        try:
            self._session.begin()
        except ButtplugError as error:
            raise _unavailable(error, index) from None

    async def _ask(self, message: Callable[[int], ClientMessage], kind: type[Reply]) -> Reply:
        self._begin(None)
        return await _answered(self._session.ask(message, kind), None, None)

    async def _ask_all(
        self, index: int, commands: list[tuple[int, Callable[[int], ClientMessage]]], kind: type[Reply]
    ) -> list[Reply]:
        """Send a command to each of these features at once; return all answers, or raise the first error of them."""
        self._begin(index)
        asked = [(at, self._session.ask(message, kind)) for at, message in commands]
        answers = await asyncio.gather(*(_answered(answer, index, at) for at, answer in asked), return_exceptions=True)
        replies = []
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            replies.append(answer)
        return replies

    def _told(self, message: ServerMessage) -> None:
        if isinstance(message, DeviceList):
            self.events.devices_are(message.devices)
        elif isinstance(message, InputReading):
            self.events.tell(READING, **_reading(message))
        elif isinstance(message, ScanningFinished):
            self.events.tell("ScanningFinished")
        elif isinstance(message, ErrorMessage):
            self.events.tell("Error", message=message.error_message)

    def _session_ended(self, reason: str) -> None:
        self._leases.end()
        self.events.tell("SessionEnded", reason=reason)
        self.events.end_all()

    # What there is

    def _features(self, index: int, feature: int | None) -> list[FeatureInfo]:
        return list(self.one(index).device_features.values()) if feature is None else [self.feature(index, feature)]

    def _lacking(self, index: int, feature: int | None, type_: str, what: str, names: list[str]) -> RestError:
        where = self._label(index) if feature is None else f"{self._label(index)}, feature {feature}"
        there_are = ", ".join(dict.fromkeys(names)) or "none"
        return not_found(f"{where}: there is no {type_} {what}; its {what}s are {there_are}", index, feature)

    def _label(self, index: int) -> str:
        return self._server.devices.device(index).label


def _output(id_: int, *, device: int, feature: int, type_: OutputType, arguments: OutputArguments) -> OutputCmd:
    return OutputCmd(id_, device, feature, {type_.value: arguments})


def _reading(message: InputReading) -> Mapping[str, object]:
    ((type_, reading),) = message.reading.items()
    return {"device": message.device_index, "feature": message.feature_index, "input": type_, "value": reading.value}


async def _answered(answer: asyncio.Future[Reply], index: int | None, feature: int | None) -> Reply:
    """Wait for an answer; raise what it is answered to a request where it is an error."""
    try:
        return await answer
    except ButtplugError as error:
        raise of_session(error, index, feature) from None


def _unavailable(error: ButtplugError, index: int | None) -> RestError:
    return RestError(HTTPStatus.SERVICE_UNAVAILABLE, error.message, class_=error.code, device=index)
