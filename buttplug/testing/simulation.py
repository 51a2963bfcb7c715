"""A server with simulated devices, in the event loop of a test or in a thread of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, Self

from buttplug.client import ButtplugClient
from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from buttplug.server.server import ButtplugServer
from buttplug.server.websocket import WebsocketListener

if TYPE_CHECKING:
    from buttplug.sync import Client
    from buttplug.sync.loop import EventLoopThread

#: Seconds that devices may take to connect.
CONNECT_LIMIT = 10.0


class Simulation:
    """A server with simulated devices.

    In an asynchronous test it lives in the event loop of the test::

        async with Simulation("Lovense Nora", "The Handy") as simulation:
            client = await simulation.connect()
            await my_game(client)
            assert simulation["Nora"].output("vibrate") == 0.5

    In any other test it lives in a thread of its own, and programs reach it by :attr:`url`::

        with Simulation("Lovense Nora") as simulation:
            my_game(simulation.url)

    Args:
        models: The names of models (``python -m buttplug.server --list-models`` shows them all), or devices.

    Raises:
        ConfigurationError: There is no such model, or it cannot be simulated.

    Attributes:
        server: The server.
        devices: The devices, in the order of their models.
    """

    def __init__(self, *models: str | SimulatedDevice) -> None:
        self._configuration = DeviceConfiguration.load()
        self._manager = SimulatedManager()
        self.devices: list[SimulatedDevice] = []
        for model in models:
            if not isinstance(model, str | SimulatedDevice):
                raise TypeError(f'Simulation takes the names of models, one by one: Simulation("Lovense Nora"), not {model!r}')
            self.add(model)
        self.server: ButtplugServer = ButtplugServer("Simulation", managers=[self._manager], configuration=self._configuration)
        self._stack: AsyncExitStack | None = None
        self._thread: EventLoopThread | None = None
        self._is_over = False
        self._clients = ExitStack()
        self._url: str | None = None

    def __getitem__(self, name: str) -> SimulatedDevice:
        """Return the first device whose model has this in its name, upper and lower case aside."""
        for device in self.devices:
            if name.casefold() in device.label.casefold():
                return device
        known = ", ".join(device.label for device in self.devices) or "none"
        raise LookupError(f"there is no device {name} in the simulation; there are: {known}")

    def add(self, model: str | SimulatedDevice) -> SimulatedDevice:
        """Have one device more, which the next scan finds; to be called before the simulation is entered, or in its loop.

        Raises:
            ConfigurationError: There is no such model, or it cannot be simulated.
        """
        taken = [device.address for device in self.devices]
        device = simulate(self._configuration, model, taken) if isinstance(model, str) else model
        self.devices.append(self._manager.add(device))
        return device

    @property
    def url(self) -> str:
        """Where programs connect: ``ws://127.0.0.1:…``.

        Raises:
            RuntimeError: It does not listen: it was entered by ``async with``, and :meth:`listen` was not called.
        """
        if self._url is None:
            raise RuntimeError("the simulation does not listen: use `with`, or call `await simulation.listen()`")
        return self._url

    # In the event loop of a test

    async def __aenter__(self) -> Self:
        if self._is_over:
            raise RuntimeError("the simulation is over: make another one")
        if self._stack is not None:
            raise RuntimeError(
                "the simulation is open already; of the fixtures, buttplug_server and buttplug_client are for what lives in "
                "the event loop of the test, buttplug_url and buttplug_sync_client for what does not: use one or the other"
            )
        self._stack = AsyncExitStack()
        await self._stack.enter_async_context(self.server)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._is_over = True
        if self._stack is not None:
            await self._stack.aclose()

    async def connect(self, name: str = "Test") -> ButtplugClient:
        """Return a client that is connected and has found all devices; it is disconnected at the end of the simulation.

        Raises:
            RuntimeError: The simulation was not entered by ``async with``.
            TimeoutError: Devices did not connect in time.
        """
        client = await self._entered().enter_async_context(ButtplugClient(name))
        await client.connect(self.server)
        await self._find(client)
        return client

    async def listen(self) -> str:
        """Have programs connect by a websocket; return the URL.

        Raises:
            RuntimeError: The simulation was not entered.
        """
        stack = self._entered()
        if self._url is None:
            listener = WebsocketListener(self.server, hosts=["127.0.0.1"], port=0)
            await listener.open()
            stack.push_async_callback(listener.close)
            self._url = listener.addresses[0]
        return self._url

    def _entered(self) -> AsyncExitStack:
        """Return what closes everything at the end.

        Raises:
            RuntimeError: It is not open in this event loop.
        """
        if self._is_over:
            raise RuntimeError("the simulation is over: make another one")
        if self._stack is None:
            raise RuntimeError("the simulation was not entered: use `async with simulation:`, or in other tests `with`")
        if self.server.loop is not asyncio.get_running_loop():
            raise RuntimeError(
                "the simulation was entered by `with` and lives in a thread of its own: in coroutines use `async with`"
            )
        return self._stack

    async def _find(self, client: ButtplugClient) -> None:
        wanted = [device for device in self.devices if device.in_range and device.connect_error is None]
        events = client.events()
        await client.start_scanning()
        try:
            async with asyncio.timeout(CONNECT_LIMIT):
                while len(client.devices) < len(wanted):
                    await anext(events)
        except TimeoutError:
            there = {device.hardware.address for device in self.server.devices.devices.values()}
            missing = ", ".join(device.label for device in wanted if device.address not in there)
            raise TimeoutError(
                f"not connected within {CONNECT_LIMIT:g} s: {missing}; who wants a device slow, or failing, makes it so later"
            ) from None
        if client.scanning:
            await client.stop_scanning()

    # In a thread of its own

    def __enter__(self) -> Self:
        from buttplug.sync.loop import event_loop_thread

        thread = event_loop_thread()
        thread.run(self.__aenter__())
        self._thread = thread
        try:
            thread.run(self.listen())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if self._thread is None:
            return
        try:
            self._clients.close()
        finally:
            self._thread.run(self.__aexit__(), to_end=True)

    def client(self, name: str = "Test") -> Client:
        """Return a synchronous client that is connected and has found all devices; it is disconnected at the end.

        Raises:
            RuntimeError: The simulation was not entered by ``with``.
            TimeoutError: Devices did not connect in time.
        """
        from buttplug.sync import Client

        if self._thread is None:
            raise RuntimeError(
                "client() is for a simulation entered by `with`; in a coroutine use `await simulation.connect()`"
            )
        if self._is_over:
            raise RuntimeError("the simulation is over: make another one")
        client = self._clients.enter_context(Client(name))
        client.connect(self.url)
        self._thread.run(self._find(client._async))
        return client


def wait_until(condition: Callable[[], object], timeout: float = 5.0) -> None:
    """Wait until something is true of a simulated device that a program in another thread or process drives.

    Raises:
        AssertionError: It was not within so many seconds.
    """
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"it did not happen within {timeout:g} s" + _advice())
        time.sleep(0.002)


def _advice() -> str:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return ""
    return "; the event loop of the test was blocked meanwhile: what lives in it is waited for with await"
