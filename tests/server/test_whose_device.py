"""Whose device it is: settings and index belong to an address and a protocol, whatever a device identifies itself as."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from buttplug.core.enums import OutputType
from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.device import Device
from buttplug.server.devices.settings import DeviceKey
from buttplug.server.devices.simulation import simulate
from buttplug.server.devices.user_configuration import load_user_configuration

VIBRATE = OutputType.VIBRATE
ADDRESS = "AA:BB:CC:DD:EE:FF"

Serve = Callable[..., Awaitable[ButtplugServer]]


def entry(*features: dict[str, Any], identifier: str | None = "P", **user_config: object) -> dict[str, Any]:
    """What is set for a Lovense toy, by default an Edge."""
    key = {"protocol": "lovense", "address": ADDRESS} | ({} if identifier is None else {"identifier": identifier})
    return {"identifier": key, "config": {"features": list(features), "user_config": user_config}}


def limit(highest: int, **more: object) -> dict[str, Any]:
    return {"output": {"vibrate": {"value": [0, highest]}}, **more}


def written(folder: Path, content: dict[str, Any]) -> Path:
    """Write a user's file; return where it is."""
    path = folder / "user.json"
    path.write_text(json.dumps({"version": {"major": 5, "minor": 0}} | content))
    return path


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., DeviceConfiguration]:
    """Loads a user's file with these entries of devices."""

    def load_file(*entries: dict[str, Any]) -> DeviceConfiguration:
        configuration = DeviceConfiguration.load()
        load_user_configuration(written(tmp_path, {"user_configs": {"devices": list(entries)}}), configuration)
        return configuration

    return load_file


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Opens a server with these simulated devices, and scans."""
    servers: list[ButtplugServer] = []

    async def serve_devices(configuration: DeviceConfiguration, *devices: SimulatedDevice) -> ButtplugServer:
        servers.append(ButtplugServer(managers=[SimulatedManager(devices)], configuration=configuration))
        await servers[-1].open()
        await scan(servers[-1])
        return servers[-1]

    yield serve_devices
    for server in servers:
        await server.close()


async def scan(server: ButtplugServer, seconds: float = 10) -> None:
    """Look for devices, for longer than any hand-shake of these takes."""
    await server.devices.start_scanning(server, lambda: None)
    await asyncio.sleep(seconds)


def toy(configuration: DeviceConfiguration, name: str = "Lovense Edge", address: str = ADDRESS) -> SimulatedDevice:
    return simulate(configuration, f"{name}@{address}")


def hush(device: SimulatedDevice) -> None:
    """Have a device answer nothing from now on."""
    device.answer = lambda packet: None


def answer_as(device: SimulatedDevice, model: str) -> None:
    """Have a device say that it is another model."""

    def answer(packet: Packet) -> None:
        device.notify("rx", f"{model}:11:0082059AD3BD;".encode() if packet.data == b"DeviceType;" else b"OK;")

    device.answer = answer


def ranges(device: Device) -> dict[int, tuple[int, int]]:
    """What clients may ask of the vibrators of a device, by feature."""
    features = device.info.device_features.items()
    return {index: feature.output["Vibrate"].value for index, feature in features if "Vibrate" in feature.output}


async def come_back(server: ButtplugServer, device: SimulatedDevice) -> None:
    device.disconnect()
    await asyncio.sleep(1)
    device.come_back()
    await asyncio.sleep(10)


# Limits for a device whose entry does not say which model it is


def piston_entry(**output: object) -> dict[str, Any]:
    """What is set for a Vorze toy of which the entry says no more; the family's default has no outputs that move."""
    return {"identifier": {"protocol": "vorze-sa", "address": ADDRESS}, "config": {"features": [{"output": output}]}}


@pytest.mark.parametrize(
    ("output", "connects"),
    [
        ({"hw_position_with_duration": {"value": [50, 90], "duration": ["a", 3]}}, True),
        ({"hw_position_with_duration": {"value": [50.5, 90]}}, True),
        ({"hw_position_with_duration": {"values": [50, 90]}}, True),
        ({"position_with_duration": {"value": [50, 90]}}, False),
        ({"strokes": "gently"}, False),
    ],
)
async def test_limits_that_cannot_be_read_leave_no_full_power_to_a_model_that_the_entry_does_not_name(
    load: Callable[..., DeviceConfiguration], serve: Serve, output: dict[str, object], connects: bool
) -> None:
    configuration = load(piston_entry(**output))
    server = await serve(configuration, toy(configuration, "Vorze Piston"))
    assert [device.info.device_features for device in server.devices.devices.values()] == ([{}] if connects else [])


# Limits that are lost with a key around them


@pytest.mark.parametrize(
    "content",
    [
        {"user-configs": {"devices": [entry(limit(5))]}},
        {"user_configs": {"device": [entry(limit(5))]}},
        {"user_configs": {"devices": [], "my devices": [entry(limit(5))]}},
        {"devices": [entry(limit(5))]},
        {"settings": {"user_configs": {"devices": [entry(deny=True)]}}},
        {"version": {"major": 5, "minor": 0, "user_configs": {"devices": [entry(limit(5))]}}},
        {"user_configs": {"protocols": {"devices": [entry(limit(5))]}}},
        {"user_configs": {"simulated_devices": [entry(limit(5))]}},
        {"user_configs": {"protocol": {"lovense": {"configurations": [{"features": [limit(5)]}]}}}},
    ],
    ids=lambda content: "-".join(content),
)
async def test_limits_in_a_part_of_the_file_that_is_not_read_leave_no_device_at_full_power(
    tmp_path: Path, serve: Serve, caplog: pytest.LogCaptureFixture, content: dict[str, Any]
) -> None:
    configuration = DeviceConfiguration.load()
    load_user_configuration(written(tmp_path, content), configuration)
    server = await serve(configuration, toy(configuration))
    assert not server.devices.devices
    assert "which is not read: no device is connected until this is mended" in caplog.text


@pytest.mark.parametrize("content", [{"$schema": "x"}, {"comment": "mine"}, {"user_configs": {"future": {"a": [1]}}}])
async def test_other_keys_keep_no_device_out(tmp_path: Path, serve: Serve, content: dict[str, Any]) -> None:
    configuration = DeviceConfiguration.load()
    load_user_configuration(written(tmp_path, content), configuration)
    server = await serve(configuration, toy(configuration))
    assert server.devices.devices


KEY = entry()["identifier"]
EDGE_LIMITS = [limit(5), limit(5)]


@pytest.mark.parametrize(
    "misplaced",
    [
        {"identifier": KEY, "features": EDGE_LIMITS},
        {"identifier": KEY, "deny": True},
        {"identifier": KEY | {"deny": True}},
        {"identifier": KEY, "config": {"deny": True}},
        {"identifier": KEY, "config": {"settings": {"features": EDGE_LIMITS}}},
        {"identifier": KEY, "config": {"user_config": {"features": EDGE_LIMITS}}},
        {"identifier": KEY, "config": {"features": EDGE_LIMITS[:1], "feature": EDGE_LIMITS[1:]}},
        {"identifier": KEY | {"address": [ADDRESS]}, "config": {"features": EDGE_LIMITS}},
        {"identifier": {"protocol": "lovense"}, "config": {"features": EDGE_LIMITS}},
        {"protocol": "lovense", "address": ADDRESS, "config": {"features": EDGE_LIMITS}},
        {"ientifier": KEY, "config": {"features": EDGE_LIMITS}},
        {"identifier": [KEY], "config": {"features": EDGE_LIMITS}},
        {"identifier": KEY, "vibrate": {"value": [0, 5]}},
        {"identifier": KEY, "config": {"features": [EDGE_LIMITS]}},
        {"identifier": KEY, "config": {"features": [{"output": {"vibrate": {"value": [0, 5], "output": EDGE_LIMITS[1]}}}]}},
    ],
)
async def test_a_device_is_not_connected_whose_limits_stand_where_they_are_not_read(
    load: Callable[..., DeviceConfiguration], serve: Serve, misplaced: dict[str, Any]
) -> None:
    configuration = load(misplaced)
    server = await serve(configuration, toy(configuration), toy(configuration, "Aneros Vivi", "other"))
    assert [device.key.protocol for device in server.devices.devices.values()] == ["aneros"]


@pytest.mark.parametrize(
    "feature",
    [
        {"vibrate": {"value": [0, 5]}},
        {"value": [0, 5]},
        {"limits": {"vibrate": [0, 5]}},
        {"output": {"vibrate": {"step_limit": [0, 5]}}},
        {"output": {"vibrate": {"max": 5}}},
    ],
)
async def test_an_output_is_disabled_whose_limit_stands_where_it_is_not_read(
    load: Callable[..., DeviceConfiguration], serve: Serve, feature: dict[str, Any]
) -> None:
    configuration = load(entry(feature, limit(7)))
    server = await serve(configuration, toy(configuration))
    assert ranges(server.devices.devices[0]) == {1: (0, 7)}


async def test_a_move_is_disabled_whose_limit_of_time_may_be_misspelt(
    load: Callable[..., DeviceConfiguration], serve: Serve
) -> None:
    moves = {"position": {"value": [20, 80]}, "hw_position_with_duration": {"value": [20, 80], "time": [500, 3000]}}
    key = {"protocol": "tcode-v03", "address": ADDRESS}
    configuration = load({"identifier": key, "config": {"features": [{"output": moves}]}})
    server = await serve(configuration, toy(configuration, "tcode-v03"))
    assert list(server.devices.devices[0].info.device_features[0].output) == ["Position"]


async def test_limits_of_nobody_knows_what_leave_no_device_that_has_none_of_its_own(
    load: Callable[..., DeviceConfiguration], serve: Serve
) -> None:
    configuration = load({"config": {"features": EDGE_LIMITS}}, entry(limit(7), limit(8)))
    server = await serve(configuration, toy(configuration), toy(configuration, "Aneros Vivi", "other"))
    assert [device.key.protocol for device in server.devices.devices.values()] == ["lovense"]


async def test_a_limit_beside_an_output_disables_it_though_it_is_named(
    load: Callable[..., DeviceConfiguration], serve: Serve
) -> None:
    configuration = load(entry({"output": {"vibrate": {}, "value": [0, 5]}}, limit(7)))
    server = await serve(configuration, toy(configuration))
    assert ranges(server.devices.devices[0]) == {1: (0, 7)}


async def test_of_limits_without_an_address_a_device_is_independent_that_has_its_own(
    load: Callable[..., DeviceConfiguration], serve: Serve
) -> None:
    configuration = load(
        {"identifier": {"protocol": "lovense"}, "config": {"features": EDGE_LIMITS}}, entry(limit(7), limit(8))
    )
    server = await serve(configuration, toy(configuration))
    assert ranges(server.devices.devices[0]) == {0: (0, 7), 1: (0, 8)}


# Several entries for one device


def spelled(address: str, *features: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What is set for the toy, under another spelling of its address."""
    spelled_entry = entry(*features, **more)
    spelled_entry["identifier"]["address"] = address
    return spelled_entry


SPELLINGS = ["aa-bb-cc-dd-ee-ff", "AA_BB_CC_DD_EE_FF", "aabbccddeeff", "AA BB CC DD EE FF", f"  {ADDRESS.lower()}"]


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_of_two_entries_for_one_device_the_narrower_limits_hold(
    load: Callable[..., DeviceConfiguration], serve: Serve, spelling: str
) -> None:
    first = entry(limit(5), limit(12), index=3, allow=True)
    configuration = load(first, spelled(spelling, limit(20), limit(3)))
    server = await serve(configuration, toy(configuration))
    assert ranges(server.devices.devices[3]) == {0: (0, 5), 1: (0, 3)}
    assert configuration.allows("11:22:33:44:55:66") is not None, "the first entry allows only this toy"


async def test_limits_of_two_entries_that_contradict_each_other_disable_the_output(
    load: Callable[..., DeviceConfiguration], serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    at_least = {"output": {"vibrate": {"value": [10, 20]}}}
    configuration = load(entry(limit(5), limit(7)), spelled("aa-bb-cc-dd-ee-ff", at_least))
    server = await serve(configuration, toy(configuration))
    assert ranges(server.devices.devices[0]) == {1: (0, 7)}
    assert "feature 0 Vibrate is disabled until this is mended: an earlier entry contradicts its limits" in caplog.text


@pytest.mark.parametrize(("highest", "left"), [(5, {0: (0, 5)}), (3, {})])
async def test_where_two_parts_of_an_entry_are_for_one_feature_the_other_that_may_be_meant_is_disabled(
    load: Callable[..., DeviceConfiguration], serve: Serve, caplog: pytest.LogCaptureFixture, highest: int, left: object
) -> None:
    configuration = load(entry(limit(5, index=0), limit(highest, index=0)))
    server = await serve(configuration, toy(configuration))
    assert ranges(server.devices.devices[0]) == left
    assert "until this is mended feature 1 Vibrate of Lovense Edge is disabled" in caplog.text


async def test_a_feature_that_is_there_twice_for_different_outputs_disables_nothing(
    load: Callable[..., DeviceConfiguration], serve: Serve
) -> None:
    moves = {"position": {"value": [20, 80]}}, {"hw_position_with_duration": {"value": [20, 80]}}
    features = [{"index": 0, "output": output} for output in moves]
    stroker = {"identifier": {"protocol": "tcode-v03", "address": ADDRESS}, "config": {"features": features}}
    configuration = load(stroker)
    server = await serve(configuration, toy(configuration, "tcode-v03"))
    outputs = server.devices.devices[0].info.device_features[0].output
    assert {name: output.value for name, output in outputs.items()} == {"Position": (0, 60), "HwPositionWithDuration": (0, 60)}


async def test_two_limits_of_one_output_of_a_model_that_the_entry_does_not_name_do_not_leave_the_wider(
    load: Callable[..., DeviceConfiguration], serve: Serve
) -> None:
    narrow, wide = ({"index": 0, "output": {"hw_position_with_duration": {"value": value}}} for value in ([50, 60], [0, 99]))
    piston = {"identifier": {"protocol": "vorze-sa", "address": ADDRESS}, "config": {"features": [narrow, wide]}}
    configuration = load(piston)
    server = await serve(configuration, toy(configuration, "Vorze Piston"))
    assert [device.info.device_features for device in server.devices.devices.values()] == [{}]


async def test_an_entry_that_names_no_model_still_limits_what_the_entry_for_the_model_leaves_out(
    load: Callable[..., DeviceConfiguration], serve: Serve
) -> None:
    configuration = load(entry(limit(5), identifier=None), entry(limit(7, index=1)))
    server = await serve(configuration, toy(configuration))
    assert ranges(server.devices.devices[0]) == {0: (0, 5), 1: (0, 7)}


async def test_two_devices_whose_addresses_differ_in_spelling_only_do_not_take_the_place_of_one_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    configuration = DeviceConfiguration.load()
    toys = [toy(configuration, address=address) for address in ("my-toy", "MY-TOY")]
    async with ButtplugServer(managers=[SimulatedManager([each]) for each in toys], configuration=configuration) as server:
        await scan(server)
        assert [device.hardware.address for device in server.devices.devices.values()] == ["my-toy"]
        assert [each.connected for each in toys] == [True, False]
    assert "is refused while another device has its address" in caplog.text


async def test_an_address_with_spaces_around_it_is_that_address(
    load: Callable[..., DeviceConfiguration], serve: Serve
) -> None:
    spaced = entry(limit(5), limit(3))
    spaced["identifier"]["address"] = f" {ADDRESS} "
    configuration = load(spaced)
    server = await serve(configuration, toy(configuration))
    assert ranges(server.devices.devices[0]) == {0: (0, 5), 1: (0, 3)}


# A device that identifies itself differently


async def test_a_toy_that_does_not_say_its_model_any_more_keeps_its_limits_its_name_and_its_index(
    load: Callable[..., DeviceConfiguration], serve: Serve
) -> None:
    configuration = load(entry(limit(5), limit(3), index=4, display_name="Left one"))
    edge = toy(configuration)
    server = await serve(configuration, edge)
    assert ranges(server.devices.devices[4]) == {0: (0, 5), 1: (0, 3)}
    hush(edge)
    await come_back(server, edge)
    device = server.devices.devices[4]
    assert ranges(device) == {0: (0, 5), 1: (0, 3)}
    assert (device.definition.name, device.settings.display_name) == ("Lovense Edge", "Left one")


async def test_a_toy_that_never_says_its_model_is_the_one_that_its_user_set_limits_for(
    load: Callable[..., DeviceConfiguration], serve: Serve
) -> None:
    configuration = load(entry(limit(5), limit(3), index=4))
    edge = toy(configuration)
    hush(edge)
    server = await serve(configuration, edge)
    assert {index: ranges(device) for index, device in server.devices.devices.items()} == {4: {0: (0, 5), 1: (0, 3)}}


async def test_a_toy_without_settings_that_does_not_say_its_model_any_more_is_still_the_same_device(
    load: Callable[..., DeviceConfiguration], serve: Serve
) -> None:
    configuration = load()
    edge = toy(configuration)
    server = await serve(configuration, edge)
    hush(edge)
    await come_back(server, edge)
    assert {index: device.definition.name for index, device in server.devices.devices.items()} == {0: "Lovense Edge"}


@pytest.mark.parametrize("identifier", ["P", "Z", None])
async def test_limits_hold_whatever_the_toy_says_it_is_or_it_is_refused_with_the_entry_named(
    load: Callable[..., DeviceConfiguration], serve: Serve, caplog: pytest.LogCaptureFixture, identifier: str | None
) -> None:
    """Entries for an Edge, a Hush and no model in particular, and a toy that says that it is each model there is."""
    models = [definition.identifier for definition in DeviceConfiguration.load() if definition.protocol == "lovense"]
    configuration = load(
        entry(limit(5), limit(5), identifier=identifier) if identifier == "P" else entry(limit(5), identifier=identifier)
    )
    server = await serve(configuration, edge := toy(configuration))
    refused = connected = 0
    for model in models:
        if model is None:
            continue
        caplog.clear()
        edge.disconnect()
        await asyncio.sleep(1)
        answer_as(edge, model)
        edge.come_back()
        await asyncio.sleep(10)
        if not server.devices.devices:
            (warning,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
            assert ADDRESS in warning
            assert f"lovense {identifier or 'without identifier'}" in warning
            refused += 1
        for device in server.devices.devices.values():
            connected += 1
            outputs = [output for feature in device.info.device_features.values() for output in feature.output.values()]
            assert all(output.value == (0, 5) for output in outputs), model
    assert refused
    assert connected


async def test_limits_of_a_toy_that_answered_for_the_first_time_are_not_those_it_never_had(
    load: Callable[..., DeviceConfiguration], serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """Programs list a toy twice that once did not answer: with limits under one identifier, and none under the other."""
    configuration = load(entry(limit(5), {}, identifier=None, index=0), entry({}, {}, {}, index=1))
    server = await serve(configuration, edge := toy(configuration))
    assert server.devices.devices == {}
    assert not edge.connected
    assert "its limits are for Lovense Device (lovense without identifier at AA:BB:CC:DD:EE:FF)" in caplog.text
    assert "feature 1 Vibrate" in caplog.text


async def test_a_toy_that_has_named_its_model_is_that_one_whatever_its_user_has_limits_for(
    load: Callable[..., DeviceConfiguration], serve: Serve
) -> None:
    configuration = load(entry(limit(5), identifier="Z"), entry(identifier="L", index=1))
    hush_toy = toy(configuration, "Lovense Lush")
    server = await serve(configuration, hush_toy)
    for _ in range(2):
        (device,) = server.devices.devices.values()
        assert (device.definition.name, ranges(device)) == ("Lovense Lush", {0: (0, 5)})
        hush(hush_toy)
        await come_back(server, hush_toy)


async def test_a_toy_without_a_model_that_its_user_names_meanwhile_connects_again_as_that_one(
    load: Callable[..., DeviceConfiguration], serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    configuration = load()
    edge = toy(configuration)
    hush(edge)
    server = await serve(configuration, edge)
    assert server.devices.devices[0].definition.name == "Lovense Device"
    configuration.limit_output(DeviceKey("lovense", "P", ADDRESS), 1, VIBRATE, value=(0, 3))
    await asyncio.sleep(1)
    assert not edge.connected
    assert "it is Lovense Edge by its new settings, and has to connect again as such" in caplog.text
    await scan(server)
    assert ranges(server.devices.devices[0]) == {0: (0, 20), 1: (0, 3)}


async def test_a_toy_that_answers_nothing_and_has_limits_for_several_models_is_refused(
    load: Callable[..., DeviceConfiguration], serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    configuration = load(entry(limit(5), limit(3)), entry(limit(4), identifier="Z"))
    edge = toy(configuration)
    hush(edge)
    server = await serve(configuration, edge)
    assert server.devices.devices == {}
    assert f"lovense P at {ADDRESS}; lovense Z at {ADDRESS}" in caplog.text


async def test_a_device_that_another_protocol_drives_is_refused_where_there_are_limits_for_it(
    load: Callable[..., DeviceConfiguration], serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    configuration = load(entry(limit(5), limit(3)))
    server = await serve(configuration, toy(configuration, "aneros"))
    assert server.devices.devices == {}
    assert f"its limits are for lovense P at {ADDRESS}" in caplog.text


@pytest.mark.parametrize("written", [ADDRESS.lower(), ADDRESS.replace(":", "-"), f"PeripheralId({ADDRESS})"])
async def test_an_address_may_be_written_as_any_system_does(
    load: Callable[..., DeviceConfiguration], serve: Serve, written: str
) -> None:
    limited = entry(limit(5), limit(3))
    limited["identifier"]["address"] = written
    configuration = load(limited)
    server = await serve(configuration, toy(configuration))
    assert ranges(server.devices.devices[0]) == {0: (0, 5), 1: (0, 3)}


# What is told


async def test_a_limit_with_an_index_is_for_that_feature(load: Callable[..., DeviceConfiguration], serve: Serve) -> None:
    configuration = load(entry(limit(5, index=1)))
    server = await serve(configuration, toy(configuration))
    assert ranges(server.devices.devices[0]) == {0: (0, 20), 1: (0, 5)}


@pytest.mark.parametrize(
    ("entries", "limits"),
    [
        ([], "none"),
        ([entry(limit(5), {"output": {"vibrate": {"disabled": True}}})], "feature 0 Vibrate 0..5, feature 1 Vibrate disabled"),
    ],
)
async def test_at_connection_the_log_says_which_limits_apply(
    load: Callable[..., DeviceConfiguration],
    serve: Serve,
    caplog: pytest.LogCaptureFixture,
    entries: list[dict[str, Any]],
    limits: str,
) -> None:
    configuration = load(*entries)
    with caplog.at_level(logging.INFO):
        await serve(configuration, toy(configuration))
    assert f'Device 0 "Lovense Edge" connected; limits set by its user: {limits}' in caplog.messages


async def test_limits_that_are_for_such_a_device_at_another_address_are_told(
    load: Callable[..., DeviceConfiguration], serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    configuration = load(entry(limit(5), limit(3)))
    await serve(configuration, toy(configuration, address="11:22:33:44:55:66"))
    assert f"those that are set are for lovense P at {ADDRESS}" in caplog.text


@pytest.mark.parametrize(
    "broken",
    [
        {"identifier": {"protocol": 5, "address": ADDRESS}, "config": {"features": [limit(5)]}},
        {"identifier": {"protocol": "lovense", "identifier": "P", "address": ADDRESS}, "config": 5},
        {"identifier": {"protocol": "lovense", "identifier": "P", "address": ADDRESS}, "config": {"features": "all"}},
        {"identifier": {"protocol": "lovense", "identifier": "P", "address": ADDRESS}, "config": {"feature": [limit(5)]}},
        {"identifier": {"protocol": "lovens", "identifier": "P", "address": ADDRESS}, "config": {"features": [limit(5)]}},
    ],
)
async def test_a_device_whose_limits_cannot_be_read_is_refused_with_the_place_of_the_fault(
    load: Callable[..., DeviceConfiguration], serve: Serve, caplog: pytest.LogCaptureFixture, broken: dict[str, Any]
) -> None:
    configuration = load(broken)
    caplog.clear()
    server = await serve(configuration, toy(configuration))
    assert server.devices.devices == {}
    assert "its settings cannot be read" in caplog.text
    assert "$.user_configs.devices[0]" in caplog.text


# One device for each address


async def test_two_simulated_devices_of_one_manager_have_two_addresses(
    load: Callable[..., DeviceConfiguration], serve: Serve
) -> None:
    configuration = load()
    devices = [
        simulate(configuration, "Lovense Edge"),
        simulate(configuration, "Lovense Nora"),
        simulate(configuration, "aneros"),
    ]
    server = await serve(configuration, *devices)
    assert len({device.address for device in devices}) == 3
    assert len(server.devices.devices) == 3


def test_a_second_simulated_device_with_an_address_that_was_asked_for_is_refused_aloud(
    load: Callable[..., DeviceConfiguration],
) -> None:
    configuration = load()
    with pytest.raises(ValueError, match=f"Lovense Nora cannot be added: another simulated device has the address {ADDRESS}"):
        SimulatedManager([toy(configuration), toy(configuration, "Lovense Nora")])


@pytest.mark.parametrize("name", ["Lovense Edge", "aneros"])
async def test_a_device_of_another_bus_at_the_address_of_a_connected_one_is_refused_aloud(
    load: Callable[..., DeviceConfiguration], caplog: pytest.LogCaptureFixture, name: str
) -> None:
    configuration = load()
    first, second = toy(configuration), toy(configuration, name)
    other = SimulatedManager([second])
    async with ButtplugServer(managers=[SimulatedManager([first]), other], configuration=configuration) as server:
        await scan(server)
        await scan(server)
        assert [device.hardware.name for device in server.devices.devices.values()] == [first.name]
        assert second.hardware is None
    told = [message for message in caplog.messages if "is refused" in message]
    assert told == [
        f"{second.name} (simulated devices) is refused while another device has its address {ADDRESS} (simulated devices): "
        "an address is for one device"
    ]


async def test_a_device_of_another_kind_at_the_address_of_a_connected_one_is_refused_aloud_on_the_same_bus_too(
    load: Callable[..., DeviceConfiguration], serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    configuration = load()
    server = await serve(configuration, toy(configuration))
    other = toy(configuration, "aneros")
    for _ in range(2):
        server.devices.managers[0].on_found(other.discovery())
    await asyncio.sleep(1)
    assert other.hardware is None
    assert len([message for message in caplog.messages if "is refused" in message]) == 1
