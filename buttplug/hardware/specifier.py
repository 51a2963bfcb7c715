"""What identifies devices: the interfaces that each bus fills in.

A *specifier* is what the device configuration says about a protocol's devices on one bus; an *advertisement* is what a
communication manager knows of one device it found, before it is opened. The matcher only compares keys: a specifier's rules
each have one, an advertisement lists those under which rules for it may be found.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any, NamedTuple, Self

from msgspec import Struct


class Advertisement(Struct, frozen=True):
    """What a communication manager knows of a device it found."""

    def lookup_keys(self) -> Iterator[Hashable]:
        """Return the keys of the rules that may match it. Keys of different buses are never equal."""
        yield self


class Rule(NamedTuple):
    """One way in which a specifier matches: advertisements that have ``key`` and pass ``test``, where there is one.

    Of several rules that match a device, the one of the lowest ``kind`` is the best, then the one of the greatest ``length``.
    """

    key: Hashable
    kind: int = 0
    length: int = 0
    test: Callable[[Any], bool] | None = None


class Specifier(Struct, frozen=True):
    """How a protocol's devices are found on one bus. The field names are those of the configuration files."""

    def rules(self) -> Iterator[Rule]:
        """Return every way in which it matches."""
        raise NotImplementedError

    def simulate(self, model: str, identifier: str | None) -> tuple[str, Advertisement]:
        """Return the name and the advertisement by which a simulated device is found and, where its name tells, identified.

        ``model`` is the model's name, ``identifier`` what its protocol identifies it by.
        """
        raise NotImplementedError

    @property
    def endpoints(self) -> frozenset[str]:
        """Every endpoint that a device may have."""
        return frozenset({"tx", "rx", "txvendorcontrol"})

    def normalized(self) -> Self:
        """Return the same, with what users may write in several ways written as in the bundled configuration."""
        return self

    def problems(self, place: str) -> Iterator[str]:
        """Return what makes it unusable, each with the place in the file."""
        yield from ()
