"""Devices that connect by themselves, to a websocket server for devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buttplug.hardware.common.lazy import import_on_use
from buttplug.hardware.websocket.specifier import WebsocketAdvertisement, WebsocketSpecifier

if TYPE_CHECKING:
    from buttplug.hardware.websocket.link import WebsocketHardware
    from buttplug.hardware.websocket.manager import WebsocketManager
else:
    __getattr__ = import_on_use(
        __name__,
        WebsocketHardware="link",
        WebsocketManager="manager",
    )

__all__ = [
    "WebsocketAdvertisement",
    "WebsocketHardware",
    "WebsocketManager",
    "WebsocketSpecifier",
]
