"""A family that stops in a way of its own stops every output, as a value of 0 for that output would."""

from __future__ import annotations

import copy

import pytest

from buttplug.core.enums import OutputType
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols import load, supports
from buttplug.server.protocols.base import Output, Protocol
from tests.server.protocols.helpers import ADDRESS, configuration


def stops_by_itself(protocol_id: str) -> bool:
    protocol = load(protocol_id)
    return protocol is not None and protocol.stop is not Protocol.stop


def levels(definition: DeviceDefinition) -> list[tuple[int, OutputType, int]]:
    """Return feature, type and highest value of each output that is not a position."""
    return [
        (feature.index, type_, output.value[1])
        for feature in definition.features
        for type_, output in feature.outputs.items()
        if not type_.is_position
    ]


FAMILIES = [family for family in configuration().protocols if supports(family) and stops_by_itself(family)]


@pytest.mark.parametrize("family", FAMILIES)
def test_its_own_stop_ends_what_zero_would_end(family: str) -> None:
    for definition in configuration():
        if definition.protocol == family:
            for feature, type_, highest in levels(definition):
                zero, stop = packets_for(definition, Output(feature, type_, highest))
                assert set(zero[:1]) <= set(stop), f"{definition.name}: feature {feature} {type_} goes on"


def packets_for(definition: DeviceDefinition, driven: Output) -> tuple[list[bytes], list[bytes]]:
    """Return what ends a driven output by a value of 0, and by a stop of all."""
    protocol = load(definition.protocol)
    assert protocol is not None
    one = protocol(definition, name=definition.identifier or "", address=ADDRESS)
    nothing = {feature.index: 0 for feature in definition.features if feature.outputs}
    list(one.encode([driven], {**nothing, driven.feature: driven.value}))
    other = copy.deepcopy(one)
    zero = one.encode([Output(driven.feature, driven.type, 0)], nothing)
    stop = other.stop([Output(feature, type_, 0) for feature, type_, _ in levels(definition)], nothing)
    return [packet.data for packet in zero], [packet.data for packet in stop]
