"""BlueZ without Bluetooth: the service org.bluez on a private D-Bus, for the real bleak to talk to.

It answers and signals as BlueZ 5.66 does, as far as bleak's central role needs it. The devices around are
:class:`~tests.fakes.peripheral.Peripheral`. What BlueZ does for any method can be replaced by a hook, for everything that can
go wrong.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from tests.fakes.peripheral import BlueZError, Hook, Peripheral, Properties

ADAPTER = "org.bluez.Adapter1"
PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"

#: Seconds between two advertisements of a device.
ADVERTISING_INTERVAL = 0.02

#: Messages sent in a row.
BURST = 50


class FakeAdapter:
    """A Bluetooth adapter. ``scanners`` are the D-Bus clients that are scanning with it."""

    def __init__(self, bluez: FakeBlueZ, name: str, *, powered: bool) -> None:
        self.bluez = bluez
        self.path = f"/org/bluez/{name}"
        self.powered = powered
        self.present = True
        self.scanners: set[str] = set()
        self.scans_started = 0
        self.peripherals: list[Peripheral] = []

    def add(self, peripheral: Peripheral) -> Peripheral:
        """Bring a device into range."""
        peripheral.attach(self)
        self.peripherals.append(peripheral)
        return peripheral

    def properties(self) -> dict[str, Properties]:
        """Return its interface."""
        return {
            ADAPTER: {
                "Address": Variant("s", "00:00:5E:00:53:00"),
                "Name": Variant("s", "fake"),
                "Powered": Variant("b", self.powered),
                "Discovering": Variant("b", bool(self.scanners)),
                "Roles": Variant("as", ["central", "peripheral"]),
            }
        }

    def power(self, on: bool) -> None:
        """Switch it on or off; links and scans end with it."""
        self.powered = on
        if not on:
            self.scanners.clear()
            for peripheral in self.peripherals:
                peripheral.drop()
        changed = {"Powered": Variant("b", on), "Discovering": Variant("b", False)}
        self.bluez.changed(self.path, ADAPTER, changed)

    def call(self, sender: str, member: str) -> None:
        """Answer a method call."""
        if member == "SetDiscoveryFilter":
            return
        if not self.powered:
            raise BlueZError("NotReady", "Resource Not Ready")
        if member == "StartDiscovery":
            if sender in self.scanners:
                raise BlueZError("InProgress", "Operation already in progress")
            self.scanners.add(sender)
            self.scans_started += 1
        elif sender not in self.scanners:
            raise BlueZError("Failed", "No discovery started")
        else:
            self.scanners.remove(sender)
        self.bluez.changed(self.path, ADAPTER, {"Discovering": Variant("b", bool(self.scanners))})


class FakeBlueZ:
    """The service. ``adapters`` are by name; ``hooks`` are for the methods of adapters."""

    def __init__(self, bus_address: str) -> None:
        self.adapters: dict[str, FakeAdapter] = {}
        self.hooks: dict[str, Hook] = {}
        self._bus_address = bus_address
        self._bus: MessageBus | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._outgoing: asyncio.Queue[Message] = asyncio.Queue()

    async def run(self) -> None:
        """Take the name org.bluez and answer."""
        async with asyncio.timeout(5):
            self._bus = await MessageBus(self._bus_address).connect()
            self._bus.add_message_handler(self._take)
            await self._bus.request_name("org.bluez")
        self._outgoing = asyncio.Queue()
        self.start(self._send())
        self.start(self._advertise())

    async def crash(self) -> None:
        """End without a word, as a process that is killed."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._bus is not None:
            self._bus.disconnect()
            await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
            self._bus = None

    def add_adapter(self, name: str = "hci0", *, powered: bool = True) -> FakeAdapter:
        """Plug an adapter in; one of a name known before has the devices it had."""
        adapter = FakeAdapter(self, name, powered=powered)
        for peripheral in self.adapters[name].peripherals if name in self.adapters else ():
            adapter.add(peripheral)
        self.adapters[name] = adapter
        self.added(adapter.path, adapter.properties())
        return adapter

    def remove_adapter(self, name: str = "hci0") -> None:
        """Pull an adapter out. As with the real one, nothing says that its links are gone."""
        adapter = self.adapters[name]
        for peripheral in adapter.peripherals:
            peripheral.vanish()
        adapter.present = False
        adapter.scanners.clear()
        self.removed(adapter.path, [ADAPTER])

    # Signals

    def changed(self, path: str, interface: str, changed: Properties) -> None:
        """Signal that properties changed."""
        self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, changed, []])

    def added(self, path: str, interfaces: dict[str, Properties]) -> None:
        """Signal a new object."""
        self._signal("/", OBJECT_MANAGER, "InterfacesAdded", "oa{sa{sv}}", [path, interfaces])

    def removed(self, path: str, interfaces: list[str]) -> None:
        """Signal that an object is gone."""
        self._signal("/", OBJECT_MANAGER, "InterfacesRemoved", "oas", [path, interfaces])

    def _signal(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        self._outgoing.put_nowait(Message.new_signal(path, interface, member, signature, body))

    async def _send(self) -> None:
        assert self._bus is not None
        for count in itertools.count(1):
            self._bus.send(await self._outgoing.get())
            if count % BURST == 0:
                # dbus-fast breaks the connection when the socket is full: wait until the daemon has read it all.
                ping = Message("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.Peer", "Ping")
                await self._bus.call(ping)

    # Method calls

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _take(self, message: Message) -> bool:
        if message.message_type is not MessageType.METHOD_CALL:
            return False
        self.start(self._answer(message))
        return True

    async def _answer(self, message: Message) -> None:
        try:
            reply = await self._reply(message)
        except BlueZError as error:
            reply = Message.new_error(message, error.name, error.text)
        self._outgoing.put_nowait(reply)

    async def _reply(self, message: Message) -> Message:
        path, member = message.path or "", message.member or ""
        if member == "GetManagedObjects":
            return Message.new_method_return(message, "a{oa{sa{sv}}}", [self._objects()])
        if (hook := self.hooks.get(member)) is not None:
            await hook()
        for adapter in self.adapters.values():
            if not adapter.present:
                continue
            if path == adapter.path:
                adapter.call(message.sender or "", member)
                return Message.new_method_return(message)
            for peripheral in adapter.peripherals:
                if peripheral.known and (path == peripheral.path or path in peripheral.characteristics):
                    body = await peripheral.call(path, member, message.body)
                    return Message.new_method_return(message, "ay" if body else "", body)
        raise BlueZError(
            "org.freedesktop.DBus.Error.UnknownObject",
            f'Method "{member}" with signature "{message.signature}" on interface "{message.interface}" doesn\'t exist',
        )

    def _objects(self) -> dict[str, dict[str, Properties]]:
        objects: dict[str, dict[str, Properties]] = {}
        for adapter in self.adapters.values():
            if adapter.present:
                objects[adapter.path] = adapter.properties()
                for peripheral in adapter.peripherals:
                    objects |= peripheral.objects()
        return objects

    async def _advertise(self) -> None:
        while True:
            for adapter in self.adapters.values():
                if adapter.scanners:
                    for peripheral in adapter.peripherals:
                        peripheral.advertise()
            await asyncio.sleep(ADVERTISING_INTERVAL)
