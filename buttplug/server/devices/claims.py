"""Addresses belong to one device each: what is found at the address of another device has to wait, and that is said."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field

from buttplug.core.log import logger_of
from buttplug.core.text import escaped
from buttplug.hardware.base import CommunicationManager, Discovery
from buttplug.hardware.common.addresses import ByAddress

logger: logging.Logger = logger_of(__name__)

#: Warnings about further devices at the address of one device. They choose their own names, and could fill the log.
MOST_REFUSED = 8


@dataclass
class _Claim:
    manager: CommunicationManager
    protocols: frozenset[str]
    refused: set[tuple[CommunicationManager, str]] = field(default_factory=set)


class Claims:
    """The addresses of devices that are connected or being connected."""

    def __init__(self) -> None:
        self._claims: ByAddress[_Claim] = ByAddress()

    def __contains__(self, address: str) -> bool:
        return address in self._claims

    def add(self, manager: CommunicationManager, discovery: Discovery, protocols: Collection[str]) -> None:
        """Note a device that is being connected: where it was found, and the protocols that may drive it."""
        self._claims[discovery.address] = _Claim(manager, frozenset(protocols))

    def release(self, address: str) -> None:
        """Let go of an address."""
        self._claims.pop(address, None)

    def tell_of_another(self, manager: CommunicationManager, discovery: Discovery, protocols: Collection[str]) -> None:
        """Say that what was found at a claimed address is not connected, while the device with that address is.

        Nothing is said where it may be the same device, which buses report again and again.
        """
        claim = self._claims[discovery.address]
        if claim.manager is manager and (not protocols or not claim.protocols.isdisjoint(protocols)):
            return
        if (manager, discovery.name) not in claim.refused and len(claim.refused) < MOST_REFUSED:
            claim.refused.add((manager, discovery.name))
            logger.warning(
                "%s (%s) is refused while another device has its address %s (%s): an address is for one device",
                discovery.name or "A device",
                manager.bus,
                escaped(discovery.address),
                claim.manager.bus,
            )
