"""Listening on a port: of several addresses, and what is said when something else has it."""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from buttplug.core.errors import ButtplugConnectorError
from buttplug.core.listening.backlog import keep_waiting

LOOPBACK = ("127.0.0.1", "::1")
ALL_INTERFACES = ("0.0.0.0", "::")  # noqa: S104 with a token, or where the user said that none is wanted
#: Tries to find a port that is free on every address, where any will do.
PORT_TRIES = 5


class PortInUseError(ButtplugConnectorError):
    """Something else listens on ``port`` already; ``option`` is the one that chooses it."""

    def __init__(self, port: int, option: str) -> None:
        super().__init__(
            f"port {port} is in use by another program; choose another one with {option} (in Python: port=…), 0 for any free"
        )
        self.port = port


class Listening(Protocol):
    """What listens on an address."""

    @property
    def sockets(self) -> Iterable[Any]:
        """The sockets that it listens on."""

    def close(self) -> object:
        """Stop listening."""


Listener = TypeVar("Listener", bound=Listening)


async def listen_on(
    hosts: Sequence[str], port: int, listen: Callable[[str, int], Awaitable[Listener]], option: str
) -> list[Listener]:
    """Listen on every address, and on one port for all: any free one for 0. Addresses that this machine lacks are left out.

    ``listen`` does so on one of them, with a backlog of ``ACCEPTED_A_TURN``.

    Raises:
        PortInUseError: Something else listens there; then this listens nowhere.
        ButtplugConnectorError: It is possible on no address.
    """
    for _ in range(1 if port else PORT_TRIES):
        listeners, failures = await _listen_everywhere(hosts, port, listen)
        taken = any(error.errno == errno.EADDRINUSE for error in failures)
        if listeners and not taken:
            return listeners
        for listener in listeners:
            listener.close()
    if taken:
        raise PortInUseError(port, option)
    reason = failures[0].strerror or failures[0]
    raise ButtplugConnectorError(f"cannot listen on {' and '.join(hosts)}, port {port}: {reason}")


def urls_of(scheme: str, listeners: Iterable[Listening]) -> list[str]:
    """Return the addresses of listeners, as URLs without a path."""
    names = [listening.getsockname() for listener in listeners for listening in listener.sockets]
    return [f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}" for host, port, *_ in names]


async def _listen_everywhere(
    hosts: Sequence[str], port: int, listen: Callable[[str, int], Awaitable[Listener]]
) -> tuple[list[Listener], list[OSError]]:
    """Listen on every address; return what does, and what was in the way of the others. Nothing does where this raises."""
    listeners: list[Listener] = []
    failures: list[OSError] = []
    for host in hosts:
        try:
            listener = await listen(host, port)
        except OSError as error:
            failures.append(error)
            continue
        except BaseException:
            for listener in listeners:
                listener.close()
            raise
        listeners.append(listener)
        keep_waiting(listener.sockets)
        # Of any free port the first address chooses one for all.
        port = next(iter(listener.sockets)).getsockname()[1]
    return listeners, failures
