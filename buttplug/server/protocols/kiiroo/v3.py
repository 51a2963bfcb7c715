"""Kiiroo's Keons of the third generation: packets as in :mod:`~buttplug.server.protocols.kiiroo.v21`.

The Keon 2 tells its battery level as one byte. The Keon before it has no endpoint that tells it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from buttplug.core.errors import ButtplugDeviceError
from buttplug.server.protocols.base import Hardware, InputType
from buttplug.server.protocols.kiiroo.v21 import STATUS, KiirooV21


class KiirooV3(KiirooV21):
    """A stroker."""

    battery_byte: ClassVar[Mapping[int, int]] = {**KiirooV21.battery_byte, 1: 0}

    async def read(self, hardware: Hardware, feature: int, type: InputType) -> int:  # noqa: A002
        if type is InputType.BATTERY and STATUS not in hardware.endpoints:
            raise ButtplugDeviceError(f"{self.definition.name} does not tell its battery level; only the Keon 2 does")
        return await super().read(hardware, feature, type)
