"""Telling the local network, by mDNS, where the server is."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from buttplug.core.log import logger_of

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncZeroconf

logger: logging.Logger = logger_of(__name__)

#: What apps look for: the name that the ecosystem's engine has given it.
SERVICE = "_intiface_engine._tcp.local."
#: The version of the message spec that is served.
SPEC_VERSION = "4"
#: Bytes that the name of a service may have.
NAME_LIMIT = 63
#: Seconds between two looks whether there is a place for a client.
LOOK_INTERVAL = 1.0
#: Seconds that the last word may take.
GOODBYE_LIMIT = 0.5


class Broadcast:
    """Tells the local network where the server is, while there is a place for a client.

    Args:
        urls: Where the server listens. What is on this machine only is not told.
        name: The name of the server.
        suffix: What follows it.
        is_full: Returns whether there is no place for a client.
        interfaces: The addresses of the interfaces to tell it on; all of them where there are none.
    """

    def __init__(
        self,
        urls: Iterable[str],
        name: str,
        suffix: str = "",
        *,
        is_full: Callable[[], bool] = lambda: False,
        interfaces: Sequence[str] = (),
    ) -> None:
        parts = [urlsplit(url) for url in urls]
        self._hosts = [part.hostname or "" for part in parts]
        self._port = next((part.port for part in parts), None)
        self._uses_tls = any(part.scheme == "wss" for part in parts)
        self._name = name
        self._suffix = suffix
        self._is_full = is_full
        self._interfaces = list(interfaces)
        self._zeroconf: AsyncZeroconf | None = None
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to tell it, in the background. What is in the way of it is one warning."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Take it back, within half a second."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=GOODBYE_LIMIT)
        if self._zeroconf is not None:
            try:
                async with asyncio.timeout(GOODBYE_LIMIT):
                    await self._zeroconf.async_close()
            except (TimeoutError, OSError) as error:
                logger.debug("mDNS did not end properly: %r", error)

    async def _run(self) -> None:
        try:
            await self._tell()
        except ImportError as error:
            logger.warning('not broadcast by mDNS: it needs the extra, pip install "buttplug-server[mdns]" (%s)', error)
        except Exception as error:  # noqa: BLE001 whatever it is, it is not worth a server
            logger.warning("not broadcast by mDNS: %s", str(error) or type(error).__name__)

    async def _tell(self) -> None:
        from zeroconf import InterfaceChoice
        from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

        addresses = reachable(self._hosts)
        if not addresses:
            logger.warning("not broadcast by mDNS: the server can be reached from this machine only (--ws-host)")
            return
        self._zeroconf = AsyncZeroconf(interfaces=self._interfaces or InterfaceChoice.All)
        info = AsyncServiceInfo(
            SERVICE,
            f"{self._instance()}.{SERVICE}",
            self._port,
            properties={"path": "/", "ver": SPEC_VERSION, "tls": str(int(self._uses_tls)), "name": self._name},
            server=f"{socket.gethostname().partition('.')[0]}.local.",
            parsed_addresses=addresses,
        )
        while True:
            await self._zeroconf.async_register_service(info, allow_name_change=True, strict=False)
            logger.info("broadcast by mDNS as %s, port %s", info.get_name(), self._port)
            await self._until(full=True)
            await (await self._zeroconf.async_unregister_service(info))
            logger.info("not broadcast by mDNS while there is no place for a client")
            await self._until(full=False)

    async def _until(self, *, full: bool) -> None:
        # A session may end in many ways, and a second late is early enough for this.
        while self._is_full() is not full:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_INTERVAL)

    def _instance(self) -> str:
        host = socket.gethostname().partition(".")[0]
        words = [self._name, self._suffix, f"({host})"]
        name = " ".join(word for word in words if word)
        return name.encode()[:NAME_LIMIT].decode(errors="ignore")


def reachable(hosts: Iterable[str]) -> list[str]:
    """Return the addresses at which other machines reach a server that listens on these."""
    found: dict[str, None] = {}
    for host in hosts:
        try:
            address = ip_address(host)
        except ValueError:
            continue
        if address.is_unspecified:
            found |= dict.fromkeys(own for own in _own_addresses() if ip_address(own).version == address.version)
        elif not address.is_loopback:
            found[host] = None
    return list(found)


def _own_addresses() -> list[str]:
    """Return the addresses of this machine's interfaces, but for those that only it can use."""
    from ifaddr import get_adapters

    addresses: list[Any] = [ip.ip for adapter in get_adapters() for ip in adapter.ips]
    # Those of version 6 come with their scope.
    texts = [address if isinstance(address, str) else address[0] for address in addresses]
    return [text for text in texts if not ip_address(text).is_loopback and not ip_address(text).is_link_local]
