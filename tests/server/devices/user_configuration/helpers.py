"""Entries of user configuration files, as the ecosystem's programs write them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from msgspec import structs

from buttplug.core.enums import OutputType
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.format import Model
from buttplug.server.devices.settings import DeviceKey, DeviceSettings

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

#: Reads the given contents of ``user_configs`` from a file.
Load: TypeAlias = Callable[..., DeviceConfiguration]

EDGE = DeviceKey("lovense", "P", "AA:BB:CC:DD:EE:FF")
VIBRATE_0 = (0, OutputType.VIBRATE)
VIBRATE_1 = (1, OutputType.VIBRATE)


def content_of(major: int = 5, **user_configs: Json) -> dict[str, Any]:
    return {"version": {"major": major, "minor": 57}, "user_configs": user_configs}


def written(path: Path) -> Any:
    """What is in a file."""
    return json.loads(path.read_text("utf-8"))


def device(
    *features: Json, protocol: str = "lovense", identifier: Json = "P", address: Json = EDGE.address, **user_config: Json
) -> Json:
    """An entry of ``devices`` as the ecosystem's programs write it."""
    return {
        "identifier": {"protocol": protocol, "identifier": identifier, "address": address},
        "config": {
            "id": "e3d3c3b3-0a0b-4c0d-8e0f-101112131415",
            "base_id": "2e309985-6bbf-4b75-866f-76d845b3ce42",
            "features": list(features),
            "user_config": {"allow": False, "deny": False, "index": 0, **user_config},
        },
    }


def feature(**output: Json) -> dict[str, Json]:
    return {
        "id": "7a1f5a10-0000-4000-8000-000000000001",
        "base_id": "cb286b22-998b-4420-82f3-84e8d39db6b5",
        **({"output": output} if output else {}),
    }


def settings_of(configuration: DeviceConfiguration) -> DeviceSettings:
    """The settings of the only device there is."""
    (settings,) = configuration.settings.values()
    return settings


def without_ids(model: Model) -> Model:
    """A model without what a save adds to it."""
    return structs.replace(model, id=None, features=[structs.replace(feature, id=None) for feature in model.features or ()])
