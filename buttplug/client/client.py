"""The client: one connection at a time, the devices behind it, and what happens to them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self, TypeAlias

from buttplug.client.callbacks import CallbackAttributes
from buttplug.client.command import DeviceOutputCommand
from buttplug.client.connection import Connection
from buttplug.client.connector import Connector
from buttplug.client.delivery import Call, EventDelivery, call_with
from buttplug.client.device import ButtplugDevice, run_outputs
from buttplug.client.devices import DeviceRegistry, Devices
from buttplug.client.events import (
    ClientEvent,
    DeviceAdded,
    DeviceRemoved,
    ErrorReceived,
    ReconnectFailed,
    ScanningFinished,
    ServerDisconnected,
    ServerReconnected,
)
from buttplug.client.handshake import shake_hands
from buttplug.client.in_process import Server
from buttplug.client.leaving import stop_and_close
from buttplug.client.outputs import OutputMethods
from buttplug.client.ping import Pinger
from buttplug.client.reconnect import Reconnector
from buttplug.client.scanning import Scanner
from buttplug.client.target import connector_for
from buttplug.core import messages
from buttplug.core.codec import Malformed
from buttplug.core.errors import (
    ButtplugConnectorError,
    ButtplugDeviceError,
    ButtplugError,
    ButtplugMessageError,
    DeviceErrorReason,
    error_from_code,
)
from buttplug.core.log import logger_of
from buttplug.core.messages import DeviceList, Error, InputReading, Ok, ServerInfo, ServerMessage, StopCmd
from buttplug.core.text import escaped
from buttplug.core.urls import without_secrets

logger: logging.Logger = logger_of(__name__)

# Plain functions or coroutine functions: what they return is awaited where it can be.
Callback: TypeAlias = Callable[[], object]
DeviceCallback: TypeAlias = Callable[[ButtplugDevice], object]
ErrorCallback: TypeAlias = Callable[[Exception], object]

#: Seconds that a request may take, unless the client says otherwise.
REQUEST_TIMEOUT = 30.0


class ButtplugClient(OutputMethods, CallbackAttributes):
    """A client of one server at a time; it can be connected again after a disconnect.

    As a context manager it disconnects at the end, however that comes, which stops what it drove::

        async with ButtplugClient("My player") as client:
            await client.connect("ws://127.0.0.1:12345")
            nora = await client.wait_for_device("Nora", timeout=30)
            await nora.vibrate(0.5)

    With ``reconnect=True`` it comes back by itself when the session with the server is lost: after half a second and then ever
    less often, at last every 30 s, until it worked or :meth:`disconnect` is called. It is told by events:
    :class:`ServerDisconnected`, :class:`ReconnectFailed` for each attempt, :class:`ServerReconnected`, and
    :class:`DeviceAdded` for each device. A device is the same object as before when it has the same index, name, display name
    and features as one that was there when the connection was lost. **Nothing moves again by itself**: the server has stopped
    what this client drove, and the client starts no output, no scan and no subscription. A loop over readings raises when the
    connection is lost; subscribe again once the device is back.

    Attributes:
        on_device_added: Called with each device that is connected, those that are there at the start included.
        on_device_removed: Called with each device that is gone while the connection lasts.
        on_scanning_finished: Called when a scan has ended.
        on_server_disconnect: Called when the session ends and the client did not end it. All devices are gone then.
        on_server_reconnect: Called when the client has come back after that by itself.
        on_error: Called with what went wrong and no call could raise, exceptions of the other callbacks included.

    Callbacks may be plain functions or coroutine functions, may be set at any time, and may use the client and its devices.
    They are called one after the other, each when the one before is done. One that raises breaks nothing and is reported.
    """

    on_device_added: DeviceCallback | None = None
    on_device_removed: DeviceCallback | None = None
    on_scanning_finished: Callback | None = None
    on_server_disconnect: Callback | None = None
    on_server_reconnect: Callback | None = None
    on_error: ErrorCallback | None = None

    def __init__(self, name: str, *, request_timeout: float = REQUEST_TIMEOUT, reconnect: bool = False) -> None:
        """Make a client that is not connected yet.

        Args:
            name: What the program is called; the server may show it to its user.
            request_timeout: Seconds after which a request without an answer fails.
            reconnect: Whether it comes back by itself when the session with the server is lost.
        """
        self._name = name
        self._request_timeout = request_timeout
        self._reconnect = reconnect
        self._connector: Connector | None = None
        self._target: str | Connector | Server | None = None
        self._connection: Connection | None = None
        self._ended: Connection | None = None
        self._pinger: Pinger | None = None
        self._connected = False
        self._server_name: str | None = None
        self._connecting = asyncio.Lock()
        self._events = EventDelivery(self._call_for, self)
        self._registry = DeviceRegistry(self._report)
        self._reconnector = Reconnector(self._come_back, self._still_away)
        self._scanner = Scanner(
            self._connection_in_use,
            self._events.iterate,
            self._registry.devices,
            reconnecting=lambda: self._reconnector.active,
        )

    def __repr__(self) -> str:
        state = "not connected"
        if self._connected:
            count = len(self.devices)
            state = f'connected to "{self._server_name}", {count} device{"" if count == 1 else "s"}'
        elif self._reconnector.active:
            state = "reconnecting"
        return f'<ButtplugClient "{self._name}": {state}>'

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
        """Whether there is a session with a server."""
        return self._connected

    @property
    def server_name(self) -> str | None:
        """What the server is called; None without a connection."""
        return self._server_name

    @property
    def devices(self) -> Devices:
        """The devices by index, always the current ones. A loop over them may ``await``; see :class:`Devices`."""
        return self._registry.devices

    @property
    def scanning(self) -> bool:
        """Whether a scan of this client is under way."""
        return self._scanner.active

    async def connect(self, url: str | Connector | Server) -> None:
        """Connect to a server, shake hands, and learn its devices. Nothing happens when there is a connection already; the
        log says so where that is one to another server.

        A client that is reconnecting by itself goes on with that when this fails.

        Args:
            url: The URL of a server (``ws://127.0.0.1:12345``), or in its place a server that runs in this process, or a
                connector.

        Raises:
            ButtplugConnectorError: The connection could not be made, or broke, or the server did not answer.
            ButtplugHandshakeError: Client and server cannot talk to each other.
        """
        connector = connector_for(url)
        reconnecting = self._reconnector.active
        self._reconnector.stop()
        try:
            async with self._connecting:
                if not self._connected:
                    await self._open(connector)
                    self._connector, self._target = connector, url
                elif url != self._target:
                    shown = without_secrets(url) if isinstance(url, str) else url
                    logger.warning("%r is not connected to %r: it is connected already; disconnect() comes first", self, shown)
        except BaseException:
            if reconnecting:
                self._reconnector.start()
            raise

    async def disconnect(self) -> None:
        """Stop what this client drove, and close the connection. Nothing happens when there is none.

        Outputs that another client of the server drives by now go on. What could not be stopped is told to
        :attr:`on_error`.
        """
        reconnecting = self._reconnector.active
        self._reconnector.stop()
        async with self._connecting:
            connection = self._connection
            if connection is None:
                if self._ended is not None:
                    await self._ended.close()
                if reconnecting:
                    self._registry.lose_all(None)
                    self._events.end_iterators()
                return
            self._connected = False
            try:
                problems = await stop_and_close(connection, self._registry.driven)
            finally:
                self._forget(None)
                self._events.end_iterators()
            for problem in problems:
                self._report(problem)

    async def start_scanning(self) -> None:
        """Have the server look for devices until it is done or told to stop; :meth:`scan` also waits for that.

        Raises:
            ButtplugConnectorError: There is no connection, or no answer.
            ButtplugUnknownError: The server has no way to scan.
        """
        await self._scanner.start()

    async def stop_scanning(self) -> None:
        """End this client's scan; nothing happens when there is none.

        Raises:
            ButtplugConnectorError: There is no connection, or no answer.
        """
        await self._scanner.stop()

    async def scan(self, seconds: float = 5.0) -> list[ButtplugDevice]:
        """Look for devices until the server is done, for at most so many seconds.

        Returns:
            All devices that are connected then, those that were there before included.

        Raises:
            ButtplugConnectorError: There is no connection, or it was lost.
            ButtplugUnknownError: The server has no way to scan.
        """
        return await self._scanner.scan(seconds)

    async def wait_for_device(self, name: str | None = None, *, timeout: float | None = None) -> ButtplugDevice:
        """Return a device as soon as it is connected; the server looks for it until then.

        Args:
            name: A part of the model's name or of the name that the user gave the device, upper and lower case aside
                (``"nora"``). The first that fits counts; without a name, the first device there is.
            timeout: Seconds to wait; None is for ever.

        Raises:
            ButtplugDeviceError: It was not there in time (:attr:`DeviceErrorReason.NOT_FOUND`).
            ButtplugConnectorError: There is no connection, or it was lost and the client does not reconnect by itself.
            ButtplugUnknownError: The server has no way to scan.
        """
        return await self._scanner.wait_for(name, timeout)

    async def stop_all_devices(self) -> None:
        """Stop all outputs of all devices, and end all subscriptions.

        Raises:
            ButtplugDeviceError: A device could not be stopped.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        connection = self._connection_in_use()
        with ExitStack() as stopping:
            for channel in self._registry.channels:
                stopping.enter_context(channel.stopping(inputs=True, outputs=True))
            await connection.request(StopCmd(connection.next_id(), inputs=True, outputs=True), Ok)

    async def run_output(self, command: DeviceOutputCommand) -> None:
        """Send an output command to every device that has such an output, and wait until all of it is done or overtaken.

        When one of them cannot do it, nothing is sent. In a command too a float is a share of the range (``1.0`` is full), and
        an int is a step (``1`` is the lowest).

        Raises:
            ButtplugDeviceError: No device has such an output, the value is outside the range of one, or one failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        self._connection_in_use()
        features = [
            feature for device in self.devices.values() for feature in device.get_features_with_output(command.output_type)
        ]
        if not features:
            text = f"No connected device has {command.output_type} features"
            raise ButtplugDeviceError(text, reason=DeviceErrorReason.NO_SUCH_OUTPUT)
        await run_outputs(features, command)

    def events(self) -> AsyncIterator[ClientEvent]:
        """Return an iterator over all events from now on: ``async for event in client.events()``.

        It ends with the connection, after :class:`ServerDisconnected` when that was lost; a client that reconnects by itself
        goes on with it until :meth:`disconnect`. Unlike the callbacks it tells of each device that is gone then. Every call
        returns an iterator of its own.
        """
        return self._events.iterate()

    # The session

    async def _open(self, connector: Connector, *, again: bool = False) -> None:
        if self._ended is not None:
            await self._ended.close()
        connection = Connection(connector, timeout=self._request_timeout, on_event=self._handle, on_lost=self._lost)
        self._connection = connection

        def use(info: ServerInfo) -> None:
            self._server_name = info.server_name
            if info.max_ping_time:
                self._pinger = Pinger(connection, info.max_ping_time / 1000)

        def begin(devices: DeviceList) -> None:
            self._connected = True
            if again:
                self._events.emit(ServerReconnected(self._server_name or ""))
            self._update_devices(devices)

        try:
            await connection.connect()
            await shake_hands(connection, self._name, on_info=use, on_devices=begin)
        except BaseException:
            self._forget(None, remember=self._reconnect)
            await connection.close()
            raise

    def _connection_in_use(self) -> Connection:
        if self._connection is None or not self._connected:
            raise ButtplugConnectorError(
                "Not connected: reconnecting; ServerReconnected tells when the server is back"
                if self._reconnector.active
                else "Not connected: connect() comes first, and again when the server was lost"
            )
        return self._connection

    def _handle(self, message: ServerMessage | Malformed) -> None:
        """Take a message that is no reply."""
        match message:
            case DeviceList():
                if self._connected:
                    self._update_devices(message)
            case InputReading():
                self._registry.publish(message)
            case messages.ScanningFinished():
                self._scanner.finished()
                self._events.emit(ScanningFinished())
            case Malformed():
                self._report(ButtplugMessageError(f"The server sent something that cannot be read: {message.reason}"))
            case Error(id=0):
                self._report(error_from_code(message.error_code, message.error_message))
            case _ if message.id == 0:
                self._report(ButtplugMessageError(f"The server sent {type(message).__name__}, which answers nothing"))
            case Error():
                logger.warning("A request that was given up has failed: %s", escaped(message.error_message))
            case _:
                logger.debug("An answer came after its request was given up: %s", message)

    def _update_devices(self, current: DeviceList) -> None:
        if self._connection is not None:
            for event in self._registry.update(current.devices, self._connection):
                self._events.emit(event)

    def _lost(self, reason: str, error: ButtplugError | None) -> None:
        """Take note that the session has ended, other than by this client."""
        if not self._connected:
            return  # Who is connecting or disconnecting sees to it.
        self._ended = self._connection
        devices = self._forget(
            ButtplugConnectorError(f"The connection to the server ended: {reason}"), remember=self._reconnect
        )
        if error is not None:
            self._report(error)
        logger.warning("The connection to the server ended: %s", escaped(reason))
        for device in devices:
            self._events.emit_to_iterators(DeviceRemoved(device))
        self._events.emit(ServerDisconnected(reason))
        if self._reconnect:
            self._reconnector.start()
        else:
            self._events.end_iterators()

    def _forget(self, error: ButtplugError | None, *, remember: bool = False) -> list[ButtplugDevice]:
        """Have no session. Who listens to an input of a device is given the error. Return the devices there were."""
        self._connected = False
        self._connection = None
        self._server_name = None
        self._scanner.finished()
        if self._pinger is not None:
            self._pinger.stop()
            self._pinger = None
        return self._registry.lose_all(error, remember=remember)

    async def _come_back(self) -> None:
        async with self._connecting:
            if self._connector is not None and not self._connected:
                await self._open(self._connector, again=True)

    def _still_away(self, error: ButtplugError, retry_in: float) -> None:
        logger.info("%s; trying again in %.1f s", escaped(str(error)), retry_in)
        self._events.emit(ReconnectFailed(error, retry_in))

    # What the program is told

    def _report(self, error: Exception) -> None:
        logger.warning("%s", escaped(str(error)))
        self._events.emit(ErrorReceived(error))

    def _call_for(self, event: ClientEvent) -> Call | None:
        match event:
            case DeviceAdded(device):
                return call_with(self.on_device_added, device)
            case DeviceRemoved(device):
                return call_with(self.on_device_removed, device)
            case ScanningFinished():
                return call_with(self.on_scanning_finished)
            case ServerDisconnected():
                return call_with(self.on_server_disconnect)
            case ServerReconnected():
                return call_with(self.on_server_reconnect)
            case ErrorReceived(error):
                return call_with(self.on_error, error)
            case ReconnectFailed():
                return None
