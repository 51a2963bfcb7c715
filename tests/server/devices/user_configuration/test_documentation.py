"""The page on settings: its example takes effect as it says, and its program runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from buttplug.core.enums import OutputType
from buttplug.hardware.serial import SerialAdvertisement
from buttplug.hardware.websocket import WebsocketAdvertisement
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.format import SimulatedEntry
from buttplug.server.devices.settings import DeviceKey, DeviceSettings, OutputSettings
from buttplug.server.devices.user_configuration import UserFile, load_user_configuration
from buttplug.server.program.options import parse
from tests.docs.pages import Reader, bluetooth_finds
from tests.server.devices.user_configuration.helpers import EDGE, VIBRATE_0, VIBRATE_1, written
from tests.server.devices.user_configuration.strict import problems

PATH = Path(__file__).parents[4] / "docs" / "settings.md"
PAGE = PATH.read_text("utf-8")


def block(language: str) -> str:
    (text,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(text)


STROKER = DeviceKey("tcode-v03", None, "/dev/ttyUSB0")
ON_THE_WAY = OutputSettings((200, 800), reverse=True)
EXPECTED = {
    EDGE: DeviceSettings(
        index=0,
        display_name="Left one",
        message_gap=0.1,
        outputs={VIBRATE_0: OutputSettings((0, 12)), VIBRATE_1: OutputSettings(disabled=True)},
    ),
    STROKER: DeviceSettings(
        index=1,
        display_name="Stroker",
        outputs={
            (0, OutputType.POSITION): ON_THE_WAY,
            (0, OutputType.POSITION_WITH_DURATION): OutputSettings((200, 800), (100, 3000), reverse=True),
        },
    ),
    DeviceKey("lovense", None, "11:22:33:44:55:66"): DeviceSettings(deny=True),
}


def test_the_example_takes_effect_without_a_warning_but_that_it_has_comments(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text(block("jsonc"), "utf-8")
    configuration = DeviceConfiguration.load()
    file = load_user_configuration(path, configuration)
    assert [message.partition(": ")[2] for message in caplog.messages] == ["it has comments, which would be lost"]
    assert file.summary == "3 devices, 4 limits, 2 specifiers, 1 model, 1 simulated device"
    assert configuration.settings == EXPECTED
    for advertisement in (SerialAdvertisement("/dev/ttyUSB0"), WebsocketAdvertisement("my-osr")):
        assert [match.protocol for match in configuration.match(advertisement)] == ["tcode-v03"]
    mine = configuration.definition("tcode-v03", "my-osr")
    assert mine is not None
    assert (mine.name, len(mine.features)) == ("My OSR with a vibrator", 2)
    assert configuration.simulated_devices == [SimulatedEntry("simulated-2vibe", "practice", "Practice")]


def test_the_example_without_its_comments_comes_back_the_same_after_a_save_and_the_engine_takes_it(path: Path) -> None:
    path.write_text(re.sub(r"//[^\n]*", "", block("jsonc")), "utf-8")
    configuration = DeviceConfiguration.load()
    UserFile.open(path, configuration)
    configuration.save()
    assert problems(written(path)) == []
    again = DeviceConfiguration.load()
    load_user_configuration(path, again)
    assert again.settings == configuration.settings
    assert {key: each.outputs for key, each in again.settings.items()} == {key: each.outputs for key, each in EXPECTED.items()}
    assert again.added_specifiers == configuration.added_specifiers
    assert again.simulated_devices == configuration.simulated_devices


async def test_the_program_sets_and_saves_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reader = Reader(PATH)
    await reader.run(bluetooth_finds(reader.devices))
    saved = DeviceConfiguration.load()
    load_user_configuration(tmp_path / "my-devices.json", saved)
    (settings,) = saved.settings.values()
    assert settings.outputs == {VIBRATE_0: OutputSettings((0, 12)), VIBRATE_1: OutputSettings(disabled=True)}
    assert (settings.display_name, settings.index) == ("Left one", 3)


def test_every_method_that_is_named_exists() -> None:
    (sentence,) = re.findall(r"`configuration` also has (.*?)\. A server", PAGE, re.DOTALL)
    methods = re.findall(r"`(\w+)`", sentence)
    assert len(methods) == 11
    assert [method for method in methods if not callable(getattr(DeviceConfiguration, method, None))] == []


def test_every_option_that_is_named_exists() -> None:
    for option in set(re.findall(r"`(?:[^`]* )?(--[a-z-]+)", PAGE)):
        parse([option, "x"] if option.endswith("file") else [option], {})
