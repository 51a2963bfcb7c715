"""What a user set for a device: its index, name, permission to connect, pace, and the limits of its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NamedTuple, TypedDict

import msgspec
from msgspec import Meta, Struct, field, structs

from buttplug.core.enums import OutputType
from buttplug.core.messages import U32, U32_MAX, Range
from buttplug.core.text import escaped
from buttplug.server.devices.errors import ConfigurationError


class DeviceKey(NamedTuple):
    """What settings hang on: the protocol, the model's identifier (None for the protocol's default) and the address."""

    protocol: str
    identifier: str | None
    address: str

    def __str__(self) -> str:
        # All but the protocol may come from the device, and this goes to logs.
        return escaped(f"{self.protocol} {self.identifier or 'without identifier'} at {self.address}")


class OutputSettings(Struct, frozen=True):
    """The limits of one output, in device units.

    ``value`` is the magnitude that may be used, ``0 <= value[0] <= value[1] <= n`` where the output's range is (0, n)
    or (-n, n). ``duration`` is in milliseconds. ``reverse`` turns positions round, compared with the definition.
    """

    value: Range | None = None
    duration: Range | None = None
    disabled: bool = False
    reverse: bool = False

    def __str__(self) -> str:
        if self.disabled:
            return "disabled"
        parts = [f"{self.value[0]}..{self.value[1]}"] if self.value is not None else []
        parts += [f"{self.duration[0]}..{self.duration[1]} ms"] if self.duration is not None else []
        parts += ["reversed"] if self.reverse else []
        return " ".join(parts)

    def narrowed_to(self, other: OutputSettings) -> OutputSettings:
        """Return what neither of the two forbids; disabled where nothing is left."""
        value, duration = _common(self.value, other.value), _common(self.duration, other.duration)
        nothing_left = any(limits is not None and limits[0] > limits[1] for limits in (value, duration))
        if nothing_left or self.disabled or other.disabled:
            return OutputSettings(disabled=True)
        return OutputSettings(value, duration, reverse=self.reverse or other.reverse)


class DeviceSettings(Struct, frozen=True):
    """The settings of one device.

    ``message_gap`` is in seconds, None for the definition's. ``outputs`` is by feature index and output type. ``unusable``
    says why the settings cannot be known; then the device is not driven.
    """

    index: U32 | None = None
    display_name: str | None = None
    allow: bool = False
    deny: bool = False
    message_gap: Annotated[float, Meta(ge=0, le=U32_MAX / 1000)] | None = None
    outputs: Mapping[tuple[int, OutputType], OutputSettings] = field(default_factory=dict)
    unusable: str | None = None

    @property
    def limits(self) -> str:
        """The limits for people: ``feature 0 Vibrate 0..5, feature 1 Rotate disabled``; "none" where there are none."""
        return ", ".join(f"feature {index} {type_} {output}" for (index, type_), output in self.outputs.items()) or "none"


def checked(settings: DeviceSettings) -> DeviceSettings:
    """Check settings that a program made, and return them.

    Raises:
        ConfigurationError: A value has the wrong type or is out of range; the message says which.
    """
    plain = structs.asdict(settings)
    plain["outputs"] = {at: structs.asdict(output) for at, output in settings.outputs.items()}
    try:
        (settings.display_name or "").encode()
        return msgspec.convert(plain, DeviceSettings)
    except (AttributeError, UnicodeEncodeError):
        raise ConfigurationError(f"the display name is no text: {settings.display_name!r}") from None
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"the settings cannot be used: {error}") from error


class DeviceChanges(TypedDict, total=False):
    """Changes of a device's settings: what is not given stays as it is."""

    index: int | None
    display_name: str | None
    allow: bool
    deny: bool
    message_gap: float | None


class OutputChanges(TypedDict, total=False):
    """Changes of an output's settings: what is not given stays as it is."""

    value: Range | None
    duration: Range | None
    disabled: bool
    reverse: bool


def _common(one: Range | None, other: Range | None) -> Range | None:
    if one is None or other is None:
        return one or other
    return max(one[0], other[0]), min(one[1], other[1])
