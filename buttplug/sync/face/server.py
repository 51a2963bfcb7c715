"""The synchronous server, for programs that have it inside.

Made by python -m tools.sync_face from the asynchronous classes: change those instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Self, Unpack

from buttplug.core.enums import OutputType
from buttplug.hardware.base import CommunicationManager
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.settings import DeviceChanges, DeviceKey, OutputChanges
from buttplug.server.server import ButtplugServer
from buttplug.sync.bridge import Bridge


class Server:
    """A Buttplug server.

    Use it as ``with Server(managers=[…]) as server:``; then clients in the same process connect by
    ``client.connect(server)``, programs elsewhere by a server that runs by itself, ``python -m buttplug.server``.

    Args:
        name: What clients are told.
        managers: The buses to use, for instance ``[BluetoothManager()]``.
        simulate: The names of models to simulate, such as ``["Lovense Nora"]``; scans find them, and :attr:`simulated` has
            them. ``python -m buttplug.server --list-models`` lists the models.
        configuration: What devices exist and what the user set for them; the one of this package where it is None. The
            simulated devices that it asks for are found by every scan.
        max_ping_time: Milliseconds without a ping after which a client counts as gone; 0 for never.
        max_clients: Clients at a time. Who has not shaken hands is none yet.

    Raises:
        ConfigurationError: A model that is to be simulated does not exist; the text has the nearest names.
        TypeError: A manager is a class (write ``BluetoothManager()``), or the name is no text.

    Attributes:
        name: What clients are told.
        simulated: The simulated devices, which tell what they were sent.
        is_open: Whether it accepts clients.
    """

    def __init__(
        self,
        name: str = "Buttplug Server",
        *,
        managers: Iterable[CommunicationManager] = (),
        simulate: Iterable[str] = (),
        configuration: DeviceConfiguration | None = None,
        max_ping_time: int = 0,
        max_clients: int = 8,
    ) -> None:
        self._async: ButtplugServer = ButtplugServer(
            name,
            managers=managers,
            simulate=simulate,
            configuration=configuration,
            max_ping_time=max_ping_time,
            max_clients=max_clients,
        )
        self._bridge = Bridge(stop=self._async.stop_all, close=self._async.close)

    def __repr__(self) -> str:
        return repr(self._async).replace("ButtplugServer", "Server", 1)

    def __enter__(self) -> Self:
        self._bridge.run(self._async.__aenter__())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._bridge.run_to_end(self._async.__aexit__(kind, error, traceback))

    @property
    def name(self) -> str:
        """What clients are told."""
        return self._async.name

    @property
    def is_open(self) -> bool:
        """Whether it accepts clients."""
        return self._async.is_open

    @property
    def simulated(self) -> list[SimulatedDevice]:
        """The simulated devices, which tell what they were sent."""
        return self._async.simulated

    def open(self) -> None:
        """Open the buses and accept clients.

        If the program ends without closing the server, that is done then, as far as the event loop can still be reached. A
        second time does nothing but wait until it is open. When this is cancelled the opening goes on all the same: what is
        half open cannot be opened again. :meth:`close` closes it.

        Raises:
            ButtplugConnectorError: It was closed. A closed server cannot be opened again: make another one.
        """
        self._bridge.run(self._async.open())

    @property
    def configuration(self) -> DeviceConfiguration:
        """What devices exist, and what users set for them."""
        return self._async.configuration

    def change_device(self, device: int | DeviceKey, **changes: Unpack[DeviceChanges]) -> None:
        """Change settings of a device: :meth:`DeviceConfiguration.change_device`, for a connected device also by its index.

        It takes effect at once: a connected device is stopped, and disconnected where it is denied now. It is saved where the
        configuration has a user's file.

        Raises:
            ConfigurationError: A value cannot be used. Nothing was changed.
            ButtplugDeviceError: There is no such device, or it could not be stopped; then the settings hold all the same.
        """
        self._bridge.run(self._async.change_device(device, **changes))

    def limit_output(self, device: int | DeviceKey, feature: int, type: OutputType, **limits: Unpack[OutputChanges]) -> None:
        """Change limits of an output: :meth:`DeviceConfiguration.limit_output`, for a connected device also by its index.

        It takes effect at once: a connected device is stopped. It is saved where the configuration has a user's file.

        Raises:
            ConfigurationError: There is no such output, or the limits are not inside its range. Nothing was changed.
            ButtplugDeviceError: There is no such device, or it could not be stopped; then the limits hold all the same.
        """
        self._bridge.run(self._async.limit_output(device, feature, type, **limits))

    def stop_all(self) -> list[str]:
        """Stop every device, also those that were lost while they may have been running and are being connected again.

        Returns what could not be stopped within 1.7 seconds, a sentence for each device.
        """
        return self._bridge.run(self._async.stop_all())

    def pause(self, reason: str) -> list[str]:
        """Stop every device and end every session, and accept neither commands nor clients until :meth:`resume`.

        Returns what could not be stopped in time, a sentence for each device.
        """
        return self._bridge.run(self._async.pause(reason))

    def resume(self) -> None:
        """Accept clients again."""
        self._bridge.call(self._async.resume)

    def close(self) -> list[str]:
        """Shut down: stop every device, before anything else is torn down; then end sessions, scans, links and buses.

        Returns what could not be stopped in time, a sentence for each device. Ends within about two seconds, and goes on to
        its end even if the caller is cancelled. A second call waits for the first and returns the same.
        """
        return self._bridge.run_to_end(self._async.close())
