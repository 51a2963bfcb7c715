"""Configuration files of users, in the ecosystem's formats 4 and 5: read loosely, written strictly, without loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buttplug.hardware.common.lazy import import_on_use

if TYPE_CHECKING:
    from buttplug.server.devices.user_configuration.file import UserFile, load_user_configuration
else:
    __getattr__ = import_on_use(__name__, UserFile="file", load_user_configuration="file")

__all__ = ["UserFile", "load_user_configuration"]
