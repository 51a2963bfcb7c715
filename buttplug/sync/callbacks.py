"""The callbacks of a synchronous client."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from buttplug.sync.face.device import Device

Callback: TypeAlias = Callable[[], object]
DeviceCallback: TypeAlias = Callable[[Device], object]
ErrorCallback: TypeAlias = Callable[[Exception], object]
