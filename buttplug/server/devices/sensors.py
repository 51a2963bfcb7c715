"""The sensors of one device: they are read, and what they report goes to whoever listens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from buttplug.core.enums import InputType
from buttplug.core.errors import ButtplugDeviceError, ButtplugError
from buttplug.core.log import logger_of
from buttplug.core.messages import Range
from buttplug.hardware.base import Hardware, Notification
from buttplug.hardware.errors import surely_failed
from buttplug.server.protocols.base import Protocol, Reading

if TYPE_CHECKING:
    from buttplug.server.devices.device import Device

logger: logging.Logger = logger_of(__name__)

#: What gets a subscribed reading. It is also who subscribed: one stream per listener, feature and type.
Listener: TypeAlias = "Callable[[Device, Reading], None]"
#: A feature and a type.
Sensor: TypeAlias = tuple[int, InputType]
Answer = TypeVar("Answer")

#: Seconds that reading a sensor, or switching its readings on or off, may take; and the wait before that, while others are
#: switched.
INPUT_LIMIT = 5.0

#: The values a reading can have on the wire.
_READING_RANGES: dict[InputType, Range] = {
    InputType.BATTERY: (0, 100),
    InputType.RSSI: (-128, 127),
    InputType.BUTTON: (0, 255),
    InputType.PRESSURE: (0, 0xFFFF_FFFF),
}

#: Bytes of an unreadable notification that are logged.
LOGGED_BYTES = 100


class Sensors:
    """Reads a device's sensors, and has it send their readings while somebody listens."""

    def __init__(self, device: Device, hardware: Hardware, protocol: Protocol) -> None:
        self._device = device
        self._hardware = hardware
        self._protocol = protocol
        self._listeners: dict[Sensor, list[Listener]] = {}
        #: Which listeners have subscribed, and the tries of each that are under way.
        self._subscribed: set[tuple[int, InputType, Listener]] = set()
        self._tries: dict[tuple[int, InputType, Listener], list[object]] = {}
        #: What the device sends, or may send; and where it is not known whether it does.
        self._streams: set[Sensor] = set()
        self._unsure: set[Sensor] = set()
        self._lock = asyncio.Lock()
        self._limits: set[asyncio.Timeout] = set()
        self._end: str | None = None
        self._unreadable: set[type[Exception]] = set()
        self._end_notifications = hardware.on_notification(self._notified)

    async def read(self, feature: int, type_: InputType) -> int:
        """Read a sensor.

        Raises:
            ButtplugDeviceError: The device did not answer.
        """
        value = await self._within_limit(feature, f"{type_} was not read", self._protocol.read(self._hardware, feature, type_))
        return _clamped(type_, value)

    async def subscribe(self, feature: int, type_: InputType, listener: Listener) -> None:
        """Send a sensor's readings to a listener; a second time changes nothing.

        Raises:
            ButtplugDeviceError: The device refused, or did not answer in time. In the second case it may send readings all the
                same, until :meth:`unsubscribe`.
        """
        listeners = self._listeners.setdefault((feature, type_), [])
        if listener not in listeners:
            listeners.append(listener)
        known, this_try = (feature, type_, listener), object()
        tries = self._tries.setdefault(known, [])
        tries.append(this_try)
        try:
            await self._update(feature, type_, f"{type_} was not subscribed to")
        except ButtplugDeviceError:
            # It may have subscribed before, or be about to once more.
            if tries == [this_try] and known not in self._subscribed:
                listeners.remove(listener)
            raise
        else:
            if this_try in tries:
                self._subscribed.add(known)
        finally:
            if this_try in tries:
                tries.remove(this_try)
            if not tries and self._tries.get(known) is tries:
                del self._tries[known]

    async def unsubscribe(self, feature: int, type_: InputType, listener: Listener) -> None:
        """End a listener's readings of a sensor; nothing happens where there are none.

        Raises:
            ButtplugDeviceError: The device refused, or did not answer in time. It may be asked again; the listener gets no
                more readings all the same.
        """
        listeners = self._listeners.get((feature, type_), [])
        if listener in listeners:
            listeners.remove(listener)
        self._subscribed.discard((feature, type_, listener))
        # Those that are under way count no more.
        self._tries.pop((feature, type_, listener), []).clear()
        await self._update(feature, type_, f"{type_} was not unsubscribed from")

    def may_send(self, feature: int, type_: InputType) -> bool:
        """Whether the device sends a sensor's readings by itself, or may."""
        return (feature, type_) in self._streams

    def subscriptions(self, listener: Listener, feature: int | None) -> list[Sensor]:
        """Return what a listener is subscribed to, of all features or of one."""
        return [
            sensor for sensor, listeners in self._listeners.items() if listener in listeners and feature in (None, sensor[0])
        ]

    def end(self, reason: str) -> None:
        """Pass on no more readings; what waits for the device fails with the reason."""
        self._end_notifications()
        self._end = reason
        for limit in self._limits:
            if not limit.expired():
                limit.reschedule(asyncio.get_running_loop().time())

    async def _update(self, feature: int, type_: InputType, failure: str) -> None:
        """Have the device send a sensor's readings, or no longer, as its listeners want it by now."""
        await self._within_limit(feature, failure, self._lock.acquire())
        try:
            await self._switch((feature, type_), failure)
        finally:
            self._lock.release()

    async def _switch(self, sensor: Sensor, failure: str) -> None:
        wanted, was_on = bool(self._listeners.get(sensor)), sensor in self._streams
        if wanted == was_on and not (wanted and sensor in self._unsure):
            return
        self._streams.add(sensor)
        self._unsure.add(sensor)
        act = self._protocol.subscribe if wanted else self._protocol.unsubscribe
        try:
            if wanted or self._hardware.connected:
                await self._within_limit(sensor[0], failure, act(self._hardware, *sensor))
        except ButtplugDeviceError as error:
            cause = error.__cause__
            if wanted and not was_on and isinstance(cause, ButtplugError) and surely_failed(cause):
                self._streams.discard(sensor)
            raise
        self._unsure.discard(sensor)
        if not wanted:
            self._streams.discard(sensor)

    async def _within_limit(self, feature: int, failure: str, answer: Awaitable[Answer]) -> Answer:
        """Wait for what the device answers, for so long, and say of any failure what it was about."""
        try:
            async with asyncio.timeout(INPUT_LIMIT) as limit:
                self._limits.add(limit)
                return await answer
        except TimeoutError:
            reason = self._end or f"no answer within {INPUT_LIMIT:g} s"
            raise self._device.error(feature, f"{failure}: {reason}") from None
        except ButtplugError as error:
            raise self._device.error(feature, f"{failure}: {error.message}") from error
        except Exception as error:
            logger.exception("%s: %s", self._device.label, failure)
            raise self._device.error(feature, f"{failure}: {error}") from error
        finally:
            self._limits.discard(limit)

    def _notified(self, notification: Notification) -> None:
        if not (self._protocol.follows_notifications or any(self._listeners.values())):
            return
        try:
            readings = list(self._protocol.notified(notification.endpoint, notification.data))
        except Exception as error:
            if type(error) not in self._unreadable:
                # A device may send such bytes many times a second, and many at once.
                self._unreadable.add(type(error))
                beginning = notification.data[:LOGGED_BYTES].hex(" ")
                logger.exception("%s: %s could not be read: %s", self._device.label, notification.endpoint, beginning)
            return
        for reading in readings:
            clamped = Reading(reading.feature, reading.type, _clamped(reading.type, reading.value))
            for listener in tuple(self._listeners.get((reading.feature, reading.type), ())):
                listener(self._device, clamped)


def _clamped(type_: InputType, value: int) -> int:
    low, high = _READING_RANGES[type_]
    return min(max(value, low), high)
