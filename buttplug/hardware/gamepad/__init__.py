"""Game pads that rumble, by SDL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buttplug.hardware.common.lazy import import_on_use
from buttplug.hardware.gamepad.specifier import GamepadAdvertisement, GamepadSpecifier

if TYPE_CHECKING:
    from buttplug.hardware.gamepad.link import GamepadHardware
    from buttplug.hardware.gamepad.manager import GamepadManager
else:
    __getattr__ = import_on_use(
        __name__,
        GamepadHardware="link",
        GamepadManager="manager",
    )

__all__ = [
    "GamepadAdvertisement",
    "GamepadHardware",
    "GamepadManager",
    "GamepadSpecifier",
]
