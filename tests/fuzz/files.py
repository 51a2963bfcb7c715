"""Configuration files: a file is read, or refused by an error that says where and what is wrong."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

from buttplug.server.devices.base_files import bundled_folder
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.user_configuration import UserFile
from tests.fuzz.fuzzer import Finding, Fuzzer
from tests.server.devices.user_configuration import helpers

PROTOCOLS = ("aneros", "lovense", "tcode-v03", "kiiroo-v21", "simulated")
VALUE: helpers.Json = {"base": [0, 20], "user": [2, 10]}


def _user_files() -> list[bytes]:
    features = [helpers.feature(vibrate={"value": VALUE, "disabled": False}), helpers.feature(rotate={"value": VALUE})]
    device = helpers.device(*features, display_name="Left", message_gap_ms=50, index=3, deny=True)
    protocols: helpers.Json = {
        "lovense": {
            "communication": [{"btle": {"names": ["LVS-*"], "services": {"0000fff0-0000-1000-8000-00805f9b34fb": {}}}}],
            "configurations": [
                {"identifier": ["XX"], "name": "Mine", "features": [{"output": {"vibrate": {"value": [0, 20]}}}]}
            ],
        },
        "tcode-v03": {"communication": [{"serial": [{"port": "/dev/ttyUSB0", "baud_rate": 115200}]}]},
    }
    simulated: helpers.Json = [{"identifier": "simulated", "address": "s-1", "display_name": "One"}]
    contents = [
        helpers.content_of(devices=[device]),
        helpers.content_of(4, devices=[device], protocols=protocols),
        helpers.content_of(devices=[device, device], protocols=protocols, simulated_devices=simulated),
        {"version": {"major": 5, "minor": 0}},
    ]
    return [json.dumps(content).encode() for content in contents]


class UserFiles(Fuzzer):
    """What a user set. What was read can be written again."""

    name = "user-files"
    seeds = tuple(_user_files())

    def __init__(self, dice: random.Random, folder: Path) -> None:
        super().__init__(dice, folder)
        self._base = folder / "base"
        self._base.mkdir()
        for name in (*PROTOCOLS, "version"):
            shutil.copy(bundled_folder() / f"{name}.json", self._base)

    async def feed(self, data: bytes) -> None:
        path = self.folder / "user.json"
        path.write_bytes(data)
        self.fed += 1
        try:
            file = UserFile.open(path, DeviceConfiguration.load(self._base))
        except ConfigurationError as error:
            if "user.json" not in error.message or len(error.message) < 20:
                raise Finding(f"a refusal does not say what is wrong: {error.message}") from error
        else:
            if file.read_only is None:
                file.save()


class BaseFiles(Fuzzer):
    """The devices that exist, as the ecosystem writes them."""

    name = "base-files"
    seeds = tuple(
        json.dumps(
            {
                "version": {"major": 5, "minor": 57},
                "protocols": {
                    name: {
                        key: value
                        for key, value in json.loads((bundled_folder() / f"{name}.json").read_bytes()).items()
                        if key != "protocol"
                    }
                },
            }
        ).encode()
        for name in PROTOCOLS
    )

    async def feed(self, data: bytes) -> None:
        path = self.folder / "base.json"
        path.write_bytes(data)
        self.fed += 1
        try:
            for definition in DeviceConfiguration.load(path):
                if not definition.name:
                    raise Finding(f"a device without a name: {definition}")
        except ConfigurationError as error:
            if "base.json" not in error.message or len(error.message) < 20:
                raise Finding(f"a refusal does not say what is wrong: {error.message}") from error
