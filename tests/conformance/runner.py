"""Runs a vector by a client of any version, and says what came of it."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from buttplug.core.messages import SPEC_MAJOR
from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothSpecifier
from buttplug.hardware.gamepad import GamepadAdvertisement
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.hardware.specifier import Advertisement
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.user_configuration import load_user_configuration
from buttplug.server.protocols import supports
from tests.conformance import recordings
from tests.conformance.clients import Connect, by_websocket, in_process
from tests.conformance.format import Case, Found, read
from tests.conformance.player import Mismatch, NotForThisVersionError, ScriptedDevice, play
from tests.conformance.recordings import RecordedModel
from tests.fakes.clock import VirtualTimeLoop

#: The folder of user configurations, beside the vectors.
CONFIG = "config"

#: Vectors that clients below a version cannot play, since packets of the steps left out for them would have been counted.
LEAST_VERSIONS = {"tryfun_blackhole_protocol": 3, "tryfun_meta2_protocol": 3}


class Verdict(StrEnum):
    """What came of a case."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_SUPPORTED = "not supported"
    NOT_FOR_VERSION = "not for this version"


class Outcome(Struct, frozen=True):
    """A case's verdict, with what went wrong, why it passed with deviations, or what a version has no words for."""

    case: str
    verdict: Verdict
    details: tuple[str, ...] = ()


class _Warnings(logging.Handler):
    """Keeps what the server warned of, while it is in use."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())

    def __enter__(self) -> list[str]:
        logging.getLogger("buttplug").addHandler(self)
        return self.messages

    def __exit__(self, *error: object) -> None:
        logging.getLogger("buttplug").removeHandler(self)


def run_file(path: Path, version: int | None = None) -> list[Outcome]:
    """Run the vector in a file, see :func:`run`, or the recordings of all models in it."""
    try:
        if not recordings.is_recording(path):
            return [run(path, version)]
        recorded = list(recordings.read(path, _bundled()))
    except msgspec.DecodeError as error:
        return [Outcome(path.stem, Verdict.FAILED, (str(error),))]
    return [_run_recorded(model, _bundled(), version) for model in recorded]


def _run_recorded(recorded: RecordedModel, configuration: DeviceConfiguration, version: int | None) -> Outcome:
    """Run what was recorded of one model; by this package's own client only in process: the wire is for vectors to show."""
    name = recorded.case.name
    if recorded.definition is None:
        return Outcome(name, Verdict.FAILED, (f"the configuration knows no such model of {recorded.protocol}",))
    if not supports(recorded.protocol):
        return Outcome(name, Verdict.NOT_SUPPORTED, (recorded.protocol,))
    return _played(recorded.case, configuration, lambda: [recordings.simulate(recorded, configuration)], _ways(version)[:1])


def run(path: Path, version: int | None = None) -> Outcome:
    """Run the vector in a file: by a client of a version, over a websocket, or in both ways of this package's own client."""
    try:
        case = read(path)
        configuration = _configuration(case, path.parent)
    except (msgspec.DecodeError, ConfigurationError) as error:
        return Outcome(path.stem, Verdict.FAILED, (str(error),))
    advertisements = [_advertisement(found, configuration) for found in case.devices]
    for found, advertisement in zip(case.devices, advertisements, strict=True):
        matches = configuration.match(advertisement)
        if not matches:
            return Outcome(case.name, Verdict.FAILED, (f"the configuration knows no device {found.advertised_name}",))
        if not supports(matches[0].protocol):
            return Outcome(case.name, Verdict.NOT_SUPPORTED, (matches[0].protocol,))
    if version is not None and version < LEAST_VERSIONS.get(path.stem, 0):
        return Outcome(case.name, Verdict.NOT_FOR_VERSION, ("its packets count steps that only newer clients make",))
    return _played(case, configuration, lambda: _scripted(case, advertisements), _ways(version))


def _scripted(case: Case, advertisements: Sequence[Advertisement]) -> Sequence[SimulatedDevice]:
    devices = []
    for number, (found, advertisement) in enumerate(zip(case.devices, advertisements, strict=True)):
        name = found.definition or found.advertised_name
        devices.append(ScriptedDevice(name, advertisement, address=found.address or f"vector-{number}"))
        devices[-1].knows_battery = found.transport is not None
        devices[-1].own_name = found.definition and found.advertised_name
    return devices


def _played(
    case: Case, configuration: DeviceConfiguration, devices: Callable[[], Sequence[SimulatedDevice]], ways: Sequence[_Way]
) -> Outcome:
    """Play a case in each way, with fresh devices."""
    reasons: list[str] = []
    for way in ways:
        with _Warnings() as warnings, asyncio.Runner(loop_factory=VirtualTimeLoop) as loop:
            try:
                reasons = loop.run(play(case, configuration, devices(), way.connect, way.version))
            except NotForThisVersionError as error:
                return Outcome(case.name, Verdict.NOT_FOR_VERSION, (str(error),))
            except Mismatch as mismatch:
                return Outcome(case.name, Verdict.FAILED, (f"{way.name}, {mismatch}", *warnings))
            except Exception as error:  # noqa: BLE001 whatever it is, this case failed and the others are still to be run
                return Outcome(case.name, Verdict.FAILED, (f"{way.name}, {type(error).__name__}: {error}", *warnings))
    return Outcome(case.name, Verdict.PASSED, tuple(reasons))


class _Way(NamedTuple):
    """How a client comes to the server, and its version."""

    name: str
    connect: Connect
    version: int = SPEC_MAJOR


def _ways(version: int | None) -> list[_Way]:
    if version is None:
        return [_Way("in process", in_process), _Way("websocket", by_websocket(SPEC_MAJOR))]
    return [_Way(f"version {version}", by_websocket(version), version)]


def _configuration(case: Case, folder: Path) -> DeviceConfiguration:
    if case.user_config is None:
        return _bundled()
    configuration = DeviceConfiguration.load()
    load_user_configuration(folder / CONFIG / case.user_config, configuration)
    return configuration


@cache
def _bundled() -> DeviceConfiguration:
    return DeviceConfiguration.load()


def _advertisement(found: Found, configuration: DeviceConfiguration) -> Advertisement:
    """Return what a device sends out: its name, or with a name that says so the manufacturer data of a protocol."""
    if found.transport == "sdl-gamepad":
        return GamepadAdvertisement()
    protocol = re.search("match_(.+)_manufacturer_data", found.advertised_name)
    specifiers = configuration.specifiers(protocol[1].replace("_", "-")) if protocol else ()
    data = {
        wanted.company: bytes(wanted.data)
        for specifier in specifiers
        if isinstance(specifier, BluetoothSpecifier)
        for wanted in specifier.manufacturer_data
        # A device that is found by any data was recorded without: what it advertises, it makes its hand-shake with.
        if wanted.data
    }
    return BluetoothAdvertisement(found.advertised_name, data)
