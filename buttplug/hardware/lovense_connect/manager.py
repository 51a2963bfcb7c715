"""Finds the toys behind Lovense Connect apps of this network."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import islice
from urllib.parse import urlsplit

import msgspec

from buttplug.core.text import printable
from buttplug.core.unreadable import UNREADABLE
from buttplug.hardware.base import BusReport, CommunicationManager, Discovery, Hardware
from buttplug.hardware.common.polling import Poll
from buttplug.hardware.errors import BusUnavailableError, HardwareDisconnectedError, HardwareError
from buttplug.hardware.lovense_connect.http_get import get
from buttplug.hardware.lovense_connect.link import (
    MISSES,
    REQUEST_LIMIT,
    SCAN_INTERVAL,
    SHOWN,
    App,
    LovenseConnectHardware,
    Toy,
)
from buttplug.hardware.lovense_connect.specifier import LovenseConnectAdvertisement, LovenseConnectSpecifier
from buttplug.hardware.specifier import Specifier

#: Where the maker's server lists the apps that run in the network of whoever asks.
DISCOVERY_URL = "https://api.lovense.com/api/lan/getToys"

#: Apps that are looked at of those that the maker's server lists.
MAX_APPS = 8

#: The port of the app on a phone.
DEFAULT_PORT = 34567

#: What to do when an app does not answer.
REMEDY = "start the Lovense Connect app, in the same network as this machine, and compare the address that it shows"

UNNAMED = (
    "no app is named: give the address that the Lovense Connect app shows (--lovense-connect-host), or have the maker's "
    "server asked (--lovense-connect-discover)"
)


class _App(msgspec.Struct, rename="camel"):
    http_port: int | str


class LovenseConnectManager(CommunicationManager):
    """Offers the toys of Lovense Connect apps, and looks for new ones every 10 seconds while a scan is on."""

    bus = "Lovense Connect"

    def __init__(self, hosts: Iterable[str] = (), discover: bool = False) -> None:
        """``hosts``: ``host`` or ``host:port`` of each app; ``discover``: ask the maker's server for another one."""
        super().__init__()
        self._hosts = tuple(hosts)
        self._apps: dict[str, App] = {}
        self._discover = discover
        self._scanning = False
        self._discovery = Poll(self.bus, self._add_discovered, SCAN_INTERVAL)

    @property
    def scanning(self) -> bool:
        return self._scanning

    async def open(self) -> None:
        if not self._hosts and not self._discover:
            raise BusUnavailableError(UNNAMED)
        self._apps = {url: App(url, self._toy_found) for url in map(url_of, self._hosts)}

    async def start_scanning(self) -> None:
        if self._scanning:
            return
        if not self._apps:
            await self.open()
        self._scanning = True
        for app in self._apps.values():
            app.scan()
        if self._discover:
            self._discovery.start()

    async def stop_scanning(self) -> None:
        self._scanning = False
        await self._discovery.stop()
        for app in self._apps.values():
            app.end_scan()

    async def close(self) -> None:
        await self.stop_scanning()
        for app in self._apps.values():
            await app.close()
        self._apps = {}

    async def check(self) -> BusReport:
        if not self._hosts and not self._discover:
            return BusReport(self.bus, ok=False, summary="cannot be used", remedy=UNNAMED)
        names: list[str] = []
        problems: list[str] = []
        urls: dict[str, None] = {}
        try:
            urls |= dict.fromkeys(map(url_of, self._hosts))
            urls |= dict.fromkeys(await discover_apps() if self._discover else ())
        except HardwareError as error:
            problems.append(error.message)
        for url in urls:
            try:
                toys, wrong = await App(url, self._toy_found).toys()
            except HardwareError as error:
                problems.append(error.message)
            else:
                names += [toy.name for toy in toys if toy.connected]
                problems += wrong
        if problems:
            return BusReport(self.bus, ok=False, summary="; ".join(problems), remedy=REMEDY)
        return BusReport(self.bus, ok=True, summary=", ".join(names) or "no toys")

    async def _add_discovered(self) -> None:
        named = set(map(url_of, self._hosts))
        for url, app in list(self._apps.items()):
            if url not in named and app.failures >= MISSES and not app.hardware:
                await app.close()
                del self._apps[url]
        if self._apps.keys() - named:
            return
        for url in await discover_apps():
            if url not in self._apps:
                self._apps[url] = App(url, self._toy_found)
                self._apps[url].scan()

    def _toy_found(self, app: App, toy: Toy) -> None:
        self.on_found(Discovery(toy.name, toy.id, LovenseConnectAdvertisement(), partial(self._connect, app, toy)))

    async def _connect(self, app: App, toy: Toy, specifiers: Sequence[Specifier]) -> Hardware:
        if self._apps.get(app.url) is not app:
            raise HardwareDisconnectedError(f"{toy.name}: the app at {app.url} is gone")
        for specifier in specifiers:
            if isinstance(specifier, LovenseConnectSpecifier):
                hardware = LovenseConnectHardware(app, toy, specifier)
                app.watch(hardware)
                return hardware
        raise HardwareError(f"{toy.name}: no protocol is for toys of Lovense Connect")


def url_of(host: str) -> str:
    """Return the address of an app on ``host`` or ``host:port``.

    Raises:
        BusUnavailableError: It is neither.
    """
    try:
        parts = urlsplit(f"//{host}")
        port = parts.port or DEFAULT_PORT
    except ValueError:
        parts = urlsplit("")
    if not parts.hostname or parts.netloc != host:
        raise BusUnavailableError(f"{host!r} is no host or host:port of a Lovense Connect app")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"http://{name}:{port}"


async def discover_apps() -> list[str]:
    """Return the addresses of the apps that the maker's server knows in this network.

    Raises:
        HardwareError: It does not answer, or its answer cannot be understood.
    """
    answer = await get(DISCOVERY_URL, REQUEST_LIMIT)
    if answer.status != 200:
        raise HardwareError(f"{DISCOVERY_URL} answered with status {answer.status}")
    try:
        apps = msgspec.json.decode(answer.body, type=dict[str, _App])
        # The name resolves to the address that stands in it; reading it spares the detour over the name service.
        found = {
            ipaddress.ip_address(name.partition(".")[0].replace("-", ".")): int(app.http_port)
            for name, app in islice(apps.items(), MAX_APPS)
        }
    except (*UNREADABLE, ValueError) as error:
        reason = printable(str(error), SHOWN)
        raise HardwareError(f"{DISCOVERY_URL} gave an answer that is not understood: {reason}") from error
    # Nothing outside this network is talked to because a server far away says so.
    return [f"http://{address}:{port}" for address, port in found.items() if address.is_private and 0 < port <= 0xFFFF]
