"""One client's conversation with the server: its state, its ping, its scan, its subscriptions, and what it drives.

Messages go in by :meth:`Session.receive`, in the order they came, and each is answered exactly once through ``send``, by which
events go too. What can be done at once is done before ``receive`` returns; only answers that wait for a device or a bus come
later, and may be overtaken.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from buttplug.core import legacy
from buttplug.core.codec import Malformed
from buttplug.core.enums import ErrorCode, InputCommandType, InputType
from buttplug.core.errors import (
    ButtplugDeviceError,
    ButtplugError,
    ButtplugHandshakeError,
    ButtplugMessageError,
    ButtplugPingError,
    ButtplugUnknownError,
)
from buttplug.core.messages import (
    SPEC_MAJOR,
    SPEC_MINOR,
    ClientMessage,
    DeviceList,
    Disconnect,
    Error,
    InputCmd,
    InputReading,
    InputValue,
    Ok,
    OutputCmd,
    Ping,
    RequestDeviceList,
    RequestServerInfo,
    ScanningFinished,
    ServerInfo,
    ServerMessage,
    StartScanning,
    StopCmd,
    StopScanning,
)
from buttplug.server.commands import input_command_of, input_of, output_of
from buttplug.server.devices.device import Device
from buttplug.server.ping import PingTimer
from buttplug.server.protocols.base import Reading

if TYPE_CHECKING:
    from buttplug.server.server import ButtplugServer

logger = logging.getLogger(__name__)

P = ParamSpec("P")

#: Seconds the stops at the end of a session may keep the end waiting. They go on being tried after it.
END_LIMIT = 5.0

#: Characters of a client's name that are kept.
NAME_LENGTH = 64


class State(Enum):
    """How far a session is."""

    WAITING = auto()
    CONNECTED = auto()
    PINGED_OUT = auto()
    ENDED = auto()


class CloseCode(Enum):
    """Why the server ends a session, as websocket close codes."""

    NORMAL = 1000
    SHUTDOWN = 1001
    REFUSED = 1008
    INTERNAL_ERROR = 1011
    PING_MISSED = 4001


class Session:
    """A client's session. ``closed`` is called, with a code and a reason, when the server ends it."""

    def __init__(
        self,
        server: ButtplugServer,
        send: Callable[[ServerMessage], None],
        closed: Callable[[CloseCode, str], None],
    ) -> None:
        self.client_name = ""
        self.state = State.WAITING
        self._server = server
        self._devices = server.devices
        self._send = send
        self._closed = closed
        self._ping = PingTimer(server.max_ping_time / 1000, self._ping_missed)
        self._words: dict[tuple[Device, int, InputType], str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stops: set[asyncio.Task[None]] = set()
        self._end: asyncio.Task[None] | None = None
        self._end_is_told = False

    def receive(self, message: ClientMessage | Malformed) -> None:
        """Handle one message; its answer goes out through ``send``, now or when a device has done its part."""
        try:
            self._require_state(message)
            if isinstance(message, OutputCmd):
                self._output(message)
            elif isinstance(message, StopCmd):
                self._stop(message)
            elif isinstance(message, Ping):
                self._ping.restart()
                self._deliver(Ok(message.id))
            elif isinstance(message, InputCmd):
                self._input(message)
            elif isinstance(message, StartScanning):
                self._later(self._tasks, message.id, self._start_scanning)
            elif isinstance(message, StopScanning):
                self._later(self._tasks, message.id, self._stop_scanning)
            elif isinstance(message, RequestDeviceList):
                self._deliver(DeviceList(message.id, self._devices.infos()))
            elif isinstance(message, RequestServerInfo):
                self._handshake(message)
            elif isinstance(message, Disconnect):
                self._disconnect(message)
            elif isinstance(message, Malformed):
                raise ButtplugMessageError(message.reason)
        except ButtplugError as error:
            self._refuse(message.id, error)
        except Exception as error:
            logger.exception("%s: %s", self.label, type(message).__name__)
            self._refuse(message.id, ButtplugUnknownError(f"the server failed: {type(error).__name__}: {error}"))

    def devices_changed(self) -> None:
        """Tell the client which devices there are, if it has shaken hands."""
        self._words = {at: word for at, word in self._words.items() if self._devices.devices.get(at[0].index) is at[0]}
        if self.state is State.CONNECTED:
            self._deliver(DeviceList(0, self._devices.infos()))

    async def hang_up(self, code: CloseCode, reason: str) -> None:
        """End the session by the server's will, and tell who opened it."""
        await self.close(reason)
        self._tell_end(code, reason)

    async def close(self, reason: str) -> None:
        """End the session, for whatever cause: first of all everything that it drove last is stopped.

        Returns when the stops were written, or after a bounded time. The end goes on even if the caller is cancelled.
        """
        await asyncio.shield(self._begin_end(reason))

    @property
    def label(self) -> str:
        """The client in logs."""
        return f'Client "{self.client_name}"' if self.client_name else "A client without a name"

    # Messages

    def _require_state(self, message: ClientMessage | Malformed) -> None:
        if self.state is State.CONNECTED or not message.id:
            return
        if self.state is not State.WAITING:
            raise self._over()
        name = message.name if isinstance(message, Malformed) else type(message).__name__
        if name != RequestServerInfo.__name__:
            raise ButtplugHandshakeError(f"RequestServerInfo expected before {name}")

    def _over(self) -> ButtplugError:
        """Return the answer to whatever comes, or is not yet done, after the session's end."""
        if self.state is State.PINGED_OUT:
            return ButtplugPingError(f"no ping for {self._server.max_ping_time} ms: the session has ended, connect again")
        return ButtplugHandshakeError("the session has ended, connect again")

    def _handshake(self, request: RequestServerInfo) -> None:
        if self.state is State.CONNECTED:
            raise ButtplugHandshakeError("the handshake was done already")
        version = legacy.version_of(request)
        refusal = legacy.refusal(version)
        if refusal is not None:
            self._refuse(request.id, ButtplugHandshakeError(refusal))
            if version > SPEC_MAJOR:
                self._leave(CloseCode.REFUSED, refusal)
            return
        self.client_name = _printable(request.client_name)
        self.state = State.CONNECTED
        self._ping.restart()
        logger.info("%s connected", self.label)
        self._deliver(ServerInfo(request.id, self._server.name, self._server.max_ping_time, SPEC_MAJOR, SPEC_MINOR))

    def _output(self, message: OutputCmd) -> None:
        if not self._server.is_open:
            raise ButtplugUnknownError("the server is shutting down")
        id_, feature = message.id, message.feature_index
        try:
            wanted = output_of(message.command)
        except ButtplugDeviceError as error:
            raise self._devices.device(message.device_index).error(feature, error.message) from None
        device = self._devices.device(message.device_index)

        def done(error: ButtplugError | None) -> None:
            if error is None:
                self._deliver(Ok(id_))
            else:
                self._refuse(id_, device.error(feature, f"{wanted.type}: {error.message}"))

        device.output(feature, wanted.type, wanted.value, wanted.duration, self, done)

    def _stop(self, message: StopCmd) -> None:
        if message.device_index is None:
            devices, feature = list(self._devices.devices.values()), None
        else:
            devices, feature = [self._devices.device(message.device_index)], message.feature_index
        stops = [device.stop(feature) for device in devices] if message.outputs is not False else []

        async def answer(id_: int) -> None:
            results = await asyncio.gather(*stops)
            if message.inputs is not False:
                results += await asyncio.gather(*(self._unsubscribe_all(device, feature) for device in devices))
            errors = [error.message for error in results if error is not None]
            if errors:
                raise ButtplugDeviceError("; ".join(errors))
            self._deliver(Ok(id_))

        self._later(self._stops, message.id, answer)

    def _input(self, message: InputCmd) -> None:
        command = input_command_of(message.command)
        device, feature = self._devices.device(message.device_index), message.feature_index
        try:
            type_ = input_of(message.type)
        except ButtplugDeviceError as error:
            raise device.error(feature, error.message) from None
        act = {
            InputCommandType.READ: self._read,
            InputCommandType.SUBSCRIBE: self._subscribe,
            InputCommandType.UNSUBSCRIBE: self._unsubscribe,
        }[command]
        self._later(self._tasks, message.id, act, device, feature, type_, _word(message.type, type_))

    async def _read(self, id_: int, device: Device, feature: int, type_: InputType, word: str) -> None:
        value = await device.read(feature, type_)
        self._deliver(_input_reading(id_, device, feature, word, value))

    async def _subscribe(self, id_: int, device: Device, feature: int, type_: InputType, word: str) -> None:
        await device.subscribe(feature, type_, self._reading)
        self._words[device, feature, type_] = word
        self._deliver(Ok(id_))

    async def _unsubscribe(self, id_: int, device: Device, feature: int, type_: InputType, word: str) -> None:
        self._words.pop((device, feature, type_), None)
        await device.unsubscribe(feature, type_, self._reading)
        self._deliver(Ok(id_))

    async def _unsubscribe_all(self, device: Device, feature: int | None = None) -> ButtplugDeviceError | None:
        """End this session's subscriptions of a device; return the first error there was, if any."""
        failure = None
        for index, type_ in device.subscriptions(self._reading, feature):
            self._words.pop((device, index, type_), None)
            try:
                await device.unsubscribe(index, type_, self._reading)
            except ButtplugDeviceError as error:
                failure = failure or error
        return failure

    async def _start_scanning(self, id_: int) -> None:
        await self._devices.start_scanning(self, lambda: self._deliver(ScanningFinished(0)))
        self._deliver(Ok(id_))

    async def _stop_scanning(self, id_: int) -> None:
        was_scanning = await self._devices.stop_scanning(self)
        self._deliver(Ok(id_))
        if was_scanning:
            self._deliver(ScanningFinished(0))

    def _disconnect(self, message: Disconnect) -> None:
        self._leave(CloseCode.NORMAL, "disconnected as asked", Ok(message.id))

    # Answers and events

    def _later(
        self,
        tasks: set[asyncio.Task[None]],
        id_: int,
        answer: Callable[Concatenate[int, P], Awaitable[None]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Run what waits for a device or a bus, given the request's id; whatever goes wrong in it is the answer."""

        async def run() -> None:
            try:
                await answer(id_, *args, **kwargs)
            except ButtplugError as error:
                self._refuse(id_, error)
            except Exception as error:
                logger.exception("%s: message %d", self.label, id_)
                self._refuse(id_, ButtplugUnknownError(f"the server failed: {type(error).__name__}: {error}"))

        def finished(task: asyncio.Task[None]) -> None:
            tasks.discard(task)
            if task.cancelled():
                self._refuse(id_, self._over())

        task = asyncio.get_running_loop().create_task(run())
        tasks.add(task)
        task.add_done_callback(finished)

    def _reading(self, device: Device, reading: Reading) -> None:
        word = self._words.get((device, reading.feature, reading.type))
        if word is not None:
            self._deliver(_input_reading(0, device, reading.feature, word, reading.value))

    def _refuse(self, id_: int, error: ButtplugError) -> None:
        logger.debug("%s: message %d: %s", self.label, id_, error)
        self._deliver(Error(id_, error.message, error.code))

    def _deliver(self, message: ServerMessage) -> None:
        try:
            self._send(message)
        except Exception:
            # A client that cannot be told anything is gone.
            logger.exception("%s: %s could not be sent", self.label, type(message).__name__)
            if self._end is None:
                self._server.keep(self.hang_up(CloseCode.INTERNAL_ERROR, "messages could not be sent"))

    def _deliver_last(self, message: ServerMessage) -> None:
        try:
            self._send(message)
        except Exception:
            logger.exception("%s: %s could not be sent", self.label, type(message).__name__)

    # The end

    def _ping_missed(self) -> None:
        reason = f"no ping for {self._server.max_ping_time} ms"
        logger.warning("%s: %s; its devices are stopped", self.label, reason)
        told = Error(0, f"{reason}: your devices were stopped", ErrorCode.PING)
        self._leave(CloseCode.PING_MISSED, reason, told, State.PINGED_OUT)

    def _leave(self, code: CloseCode, reason: str, last: ServerMessage | None = None, state: State = State.ENDED) -> None:
        """End the session at once, by itself; when what it drove is stopped send a last message, and tell who opened it."""
        end = self._begin_end(reason, state)

        async def tell() -> None:
            await asyncio.shield(end)
            if last is not None:
                self._deliver_last(last)
            self._tell_end(code, reason)

        self._server.keep(tell())

    def _tell_end(self, code: CloseCode, reason: str) -> None:
        if self._end_is_told:
            return
        self._end_is_told = True
        try:
            self._closed(code, reason)
        except Exception:
            # Whoever opened it may be in trouble; the server still has to shut down, and others have to be served.
            logger.exception("%s: its end could not be told", self.label)

    def _begin_end(self, reason: str, state: State = State.ENDED) -> asyncio.Task[None]:
        """Stop what this session drove, before this returns, and wait for that in a task of the server's."""
        if self._end is None:
            if self.state is State.CONNECTED:
                logger.info("%s left: %s", self.label, reason)
            self.state = state
            self._ping.cancel()
            self._words = {}
            self._server.sessions.discard(self)
            for task in self._tasks:
                task.cancel()
            devices = list(self._devices.devices.values())
            stops = [device.stop(driver=self) for device in devices]
            self._end = self._server.keep(self._finish_end(devices, stops))
        return self._end

    async def _finish_end(self, devices: list[Device], stops: list[asyncio.Future[ButtplugDeviceError | None]]) -> None:
        scan = self._server.keep(self._end_scan())
        try:
            async with asyncio.timeout(END_LIMIT):
                results = await asyncio.gather(*stops)
                if self._stops:
                    await asyncio.wait(tuple(self._stops))
                results += await asyncio.gather(*(self._unsubscribe_all(device) for device in devices))
                await asyncio.shield(scan)
        except TimeoutError:
            logger.error("%s has left: not everything it used was ended within %g s", self.label, END_LIMIT)  # noqa: TRY400
            return
        for error in results:
            if error is not None:
                logger.error("%s has left: %s", self.label, error)

    async def _end_scan(self) -> None:
        await self._devices.stop_scanning(self)


def _printable(name: str) -> str:
    """Return the beginning of a name, fit for logs and error messages."""
    return "".join(character if character.isprintable() else "?" for character in name[:NAME_LENGTH])


def _word(asked: str, type_: InputType) -> str:
    """Return the name of an input type as the client spells it: of one, two spellings are in use."""
    return asked if type_ is InputType.RSSI else type_.value


def _input_reading(id_: int, device: Device, feature: int, word: str, value: int) -> InputReading:
    return InputReading(id_, device.index, feature, {word: InputValue(value)})
