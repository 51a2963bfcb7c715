"""The synchronous client: one connection at a time, the devices behind it, and what happens to them.

Made by python -m tools.sync_face from the asynchronous classes: change those instead.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from buttplug.client.callbacks import CallbackAttributes
from buttplug.client.client import ButtplugClient
from buttplug.client.command import DeviceOutputCommand
from buttplug.client.connector import Connector
from buttplug.sync.bridge import Bridge
from buttplug.sync.callbacks import Callback, DeviceCallback, ErrorCallback
from buttplug.sync.face.device import Device
from buttplug.sync.face.outputs import OutputMethods
from buttplug.sync.face.server import Server
from buttplug.sync.iteration import Iteration
from buttplug.sync.target import target_for
from buttplug.sync.translation import ClientEvent


class Client(OutputMethods, CallbackAttributes):
    """A client of one server at a time; it can be connected again after a disconnect.

    As a context manager it disconnects at the end, however that comes, which stops what it drove::

        with Client("My player") as client:
            client.connect("ws://127.0.0.1:12345")
            nora = client.wait_for_device("Nora", timeout=30)
            nora.vibrate(0.5)

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

    Callbacks are called in a thread of their own, may be set at any time, and may use the client and its devices.
    They are called one after the other, each when the one before is done. One that raises breaks nothing and is reported.
    """

    def __init__(self, name: str, *, request_timeout: float = 30.0, reconnect: bool = False) -> None:
        """Make a client that is not connected yet.

        Args:
            name: What the program is called; the server may show it to its user.
            request_timeout: Seconds after which a request without an answer fails.
            reconnect: Whether it comes back by itself when the session with the server is lost.
        """
        self._async: ButtplugClient = ButtplugClient(name, request_timeout=request_timeout, reconnect=reconnect)
        self._bridge = Bridge(stop=self._async.stop_all_devices, close=self._async.disconnect)
        self._on_device_added: DeviceCallback | None = None
        self._on_device_removed: DeviceCallback | None = None
        self._on_scanning_finished: Callback | None = None
        self._on_server_disconnect: Callback | None = None
        self._on_server_reconnect: Callback | None = None
        self._on_error: ErrorCallback | None = None

    def __repr__(self) -> str:
        return repr(self._async).replace("ButtplugClient", "Client", 1)

    def __enter__(self) -> Self:
        self._bridge.run(self._async.__aenter__())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._bridge.run_to_end(self._async.__aexit__(kind, error, traceback))

    @property
    def on_device_added(self) -> DeviceCallback | None:
        """Called with each device that is connected, those that are there at the start included."""
        return self._on_device_added

    @on_device_added.setter
    def on_device_added(self, callback: DeviceCallback | None) -> None:
        self._async.on_device_added = self._bridge.in_thread(callback)
        self._on_device_added = callback

    @property
    def on_device_removed(self) -> DeviceCallback | None:
        """Called with each device that is gone while the connection lasts."""
        return self._on_device_removed

    @on_device_removed.setter
    def on_device_removed(self, callback: DeviceCallback | None) -> None:
        self._async.on_device_removed = self._bridge.in_thread(callback)
        self._on_device_removed = callback

    @property
    def on_scanning_finished(self) -> Callback | None:
        """Called when a scan has ended."""
        return self._on_scanning_finished

    @on_scanning_finished.setter
    def on_scanning_finished(self, callback: Callback | None) -> None:
        self._async.on_scanning_finished = self._bridge.in_thread(callback)
        self._on_scanning_finished = callback

    @property
    def on_server_disconnect(self) -> Callback | None:
        """Called when the session ends and the client did not end it. All devices are gone then."""
        return self._on_server_disconnect

    @on_server_disconnect.setter
    def on_server_disconnect(self, callback: Callback | None) -> None:
        self._async.on_server_disconnect = self._bridge.in_thread(callback)
        self._on_server_disconnect = callback

    @property
    def on_server_reconnect(self) -> Callback | None:
        """Called when the client has come back after that by itself."""
        return self._on_server_reconnect

    @on_server_reconnect.setter
    def on_server_reconnect(self, callback: Callback | None) -> None:
        self._async.on_server_reconnect = self._bridge.in_thread(callback)
        self._on_server_reconnect = callback

    @property
    def on_error(self) -> ErrorCallback | None:
        """Called with what went wrong and no call could raise, exceptions of the other callbacks included."""
        return self._on_error

    @on_error.setter
    def on_error(self, callback: ErrorCallback | None) -> None:
        self._async.on_error = self._bridge.in_thread(callback)
        self._on_error = callback

    @property
    def name(self) -> str:
        """What the program is called."""
        return self._async.name

    @property
    def connected(self) -> bool:
        """Whether there is a session with a server."""
        return self._async.connected

    @property
    def server_name(self) -> str | None:
        """What the server is called; None without a connection."""
        return self._async.server_name

    @property
    def devices(self) -> dict[int, Device]:
        """The devices by index, as they are now."""
        return self._bridge.faces_by_index(Device, self._async.devices)

    @property
    def scanning(self) -> bool:
        """Whether a scan of this client is under way."""
        return self._async.scanning

    def connect(self, url: str | Connector | Server) -> None:
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
        self._bridge.run(self._async.connect(target_for(url, self._bridge)))

    def disconnect(self) -> None:
        """Stop what this client drove, and close the connection. Nothing happens when there is none.

        Outputs that another client of the server drives by now go on. What could not be stopped is told to
        :attr:`on_error`.
        """
        self._bridge.run_to_end(self._async.disconnect())

    def start_scanning(self) -> None:
        """Have the server look for devices until it is done or told to stop; :meth:`scan` also waits for that.

        Raises:
            ButtplugConnectorError: There is no connection, or no answer.
            ButtplugUnknownError: The server has no way to scan.
        """
        self._bridge.run(self._async.start_scanning())

    def stop_scanning(self) -> None:
        """End this client's scan; nothing happens when there is none.

        Raises:
            ButtplugConnectorError: There is no connection, or no answer.
        """
        self._bridge.run(self._async.stop_scanning())

    def scan(self, seconds: float = 5.0) -> list[Device]:
        """Look for devices until the server is done, for at most so many seconds.

        Returns:
            All devices that are connected then, those that were there before included.

        Raises:
            ButtplugConnectorError: There is no connection, or it was lost.
            ButtplugUnknownError: The server has no way to scan.
        """
        return self._bridge.faces(Device, self._bridge.run(self._async.scan(seconds)))

    def wait_for_device(self, name: str | None = None, *, timeout: float | None = None) -> Device:
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
        return self._bridge.face(Device, self._bridge.run(self._async.wait_for_device(name, timeout=timeout)))

    def stop_all_devices(self) -> None:
        """Stop all outputs of all devices, and end all subscriptions.

        Raises:
            ButtplugDeviceError: A device could not be stopped.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        self._bridge.run(self._async.stop_all_devices())

    def run_output(self, command: DeviceOutputCommand) -> None:
        """Send an output command to every device that has such an output, and wait until all of it is done or overtaken.

        When one of them cannot do it, nothing is sent. In a command too a float is a share of the range (``1.0`` is full), and
        an int is a step (``1`` is the lowest).

        Raises:
            ButtplugDeviceError: No device has such an output, the value is outside the range of one, or one failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        self._bridge.run(self._async.run_output(command))

    def events(self) -> Iteration[ClientEvent]:
        """Return an iterator over all events from now on: ``for event in client.events()``.

        It ends with the connection, after :class:`ServerDisconnected` when that was lost; a client that reconnects by itself
        goes on with it until :meth:`disconnect`. Unlike the callbacks it tells of each device that is gone then. Every call
        returns an iterator of its own.
        """
        return self._bridge.iterate(lambda: self._async.events())
