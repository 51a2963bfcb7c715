"""The ids by which the ecosystem's programs know models and features.

They are in the ecosystem's base file, and in what users add. The bundled configuration has none; then an id is made up, always
the same for the same feature, so that this package knows it again. The ecosystem's programs do not know it, and leave out such
an entry.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple
from uuid import UUID, uuid5

from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.settings import DeviceKey

_NAMESPACE = UUID("5f0d4c1e-9a0b-5f6e-8d5c-0c7f4f2b6a11")


class Ids(NamedTuple):
    """The ids of a model and, by index, of its features."""

    model: str
    features: dict[int, str]

    def index_of(self, feature_id: object) -> int | None:
        """Return which feature has an id; None where none has, or several."""
        if not isinstance(feature_id, str) or Counter(self.features.values())[feature_id] != 1:
            return None
        return next(index for index, known in self.features.items() if known == feature_id)


def ids_of(configuration: DeviceConfiguration, key: DeviceKey) -> Ids:
    """Return the ids of a device's model, known or made up; without features for an unknown protocol."""
    model = configuration.model(key)
    name = f"{key.protocol}/{key.identifier if configuration.lists(key) else ''}"
    features = model.features or () if model is not None else ()
    return Ids(
        (model.id if model is not None else None) or str(uuid5(_NAMESPACE, name)),
        {feature.index: feature.id or str(uuid5(_NAMESPACE, f"{name}/{feature.index}")) for feature in features},
    )
