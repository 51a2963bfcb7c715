"""How devices are found that exist only as simulations."""

from __future__ import annotations

from collections.abc import Iterator

from buttplug.hardware.specifier import Advertisement, Rule, Specifier


class SimulatedAdvertisement(Advertisement, frozen=True):
    """A device of a kind that exists only as a simulation."""

    name: str


class SimulatedSpecifier(Specifier, frozen=True):
    """Devices of the kinds that exist only as simulations."""

    names: tuple[str, ...]

    def rules(self) -> Iterator[Rule]:
        for name in self.names:
            yield Rule(SimulatedAdvertisement(name))

    def simulate(self, model: str, identifier: str | None) -> tuple[str, Advertisement]:
        name = identifier or model
        return name, SimulatedAdvertisement(name)
