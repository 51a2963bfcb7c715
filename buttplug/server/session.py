"""One client's conversation with the server: its state, its ping, its scan, its sensors, and what it drives.

Messages go in by :meth:`Session.receive`, in the order they came, and each is answered exactly once through ``send``, by which
events go too. What can be done at once is done before ``receive`` returns; only answers that wait for a device or a bus come
later, and may be overtaken.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from enum import Enum, auto
from typing import Any, Protocol

from buttplug.core import legacy
from buttplug.core.codec import Malformed
from buttplug.core.enums import ErrorCode
from buttplug.core.errors import (
    ButtplugDeviceError,
    ButtplugError,
    ButtplugHandshakeError,
    ButtplugMessageError,
    ButtplugPingError,
    ButtplugUnknownError,
    error_from_code,
)
from buttplug.core.log import logger_of
from buttplug.core.messages import (
    SPEC_MAJOR,
    SPEC_MINOR,
    U32_MAX,
    ClientMessage,
    DeviceList,
    Disconnect,
    Error,
    InputCmd,
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
from buttplug.core.text import printable
from buttplug.server.commands import output_of
from buttplug.server.devices.manager import DeviceManager
from buttplug.server.inputs import Inputs, Sensor
from buttplug.server.ping import PingTimer
from buttplug.server.replies import Replies, fault
from buttplug.server.stops import Stops
from buttplug.server.supervision import begin_stops, stop_all

logger: logging.Logger = logger_of(__name__)

#: Seconds the stops at the end of a session may keep the end waiting. They go on being tried after it.
END_LIMIT = 5.0

#: Seconds after which a client that was refused is disconnected, if it was not accepted at another try. Not at once: there are
#: clients that connect again thousands of times in a second.
REFUSAL_PAUSE = 2.0


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
    TOO_MANY_CLIENTS = 1013
    PING_MISSED = 4001


class SessionServer(Protocol):
    """What a session needs of its server."""

    name: str
    #: Milliseconds, 0 for never.
    max_ping_time: int
    devices: DeviceManager
    is_open: bool

    def why_full(self) -> str | None:
        """Return why no more clients are accepted, None where there is room for one."""

    def session_ended(self, session: Session, /) -> None:
        """Forget a session: its client has no place any more."""

    def run_to_end(self, work: Coroutine[object, object, None], /) -> asyncio.Task[None]:
        """Run something that must go on to its end even when the client it is done for is gone."""

    def warn_of_client(self, warning: str, /) -> None:
        """Log a warning, once where many are the same."""


class Session:
    """A client's session. ``closed`` is called, with a code and a reason, when the server ends it."""

    def __init__(
        self,
        server: SessionServer,
        send: Callable[[ServerMessage], None],
        closed: Callable[[CloseCode, str], None],
    ) -> None:
        self.client_name: str = ""
        self.state: State = State.WAITING
        self._server = server
        self._devices = server.devices
        self._closed = closed
        self._replies = Replies(send, lambda: self.label, self._sending_failed)
        self._stops = Stops(self._replies)
        self._inputs = Inputs(self._devices, self._replies, lambda: self.label, server.run_to_end)
        self._ping = PingTimer(server.max_ping_time / 1000, self._ping_missed)
        self._refusal: asyncio.TimerHandle | None = None
        #: Whether a message is being handled, or some are waiting for that.
        self._is_busy = False
        self._later: list[ClientMessage | Malformed] = []
        self._may_drive = True
        self._has_scanned = False
        self._last_stops: list[asyncio.Future[ButtplugDeviceError | None]] = []
        self._end: asyncio.Task[None] | None = None
        self._end_is_told = False
        if (why := server.why_full()) is not None:
            self._close_after_pause(CloseCode.TOO_MANY_CLIENTS, why)

    def receive(self, message: ClientMessage | Malformed) -> None:
        """Handle one message; its answer goes out through ``send``, now or when a device has done its part.

        What ``send`` itself hands in here is handled in the next turn of the event loop: it may answer every answer.
        """
        if self._is_busy:
            self._later.append(message)
            if len(self._later) == 1:
                asyncio.get_running_loop().call_soon(self._receive_later)
            return
        self._is_busy = True
        try:
            # The same as `_has_id`, without what calling it costs for every message.
            if self.state is not State.CONNECTED or type(message.id) is not int or not 0 < message.id <= U32_MAX:
                self._require_state(message)
            if isinstance(message, OutputCmd):
                self._output(message)
            elif isinstance(message, StopCmd):
                self._stop(message)
            elif isinstance(message, Ping):
                self._ping.restart()
                self._replies.deliver(Ok(message.id))
            elif isinstance(message, InputCmd):
                self._inputs.handle(message)
            elif isinstance(message, StartScanning):
                self._replies.answer_later(message.id, self._start_scanning)
            elif isinstance(message, StopScanning):
                self._replies.answer_later(message.id, self._stop_scanning)
            elif isinstance(message, RequestDeviceList):
                self._replies.deliver(DeviceList(message.id, self._devices.infos()))
            elif isinstance(message, RequestServerInfo):
                self._handshake(message)
            elif isinstance(message, Disconnect):
                self._disconnect(message)
            elif isinstance(message, Malformed):
                raise error_from_code(message.code, message.reason)
            else:
                raise ButtplugMessageError(f"{type(message).__name__} is not for a client of version {SPEC_MAJOR} to send")
        except ButtplugError as error:
            self._refuse(message, error)
        except Exception as error:
            logger.exception("%s: %s", self.label, type(message).__name__)
            self._refuse(message, fault(error))
        finally:
            self._is_busy = bool(self._later)

    def _receive_later(self) -> None:
        waiting, self._later, self._is_busy = self._later, [], False
        for position, message in enumerate(waiting):
            if self._is_busy:
                # What an answer led to comes behind these.
                self._later[:0] = waiting[position:]
                break
            self.receive(message)

    def devices_changed(self, devices: DeviceList) -> None:
        """Tell the client which devices there are, if it has shaken hands; the same event goes to all clients."""
        self._inputs.keep_only(self._devices.devices.values())
        if self.state is State.CONNECTED:
            self._replies.deliver(devices)

    def stop_driving(self) -> None:
        """Stop what this client drives, at once, because it can say no more: its last message has arrived.

        What it said before is still done, outputs excepted. The session ends by :meth:`close`.
        """
        if self._may_drive:
            self._may_drive = False
            if self.state is State.WAITING:
                # It has driven nothing; outputs that nobody surely drives are stopped when a client goes, and it is none.
                return
            self._last_stops = stop_all(self._devices.devices.values(), driver=self)

    async def end(self, code: CloseCode, reason: str) -> None:
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
        name = message.name if isinstance(message, Malformed) else type(message).__name__
        if not _has_id(message):
            if isinstance(message, Malformed):
                return
            raise ButtplugMessageError(f"{name}: Id must be a whole number from 1 to {U32_MAX}")
        if self.state not in (State.WAITING, State.CONNECTED):
            raise self._error_after_end()
        if name != RequestServerInfo.__name__ and self.state is State.WAITING:
            raise ButtplugHandshakeError(f"RequestServerInfo expected before {name}")

    def _error_after_end(self) -> ButtplugError:
        """Return the answer to whatever comes, or is not yet done, after the session's end."""
        if self.state is State.PINGED_OUT:
            return ButtplugPingError(f"no ping for {self._server.max_ping_time} ms: the session has ended, connect again")
        return ButtplugHandshakeError("the session has ended, connect again")

    def _refuse(self, message: ClientMessage | Malformed, error: ButtplugError) -> None:
        self._replies.refuse(message.id if _has_id(message) else 0, error)

    def _handshake(self, request: RequestServerInfo) -> None:
        if self.state is State.CONNECTED:
            raise ButtplugHandshakeError("the handshake was done already")
        name = printable(request.client_name)
        if (why := legacy.refusal(legacy.version_of(request))) is not None:
            self._refuse_client(name, CloseCode.REFUSED, why)
        if (why := self._server.why_full()) is not None:
            self._refuse_client(name, CloseCode.TOO_MANY_CLIENTS, why)
        self._cancel_refusal()
        self.client_name = name
        self.state = State.CONNECTED
        self._ping.restart()
        logger.info("%s connected", self.label)
        server = self._server
        self._replies.deliver(ServerInfo(request.id, server.name, server.max_ping_time, SPEC_MAJOR, SPEC_MINOR))

    def _refuse_client(self, name: str, code: CloseCode, why: str) -> None:
        self._server.warn_of_client(f'Client "{name}" was refused: {why}')
        self._cancel_refusal()
        self._close_after_pause(code, why)
        raise ButtplugHandshakeError(why)

    def _close_after_pause(self, code: CloseCode, reason: str) -> None:
        self._refusal = asyncio.get_running_loop().call_later(REFUSAL_PAUSE, self._leave, code, reason)

    def _cancel_refusal(self) -> None:
        """Do not disconnect the client for a refusal before this."""
        if self._refusal is not None:
            self._refusal.cancel()
            self._refusal = None

    def _output(self, message: OutputCmd) -> None:
        if not self._server.is_open:
            raise ButtplugUnknownError("the server is shutting down")
        if not self._may_drive:
            raise self._error_after_end()
        self._replies.require_room()
        id_, feature = message.id, message.feature_index
        try:
            wanted = output_of(message.command)
        except ButtplugDeviceError as error:
            raise self._devices.device(message.device_index).error(feature, error.message) from None
        device = self._devices.device(message.device_index)
        replies = self._replies

        def done(error: ButtplugError | None) -> None:
            replies.unanswered -= 1
            if error is None:
                replies.deliver(Ok(id_))
            else:
                replies.refuse(id_, device.error(feature, f"{wanted.type}: {error.message}"))

        replies.unanswered += 1
        try:
            device.output(feature, wanted.type, wanted.value, wanted.duration, self, done)
        except BaseException:
            replies.unanswered -= 1
            raise

    def _stop(self, message: StopCmd) -> None:
        if message.device_index is None:
            devices, feature = list(self._devices.devices.values()), None
            if message.feature_index is not None:
                # The ecosystem's server refuses it. What it was meant to stop is not known, and stops all the same.
                begin_stops([] if message.outputs is False else devices)
                raise ButtplugMessageError("StopCmd: FeatureIndex needs a DeviceIndex; without one no output goes on")
        else:
            devices, feature = [self._devices.device(message.device_index)], message.feature_index
        stopped = None
        if message.outputs is not False:
            stopped = self._stops.stop(message.id, (message.device_index, feature), devices)
        sensors = [] if message.inputs is False else self._inputs.end(devices, feature)
        if sensors:
            self._server.run_to_end(self._inputs.unsubscribe(sensors, after=stopped))
        if stopped is None:
            self._replies.deliver(Ok(message.id))

    async def _start_scanning(self, id_: int) -> None:
        self._has_scanned = True
        await self._devices.start_scanning(self, lambda: self._replies.deliver(ScanningFinished(0)))
        self._replies.deliver(Ok(id_))

    async def _stop_scanning(self, id_: int) -> None:
        was_scanning = await self._devices.stop_scanning(self)
        self._replies.deliver(Ok(id_))
        if was_scanning:
            self._replies.deliver(ScanningFinished(0))

    def _disconnect(self, message: Disconnect) -> None:
        self._leave(CloseCode.NORMAL, "disconnected as asked", Ok(message.id))

    # The end

    def _ping_missed(self) -> None:
        reason = f"no ping for {self._server.max_ping_time} ms"
        logger.warning("%s: %s; its devices are stopped", self.label, reason)
        told = Error(0, f"{reason}: your devices were stopped", ErrorCode.PING)
        self._leave(CloseCode.PING_MISSED, reason, told, State.PINGED_OUT)

    def _sending_failed(self) -> None:
        """End the session: a client that cannot be told anything is gone."""
        if self._end is None:
            self._leave(CloseCode.INTERNAL_ERROR, "messages could not be sent")

    def _leave(self, code: CloseCode, reason: str, last: ServerMessage | None = None, state: State = State.ENDED) -> None:
        """End the session at once, by itself; when what it drove is stopped send a last message, and tell who opened it."""
        end = self._begin_end(reason, state)

        async def tell() -> None:
            await asyncio.shield(end)
            if last is not None:
                self._replies.deliver(last)
            self._tell_end(code, reason)

        self._server.run_to_end(tell())

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
            self.stop_driving()
            if self.state is State.CONNECTED:
                logger.info("%s left: %s", self.label, reason)
            self.state = state
            self._ping.cancel()
            self._cancel_refusal()
            self._server.session_ended(self)
            self._replies.cancel(self._error_after_end())
            sensors = self._inputs.end(self._devices.devices.values())
            self._end = self._server.run_to_end(self._finish_end(sensors))
        return self._end

    async def _finish_end(self, sensors: Sequence[Sensor]) -> None:
        """Wait for the stops. The scan and the sensors end beside and after them, and keep nobody waiting."""
        if self._has_scanned:
            self._server.run_to_end(self._end_scan())
        stops = asyncio.gather(*self._last_stops)
        waited_for: list[asyncio.Future[Any]] = [stops, *self._stops.pending()]
        _, late = await asyncio.wait(waited_for, timeout=END_LIMIT)
        if sensors:
            self._server.run_to_end(self._inputs.unsubscribe(sensors, after=stops))
        if late:
            logger.error("%s has left: not everything it drove was stopped within %g s", self.label, END_LIMIT)
        else:
            for error in filter(None, stops.result()):
                logger.error("%s has left: %s", self.label, error)

    async def _end_scan(self) -> None:
        await self._devices.stop_scanning(self)


def _has_id(message: ClientMessage | Malformed) -> bool:
    """Whether a message's id is one: what comes over a wire was checked, what comes from the same process was not."""
    return type(message.id) is int and 0 < message.id <= U32_MAX
