"""What a user set for a device: its index, name, permission to connect, pace, and the limits of its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct, field

from buttplug.core.enums import OutputType
from buttplug.core.messages import Range


class DeviceKey(NamedTuple):
    """What settings hang on: the protocol, the model's identifier (None for the protocol's default) and the address."""

    protocol: str
    identifier: str | None
    address: str


class OutputSettings(Struct, frozen=True):
    """The limits of one output, in device units.

    ``value`` is the magnitude that may be used, ``0 <= value[0] <= value[1] <= n`` where the output's range is (0, n)
    or (-n, n). ``duration`` is in milliseconds. ``reverse`` turns positions round, compared with the definition.
    """

    value: Range | None = None
    duration: Range | None = None
    disabled: bool = False
    reverse: bool = False


class DeviceSettings(Struct, frozen=True):
    """The settings of one device.

    ``message_gap`` is in seconds, None for the definition's. ``outputs`` is by feature index and output type.
    """

    index: int | None = None
    display_name: str | None = None
    allow: bool = False
    deny: bool = False
    message_gap: float | None = None
    outputs: Mapping[tuple[int, OutputType], OutputSettings] = field(default_factory=dict)
