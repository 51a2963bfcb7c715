"""The devices of a client, and what a new list of the server changes in them."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import TYPE_CHECKING

from msgspec import Struct

from buttplug.client.channel import DeviceChannel
from buttplug.client.connection import Connection
from buttplug.client.device import ButtplugDevice
from buttplug.client.events import DeviceAdded, DeviceRemoved
from buttplug.client.subject import Subject
from buttplug.core.errors import ButtplugError, DeviceErrorReason
from buttplug.core.messages import DeviceInfo, InputReading


class Devices(dict[int, ButtplugDevice]):
    """The devices of a client by index. It is always the current state; only the client changes it.

    A loop over it, or over its ``keys()``, ``values()`` or ``items()``, may ``await``: it goes through the devices that were
    there when it began, and leaves out those that are gone by the time it comes to them. Everything else is as in any dict.
    """

    # To a type checker it is a dict in these methods too: it knows no other class for what they return.
    if not TYPE_CHECKING:

        def __iter__(self) -> Iterator[int]:
            for index, _ in _still_there(self):
                yield index

        def keys(self) -> KeysView[int]:
            """Return a view of the indexes."""
            return KeysView(self)

        def values(self) -> ValuesView[ButtplugDevice]:
            """Return a view of the devices."""
            return _Values(self)

        def items(self) -> ItemsView[int, ButtplugDevice]:
            """Return a view of the indexes and devices."""
            return _Items(self)


class _Values(ValuesView[ButtplugDevice]):
    _mapping: Devices

    def __iter__(self) -> Iterator[ButtplugDevice]:
        for _, device in _still_there(self._mapping):
            yield device


class _Items(ItemsView[int, ButtplugDevice]):
    _mapping: Devices

    def __iter__(self) -> Iterator[tuple[int, ButtplugDevice]]:
        return _still_there(self._mapping)


def _still_there(devices: Devices) -> Iterator[tuple[int, ButtplugDevice]]:
    """Go through the devices of now, and leave out those that are gone by the time they are asked for."""
    for index, device in tuple(dict.items(devices)):
        if devices.get(index) is device:
            yield index, device


class _Known(Struct):
    device: ButtplugDevice
    channel: DeviceChannel


class DeviceRegistry:
    """Keeps the devices of a client up to date. ``report`` tells the program of an error that no call can raise.

    Attributes:
        devices: The devices, as programs see them.
    """

    def __init__(self, report: Callable[[Exception], None]) -> None:
        self._report = report
        self.devices: Devices = Devices()
        self._channels: dict[int, DeviceChannel] = {}
        self._lost: dict[int, _Known] = {}

    @property
    def channels(self) -> list[DeviceChannel]:
        """The channel of each device."""
        return list(self._channels.values())

    @property
    def driven(self) -> list[Subject]:
        """The features that this client has driven and not stopped since."""
        return [subject for channel in self._channels.values() for subject in channel.driven.values()]

    def update(self, current: Mapping[int, DeviceInfo], connection: Connection) -> list[DeviceRemoved | DeviceAdded]:
        """Take over a list of the server, and return what it changes: first what is gone, then what is new."""
        changes: list[DeviceRemoved | DeviceAdded] = []
        for index, device in list(self.devices.items()):
            channel, info = self._channels[index], current.get(index)
            if info is not None and _is_same(channel.info, info):
                channel.info = info
            else:
                del self.devices[index], self._channels[index]
                channel.remove(Subject(device, channel).refusal("The device was disconnected", DeviceErrorReason.GONE))
                changes.append(DeviceRemoved(device))
        for index, info in current.items():
            if index not in self.devices:
                changes.append(DeviceAdded(self._add(index, info, connection)))
        return changes

    def publish(self, reading: InputReading) -> None:
        """Give a reading to who listens to it."""
        channel = self._channels.get(reading.device_index)
        if channel is not None:
            channel.publish(reading.feature_index, reading.reading)

    def lose_all(self, error: ButtplugError | None, *, remember: bool = False) -> list[ButtplugDevice]:
        """Have no devices, because there is no connection any more, and return those that there were.

        Who listens to an input is given the error. What is to be remembered is used again when it is on the list of a later
        connection: by a device with the same index, name, display name and features.
        """
        devices = list(self.devices.values())
        lost = {index: _Known(device, self._channels[index]) for index, device in self.devices.items()}
        self._lost = self._lost | lost if remember else {}
        for known in lost.values():
            known.channel.remove(error)
        self.devices.clear()
        self._channels.clear()
        return devices

    def _add(self, index: int, info: DeviceInfo, connection: Connection) -> ButtplugDevice:
        known = self._lost.pop(index, None)
        if known is not None and _is_same(known.channel.info, info) and _display_name_is_same(known, info):
            known.channel.attach(connection, info)
        else:
            channel = DeviceChannel(connection, info, self._report)
            known = _Known(ButtplugDevice(channel), channel)
        self.devices[index], self._channels[index] = known.device, known.channel
        return known.device


def _is_same(known: DeviceInfo, info: DeviceInfo) -> bool:
    return info.device_name == known.device_name and info.device_features == known.device_features


def _display_name_is_same(known: _Known, info: DeviceInfo) -> bool:
    return info.device_display_name == known.channel.info.device_display_name
