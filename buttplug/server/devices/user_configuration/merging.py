"""What several entries for one device say together: nothing that one of them forbids."""

from __future__ import annotations

from collections.abc import Mapping

from buttplug.core.enums import OutputType
from buttplug.server.devices.settings import DeviceSettings, OutputSettings
from buttplug.server.devices.user_configuration.keys import Warn

_Outputs = Mapping[tuple[int, OutputType], OutputSettings]


def merged(earlier: DeviceSettings, later: DeviceSettings, place: str, warn: Warn) -> DeviceSettings:
    """Return what two entries say together: the narrower limits, the slower pace, and the later name and index.

    An output whose limits contradict each other is disabled, with a warning at the ``place`` of the later entry.
    """
    gaps = [gap for gap in (earlier.message_gap, later.message_gap) if gap is not None]
    return DeviceSettings(
        index=earlier.index if later.index is None else later.index,
        display_name=earlier.display_name if later.display_name is None else later.display_name,
        allow=earlier.allow or later.allow,
        deny=earlier.deny or later.deny,
        message_gap=max(gaps, default=None),
        outputs={**earlier.outputs, **later.outputs, **_in_both(earlier.outputs, later.outputs, place, warn)},
        unusable=later.unusable or earlier.unusable,
    )


def _in_both(earlier: _Outputs, later: _Outputs, place: str, warn: Warn) -> _Outputs:
    outputs = {}
    for at in earlier.keys() & later.keys():
        outputs[at] = earlier[at].narrowed_to(later[at])
        if outputs[at].disabled and not (earlier[at].disabled or later[at].disabled):
            warn(place, f"feature {at[0]} {at[1]} is disabled until this is mended: an earlier entry contradicts its limits")
    return outputs
