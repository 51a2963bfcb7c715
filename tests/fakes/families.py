"""Device families that exist in a test only, with a configuration that knows them and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from buttplug.server import protocols
from buttplug.server.devices import simulation
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.protocols.base import Protocol
from tests.fakes.protocols import PacketPerFeature

Feature = dict[str, Any]

VIBRATOR: list[Feature] = [{"index": 0, "output": {"vibrate": {"value": [0, 100]}}}]

#: Every kind of output: speeds and levels of one and of two directions, a stroker, and a part that can do two things.
EVERYTHING: list[Feature] = [
    {"index": 0, "description": "Tip", "output": {"vibrate": {"value": [0, 100]}}},
    {"index": 1, "description": "Twist", "output": {"rotate": {"value": [-20, 20]}}},
    {"index": 2, "output": {"rotate": {"value": [0, 20]}}},
    {"index": 3, "output": {"oscillate": {"value": [0, 20]}, "constrict": {"value": [0, 3]}}},
    {"index": 4, "output": {"spray": {"value": [0, 1]}}},
    {"index": 5, "output": {"temperature": {"value": [-10, 10]}}},
    {"index": 6, "output": {"led": {"value": [0, 255]}}},
    {
        "index": 8,
        "description": "Shaft",
        "output": {
            "position": {"value": [0, 100]},
            "hw_position_with_duration": {"value": [0, 100], "duration": [0, 100_000]},
        },
    },
    {"index": 9, "input": {"battery": {"value": [[0, 100]], "command": ["Read"]}}},
    {"index": 10, "input": {"pressure": {"value": [[0, 1000]], "command": ["Subscribe"]}}},
]


class Family(NamedTuple):
    """A family: how it is driven, what its devices can do, and the Bluetooth names it is found by, if not by its id."""

    protocol: type[Protocol] = PacketPerFeature
    features: Sequence[Feature] = VIBRATOR
    names: Sequence[str] = ()
    message_gap_ms: int | None = 0


def _uuid(number: int) -> str:
    return f"{number:08}-0000-0000-0000-000000000000"


def install(monkeypatch: pytest.MonkeyPatch, folder: Path, families: Mapping[str, Family]) -> DeviceConfiguration:
    """Replace all device families by others, until the test ends; return the configuration that knows them."""
    (folder / "version.json").write_text('{"major": 5, "minor": 0}')
    for id_, family in families.items():
        services = {_uuid(1): {"tx": _uuid(2), "rx": _uuid(3)}}
        content = {
            "protocol": id_,
            "communication": [{"btle": {"names": list(family.names or [id_]), "services": services}}],
            "defaults": {"name": id_.title(), "message_gap_ms": family.message_gap_ms, "features": list(family.features)},
        }
        (folder / f"{id_}.json").write_text(json.dumps(content))
    classes = {id_: family.protocol for id_, family in families.items()}
    monkeypatch.setattr(protocols, "supports", classes.__contains__)
    monkeypatch.setattr(protocols, "load", classes.get)
    monkeypatch.setattr(simulation, "supports", classes.__contains__)
    monkeypatch.setattr(simulation, "load", classes.get)
    return DeviceConfiguration.load(folder)
