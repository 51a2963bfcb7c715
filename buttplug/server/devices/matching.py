"""Which protocols may drive a device that a communication manager found: dictionary lookups, however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

from buttplug.hardware.specifier import Advertisement, Specifier


class Match(NamedTuple):
    """A protocol that may drive a device, and the specifier that says so."""

    protocol: str
    specifier: Specifier


#: Sorts the best first: user's before bundled, then by kind of rule, then the longer text or data, then by protocol name.
_Rank: TypeAlias = tuple[bool, int, int, str]


class _Entry(NamedTuple):
    rank: _Rank
    match: Match
    test: Callable[[Any], bool] | None


_by_rank = attrgetter("rank")


class Matcher:
    """The rules of all specifiers, by their keys."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, list[_Entry]] = defaultdict(list)

    def add(self, protocol: str, specifier: Specifier, *, bundled: bool) -> None:
        """Have a protocol matched by a specifier; a user's own come before the bundled ones."""
        match = Match(protocol, specifier)
        for rule in specifier.rules():
            rank = (bundled, rule.kind, -rule.length, protocol)
            self._entries[rule.key].append(_Entry(rank, match, rule.test))

    def match(self, advertisement: Advertisement) -> list[Match]:
        """Return the protocols that may drive a device, best first."""
        found = [
            entry
            for key in advertisement.lookup_keys()
            for entry in self._entries.get(key, ())
            if entry.test is None or entry.test(advertisement)
        ]
        found.sort(key=_by_rank)
        # A specifier that is matched by several of its rules counts once, by the best of them.
        return list({id(entry.match): entry.match for entry in found}.values())
