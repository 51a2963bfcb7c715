"""Devices that are identified by USB vendor and product id, over whatever connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from buttplug.hardware.specifier import Advertisement, Rule, Specifier


class UsbId(Struct, frozen=True):
    """A USB vendor and product id."""

    vendor_id: Annotated[int, Meta(ge=0, le=0xFFFF)]
    product_id: Annotated[int, Meta(ge=0, le=0xFFFF)]


class UsbIdAdvertisement(Advertisement, frozen=True):
    """A device of this machine."""

    vendor_id: int
    product_id: int


class UsbIdSpecifier(Specifier, frozen=True):
    """Devices by vendor and product; ``advertisement`` is that of the bus."""

    advertisement: ClassVar[type[UsbIdAdvertisement]]

    pairs: Annotated[tuple[UsbId, ...], Meta(min_length=1)]

    def rules(self) -> Iterator[Rule]:
        for pair in self.pairs:
            yield Rule(self.advertisement(pair.vendor_id, pair.product_id))

    def simulate(self, model: str, identifier: str | None) -> tuple[str, Advertisement]:
        pair = self.pairs[0]
        return identifier or model, self.advertisement(pair.vendor_id, pair.product_id)


def ids_of(specifiers: Iterable[UsbIdSpecifier]) -> list[UsbId]:
    """Return the ids that specifiers name."""
    return [pair for specifier in specifiers for pair in specifier.pairs]
