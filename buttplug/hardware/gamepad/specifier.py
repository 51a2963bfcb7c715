"""How game pads are found."""

from __future__ import annotations

from collections.abc import Iterator

from buttplug.hardware.specifier import Advertisement, Rule, Specifier


class GamepadAdvertisement(Advertisement, frozen=True):
    """A game pad that can rumble."""


class GamepadSpecifier(Specifier, frozen=True):
    """Any game pad."""

    exists: bool = True

    def rules(self) -> Iterator[Rule]:
        yield Rule(GamepadAdvertisement())

    def simulate(self, model: str, identifier: str | None) -> tuple[str, Advertisement]:
        return identifier or model, GamepadAdvertisement()
