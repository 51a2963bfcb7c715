"""One Lovense Connect app, and the link to a toy behind it.

Endpoint tx takes the text of a command, for instance ``Vibrate1?v=10&t=f0a1``; endpoint rx is read for the battery, one byte
in percent, as the app listed it last. The app is asked for all its toys at once, and only once a second: more overloads it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import quote

import msgspec

from buttplug.hardware.base import Packet
from buttplug.hardware.common.polling import Poll, PolledHardware
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.lovense_connect.http_get import Answer, get
from buttplug.hardware.lovense_connect.specifier import LovenseConnectSpecifier

#: Seconds between two looks at the toys of an app: while some are connected, and while only a scan is on.
POLL_INTERVAL = 1.0
SCAN_INTERVAL = 10.0

#: Seconds a request may take.
REQUEST_LIMIT = 3.0

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


class LovenseConnectHardware(PolledHardware):
    """A toy of an app."""

    def __init__(self, app: App, toy: Toy, specifier: LovenseConnectSpecifier) -> None:
        super().__init__(name=toy.name, address=toy.id, endpoints=("tx", "rx"), specifier=specifier)
        self.charge: int = toy.charge
        self.misses: int = 0
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

    def listed_as(self, toy: Toy | None) -> None:
        """For the app: it listed the toy like this; None if it did not list it."""
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
        self.failures: int = 0
        self.hardware: list[LovenseConnectHardware] = []
        self._found = found
        self._poll = Poll("Lovense Connect", self._poll_toys, SCAN_INTERVAL)
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
            raise HardwareError(f"{self.url} did not list its toys: {refusal}")
        try:
            listing = msgspec.json.decode(answer.body, type=_Listing)
        except msgspec.DecodeError as error:
            raise HardwareError(f"{self.url} listed its toys in a way that is not understood: {error}") from error
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

    async def _poll_toys(self) -> None:
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
                hardware.listed_as(None)
            raise
        self.failures = 0
        listed = {toy.id: toy for toy in toys}
        for hardware in self.hardware:
            hardware.listed_as(listed.get(hardware.address))
        taken = {hardware.address for hardware in self.hardware if hardware.connected}
        for toy in toys:
            wanted = self._scanning or toy.id in self._lost
            if wanted and toy.connected and toy.id not in taken:
                self._found(self, toy)
        if wrong:
            raise HardwareError("; ".join(wrong))


def _refusal(answer: Answer) -> str:
    """Return how the app said no; nothing when it did not."""
    if answer.status != 200:
        return f"status {answer.status}"
    try:
        code = msgspec.json.decode(answer.body, type=_Reply).code
    except msgspec.DecodeError:
        return ""  # Some versions answer in words, or with nothing.
    return "" if code in (None, 200, "200") else f"code {code}"
