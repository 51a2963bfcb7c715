"""Settings that are changed while a server runs: they take effect at once, and are saved."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.core.messages import DeviceList, OutputArguments, OutputCmd, ScanningFinished, StartScanning
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.hardware.websocket import WebsocketAdvertisement, WebsocketSpecifier
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.definition import OutputDefinition
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.settings import DeviceKey, DeviceSettings, OutputSettings
from buttplug.server.devices.user_configuration import UserFile, load_user_configuration
from tests.fakes.fault_log import faults
from tests.server.conftest import BuildHouse, House, Talker, error_of, is_ok

VIBRATE = OutputType.VIBRATE
ELSEWHERE = DeviceKey("aneros", None, "A")


@pytest.fixture
def configuration() -> DeviceConfiguration:
    return DeviceConfiguration.load()


@pytest.fixture
async def house(build: BuildHouse, configuration: DeviceConfiguration) -> House:
    """Two Aneros Vivi: two vibrators each, 0..127."""
    return await build("aneros", "aneros", configuration=configuration)


@pytest.fixture
async def talker(house: House) -> Talker:
    return await house.client()


def command(value: int) -> dict[str, OutputArguments]:
    return {VIBRATE.value: OutputArguments(value)}


def shown(talker: Talker) -> dict[int, dict[int, tuple[int, int]]]:
    """What a client was told last: the range of each vibrator of each device."""
    devices = talker.events(DeviceList)[-1].devices
    return {
        index: {feature.feature_index: feature.output["Vibrate"].value for feature in device.device_features.values()}
        for index, device in devices.items()
    }


# At once


async def test_limits_hold_at_once_and_only_the_device_they_are_for_is_stopped(house: House, talker: Talker) -> None:
    for index in (0, 1):
        await talker.ask(OutputCmd, index, 0, command(100))
    await house.server.limit_output(0, 0, VIBRATE, value=(0, 50))
    assert shown(talker) == {0: {0: (0, 50), 1: (0, 127)}, 1: {0: (0, 127), 1: (0, 127)}}
    assert house.sent(0)[1:] != []
    assert len(house.sent(1)) == 1
    assert not is_ok(await talker.ask(OutputCmd, 0, 0, command(51)))
    assert is_ok(await talker.ask(OutputCmd, 1, 0, command(51)))


async def test_changes_of_the_configuration_itself_hold_at_once_too(
    house: House, talker: Talker, configuration: DeviceConfiguration
) -> None:
    key = house.server.devices.devices[0].key
    configuration.limit_output(key, 0, VIBRATE, value=(0, 50))
    configuration.limit_output(key, 1, VIBRATE, disabled=True)
    await asyncio.sleep(0.1)
    assert shown(talker)[0] == {0: (0, 50)}
    configuration.limit_output(key, 1, VIBRATE, disabled=False)
    configuration.limit_output(key, 0, VIBRATE, value=None)
    assert shown(talker)[0] == {0: (0, 127), 1: (0, 127)}
    assert configuration.settings_for(key) == DeviceSettings()


async def test_limits_hold_at_once_though_somebody_else_who_watches_the_configuration_fails(
    build: BuildHouse, configuration: DeviceConfiguration, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise LookupError("no luck")

    configuration.watch(fail)
    house = await build("aneros", configuration=configuration)
    talker = await house.client()
    await talker.ask(OutputCmd, 0, 0, command(100))
    caplog.clear()
    await house.server.limit_output(0, 0, VIBRATE, value=(0, 50))
    assert house.simulated[0].is_stopped
    assert not is_ok(await talker.ask(OutputCmd, 0, 0, command(51)))
    assert faults(caplog) == ["no luck"]


async def test_limits_of_a_file_that_is_read_meanwhile_hold_at_once(
    house: House, talker: Talker, configuration: DeviceConfiguration, tmp_path: Path
) -> None:
    await talker.ask(OutputCmd, 0, 0, command(100))
    elsewhere = DeviceConfiguration.load()
    file = UserFile.open(tmp_path / "limits.json", elsewhere)
    elsewhere.limit_output(house.server.devices.devices[0].key, 0, VIBRATE, value=(0, 50))
    file.save()
    load_user_configuration(tmp_path / "limits.json", configuration)
    await asyncio.sleep(0.1)
    assert house.simulated[0].is_stopped
    assert shown(talker)[0][0] == (0, 50)
    assert not is_ok(await talker.ask(OutputCmd, 0, 0, command(51)))


async def test_a_name_and_a_gap_hold_at_once(house: House, talker: Talker) -> None:
    await house.server.change_device(1, display_name="Left one", message_gap=0.2)
    info = talker.events(DeviceList)[-1].devices[1]
    assert (info.device_display_name, info.device_message_timing_gap) == ("Left one", 200)


async def test_a_new_index_holds_at_once(house: House, talker: Talker) -> None:
    await talker.ask(OutputCmd, 1, 0, command(100))
    await house.server.change_device(1, index=7)
    assert sorted(shown(talker)) == [0, 7]
    assert is_ok(await talker.ask(OutputCmd, 7, 0, command(51)))
    assert not is_ok(await talker.ask(OutputCmd, 1, 0, command(51)))
    house.simulated[1].disconnect()
    house.simulated[1].come_back()
    await asyncio.sleep(1)
    assert sorted(house.server.devices.devices) == [0, 7]


async def test_an_index_that_was_changed_while_the_device_was_away_holds_when_it_comes_back(house: House) -> None:
    key = house.server.devices.devices[1].key
    house.simulated[1].disconnect()
    await asyncio.sleep(1)
    await house.server.change_device(key, index=7)
    house.simulated[1].come_back()
    await asyncio.sleep(1)
    assert sorted(house.server.devices.devices) == [0, 7]


async def test_a_device_whose_model_gets_another_range_is_stopped_at_once_and_connects_again_with_that(
    build: BuildHouse, configuration: DeviceConfiguration
) -> None:
    house = await build("Lovense Nora", configuration=configuration)
    talker = await house.client()
    await talker.ask(OutputCmd, 0, 0, command(20))
    key = house.server.devices.devices[0].key
    model = configuration.model(key)
    assert model is not None
    features = [
        structs.replace(feature, output=feature.output | {"vibrate": OutputDefinition((0, 5))}) if index == 0 else feature
        for index, feature in enumerate(model.features or ())
    ]
    assert not house.simulated[0].is_stopped
    configuration.add_model("lovense", structs.replace(model, identifier=(key.identifier or "",), features=features))
    assert not is_ok(await talker.ask(OutputCmd, 0, 0, command(20)))
    await asyncio.sleep(0.1)
    assert house.simulated[0].is_stopped
    await asyncio.sleep(1)
    assert not house.simulated[0].connected
    house.simulated[0].come_back()
    await asyncio.sleep(1)
    assert talker.events(DeviceList)[-1].devices[0].device_features[0].output["Vibrate"].value == (0, 5)


async def test_an_index_that_another_device_has_is_not_taken_from_it(
    house: House, talker: Talker, caplog: pytest.LogCaptureFixture
) -> None:
    await house.server.change_device(1, index=0)
    assert [device.hardware.address for device in house.server.devices.devices.values()] == ["simulated-1", "simulated-2"]
    assert "simulated-2 is configured as device 0, but another device is that already" in caplog.text
    with pytest.raises(ConfigurationError, match="index 0 is that of"):
        await house.server.change_device(0, index=0)


async def test_a_device_that_is_denied_is_stopped_and_disconnected_and_stays_away(
    house: House, talker: Talker, caplog: pytest.LogCaptureFixture
) -> None:
    await talker.ask(OutputCmd, 0, 0, command(100))
    key = house.server.devices.devices[0].key
    await house.server.change_device(0, deny=True)
    assert house.sent(0)[-1][-1] == 0
    await asyncio.sleep(1)
    assert not house.simulated[0].connected
    assert sorted(shown(talker)) == [1]
    assert 'Device 0 "Aneros Vivi" is disconnected: its user denies it to connect' in caplog.text
    house.simulated[0].come_back()
    await asyncio.sleep(1)
    assert not house.simulated[0].connected
    await house.server.change_device(key, deny=False)
    house.simulated[0].come_back()
    await asyncio.sleep(1)
    assert house.simulated[0].connected


async def test_allowing_one_device_disconnects_the_others(house: House, talker: Talker) -> None:
    await house.server.change_device(1, allow=True)
    await asyncio.sleep(1)
    assert [device.connected for device in house.simulated] == [False, True]


async def test_a_denied_device_that_cannot_be_stopped_is_disconnected_all_the_same(house: House, talker: Talker) -> None:
    await talker.ask(OutputCmd, 0, 0, command(100))
    house.simulated[0].write_error = HardwareError("no luck")
    with pytest.raises(ButtplugDeviceError, match="could not be stopped: no luck"):
        await house.server.change_device(0, deny=True)
    await asyncio.sleep(10)
    assert not house.simulated[0].connected


async def test_a_device_that_is_denied_is_stopped_before_it_is_disconnected_though_the_caller_is_cancelled(
    house: House, talker: Talker
) -> None:
    await talker.ask(OutputCmd, 0, 0, command(100))
    house.simulated[0].write_delay = 1.0
    denying = asyncio.ensure_future(house.server.change_device(0, deny=True))
    await asyncio.sleep(0.1)
    denying.cancel()
    await asyncio.sleep(5)
    assert not house.simulated[0].connected
    assert house.simulated[0].is_stopped


async def test_a_device_that_is_denied_takes_no_command_while_it_is_being_stopped(house: House, talker: Talker) -> None:
    await talker.ask(OutputCmd, 0, 0, command(100))
    house.simulated[0].write_delay = 1.0
    denying = asyncio.ensure_future(house.server.change_device(0, deny=True))
    await asyncio.sleep(0.1)
    house.simulated[0].write_delay = 0.0  # But for the packet that is being written.
    answer = await talker.ask(OutputCmd, 0, 0, command(50))
    await denying
    await asyncio.sleep(5)
    assert not house.simulated[0].connected
    assert house.simulated[0].is_stopped
    assert error_of(answer) == (
        4,
        'Device 0 "Aneros Vivi", feature 0: it is being disconnected: its user denies it to connect',
    )


@pytest.mark.parametrize(
    "settings",
    [
        DeviceSettings(deny=True),
        DeviceSettings(unusable="its limits cannot be read"),
    ],
    ids=["denied", "unusable"],
)
async def test_a_device_that_was_lost_running_is_stopped_when_it_is_back_though_it_is_not_to_be_used_any_more(
    house: House, talker: Talker, configuration: DeviceConfiguration, settings: DeviceSettings
) -> None:
    await talker.ask(OutputCmd, 0, 0, command(100))
    key = house.server.devices.devices[0].key
    simulated = house.simulated[0]
    simulated.disconnect()
    await asyncio.sleep(1)
    configuration.configure(key, settings)
    simulated.come_back()
    await asyncio.sleep(5)
    assert simulated.is_stopped
    assert not simulated.connected
    assert sorted(shown(talker)) == [1]
    packets = len(simulated.packets)
    simulated.come_back()
    await asyncio.sleep(5)
    assert len(simulated.packets) == packets, "once is enough"
    assert await house.server.close() == []


@pytest.fixture
async def shaking_hands(build: BuildHouse, configuration: DeviceConfiguration) -> tuple[House, DeviceKey]:
    """An Amorelie Joy, which is written to before its first output, in the middle of that: it takes 2 s."""
    house = await build("amorelie-joy", configuration=configuration)
    (simulated,) = house.simulated
    key = house.server.devices.devices[0].key
    simulated.disconnect()
    await asyncio.sleep(1)
    simulated.write_delay = 2.0
    simulated.come_back()
    await asyncio.sleep(1)
    assert simulated.connected
    assert house.server.devices.devices == {}
    return house, key


async def test_limits_that_are_set_during_a_handshake_hold(
    shaking_hands: tuple[House, DeviceKey], configuration: DeviceConfiguration
) -> None:
    house, key = shaking_hands
    configuration.limit_output(key, 0, VIBRATE, value=(0, 10))
    await asyncio.sleep(5)
    talker = await house.client()
    assert not is_ok(await talker.ask(OutputCmd, 0, 0, command(11)))
    assert is_ok(await talker.ask(OutputCmd, 0, 0, command(10)))


async def test_a_device_that_is_denied_during_its_handshake_is_not_connected(shaking_hands: tuple[House, DeviceKey]) -> None:
    house, key = shaking_hands
    await house.server.change_device(key, deny=True)
    await asyncio.sleep(5)
    assert house.server.devices.devices == {}
    assert not house.simulated[0].connected


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda server: server.limit_output(0, 0, VIBRATE, value=(0, 128)), r"limits 0\.\.128 are not inside 0\.\.127"),
        (lambda server: server.limit_output(0, 2, VIBRATE, value=(0, 1)), "Aneros Vivi has no output Vibrate on feature 2"),
        (lambda server: server.limit_output(0, 0, OutputType.ROTATE, disabled=True), "has no output Rotate on feature 0"),
        (lambda server: server.limit_output(0, 0, VIBRATE, reverse=True), "only positions can be reversed, not Vibrate"),
        (lambda server: server.limit_output(DeviceKey("none", None, "x"), 0, VIBRATE), "there is no protocol none"),
        (lambda server: server.change_device(0, index=-1), "index is -1: it must not be below 0"),
        (lambda server: server.change_device(0, message_gap=-0.1), "message_gap is -0.1: it must not be below 0"),
        (lambda server: server.change_device(0, message_gap=math.nan), r"Expected `float` >= 0.0 - at `\$.message_gap`"),
        (lambda server: server.change_device(0, message_gap=math.inf), r"Expected `float` <= .* - at `\$.message_gap`"),
        (lambda server: server.change_device(0, message_gap="5"), r"got `str` - at `\$.message_gap`"),
        (lambda server: server.change_device(0, index=1.5), r"got `float` - at `\$.index`"),
        (lambda server: server.change_device(0, index=2**32), r"Expected `int` <= 4294967295 - at `\$.index`"),
        (lambda server: server.change_device(0, deny="no"), r"got `str` - at `\$.deny`"),
        (lambda server: server.change_device(0, display_name=5), "the display name is no text: 5"),
        (lambda server: server.change_device(0, display_name="\ud800"), "the display name is no text"),
        (lambda server: server.limit_output(0, 0, VIBRATE, value=(0.5, 3)), "got `float`"),
        (lambda server: server.limit_output(0, 0, VIBRATE, value=5), "got `int`"),
        (lambda server: server.limit_output(0, 0, VIBRATE, value=(0,)), "of length 2, got 1"),
    ],
)
async def test_what_cannot_be_set_is_refused_and_changes_nothing(
    house: House,
    talker: Talker,
    configuration: DeviceConfiguration,
    change: Callable[[ButtplugServer], Awaitable[None]],
    reason: str,
) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        await change(house.server)
    assert configuration.settings == {}
    assert talker.events(DeviceList) == []


async def test_none_takes_every_setting_back(house: House, configuration: DeviceConfiguration) -> None:
    key = house.server.devices.devices[0].key
    nothing: Any = None
    await house.server.change_device(0, index=3, display_name="Toy", allow=True, deny=False, message_gap=0.1)
    await house.server.limit_output(3, 0, VIBRATE, value=(1, 2), disabled=True)
    await house.server.limit_output(3, 0, VIBRATE, value=None, disabled=nothing)
    await house.server.change_device(3, index=None, display_name=None, allow=nothing, deny=nothing, message_gap=None)
    assert configuration.settings_for(key) == DeviceSettings()


async def test_a_device_that_is_not_there_is_told(house: House) -> None:
    with pytest.raises(ButtplugDeviceError, match="Device 5 is not connected; connected are: 0, 1"):
        await house.server.change_device(5, display_name="x")


async def test_limits_that_a_device_has_from_another_identifier_stay_when_one_of_them_is_changed(
    house: House, configuration: DeviceConfiguration
) -> None:
    key = house.server.devices.devices[0].key
    configuration.configure(key._replace(identifier=None), DeviceSettings(outputs={(0, VIBRATE): OutputSettings((0, 5))}))
    configuration.limit_output(key, 1, VIBRATE, value=(0, 9))
    expected = {(0, VIBRATE): OutputSettings((0, 5)), (1, VIBRATE): OutputSettings((0, 9))}
    assert house.server.devices.devices[0].settings.outputs == expected


async def test_a_closed_server_leaves_nothing_with_its_configuration(configuration: DeviceConfiguration) -> None:
    async with ButtplugServer(configuration=configuration):
        pass
    assert configuration._watchers == []


# What is added


def test_an_added_websocket_name_is_matched_at_once_and_a_removed_one_no_more(
    configuration: DeviceConfiguration,
) -> None:
    specifier = WebsocketSpecifier("my-osr")
    configuration.add_specifier("tcode-v03", specifier)
    assert configuration.match(WebsocketAdvertisement("my-osr")) == [("tcode-v03", specifier)]
    configuration.remove_specifier("tcode-v03", specifier)
    assert configuration.match(WebsocketAdvertisement("my-osr")) == []
    with pytest.raises(ConfigurationError, match="was not added to tcode-v03"):
        configuration.remove_specifier("tcode-v03", specifier)


@pytest.mark.parametrize("kind", ["1vibe", "2vibe", "rotator", "oscillator", "stroker"])
async def test_simulated_devices_of_the_configuration_are_found_named_and_driven(
    configuration: DeviceConfiguration, kind: str
) -> None:
    configuration.add_simulated_device(f"simulated-{kind}", "Practice", "sim-1")
    configuration.configure(DeviceKey("simulated", f"simulated-{kind}", "sim-1"), DeviceSettings(index=3))
    async with ButtplugServer(configuration=configuration) as server:
        talker = await Talker(server).shake_hands()
        await talker.ask(StartScanning)
        await asyncio.sleep(1)
        assert len(talker.events(ScanningFinished)) == 1
        info = server.devices.infos()[3]
        assert info.device_display_name == "Practice"
        for feature in info.device_features.values():
            for name, output in feature.output.items():
                duration = None if output.duration is None else output.duration[1]
                arguments = OutputArguments(output.value[1], duration)
                assert is_ok(await talker.ask(OutputCmd, 3, feature.feature_index, {name: arguments}))


async def test_two_simulated_devices_never_have_one_address(configuration: DeviceConfiguration) -> None:
    added = [configuration.add_simulated_device("simulated-1vibe") for _ in range(3)]
    configuration.remove_simulated_device(added[1].address)
    added.append(configuration.add_simulated_device("simulated-1vibe"))
    assert len({device.address for device in configuration.simulated_devices}) == 3
    with pytest.raises(ConfigurationError, match="is the address of another simulated device"):
        configuration.add_simulated_device("simulated-2vibe", address=added[0].address.upper())
    with pytest.raises(ConfigurationError, match=r"there is no simulated device teapot; there are simulated-1vibe, "):
        configuration.add_simulated_device("teapot")


# Saved


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "user.json"


def entries(path: Path) -> list[dict[str, Any]]:
    content = json.loads(path.read_text())
    return [entry["identifier"] | entry["config"]["user_config"] for entry in content["user_configs"]["devices"]]


def is_there(path: Path) -> bool:
    return path.exists()


def remove_folder(path: Path) -> None:
    path.rmdir()


def make_folder(path: Path) -> None:
    path.mkdir()


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return text


def read(path: Path) -> str:
    return path.read_text()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
async def saving(
    path: Path, configuration: DeviceConfiguration, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[ButtplugServer, SimulatedDevice]]:
    """A server whose changes are saved, with a device that a scan finds."""
    monkeypatch.setattr("buttplug.server.autosave.SAVE_DELAY", 0.01)
    UserFile.open(path, configuration)
    device = SimulatedDevice("Massage Demo", _vivi(configuration), address="A")
    async with ButtplugServer(managers=[SimulatedManager([device])], configuration=configuration) as server:
        yield server, device


def _vivi(configuration: DeviceConfiguration) -> Any:
    return configuration.specifiers("aneros")[0].simulate("Aneros Vivi", None)[1]


@pytest.mark.real_time
async def test_a_device_that_connects_is_saved_with_its_index(
    saving: tuple[ButtplugServer, SimulatedDevice], path: Path
) -> None:
    server, _ = saving
    await server.devices.start_scanning(server, lambda: None)
    await until(path.exists)
    (entry,) = entries(path)
    assert (entry["protocol"], entry["address"], entry["index"]) == ("aneros", "A", 0)


@pytest.mark.real_time
async def test_of_many_devices_each_is_looked_up_once_and_a_hundred_are_remembered(
    path: Path, configuration: DeviceConfiguration, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[DeviceKey] = []
    remember = DeviceConfiguration.remember

    def remembered(self: DeviceConfiguration, key: DeviceKey, index: int) -> bool:
        asked.append(key)
        return remember(self, key, index)

    monkeypatch.setattr(DeviceConfiguration, "remember", remembered)
    UserFile.open(path, configuration)
    devices = [SimulatedDevice("Massage Demo", _vivi(configuration), address=f"{number:400}") for number in range(150)]
    async with ButtplugServer(managers=[SimulatedManager(devices)], configuration=configuration) as server:
        await server.devices.start_scanning(server, lambda: None)
        await until(lambda: len(server.devices.devices) == len(devices))
        assert len(asked) == len(devices)
    assert len(entries(path)) == 100


@pytest.mark.real_time
async def test_a_change_is_saved_without_being_asked_for(saving: tuple[ButtplugServer, SimulatedDevice], path: Path) -> None:
    server, _ = saving
    await server.change_device(ELSEWHERE, display_name="Left one")
    await until(path.exists)
    assert entries(path)[0]["display_name"] == "Left one"


@pytest.mark.real_time
async def test_what_was_changed_last_is_saved_at_the_end(path: Path, configuration: DeviceConfiguration) -> None:
    UserFile.open(path, configuration)
    async with ButtplugServer(configuration=configuration) as server:
        await server.change_device(ELSEWHERE, display_name="Left one")
        assert not is_there(path)
    assert entries(path)[0]["display_name"] == "Left one"


@pytest.mark.real_time
async def test_a_file_that_cannot_be_written_is_told_once_and_nothing_else_suffers(
    saving: tuple[ButtplugServer, SimulatedDevice], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server, _ = saving
    make_folder(path)
    for name in ("a", "b", "c"):
        await server.change_device(ELSEWHERE, display_name=name)
        await asyncio.sleep(0.05)
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert "Settings are not saved: " in warnings[0].getMessage()
    await server.devices.start_scanning(server, lambda: None)
    await until(lambda: server.devices.devices)


@pytest.mark.real_time
async def test_what_could_not_be_saved_is_saved_at_the_end_if_it_can_be_by_then(
    saving: tuple[ButtplugServer, SimulatedDevice], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server, _ = saving
    make_folder(path)
    await server.change_device(ELSEWHERE, display_name="Left one")
    await until(lambda: "Settings are not saved: " in caplog.text)
    remove_folder(path)
    await server.close()
    assert entries(path)[0]["display_name"] == "Left one"


@pytest.mark.real_time
async def test_a_disk_that_hangs_holds_up_neither_a_stop_nor_the_end(
    saving: tuple[ButtplugServer, SimulatedDevice], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    server, device = saving
    released = threading.Event()
    monkeypatch.setattr("buttplug.server.devices.user_configuration.file.replace_file", lambda *_: released.wait(20))
    await server.devices.start_scanning(server, lambda: None)
    await until(lambda: server.devices.devices)
    await asyncio.sleep(0.05)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await server.devices.devices[0].stop() is None
    await server.close()
    assert loop.time() - began < 10, "seconds, of the twenty that the disk takes"
    released.set()
    assert not device.connected


@pytest.mark.real_time
async def test_a_file_that_is_only_read_is_left_as_it_is(path: Path, configuration: DeviceConfiguration) -> None:
    text = write(path, '{"version": {"major": 5, "minor": 0}, "user_configs": {}} // mine')
    UserFile.open(path, configuration)
    async with ButtplugServer(configuration=configuration) as server:
        await server.change_device(ELSEWHERE, display_name="x")
    assert read(path) == text
