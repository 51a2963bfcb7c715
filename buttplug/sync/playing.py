"""What a synchronous player of scripts is given, as the asynchronous one has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from buttplug.client.device import ButtplugDevice, DeviceFeature
from buttplug.core.errors import DeviceErrorReason
from buttplug.sync.bridge import Bridge
from buttplug.sync.face.device import Device, Feature
from buttplug.sync.translation import ButtplugDeviceError


def bridge_of(targets: Iterable[Device | Feature], axes: Mapping[str, Feature] | None) -> Bridge:
    """Return the bridge of what is to be played on.

    Raises:
        ButtplugDeviceError: There is nothing to play on.
    """
    for target in (*targets, *(axes or {}).values()):
        return target._bridge
    text = "There is nothing to play on: FunscriptPlayer(script, device, …)"
    raise ButtplugDeviceError(text, reason=DeviceErrorReason.NO_SUCH_OUTPUT)


def targets_of(targets: Iterable[Device | Feature]) -> list[ButtplugDevice | DeviceFeature]:
    """Return the asynchronous devices and features."""
    return [target._async for target in targets]


def axes_of(axes: Mapping[str, Feature] | None) -> dict[str, DeviceFeature]:
    """Return the asynchronous feature of each axis."""
    return {name: feature._async for name, feature in (axes or {}).items()}
