"""The language of the Lovense dongle: bytes in, actions out, no I/O.

The dongle speaks JSON, one object per line:

===================================================================== ====================================================
to the dongle                                                         meaning
===================================================================== ====================================================
``{"type":"toy","func":"statuss"}``                                   which toy is connected? (the spelling is right)
``{"type":"toy","func":"search"}``                                    look for toys
``{"type":"usb","func":"stopSearch"}``                                end that
``{"type":"toy","func":"command","id":"A1B2","cmd":"Vibrate:10;"}``   a command in the toy's own language
===================================================================== ====================================================

===================================================================== ====================================================
from the dongle                                                       meaning
===================================================================== ====================================================
``{"func":"search","result":205}``, ``206``                           the search began, ended
``{"func":"toyData","data":{"id":"A1B2"}}`` during a search           a toy is there
``{"func":"toyData","data":{"id":"A1B2","data":"OK;"}}``              a toy said something
``{"func":"toyData","result":501}``                                   the search was broken off
``{"func":"status","data":{"id":"A1B2","status":202}}``, ``403``      a toy is connected, is gone
===================================================================== ====================================================

A toy is not connected by a message of its own: it is enough to end the search in which it was seen, and to address it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from enum import Enum, auto
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Struct

from buttplug.core.log import logger_of
from buttplug.core.unreadable import UNREADABLE

logger: logging.Logger = logger_of(__package__)

#: Seconds between a question for connected toys and the next request, without which the dongle locks up.
CHECK_PAUSE = 0.25

#: Seconds until a search that ended by itself is begun again.
SEARCH_PAUSE = 0.25

#: Seconds that the end of a search may take.
STOP_LIMIT = 3.0

#: Seconds until a search that failed is begun again for toys that are to be found again.
RETRY_PAUSE = 10.0

#: Seconds until a request that could not be sent is begun again.
FAILURE_PAUSE = 1.0

#: What ends a line to the dongle.
LINE_END = b"\r\n"

#: Most bytes of one line; what is longer is no message.
LINE_LIMIT = 16384

#: Most characters of a toy's id, and most toys that are taken note of.
ID_LENGTH = 64
MAX_TOYS = 32

#: Bytes of a line that one HID report carries, and the length of a report without its number.
REPORT_TEXT = 63
REPORT_LENGTH = 64

SEARCH_ENDED = 206
CONNECTED = 202
GONE = 403
#: From here on results are failures.
FAILURES = 400


class Request(Struct, omit_defaults=True):
    """A line to the dongle."""

    type: str
    func: str
    id: str | None = None
    cmd: str | None = None


class Data(Struct):
    """What a line from the dongle says of a toy."""

    id: Annotated[str, msgspec.Meta(max_length=ID_LENGTH)] | None = None
    data: str | None = None
    status: int | None = None


class Answer(Struct):
    """A line from the dongle."""

    func: str
    result: int | None = None
    data: Data | None = None
    message: str | None = None


class Send(Struct, frozen=True):
    """Send a line to the dongle."""

    line: bytes


class Wait(Struct, frozen=True):
    """Call :meth:`DongleProtocol.expired` after ``seconds``, in place of any earlier wait; None: never."""

    seconds: float | None


class ToyFound(Struct, frozen=True):
    """A toy can be used. Answer with :meth:`DongleProtocol.accepted` or :meth:`DongleProtocol.refused`."""

    toy: str


class ToyData(Struct, frozen=True):
    """A toy in use sent something."""

    toy: str
    data: bytes


class ToyLost(Struct, frozen=True):
    """A toy cannot be used any more."""

    toy: str


class SearchEnded(Struct, frozen=True):
    """The search that was wanted is over."""


Action: TypeAlias = Send | Wait | ToyFound | ToyData | ToyLost | SearchEnded


class _State(Enum):
    CHECKING = auto()  #: asked for connected toys
    IDLE = auto()
    SEARCHING = auto()
    PAUSING = auto()  #: the search ended by itself, or failed, and is to go on
    STOPPING = auto()  #: asked for the end of the search
    WAITING = auto()  #: begins again later, by asking for connected toys


class DongleProtocol:
    """One dongle, from when it was opened.

    Attributes:
        answered: Whether it sent anything that a dongle would send.
        toys: The ids of the toys that are connected.
        missing: The ids of those that were in use and are to be found again, the last :data:`MAX_TOYS` of them.
    """

    def __init__(self) -> None:
        self.answered: bool = False
        self.toys: set[str] = set()
        self.missing: dict[str, None] = {}
        self._ignored: set[str] = set()
        self._returned: set[str] = set()
        self._state = _State.CHECKING
        self._wanted = False
        self._seen: str | None = None
        self._rest = b""

    def check(self) -> list[Action]:
        """Ask for toys that are connected already; the first thing to do."""
        self._state = _State.CHECKING
        return [Send(_REQUESTS[_State.CHECKING]), Wait(CHECK_PAUSE)]

    def start(self) -> list[Action]:
        """Look for toys. A toy that the dongle still holds from before does not show in a search, so it is asked for first."""
        self._wanted = True
        return self.check() if self._state in (_State.IDLE, _State.WAITING) else []

    def find_again(self, toys: Collection[str]) -> list[Action]:
        """Look for toys that were in use, scan or not, and for no others: they may still be running, and nobody stops them.

        While other toys are in use they are not looked for, since a search may disturb these.
        """
        self.missing |= dict.fromkeys(toys)
        for oldest in list(self.missing)[:-MAX_TOYS]:
            del self.missing[oldest]
        return self.check() if self._state is _State.IDLE and self._looking else []

    def stop(self) -> list[Action]:
        """Look no more, except for what is to be found again."""
        self._wanted = False
        searching = self._state in (_State.SEARCHING, _State.PAUSING)
        return self._stop() if searching and not self._looking else []

    def accepted(self, toy: str) -> list[Action]:
        """A toy that was found is in use, which ends the search: its commands and a search would disturb each other."""
        if toy not in self.toys:
            return []
        if toy in self.missing:
            del self.missing[toy]
            self._returned.add(toy)
        if not self._wanted:
            return []
        self._wanted = False
        return [SearchEnded()]

    def refused(self, toy: str) -> list[Action]:
        """A toy that was found is not wanted: it is not reported again, and the search goes on."""
        self.toys.discard(toy)
        self.missing.pop(toy, None)
        self._ignored.add(toy)
        return self._search() if self._state is _State.IDLE and self._looking else []

    def stop_ignoring(self, toy: str) -> None:
        """Report a refused toy again when it is seen."""
        self._ignored.discard(toy)

    def release(self, toy: str, *, is_ready: bool) -> list[Action]:
        """A toy is no longer in use here, though the dongle may hold it.

        One that was to be found again and is not ready still is, after a pause. Others that were not looked for because of it
        are looked for now.
        """
        self.toys.discard(toy)
        is_missing = not is_ready and toy in self._returned
        self._returned.discard(toy)
        if is_missing:
            self.missing[toy] = None
        if self._state is not _State.IDLE:
            return []
        if is_missing:
            self._state = _State.WAITING
            return [Wait(RETRY_PAUSE)]
        return self.check() if self._looking else []

    def forget_missing(self) -> None:
        """Look no more for toys that were in use and are gone."""
        self.missing.clear()

    def failed(self, line: bytes) -> list[Action]:
        """A line was not sent: if the current state waits for its answer, begin again later."""
        if line != _REQUESTS.get(self._state):
            return []
        self._state, self._seen = _State.WAITING, None
        return [Wait(FAILURE_PAUSE)]

    def received(self, data: bytes) -> list[Action]:
        """Take bytes from the dongle."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest if len(rest) <= LINE_LIMIT else b""
        actions: list[Action] = []
        for line in lines:
            actions += self._line_received(line.strip(b"\0\r "))
        return actions

    def expired(self) -> list[Action]:
        """The time that was waited for is over."""
        match self._state:
            case _State.CHECKING:
                return self._checked()
            case _State.PAUSING:
                return self._search()
            case _State.WAITING:
                return self.check()
            case _State.STOPPING:
                logger.warning(
                    "The Lovense dongle did not end its search; if it finds no toys, unplug it and plug it in again"
                )
                self._seen = None
                return [*self._search_ended()]
            case _:
                return []

    def _line_received(self, line: bytes) -> Iterable[Action]:
        if not line:
            return
        try:
            answer = msgspec.json.decode(line, type=Answer)
        except UNREADABLE:
            logger.info("The Lovense dongle sent a line that is not understood: %r", line[:200])
            return
        self.answered = True
        if answer.func == "error" or answer.message:
            logger.info("The Lovense dongle reported: %r", line[:200])
        state = self._state
        yield from self._handled(answer, answer.data or Data())
        if state is _State.CHECKING is self._state:
            yield from self._checked()

    def _handled(self, answer: Answer, data: Data) -> Iterator[Action]:
        searching = self._state in (_State.SEARCHING, _State.PAUSING)
        match answer.func:
            case "status" if data.status == CONNECTED and data.id:
                yield from self._connected(data.id)
            case "status" if data.status == GONE:
                yield from self._gone(data.id)
            case "toyData" if data.id in self.toys:
                if data.data is not None:
                    yield ToyData(data.id, data.data.encode())
            case "toyData" if data.id and searching and self._is_looked_for(data.id):
                self._seen = data.id
                yield from self._stop()
            case "search" if answer.result == SEARCH_ENDED and self._state is _State.STOPPING:
                yield from self._stopped()
            case "search" if answer.result == SEARCH_ENDED and searching:
                self._state = _State.PAUSING
                yield Wait(SEARCH_PAUSE)
            case "search" | "toyData" if searching and (answer.result or 0) >= FAILURES:
                logger.warning("The Lovense dongle broke off its search with result %s; scan again", answer.result)
                yield from self._search_ended()

    def _connected(self, toy: str) -> Iterator[Action]:
        if toy in self.toys or toy in self._ignored or not self._has_room:
            return
        if self._state in (_State.SEARCHING, _State.PAUSING):
            self._seen = toy
            yield from self._stop()
        elif self._state is not _State.STOPPING:
            self._state = _State.IDLE
            self.toys.add(toy)
            yield Wait(None)
            yield ToyFound(toy)

    def _gone(self, toy: str | None) -> Iterator[Action]:
        if toy is None and len(self.toys) == 1:
            toy = next(iter(self.toys))
        if toy == self._seen:
            self._seen = None
        if toy in self.toys:
            self.toys.remove(toy)
            self._returned.discard(toy)
            yield ToyLost(toy)
            yield from self.find_again({toy})

    @property
    def _looking(self) -> bool:
        return self._wanted or bool(self.missing and not self.toys)

    def _is_looked_for(self, toy: str) -> bool:
        return toy in self.missing or (self._wanted and self._has_room and toy not in self._ignored)

    @property
    def _has_room(self) -> bool:
        return len(self.toys | self._ignored) < MAX_TOYS

    def _search_ended(self) -> Iterator[Action]:
        """The search is over, and not because a toy was seen."""
        wanted, self._wanted = self._wanted, False
        self._state = _State.PAUSING if self._looking else _State.IDLE
        yield Wait(RETRY_PAUSE if self._looking else None)
        if wanted:
            yield SearchEnded()

    def _checked(self) -> list[Action]:
        if self._looking:
            return self._search()
        self._state = _State.IDLE
        return [Wait(None)]

    def _search(self) -> list[Action]:
        self._state = _State.SEARCHING
        return [Wait(None), Send(_REQUESTS[_State.SEARCHING])]

    def _stop(self) -> list[Action]:
        self._state = _State.STOPPING
        return [Send(_REQUESTS[_State.STOPPING]), Wait(STOP_LIMIT)]

    def _stopped(self) -> list[Action]:
        """The search was ended, because a toy was seen or none was wanted any more; by now one may be wanted again."""
        self._state = _State.IDLE
        actions: list[Action] = [Wait(None)]
        toy, self._seen = self._seen, None
        if toy is not None:
            self.toys.add(toy)
            actions.append(ToyFound(toy))
        elif self._looking:
            actions += self._search()
        return actions


def command(toy: str, data: bytes) -> bytes:
    """Return the line that gives a toy a command.

    Raises:
        UnicodeDecodeError: It is not ASCII, and so no toy's.
    """
    return _line("toy", "command", toy, data.decode("ascii"))


def reports(line: bytes) -> list[bytes]:
    """Return the HID reports that carry a line."""
    pieces = (line[start : start + REPORT_TEXT] for start in range(0, len(line), REPORT_TEXT))
    return [b"\0" + piece.ljust(REPORT_LENGTH, b"\0") for piece in pieces]


def text(report: bytes) -> bytes:
    """Return the part of a line that a HID report carries."""
    return report[:-1].replace(b"\0", b"")


def _line(type: str, func: str, toy: str | None = None, cmd: str | None = None) -> bytes:  # noqa: A002
    return msgspec.json.encode(Request(type, func, toy, cmd)) + LINE_END


#: The request that is sent when a state begins that waits for its answer.
_REQUESTS = {
    _State.CHECKING: _line("toy", "statuss"),
    _State.SEARCHING: _line("toy", "search"),
    _State.STOPPING: _line("usb", "stopSearch"),
}
