"""The StopCmds of one client. They are obeyed at once, whatever else waits; equal ones share their work."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeAlias

from buttplug.core.errors import ButtplugDeviceError, ButtplugUnknownError
from buttplug.core.messages import Ok
from buttplug.server.devices.device import Device
from buttplug.server.replies import Replies

#: What comes of stopping some devices: None or an error for each.
Results: TypeAlias = "asyncio.Future[list[ButtplugDeviceError | None]]"

#: A device index and a feature index, None for all.
Target: TypeAlias = tuple[int | None, int | None]


class _Stop:
    """One stop under way, and the messages that it answers."""

    def __init__(self, devices: Sequence[Device], results: Results) -> None:
        self.devices = devices
        self.results = results
        self.ids: list[int] = []

    def covers(self, devices: Sequence[Device], feature: int | None) -> bool:
        """Whether nothing was asked of these devices since it began: to stop them again would change nothing."""
        return self.devices == devices and not any(_is_driven(device, feature) for device in devices)


class Stops:
    """Stops devices, and answers when they are stopped."""

    def __init__(self, replies: Replies) -> None:
        self._replies = replies
        self._latest: dict[Target, _Stop] = {}
        self._under_way: set[_Stop] = set()

    def stop(self, id_: int, target: Target, devices: Sequence[Device]) -> Results:
        """Stop the outputs of a target, which is what these devices have of it; the message is answered when that is done.

        Raises:
            ButtplugDeviceError: One of the devices has no such feature; the ones before it are stopped.
        """
        stop = self._latest.get(target)
        if stop is None or not stop.covers(devices, target[1]):
            stop = self._begin(target, devices)
        if self._replies.is_full:
            self._replies.refuse(id_, ButtplugUnknownError(_UNTOLD))
        else:
            self._replies.unanswered += 1
            stop.ids.append(id_)
        return stop.results

    def pending(self) -> list[Results]:
        """Return what comes of each stop that is under way."""
        return [stop.results for stop in self._under_way]

    def _begin(self, target: Target, devices: Sequence[Device]) -> _Stop:
        stop = _Stop(devices, asyncio.gather(*[device.stop(target[1]) for device in devices]))
        self._latest[target] = stop
        self._under_way.add(stop)
        stop.results.add_done_callback(lambda results: self._answer(target, stop))
        return stop

    def _answer(self, target: Target, stop: _Stop) -> None:
        self._under_way.discard(stop)
        if self._latest.get(target) is stop:
            del self._latest[target]
        self._replies.unanswered -= len(stop.ids)
        errors = [error.message for error in stop.results.result() if error is not None]
        for id_ in stop.ids:
            if errors:
                self._replies.refuse(id_, ButtplugDeviceError("; ".join(errors)))
            else:
                self._replies.deliver(Ok(id_))


_UNTOLD = "the stop is under way, but too many messages of this client wait for their answers to tell when it is done"


def _is_driven(device: Device, feature: int | None) -> bool:
    return any(feature is None or slot[0] == feature for slot in device.drivers)
