"""The StopCmds of one client. They are obeyed at once, whatever else waits; equal ones share their work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeAlias

from buttplug.core.errors import ButtplugDeviceError, ButtplugUnknownError
from buttplug.core.messages import Ok
from buttplug.server.devices.device import Device
from buttplug.server.replies import Replies
from buttplug.server.supervision import begin_stops, stop_all

#: A device index and a feature index, None for all.
Target: TypeAlias = tuple[int | None, int | None]


class _Stop:
    """One stop under way, and the messages that it answers. ``done`` is done when all of its devices are."""

    def __init__(self, target: Target, devices: Sequence[Device], finished: Callable[[_Stop], None]) -> None:
        self.target = target
        self.devices = devices
        self._outputs_taken = _outputs_taken(devices)
        self.ids: list[int] = []
        self.errors: list[str] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._finished = finished
        self._left = len(devices)
        for stop in stop_all(devices) if target[1] is None else [device.stop(target[1]) for device in devices]:
            stop.add_done_callback(self._device_is_done)

    def covers(self, devices: Sequence[Device]) -> bool:
        """Whether nothing was asked of these devices since it began: to stop them again would change nothing.

        Whether they are driven by now is not enough: what was asked since may have been stopped, and that may not be done.
        """
        return self.devices == devices and self._outputs_taken == _outputs_taken(devices)

    def _device_is_done(self, result: asyncio.Future[ButtplugDeviceError | None]) -> None:
        if (error := result.result()) is not None:
            self.errors.append(error.message)
        self._left -= 1
        if not self._left:
            self.done.set_result(None)
            self._finished(self)


class Stops:
    """Stops devices, and answers when they are stopped."""

    def __init__(self, replies: Replies) -> None:
        self._replies = replies
        self._latest: dict[Target, _Stop] = {}
        self._under_way: set[_Stop] = set()

    def stop(self, id_: int, target: Target, devices: Sequence[Device]) -> asyncio.Future[None]:
        """Stop the outputs of a target, which is what these devices have of it; the message is answered when that is done.

        Returns what is done then, too. Where too many messages wait for their answers it is refused, and stopped all the same.

        Raises:
            ButtplugDeviceError: One of the devices has no such feature; the ones before it are stopped.
        """
        if not devices:
            self._replies.deliver(Ok(id_))
            return _nothing()
        stop = self._latest.get(target)
        covered = stop is not None and stop.covers(devices)
        if self._replies.is_full:
            if not covered:
                _begin_stops(target, devices)
            self._replies.refuse(id_, ButtplugUnknownError(_TOO_MANY_WAIT))
            return _nothing()
        if stop is None or not covered:
            stop = self._latest[target] = _Stop(target, devices, self._answer)
            self._under_way.add(stop)
        self._replies.unanswered += 1
        stop.ids.append(id_)
        return stop.done

    def pending(self) -> list[asyncio.Future[None]]:
        """Return what is done when a stop is, for each that is under way."""
        return [stop.done for stop in self._under_way]

    def _answer(self, stop: _Stop) -> None:
        self._under_way.discard(stop)
        if self._latest.get(stop.target) is stop:
            del self._latest[stop.target]
        self._replies.unanswered -= len(stop.ids)
        for id_ in stop.ids:
            if stop.errors:
                self._replies.refuse(id_, ButtplugDeviceError("; ".join(stop.errors)))
            else:
                self._replies.deliver(Ok(id_))


_TOO_MANY_WAIT = "the stop is under way, but too many messages of this client wait for their answers to tell when it is done"


def _begin_stops(target: Target, devices: Sequence[Device]) -> None:
    if target[1] is None:
        begin_stops(devices)
    else:
        for device in devices:
            device.begin_stop(target[1])


def _outputs_taken(devices: Sequence[Device]) -> list[int]:
    return [device.outputs_taken for device in devices]


def _nothing() -> asyncio.Future[None]:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done
