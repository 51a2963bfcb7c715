"""Toys behind the Lovense Connect app on a phone or computer of this network, by its HTTP interface.

Endpoint tx takes the text of a command, for instance ``Vibrate1?v=10&t=f0a1``; endpoint rx is read for the battery, one byte
in percent, as the app told it last. The app is asked for its toys once a second, which is as often as it can stand, for all
of them together.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from urllib.parse import quote, urlsplit

import msgspec

from buttplug.hardware.base import BusReport, CommunicationManager, Discovery, Hardware, Packet
from buttplug.hardware.errors import BusUnavailableError, HardwareDisconnectedError, HardwareError
from buttplug.hardware.http_get import Answer, get
from buttplug.hardware.polling import Poll, PolledHardware
from buttplug.hardware.specifiers import LovenseConnectAdvertisement, LovenseConnectSpecifier, Specifier

logger = logging.getLogger(__name__)

#: Where the maker's server tells which apps run in the network that asks.
DISCOVERY_URL = "https://api.lovense.com/api/lan/getToys"

#: The port of the app on a phone.
DEFAULT_PORT = 34567

#: Seconds between two looks at the toys of an app: while some are connected, and while only a scan is on.
POLL_INTERVAL = 1.0
SCAN_INTERVAL = 10.0

#: Seconds a request may take.
REQUEST_LIMIT = 3.0

#: What to do when an app does not answer.
REMEDY = "start the Lovense Connect app, in the same network as this machine, and compare the address that it shows"

UNNAMED = (
    "no app is named: give the address that the Lovense Connect app shows (--lovense-connect-host), or have the maker's "
    "server asked (--lovense-connect-discover)"
)

#: How often in a row a toy may be missing, or the app not answer, before it counts as gone.
MISSES = 3


class Toy(msgspec.Struct, frozen=True):
    """A toy as the app lists it; the app's versions do not agree on how to write a status."""

    id: str
    name: str
    status: bool | int | str
    battery: int | None = None

    @property
    def connected(self) -> bool:
        """Whether the app has it connected."""
        return str(self.status).lower() in ("1", "true")

    @property
    def charge(self) -> int:
        """The battery in percent."""
        return min(max(self.battery or 0, 0), 100)


class _Listing(msgspec.Struct):
    code: int | None = None
    data: dict[str, msgspec.Raw] | None = None


class _Reply(msgspec.Struct):
    code: int | str | None = None


class _App(msgspec.Struct, rename="camel"):
    http_port: int | str


class LovenseConnectHardware(PolledHardware):
    """A toy of an app."""

    def __init__(self, app: App, toy: Toy, specifier: LovenseConnectSpecifier) -> None:
        super().__init__(name=toy.name, address=toy.id, endpoints=("tx", "rx"), specifier=specifier)
        self.charge = toy.charge
        self.misses = 0
        self._app = app
        self._writing = asyncio.Lock()

    async def write(self, packet: Packet) -> None:
        self.require(packet.endpoint)
        if packet.endpoint != "tx":
            raise HardwareError(f"{self.name}: endpoint {packet.endpoint} cannot be written")
        command = packet.data.decode("ascii", "replace")
        async with self._writing:
            try:
                answer = await self._app.get(quote(command, safe="?=&"))
            except HardwareError as error:
                raise type(error)(f"{self.name} did not get {command}: {error}") from error
        if refusal := _refusal(answer):
            raise HardwareError(f"{self.name} did not get {command}: the app at {self._app.url} answered {refusal}")

    async def read(self, endpoint: str) -> bytes:
        self.require(endpoint)
        if endpoint != "rx":
            return await super().read(endpoint)
        return bytes((self.charge,))

    async def disconnect(self) -> None:
        self.lost("the server closed it")

    def seen(self, toy: Toy | None) -> None:
        """For the app: how it listed the toy just now; None for not at all."""
        if toy is None:
            self.misses += 1
            if self.misses >= MISSES:
                self.fail(f"the app at {self._app.url} has not listed it {MISSES} times in a row")
        elif not toy.connected:
            self.fail("the app says that it is disconnected")
        else:
            self.misses = 0
            self.charge = toy.charge


class App:
    """One running app, by its address."""

    def __init__(self, url: str, found: Callable[[App, Toy], None]) -> None:
        """``found`` is called for every toy that is connected to the app and not to us: in scans, or when it was lost."""
        self.url = url
        self.failures = 0
        self.hardware: list[LovenseConnectHardware] = []
        self._found = found
        self._poll = Poll("Lovense Connect", self._look, SCAN_INTERVAL)
        self._scanning = False
        self._lost: set[str] = set()

    async def scan(self) -> None:
        """Report toys, from now on."""
        self._scanning = True
        await self._poll.restart()

    def end_scan(self) -> None:
        """Report no more toys; those that are connected are still watched, and those that were lost still waited for."""
        self._scanning = False

    async def close(self) -> None:
        """Let go of everything."""
        await self._poll.stop()
        for hardware in self.hardware:
            await hardware.disconnect()

    async def get(self, target: str) -> Answer:
        """Ask the app something.

        Raises:
            HardwareError: It does not answer.
        """
        return await get(f"{self.url}/{target}", REQUEST_LIMIT)

    async def toys(self) -> tuple[list[Toy], list[str]]:
        """Return the toys it lists, and what is wrong with those of them that cannot be understood.

        Raises:
            HardwareError: It does not answer, or its answer cannot be understood.
        """
        answer = await self.get("GetToys")
        if refusal := _refusal(answer):
            raise HardwareError(f"{self.url} did not tell its toys: {refusal}")
        try:
            listing = msgspec.json.decode(answer.body, type=_Listing)
        except msgspec.DecodeError as error:
            raise HardwareError(f"{self.url} told its toys in a way that is not understood: {error}") from error
        toys, wrong = [], []
        for key, raw in (listing.data or {}).items():
            try:
                toys.append(msgspec.json.decode(raw, type=Toy))
            except msgspec.DecodeError as error:
                wrong.append(f"toy {key} of {self.url} is not understood: {error}")
        return toys, wrong

    async def watch(self, hardware: LovenseConnectHardware) -> None:
        """Look at a toy's battery and whether it is there, from now on until it is disconnected."""
        self.hardware.append(hardware)
        self._lost.discard(hardware.address)
        if self._poll.interval != POLL_INTERVAL:
            self._poll.interval = POLL_INTERVAL
            await self._poll.restart()

    async def _look(self) -> None:
        self._lost |= {hardware.address for hardware in self.hardware if hardware.failed}
        self.hardware = [hardware for hardware in self.hardware if hardware.connected]
        self._poll.interval = POLL_INTERVAL if self.hardware else SCAN_INTERVAL
        if not (self._scanning or self.hardware or self._lost):
            return
        try:
            toys, wrong = await self.toys()
        except HardwareError:
            self.failures += 1
            for hardware in self.hardware:
                hardware.seen(None)
            raise
        self.failures = 0
        listed = {toy.id: toy for toy in toys}
        for hardware in self.hardware:
            hardware.seen(listed.get(hardware.address))
        taken = {hardware.address for hardware in self.hardware if hardware.connected}
        for toy in toys:
            wanted = self._scanning or toy.id in self._lost
            if wanted and toy.connected and toy.id not in taken:
                self._found(self, toy)
        if wrong:
            raise HardwareError("; ".join(wrong))


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
        self._discovery = Poll(self.bus, self._ask_maker, SCAN_INTERVAL)

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
            await app.scan()
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
            urls |= dict.fromkeys(await discovered() if self._discover else ())
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

    async def _ask_maker(self) -> None:
        named = set(map(url_of, self._hosts))
        for url, app in list(self._apps.items()):
            if url not in named and app.failures >= MISSES and not app.hardware:
                await app.close()
                del self._apps[url]
        if self._apps.keys() - named:
            return
        for url in await discovered():
            if url not in self._apps:
                self._apps[url] = App(url, self._toy_found)
                await self._apps[url].scan()

    def _toy_found(self, app: App, toy: Toy) -> None:
        self.on_found(Discovery(toy.name, toy.id, LovenseConnectAdvertisement(), partial(self._connect, app, toy)))

    async def _connect(self, app: App, toy: Toy, specifiers: Sequence[Specifier]) -> Hardware:
        if self._apps.get(app.url) is not app:
            raise HardwareDisconnectedError(f"{toy.name}: the app at {app.url} is gone")
        for specifier in specifiers:
            if isinstance(specifier, LovenseConnectSpecifier):
                hardware = LovenseConnectHardware(app, toy, specifier)
                await app.watch(hardware)
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


async def discovered() -> list[str]:
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
            ipaddress.ip_address(name.partition(".")[0].replace("-", ".")): int(app.http_port) for name, app in apps.items()
        }
    except (msgspec.DecodeError, ValueError) as error:
        raise HardwareError(f"{DISCOVERY_URL} gave an answer that is not understood: {error}") from error
    # Nothing outside this network is talked to because a server far away says so.
    return [f"http://{address}:{port}" for address, port in found.items() if address.is_private]


def _refusal(answer: Answer) -> str:
    """Return how the app said no; nothing when it did not."""
    if answer.status != 200:
        return f"status {answer.status}"
    try:
        code = msgspec.json.decode(answer.body, type=_Reply).code
    except msgspec.DecodeError:
        return ""  # Some versions answer in words, or with nothing.
    return "" if code in (None, 200, "200") else f"code {code}"
