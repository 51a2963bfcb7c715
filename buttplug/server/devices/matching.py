"""Which protocols may drive a device that a communication manager found: dictionary lookups, however many there are.

Where several protocols claim a device the first of this order is tried first, and the next one where the device turns out to
lack its services or does not answer its hand-shake:

1. what the user's configuration adds, before everything bundled;
2. manufacturer data, the longer the better: a "MB Controller" that sends Fluffer's data is Fluffer's, not Motorbunny's;
3. the whole name: "FM-LILAC-101" is Magic Motion's, though F-Machine has "FM-*";
4. an advertised service: a "LVS-S001" that advertises Adrien Lastic's is one, every other is a Lovense;
5. the beginning of the name, the longer the better: "XXD-Lush1" is Xiuxiuda's, though its service has the shape of Lovense's;
6. a service of a certain shape, which makers of copies use too;
7. the protocol's name in the alphabet.

So what is exact comes before a shape, and a maker's own mark before a name, which anybody may choose. The kinds of rules of
each bus, 2 to 6 here, are in its ``specifier`` module.
"""

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

    def remove(self, protocol: str, specifier: Specifier) -> None:
        """Take back what a user added."""
        match = Match(protocol, specifier)
        for rule in specifier.rules():
            entries = self._entries[rule.key]
            entries.remove(next(entry for entry in entries if entry.match == match and not entry.rank[0]))

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
