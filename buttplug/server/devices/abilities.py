"""Which outputs of a device's definition its protocol can drive."""

from __future__ import annotations

import copy
import logging
from contextlib import suppress
from itertools import chain

from msgspec import structs

from buttplug.core.enums import OutputType
from buttplug.core.log import logger_of
from buttplug.server.devices.definition import DeviceDefinition, FeatureDefinition, OutputDefinition
from buttplug.server.protocols.base import Output, Packet, Protocol

logger: logging.Logger = logger_of(__name__)


def without_lacking_outputs(definition: DeviceDefinition, protocol: Protocol) -> DeviceDefinition:
    """Return a definition without the outputs that its protocol has no packet for: they could be neither driven nor stopped.

    Each is told with a warning. The bundled definitions have none; a user's own may.
    """
    values = {feature.index: 0 for feature in definition.features if feature.outputs}
    features = tuple(_without_lacking(definition, feature, protocol, values) for feature in definition.features)
    return structs.replace(definition, features=features)


def _without_lacking(
    definition: DeviceDefinition, feature: FeatureDefinition, protocol: Protocol, values: dict[int, int]
) -> FeatureDefinition:
    outputs = {}
    for type_, output in feature.outputs.items():
        problem = _problem(feature.index, type_, output, protocol, values)
        if problem is None:
            outputs[type_] = output
        else:
            logger.warning(
                "%s, feature %d: %s is left out, protocol %s cannot drive it: %s",
                definition.name,
                feature.index,
                type_,
                definition.protocol,
                problem,
            )
    return structs.replace(feature, outputs=outputs)


def _problem(
    feature: int, type_: OutputType, output: OutputDefinition, protocol: Protocol, values: dict[int, int]
) -> str | None:
    """Return why an output cannot be driven; None if it can. Asked are copies of the protocol, which is left as it is."""
    longest = 0 if output.duration is None else output.duration[1]

    def packets(type_: OutputType) -> list[Packet]:
        # All but the definition, which nothing changes and which is most of it.
        asked = copy.deepcopy(protocol, {id(protocol.definition): protocol.definition})
        encoded = [
            list(asked.encode([Output(feature, type_, value, longest)], {**values, feature: value}))
            for value in (output.value[1], output.value[0])
        ]
        return list(chain.from_iterable(encoded))

    try:
        made = packets(type_)
    except Exception as error:  # noqa: BLE001 whatever it is, the output cannot be used
        return str(error) or type(error).__name__
    if type_.is_position and made and type(protocol).encode is not Protocol.encode:
        # One packet with all values, whatever they are of: a place would be a level, also in a stop.
        with suppress(Exception):
            if packets(OutputType.VIBRATE) == made:
                return "it has levels only, and no places"
    return None
