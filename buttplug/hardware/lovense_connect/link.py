"""One Lovense Connect app, and the link to a toy behind it.

Endpoint tx takes the text of a command, for instance ``Vibrate1?v=10&t=f0a1``; endpoint rx is read for the battery, one byte
in percent, as the app listed it last. The app is asked for all its toys at once, and only once a second: more overloads it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from itertools import islice
from typing import Annotated
from urllib.parse import quote

import msgspec

from buttplug.core.log import logger_of
from buttplug.core.text import printable
from buttplug.core.unreadable import UNREADABLE
from buttplug.hardware.base import Packet
from buttplug.hardware.common.polling import Poll, PolledHardware
from buttplug.hardware.errors import HardwareError, HardwareTimeoutError
from buttplug.hardware.lovense_connect.given_up import GivenUp
from buttplug.hardware.lovense_connect.http_get import Answer, get
from buttplug.hardware.lovense_connect.specifier import LovenseConnectSpecifier

logger: logging.Logger = logger_of(__package__)

#: Seconds between two looks at the toys of an app: while some are connected, and while only a scan is on.
POLL_INTERVAL = 1.0
SCAN_INTERVAL = 10.0

#: Seconds a request may take.
REQUEST_LIMIT = 3.0

#: How often in a row a toy may be missing, or the app not answer, before it counts as gone.
MISSES = 3


#: Seconds after which a command that was given up, and was not answered since, is taken not to arrive any more.
LANDING_LIMIT = 20.0

#: Toys of one app that are looked at, beside those that are connected here, and entries of its list that are told when they
#: are not understood.
MAX_TOYS = 64
MAX_TOLD = 3

#: The status of HTTP and the code of the app that mean that it obeyed.
OK = 200

#: Characters of what an app said that are told.
SHOWN = 64

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Toy(msgspec.Struct, frozen=True):
    """A toy as the app lists it; the app's versions do not agree on how to write a status, or a battery level."""

    id: _Text
    name: _Text
    status: bool | int | str
    battery: object = None

    @property
    def connected(self) -> bool:
        """Whether the app has it connected."""
        return str(self.status).lower() in ("1", "true")

    @property
    def charge(self) -> int | None:
        """The battery in percent; None where the app does not tell it."""
        if not isinstance(self.battery, int | float | str):
            return None
        try:
            return min(max(int(float(self.battery)), 0), 100)
        except (ValueError, OverflowError):
            return None


class _Reply(msgspec.Struct):
    code: int | str | None = None


class _Listing(_Reply):
    data: dict[str, msgspec.Raw] | None = None


class LovenseConnectHardware(PolledHardware):
    """A toy of an app.

    Every command is a request of its own, and a later one may overtake it: one that was given up is still listened to, since
    it may arrive until it is answered, also behind what is sent over the next link.
    """

    keeps_order = False

    def __init__(self, app: App, toy: Toy, specifier: LovenseConnectSpecifier) -> None:
        super().__init__(name=toy.name, address=toy.id, endpoints=("tx", "rx"), specifier=specifier)
        self.charge: int | None = toy.charge
        self.misses: int = 0
        #: Whether it came back after it was lost.
        self.has_returned: bool = False
        self._app = app
        self._writing = asyncio.Lock()
        self._given_up = app.given_up(toy)

    async def write(self, packet: Packet) -> None:
        self.require(packet.endpoint)
        if packet.endpoint != "tx":
            raise HardwareError(f"{self.name}: endpoint {packet.endpoint} cannot be written")
        command = packet.data.decode("ascii", "replace")
        async with self._writing:
            try:
                answer = await self._ask(quote(command, safe="?=&"))
            except HardwareError as error:
                raise type(error)(f"{self.name} did not get {command}: {error}") from error
        if refusal := _refusal_of_command(answer):
            raise HardwareError(f"{self.name} did not get {command}: the app at {self._app.url} answered {refusal}")

    async def read(self, endpoint: str) -> bytes:
        self.require(endpoint)
        if endpoint != "rx":
            return await super().read(endpoint)
        if self.charge is None:
            raise HardwareError(f"{self.name}: the app at {self._app.url} does not tell its battery level")
        return bytes((self.charge,))

    @property
    def is_missing_again(self) -> bool:
        """Whether it came back and was not ready: it may still be running."""
        return self.has_returned and self.refusal is not None

    def settled(self) -> asyncio.Future[None] | None:
        return self._given_up.settled

    async def disconnect(self) -> None:
        self.lost("the server closed it")

    async def _ask(self, target: str) -> Answer:
        request = asyncio.ensure_future(self._app.get(target, LANDING_LIMIT))
        answered = False
        try:
            async with asyncio.timeout(REQUEST_LIMIT):
                answer = await asyncio.shield(request)
            answered = True
        except TimeoutError:
            raise HardwareTimeoutError(f"{self._app.url} did not answer within {REQUEST_LIMIT:g} s") from None
        finally:
            if not answered and not request.done():
                self._given_up.add(request)
        return answer

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
        #: Toys that were lost and are waited for, the last of them.
        self._lost: dict[str, None] = {}
        self._given_up: dict[str, GivenUp] = {}

    def scan(self) -> None:
        """Report toys, from now on."""
        self._scanning = True
        self._poll.restart()

    def end_scan(self) -> None:
        """Report no more toys; those that are connected are still watched, and those that were lost still waited for."""
        self._scanning = False

    async def close(self) -> None:
        """Let go of everything."""
        await self._poll.stop()
        for hardware in self.hardware:
            await hardware.disconnect()
        for given_up in self._given_up.values():
            await given_up.end()

    def given_up(self, toy: Toy) -> GivenUp:
        """Return the commands to a toy that were given up, over whichever link to it."""
        used = {hardware.address for hardware in self.hardware}
        self._given_up = {id_: each for id_, each in self._given_up.items() if each.settled is not None or id_ in used}
        return self._given_up.setdefault(toy.id, GivenUp(toy.name))

    async def get(self, target: str, limit: float) -> Answer:
        """Ask the app something.

        Raises:
            HardwareError: It does not answer within ``limit`` seconds.
        """
        return await get(f"{self.url}/{target}", limit)

    async def toys(self) -> tuple[list[Toy], list[str]]:
        """Return the toys it lists, and what is wrong with those of them that cannot be understood.

        Raises:
            HardwareError: It does not answer, or its answer cannot be understood.
        """
        answer = await self.get("GetToys", REQUEST_LIMIT)
        if answer.status != OK:
            raise HardwareError(f"{self.url} did not list its toys: status {answer.status}")
        try:
            answered = msgspec.json.decode(answer.body, type=_Listing)
        except UNREADABLE as error:
            raise HardwareError(f"{self.url} listed its toys in a way that is not understood: {error}") from error
        if refusal := _refusal(answered.code):
            raise HardwareError(f"{self.url} did not list its toys: {refusal}")
        listing = answered.data or {}
        connected = {hardware.address for hardware in self.hardware}
        looked_at = dict.fromkeys([*(key for key in connected if key in listing), *islice(listing, MAX_TOYS)])
        toys: dict[str, Toy] = {}
        wrong = []
        for key in looked_at:
            try:
                toy = msgspec.json.decode(listing[key], type=Toy)
                if toys.setdefault(toy.id, toy) is not toy:
                    wrong.append(f"{self.url} lists two toys with the id {printable(toy.id, SHOWN)}; the second is not used")
            except UNREADABLE as error:
                wrong.append(f"toy {printable(key, SHOWN)} of {self.url} is not understood: {printable(str(error), SHOWN)}")
        if len(wrong) > MAX_TOLD:
            wrong[MAX_TOLD:] = [f"{len(wrong) - MAX_TOLD} others of {self.url} neither"]
        if len(listing) > MAX_TOYS:
            wrong.append(f"{self.url} lists more than {MAX_TOYS} toys; only the first {MAX_TOYS} are looked at")
        return list(toys.values()), wrong

    def watch(self, hardware: LovenseConnectHardware) -> None:
        """Look at a toy's battery and whether it is there, from now on until it is disconnected."""
        self.hardware.append(hardware)
        hardware.has_returned = hardware.address in self._lost
        self._lost.pop(hardware.address, None)
        if self._poll.interval != POLL_INTERVAL:
            self._poll.interval = POLL_INTERVAL
            self._poll.restart()

    async def _poll_toys(self) -> None:
        self._lost |= {hardware.address: None for hardware in self.hardware if hardware.failed or hardware.is_missing_again}
        for oldest in list(self._lost)[:-MAX_TOYS]:
            del self._lost[oldest]
        self.hardware = [hardware for hardware in self.hardware if hardware.connected]
        self._poll.interval = POLL_INTERVAL if self.hardware else SCAN_INTERVAL
        if not (self._scanning or self.hardware or self._lost):
            return
        try:
            toys, wrong = await self.toys()
        except Exception:
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


def _refusal(code: int | str | None) -> str:
    """Return how the app said no; nothing when it did not."""
    return "" if code in (None, OK, str(OK)) else f"code {printable(str(code), SHOWN)}"


def _refusal_of_command(answer: Answer) -> str:
    """Return how the app said no to a command; nothing when it did not."""
    if answer.status != OK:
        return f"status {answer.status}"
    try:
        return _refusal(msgspec.json.decode(answer.body, type=_Reply).code)
    except UNREADABLE:
        return ""  # Some versions answer in words, or with nothing.
