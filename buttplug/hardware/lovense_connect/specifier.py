"""How toys of the Lovense Connect app are found."""

from __future__ import annotations

from collections.abc import Iterator

from buttplug.hardware.specifier import Advertisement, Rule, Specifier


class LovenseConnectAdvertisement(Advertisement, frozen=True):
    """A toy of the Lovense Connect app."""


class LovenseConnectSpecifier(Specifier, frozen=True):
    """Any toy of the Lovense Connect app."""

    exists: bool = True

    def rules(self) -> Iterator[Rule]:
        yield Rule(LovenseConnectAdvertisement())

    def simulate(self, model: str, identifier: str | None) -> tuple[str, Advertisement]:
        return identifier or model, LovenseConnectAdvertisement()
