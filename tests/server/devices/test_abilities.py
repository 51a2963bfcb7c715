"""Which outputs of a definition a protocol can drive: the others are left out aloud, since they could not be stopped."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.server import protocols
from buttplug.server.devices.abilities import without_lacking_outputs
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.definition import DeviceDefinition, FeatureDefinition, OutputDefinition

VIBRATE, MOVE = OutputType.VIBRATE, OutputType.POSITION_WITH_DURATION


def driven(protocol: str, *types: OutputType) -> list[OutputType]:
    """Return the outputs that are left of a model with these, a feature for each."""
    features = tuple(
        FeatureDefinition(index, "", {type_: OutputDefinition((0, 8), (0, 5000) if type_ is MOVE else None)}, {})
        for index, type_ in enumerate(types)
    )
    family = protocols.load(protocol)
    assert family is not None
    definition = DeviceDefinition(protocol, None, "Own", features)
    left = without_lacking_outputs(definition, family(definition, name="own", address="1"))
    return [type_ for feature in left.features for type_ in feature.outputs]


@pytest.mark.parametrize("protocol", ["zalo", "patoo", "wevibe", "vibratissimo"])
def test_a_place_is_no_level_for_a_protocol_that_sends_all_levels_in_one_packet(
    protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert driven(protocol, VIBRATE, MOVE) == [VIBRATE]
    assert driven(protocol, MOVE) == []
    assert "it has levels only, and no places" in caplog.text


@pytest.mark.parametrize("protocol", ["kiiroo-v1", "kiiroo-v21", "umove"])
def test_a_protocol_that_knows_places_keeps_them(protocol: str) -> None:
    assert driven(protocol, MOVE) == [MOVE]


def test_every_output_of_the_bundled_models_can_be_driven(bundled: DeviceConfiguration) -> None:
    for definition in bundled:
        family = protocols.load(definition.protocol)
        if family is not None:
            assert (
                without_lacking_outputs(definition, family(definition, name="Bach, CycSA, Omorfi", address="1")) == definition
            )
