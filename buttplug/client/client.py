"""The client: one connection at a time, the devices behind it, and what happens to them."""

from __future__ import annotations

import asyncio
import inspect
import logging
import weakref
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self, TypeAlias

from buttplug.client.command import DeviceOutputCommand
from buttplug.client.connection import Connection
from buttplug.client.connector import Connector
from buttplug.client.device import ButtplugDevice
from buttplug.client.events import (
    ClientEvent,
    DeviceAdded,
    DeviceRemoved,
    ErrorReceived,
    EventDelivery,
    ScanningFinished,
    ServerDisconnected,
)
from buttplug.client.feature import run_outputs
from buttplug.client.in_process import InProcessConnector, Server
from buttplug.client.outputs import OutputMethods
from buttplug.client.ping import Pinger
from buttplug.client.stream import Stream
from buttplug.client.websocket import WebsocketConnector
from buttplug.core import messages
from buttplug.core.codec import Malformed
from buttplug.core.errors import (
    ButtplugConnectorError,
    ButtplugDeviceError,
    ButtplugError,
    ButtplugHandshakeError,
    ButtplugMessageError,
    error_from_code,
)
from buttplug.core.messages import (
    SPEC_MAJOR,
    SPEC_MINOR,
    DeviceList,
    Error,
    InputReading,
    Ok,
    RequestDeviceList,
    RequestServerInfo,
    ServerInfo,
    ServerMessage,
    StartScanning,
    StopCmd,
    StopScanning,
)

logger = logging.getLogger(__name__)

# Plain functions or coroutine functions: what they return is awaited where it can be.
Callback: TypeAlias = Callable[[], object]
DeviceCallback: TypeAlias = Callable[[ButtplugDevice], object]
ErrorCallback: TypeAlias = Callable[[Exception], object]

#: Seconds that a request may take, unless the client says otherwise.
REQUEST_TIMEOUT = 30.0


class ButtplugClient(OutputMethods):
    """A client of one server at a time; it can be connected again after a disconnect.

    As a context manager it disconnects at the end, however that comes, which stops the devices it drove::

        async with ButtplugClient("My player") as client:
            await client.connect("ws://127.0.0.1:12345")

    Attributes:
        on_device_added: Called with each device that is connected, those that are there at the start included.
        on_device_removed: Called with each device that is gone while the connection lasts.
        on_scanning_finished: Called when a scan has ended.
        on_server_disconnect: Called when the connection ends and the client did not close it. All devices are gone then.
        on_error: Called with what went wrong and no call could raise, exceptions of the other callbacks included.

    Callbacks may be plain functions or coroutine functions, may be set at any time, and may use the client and its devices.
    They are called one after the other, each when the one before is done. One that raises breaks nothing and is reported.
    """

    on_device_added: DeviceCallback | None = None
    on_device_removed: DeviceCallback | None = None
    on_scanning_finished: Callback | None = None
    on_server_disconnect: Callback | None = None
    on_error: ErrorCallback | None = None

    def __init__(self, name: str, *, request_timeout: float = REQUEST_TIMEOUT) -> None:
        """Make a client that is not connected yet.

        Args:
            name: What the program is called; the server may show it to its user.
            request_timeout: Seconds after which a request without an answer fails.
        """
        self._name = name
        self._request_timeout = request_timeout
        self._connection: Connection | None = None
        self._pinger: Pinger | None = None
        self._connected = False
        self._server_name: str | None = None
        self._devices: dict[int, ButtplugDevice] = {}
        self._scanning = False
        self._connecting = asyncio.Lock()
        self._delivery = EventDelivery(self._deliver)
        self._streams: weakref.WeakSet[Stream[ClientEvent]] = weakref.WeakSet()

    def __repr__(self) -> str:
        return f'<ButtplugClient "{self._name}">'

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.disconnect()

    @property
    def name(self) -> str:
        """What the program is called."""
        return self._name

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self._connected

    @property
    def server_name(self) -> str | None:
        """What the server is called; None without a connection."""
        return self._server_name

    @property
    def devices(self) -> dict[int, ButtplugDevice]:
        """The devices by index. It changes as devices come and go: copy it to iterate over it with an ``await`` inside."""
        return self._devices

    @property
    def scanning(self) -> bool:
        """Whether a scan of this client is under way."""
        return self._scanning

    async def connect(self, url: str | Connector | Server) -> None:
        """Connect to a server, shake hands, and learn its devices. Nothing happens when there is a connection already.

        Args:
            url: The URL of a server (``ws://127.0.0.1:12345``), or in its place a server that runs in this process, or a
                connector.

        Raises:
            ButtplugConnectorError: The connection could not be made, or broke, or the server did not answer.
            ButtplugHandshakeError: Client and server cannot talk to each other.
        """
        async with self._connecting:
            if self._connected:
                return
            connection = Connection(
                _connector(url),
                timeout=self._request_timeout,
                on_event=self._handle,
                on_lost=self._lost,
                report=self._report,
            )
            self._connection = connection
            try:
                await connection.connect()
                await self._shake_hands(connection)
            except BaseException:
                self._forget(None)
                await connection.close()
                raise

    async def disconnect(self) -> None:
        """Stop the devices that this client drove, and close the connection. Nothing happens when there is none."""
        async with self._connecting:
            connection = self._connection
            if connection is None:
                return
            self._connected = False
            driven = [device._subject for device in self._devices.values() if device._driven]
            try:
                problems = await connection.stop_and_close(driven)
            finally:
                self._forget(None)
                self._end_events()
            for problem in problems:
                self._report(problem)

    async def start_scanning(self) -> None:
        """Have the server look for devices until it is done or told to stop.

        Raises:
            ButtplugConnectorError: There is no connection, or no answer.
            ButtplugUnknownError: The server has no way to scan.
        """
        connection = self._connection_in_use()
        await connection.request(StartScanning(connection.next_id()), Ok, on_reply=self._scan_started)

    async def stop_scanning(self) -> None:
        """End this client's scan; nothing happens when there is none.

        Raises:
            ButtplugConnectorError: There is no connection, or no answer.
        """
        connection = self._connection_in_use()
        await connection.request(StopScanning(connection.next_id()), Ok, on_reply=self._scan_stopped)

    async def stop_all_devices(self) -> None:
        """Stop all outputs of all devices, and end all subscriptions.

        Raises:
            ButtplugDeviceError: A device could not be stopped.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        connection = self._connection_in_use()
        for device in self._devices.values():
            device._stopping(inputs=True, outputs=True)
        await connection.request(StopCmd(connection.next_id(), inputs=True, outputs=True), Ok)

    async def run_output(self, command: DeviceOutputCommand) -> None:
        """Send an output command to every device that has such an output, and wait until all of it is done or overtaken.

        When one of them cannot do it, nothing is sent.

        Raises:
            ButtplugDeviceError: No device has such an output, the value is outside the range of one, or one failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        self._connection_in_use()
        features = [
            feature for device in self._devices.values() for feature in device.get_features_with_output(command.output_type)
        ]
        if not features:
            raise ButtplugDeviceError(f"No connected device has {command.output_type} features")
        await run_outputs(features, command)

    def events(self) -> AsyncIterator[ClientEvent]:
        """Return an iterator over all events from now on: ``async for event in client.events()``.

        It ends with the connection, after :class:`ServerDisconnected` when that was lost. Unlike the callbacks it tells of
        each device that is gone then. Every call returns an iterator of its own.
        """
        stream = Stream[ClientEvent]()
        self._streams.add(stream)
        return stream

    async def _shake_hands(self, connection: Connection) -> None:
        hello = RequestServerInfo(connection.next_id(), self._name, SPEC_MAJOR, SPEC_MINOR)
        try:
            info = await connection.request(hello, ServerInfo)
            _require_version(info)
            self._server_name = info.server_name
            if info.max_ping_time:
                self._pinger = Pinger(connection, info.max_ping_time / 1000)
            await connection.request(RequestDeviceList(connection.next_id()), DeviceList, on_reply=self._welcome)
        except (ButtplugConnectorError, ButtplugHandshakeError):
            raise
        except ButtplugError as error:
            raise ButtplugHandshakeError(error.message) from error

    def _welcome(self, reply: ServerMessage) -> None:
        if isinstance(reply, DeviceList):
            self._connected = True
            self._update_devices(reply)

    def _scan_started(self, reply: ServerMessage) -> None:
        if isinstance(reply, Ok):
            self._scanning = True

    def _scan_stopped(self, reply: ServerMessage) -> None:
        if isinstance(reply, Ok):
            self._scanning = False

    def _connection_in_use(self) -> Connection:
        if self._connection is None or not self._connected:
            raise ButtplugConnectorError("Not connected")
        return self._connection

    def _handle(self, message: ServerMessage | Malformed) -> None:
        """Take a message that is no reply."""
        match message:
            case DeviceList():
                if self._connected:
                    self._update_devices(message)
            case InputReading():
                device = self._devices.get(message.device_index)
                feature = device.features.get(message.feature_index) if device else None
                if feature is not None:
                    feature._publish(message.reading)
            case messages.ScanningFinished():
                self._scanning = False
                self._emit(ScanningFinished())
            case Malformed():
                self._report(ButtplugMessageError(f"The server sent something that cannot be read: {message.reason}"))
            case Error(id=0):
                self._report(error_from_code(message.error_code, message.error_message))
            case _ if message.id == 0:
                self._report(ButtplugMessageError(f"The server sent {type(message).__name__}, which answers nothing"))
            case Error():
                logger.warning("A request that was given up has failed: %s", message.error_message)
            case _:
                logger.debug("An answer came after its request was given up: %s", message)

    def _update_devices(self, current: DeviceList) -> None:
        for index, device in list(self._devices.items()):
            info = current.devices.get(index)
            if info is None or not device._update(info):
                del self._devices[index]
                device._remove(ButtplugDeviceError(f"The device was disconnected ({device._subject})"))
                self._emit(DeviceRemoved(device))
        for index, info in current.devices.items():
            if index not in self._devices and self._connection is not None:
                device = ButtplugDevice(self._connection, info)
                self._devices[index] = device
                self._emit(DeviceAdded(device))

    def _lost(self, reason: str) -> None:
        connected, devices = self._connected, list(self._devices.values())
        self._forget(ButtplugConnectorError(f"The connection to the server ended: {reason}"))
        if connected:
            logger.warning("The connection to the server ended: %s", reason)
            for device in devices:
                self._put_to_streams(DeviceRemoved(device))
            self._emit(ServerDisconnected(reason))
            self._end_events()

    def _forget(self, error: ButtplugError | None) -> None:
        """Have no connection. Who listens to an input of a device is given the error."""
        self._connected = False
        self._connection = None
        self._server_name = None
        self._scanning = False
        if self._pinger is not None:
            self._pinger.stop()
            self._pinger = None
        for device in self._devices.values():
            device._remove(error)
        self._devices.clear()

    def _report(self, error: Exception) -> None:
        logger.warning("%s", error)
        self._emit(ErrorReceived(error))

    def _emit(self, event: ClientEvent) -> None:
        self._put_to_streams(event)
        self._delivery.put(event)

    def _put_to_streams(self, event: ClientEvent) -> None:
        for stream in self._streams:
            stream.put(event)

    def _end_events(self) -> None:
        for stream in self._streams:
            stream.end()
        self._streams.clear()

    async def _deliver(self, event: ClientEvent) -> None:
        """Call the callback for an event."""
        match event:
            case DeviceAdded(device):
                await self._call(self.on_device_added, device)
            case DeviceRemoved(device):
                await self._call(self.on_device_removed, device)
            case ScanningFinished():
                await self._call(self.on_scanning_finished)
            case ServerDisconnected():
                await self._call(self.on_server_disconnect)
            case ErrorReceived(error):
                await self._call(self.on_error, error)

    async def _call(self, callback: Callable[..., object] | None, *arguments: object) -> None:
        if callback is None:
            return
        try:
            result = callback(*arguments)
            if inspect.isawaitable(result):
                await result
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Not this task was cancelled, but something that the callback waited for.
            logger.warning("A callback of %r was cancelled", self)
        except Exception as error:
            # A program's fault: it is reported, and breaks nothing.
            logger.exception("A callback of %r raised an exception", self)
            if callback is not self.on_error:
                self._emit(ErrorReceived(error))


def _require_version(info: ServerInfo) -> None:
    if info.protocol_version_major < SPEC_MAJOR:
        raise ButtplugHandshakeError(
            f'The server "{info.server_name}" speaks version {info.protocol_version_major} of the protocol, '
            f"this client needs {SPEC_MAJOR}: update the server"
        )


def _connector(target: str | Connector | Server) -> Connector:
    if isinstance(target, str):
        return WebsocketConnector(target)
    return InProcessConnector(target) if isinstance(target, Server) else target
