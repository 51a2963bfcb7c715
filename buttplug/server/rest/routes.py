"""Which path and method does what. Those of the ecosystem's engine are among them, with the same answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import TypeAlias

from buttplug.core.text import printable
from buttplug.server.rest import values
from buttplug.server.rest.devices import RestDevices
from buttplug.server.rest.errors import RestError
from buttplug.server.rest.events import device_as_json
from buttplug.server.rest.values import Level, Query

BASE = "/api/v1"
#: What a request is answered: JSON, or nothing.
Answer: TypeAlias = object | None
#: What a request does.
Action: TypeAlias = Callable[[Query], Awaitable[Answer]]


class Routes:
    """What can be asked for of the devices of a server."""

    def __init__(self, devices: RestDevices) -> None:
        self._devices = devices

    def actions(self, path: Sequence[str]) -> Mapping[str, Action]:
        """Return what can be done with a path below the base, by method.

        Raises:
            RestError: There is no such path, or a part of it cannot be used.
        """
        match path:
            case ["start-scanning"]:
                return _doing(self._devices.start_scanning) | {"GET": _plain(self._devices.start_scanning)}
            case ["stop-scanning"]:
                return _doing(self._devices.stop_scanning) | {"GET": _plain(self._devices.stop_scanning)}
            case ["devices"]:
                return {"GET": _returning(self._all)}
            case ["devices", "stop"]:
                return _stopping(lambda: self._devices.stop(None))
            case ["devices", device, *rest]:
                return self._of_device(values.index(device, "a device's index"), rest)
        raise _no_such_path(path)

    def _of_device(self, device: int, path: Sequence[str]) -> Mapping[str, Action]:
        devices = self._devices
        match path:
            case []:
                return {"GET": _returning(lambda: device_as_json(devices.one(device)))}
            case ["features"]:
                return {"GET": _returning(lambda: devices.one(device).device_features)}
            case ["features", text]:
                feature = values.index(text, "a feature's index")
                read = _returning(lambda: devices.feature(device, feature))
                # Programs for the engine read a feature by a PUT: it has no GET for it.
                return {"GET": read, "PUT": read}
            case ["features", text, *rest]:
                return self._of_part(device, values.index(text, "a feature's index"), rest)
        return self._of_part(device, None, path)

    def _of_part(self, device: int, feature: int | None, path: Sequence[str]) -> Mapping[str, Action]:
        """Return what can be done with a feature, or with all of a device's."""
        devices = self._devices
        match path:
            case ["stop"]:
                return _stopping(lambda: devices.stop(device, feature))
            case ["outputs", word, *level] if len(level) <= 1:
                type_ = values.output_type(word)

                async def drive(query: Query) -> None:
                    await devices.drive(device, feature, type_, Level(level[0] if level else None, query))

                return {"POST": drive, "PUT": drive}
            case ["inputs", word]:
                input_ = values.input_type(word)
                return {"GET": _plain(lambda: devices.read(device, feature, input_))}
            case ["inputs", word, "subscribe"]:
                subscribed = values.input_type(word)
                return _doing(lambda: devices.subscribe(device, feature, subscribed))
            case ["inputs", word, "unsubscribe"]:
                unsubscribed = values.input_type(word)
                return _doing(lambda: devices.unsubscribe(device, feature, unsubscribed))
        raise _no_such_path(["devices", str(device), *([] if feature is None else ["features", str(feature)]), *path])

    def _all(self) -> Answer:
        return {index: device_as_json(device) for index, device in self._devices.all().items()}


def _plain(act: Callable[[], Awaitable[Answer]]) -> Action:
    """Return an action that takes nothing of the query."""

    async def do(query: Query) -> Answer:
        query.require_only()
        return await act()

    return do


def _doing(act: Callable[[], Awaitable[None]]) -> dict[str, Action]:
    """Return something that is done by POST, and by the engine's PUT."""
    do = _plain(act)
    return {"POST": do, "PUT": do}


def _stopping(stop: Callable[[], Awaitable[None]]) -> dict[str, Action]:
    """Return a stop: it is obeyed whatever the query says, and a query that cannot be used is refused behind it."""

    async def do(query: Query) -> None:
        await stop()
        query.require_only()

    return {"POST": do, "PUT": do}


def _returning(what: Callable[[], Answer]) -> Action:
    async def do() -> Answer:
        return what()

    return _plain(do)


def _no_such_path(path: Sequence[str]) -> RestError:
    shown = printable("/".join([BASE, *path]), 200)
    return RestError(HTTPStatus.NOT_FOUND, f"there is nothing at {shown}; the documentation has a table of all paths")
