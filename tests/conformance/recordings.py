"""Recordings: what the models of a family were sent, step by step, as cases that are played like vectors.

Of the packets only the bytes were recorded, and repeats are among them where they fell into a step. What the device answers
is not, so a simulated device stands in for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from buttplug.core.enums import OutputType
from buttplug.hardware.bluetooth import BluetoothAdvertisement
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.hardware.specifier import Advertisement
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols import prepare
from tests.conformance.format import Case, Expectation, Found, Send, Setting, Step


class _Step(Struct, forbid_unknown_fields=True):
    packets: list[str]
    feature: int | None = None
    output: OutputType | None = None
    value: int | None = None
    duration: int | None = None
    stop: bool = False
    answer: str = "Ok"

    def __post_init__(self) -> None:
        self.steps()

    def steps(self) -> tuple[Step, Step]:
        """Return what is done, and what is expected of it."""
        if self.stop:
            send = Send(stop=True)
        elif self.feature is None or self.output is None or self.value is None:
            raise ValueError("a step that is no stop needs a feature, an output and a value")
        else:
            send = Send(setting=Setting(self.feature, self.output, self.value, self.duration))
        return Step(send=[send]), _expected(self.packets)


class _Model(Struct, forbid_unknown_fields=True):
    device_name: str
    features: dict[str, Any]
    on_connect: list[str]
    steps: list[_Step]

    def __post_init__(self) -> None:
        _expected(self.on_connect)

    def session(self) -> list[Step]:
        """Return all that happens. The hand-shake is expected first: only its packets are known, not what was answered."""
        return [_expected(self.on_connect), *chain.from_iterable(step.steps() for step in self.steps)]


class _Recording(Struct):
    """What else is in the file says how it was recorded."""

    protocol: str
    models: dict[str, _Model] = {}


class RecordedModel(NamedTuple):
    """What was recorded of one model, and the protocol that drove it."""

    protocol: str
    definition: DeviceDefinition | None
    case: Case


def is_recording(path: Path) -> bool:
    """Whether a file is a recording, not a vector."""
    return "protocol" in msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])


def read(path: Path, configuration: DeviceConfiguration) -> Iterator[RecordedModel]:
    """Read a recording, model by model; without a definition where the configuration knows no such model.

    Raises:
        msgspec.DecodeError: It is not in this form; the message says where.
    """
    recording = msgspec.json.decode(path.read_bytes(), type=_Recording)
    for advertised, model in recording.models.items():
        definition = _definition(configuration, recording.protocol, advertised, model.device_name)
        found = Found(advertised, model.device_name if definition is None else definition.name)
        case = Case(f"{recording.protocol} {advertised}", [found], model.session())
        yield RecordedModel(recording.protocol, definition, case)


def simulate(recorded: RecordedModel, configuration: DeviceConfiguration) -> SimulatedDevice:
    """Return what answers as the recorded device did: with its name where its devices are found by that."""
    assert recorded.definition is not None
    advertised = recorded.case.devices[0].advertised_name
    advertisement: Advertisement = BluetoothAdvertisement(advertised)
    best = configuration.match(advertisement)[:1]
    if not best or best[0].protocol != recorded.protocol:
        specifier = configuration.specifiers(recorded.protocol)[0]
        advertised, advertisement = specifier.simulate(recorded.definition.name, recorded.definition.identifier)
    device = SimulatedDevice(advertised, advertisement, address="recorded")
    prepare(device, recorded.definition)
    return device


def _definition(
    configuration: DeviceConfiguration, protocol: str, advertised: str, device_name: str
) -> DeviceDefinition | None:
    """Return the model with the advertised name, or else the one that clients are told."""
    definition = configuration.definition(protocol, advertised)
    if definition is None or definition.identifier is not None or definition.name == device_name:
        return definition
    models = (model for model in configuration if model.protocol == protocol and model.name == device_name)
    return next(models, None)


def _expected(packets: list[str]) -> Step:
    return Step(expect=[Expectation(write="tx", data=data) for data in packets])
