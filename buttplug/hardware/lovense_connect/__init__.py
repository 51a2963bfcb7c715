"""Toys behind the Lovense Connect app on a phone or computer of this network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buttplug.hardware.common.lazy import import_on_use
from buttplug.hardware.lovense_connect.specifier import LovenseConnectAdvertisement, LovenseConnectSpecifier

if TYPE_CHECKING:
    from buttplug.hardware.lovense_connect.link import LovenseConnectHardware
    from buttplug.hardware.lovense_connect.manager import LovenseConnectManager
else:
    __getattr__ = import_on_use(
        __name__,
        LovenseConnectHardware="link",
        LovenseConnectManager="manager",
    )

__all__ = [
    "LovenseConnectAdvertisement",
    "LovenseConnectHardware",
    "LovenseConnectManager",
    "LovenseConnectSpecifier",
]
