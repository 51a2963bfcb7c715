"""An index means the same feature for as long as a session lasts, whatever its user disables and enables meanwhile.

Nothing tells the server which list a client of an old version has seen when it sends a command.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from buttplug.core.legacy import device as lists
from buttplug.core.legacy.versions import VERSIONS
from buttplug.core.messages import DeviceInfo, DeviceList, FeatureInfo, InputReading, InputValue
from tests.core.legacy.helpers import READ, STREAM, Client, device, feature

TIP, BASE, RING = (feature(index, name, Vibrate=(0, 20)) for index, name in enumerate(["Tip", "Base", "Ring"]))
TWISTS = [feature(index, name, Rotate=(-20, 20)) for index, name in enumerate(["Left", "Right"])]
STROKES = [feature(index, name, HwPositionWithDuration=(0, 99)) for index, name in enumerate(["Left", "Right"])]
numbered = pytest.mark.parametrize("version", [1, 2, 3])


def change(client: Client, *infos: DeviceInfo) -> list[str]:
    """Have these devices be there; return the names of what the client is told."""
    client.infos = {info.device_index: info for info in infos}
    return [name for name, _ in client.answer(DeviceList(0, client.infos))]


def drive(client: Client, *indexes: int) -> list[int]:
    """Drive vibrators by their places; return the features for which the session gets a command."""
    speeds = [{"Index": index, "Speed": 1} for index in indexes]
    return [feature for feature, *_ in client.outputs("VibrateCmd", Speeds=speeds)]


def shown(client: Client) -> list[str]:
    return [entry["FeatureDescriptor"] for entry in client.messages_of().get("ScalarCmd", [])]


@numbered
def test_what_stands_behind_a_disabled_output_keeps_its_place(version: int) -> None:
    client = Client(version, device(TIP, BASE, RING))
    change(client, device(TIP, RING))
    assert drive(client, 2) == [2]


@numbered
def test_a_command_to_a_disabled_output_is_the_session_s_to_refuse_and_the_others_are_done(version: int) -> None:
    client = Client(version, device(TIP, BASE, RING))
    change(client, device(TIP, RING))
    assert drive(client, 0, 1, 2) == [0, 1, 2]


@numbered
def test_the_same_holds_for_the_last_place_though_it_is_not_shown(version: int) -> None:
    client = Client(version, device(TIP, BASE))
    change(client, device(TIP))
    messages = client.messages_of()
    assert len(messages["ScalarCmd"]) == 1 if version == 3 else messages["VibrateCmd"]["FeatureCount"] == 1
    assert drive(client, 1) == [1]


@numbered
def test_what_is_enabled_again_is_where_it_was(version: int) -> None:
    client = Client(version, device(TIP, BASE))
    change(client, device(BASE))
    change(client, device(TIP, BASE))
    assert drive(client, 0) == [0]


@numbered
def test_what_is_enabled_for_the_first_time_comes_last(version: int) -> None:
    client = Client(version, device(BASE, RING))
    change(client, device(TIP, BASE, RING))
    assert [drive(client, place) for place in range(3)] == [[1], [2], [0]]


@numbered
def test_a_place_is_kept_while_the_device_is_away(version: int) -> None:
    client = Client(version, device(TIP, BASE))
    change(client)
    change(client, device(BASE))
    assert drive(client, 1) == [1]


def test_another_model_under_the_same_index_has_its_own_places() -> None:
    client = Client(3, device(TIP, BASE))
    change(client, device(BASE, name="Other"))
    assert shown(client) == ["Base"]
    assert drive(client, 0) == [1]
    change(client, device(BASE))
    assert drive(client, 1) == [1]


def test_a_new_session_has_no_gaps() -> None:
    assert shown(Client(3, device(BASE))) == ["Base"]


def test_a_list_shows_what_keeps_others_in_their_places_as_disabled() -> None:
    client = Client(3)
    change(client, device(TIP, BASE, RING))
    assert change(client, device(TIP, RING)) == ["DeviceRemoved", "DeviceAdded"]
    assert shown(client) == ["Tip", "Base (disabled)", "Ring"]
    change(client, device(feature(0, Vibrate=(0, 20)), RING))
    change(client, device(RING))
    assert shown(client) == ["(disabled)", "Base (disabled)", "Ring"]
    change(client, device(TIP))
    assert shown(client) == ["Tip"]
    change(client, device(feature(9)))
    assert client.messages_of() == {"StopDeviceCmd": {}}


@pytest.mark.parametrize("version", [1, 2])
def test_versions_without_descriptions_count_up_to_the_last_enabled_output(version: int) -> None:
    client = Client(version, device(TIP, BASE, RING))
    change(client, device(BASE))
    assert client.messages_of()["VibrateCmd"]["FeatureCount"] == 2


@pytest.mark.parametrize("version", range(4))
def test_a_command_without_numbers_drives_only_what_is_enabled(version: int) -> None:
    client = Client(version, device(TIP, BASE, RING))
    change(client, device(TIP, RING))
    assert [place for place, *_ in client.outputs("SingleMotorVibrateCmd", Speed=1)] == [0, 2]
    change(client, device(feature(3, Led=(0, 1))))
    assert client.refusal("SingleMotorVibrateCmd", DeviceIndex=0, Speed=1)[1] == 'Device 0 "Toy": nothing vibrates'


@pytest.mark.parametrize("version", [0, 1])
def test_commands_for_single_models_drive_only_what_is_enabled(version: int) -> None:
    client = Client(version, device(*TWISTS))
    change(client, device(TWISTS[1]))
    assert [place for place, *_ in client.outputs("VorzeA10CycloneCmd", Speed=50, Clockwise=True)] == [1]
    change(client, device())
    assert client.refusal("VorzeA10CycloneCmd", DeviceIndex=0, Speed=50, Clockwise=True)[0] == 4
    client = Client(version, device(*STROKES))
    change(client, device(STROKES[1]))
    assert [place for place, *_ in client.outputs("FleshlightLaunchFW12Cmd", Position=50, Speed=50)] == [1]
    change(client, device())
    assert client.refusal("FleshlightLaunchFW12Cmd", DeviceIndex=0, Position=50, Speed=50)[0] == 4


def test_version_0_is_told_of_a_command_as_long_as_one_output_takes_it() -> None:
    client = Client(0, device(TIP, BASE))
    change(client, device(BASE))
    assert client.messages_of() == ["SingleMotorVibrateCmd", "StopDeviceCmd"]
    change(client, device())
    assert client.messages_of() == ["StopDeviceCmd"]


@numbered
def test_rotators_and_strokers_keep_their_places_too(version: int) -> None:
    client = Client(version, device(*TWISTS))
    change(client, device(TWISTS[1]))
    rotations = [{"Index": 1, "Speed": 1, "Clockwise": False}]
    assert client.outputs("RotateCmd", Rotations=rotations) == [(1, "Rotate", -20, None)]
    client = Client(version, device(*STROKES))
    change(client, device(STROKES[1]))
    vectors = [{"Index": 1, "Duration": 500, "Position": 1}]
    assert client.outputs("LinearCmd", Vectors=vectors) == [(1, "HwPositionWithDuration", 99, 500)]


def test_an_output_of_a_feature_that_keeps_another_one_keeps_its_place() -> None:
    both = feature(0, Vibrate=(0, 20), Oscillate=(0, 20))
    client = Client(3, device(both, BASE))
    change(client, device(feature(0, Oscillate=(0, 20)), BASE))
    for place, type_, found in [(0, "Vibrate", 0), (1, "Oscillate", 0), (2, "Vibrate", 1)]:
        scalars = [{"Index": place, "Scalar": 1, "ActuatorType": type_}]
        assert client.outputs("ScalarCmd", Scalars=scalars) == [(found, type_, 20, None)]


def test_sensors_keep_their_places_and_a_type_alone_finds_one_that_is_there() -> None:
    bulbs = [feature(index, "", {"Pressure": ((0, 100), [*READ, *STREAM])}) for index in (0, 1)]
    client = Client(3, device(*bulbs))
    change(client, device(bulbs[1]))

    def asked(name: str, place: int) -> int:
        (message,) = client.command(name, SensorIndex=place, SensorType="Pressure")
        found: Any = message
        assert found.device_index == 0
        feature_index: int = found.feature_index
        return feature_index

    for name in ("SensorReadCmd", "SensorSubscribeCmd", "SensorUnsubscribeCmd"):
        assert [asked(name, place) for place in (0, 1, 7)] == [0, 1, 1]
    client = Client(3, device(*bulbs))
    change(client, device(bulbs[1]))
    ((_, body),) = client.answer(InputReading(0, 0, 1, {"Pressure": InputValue(5)}))
    assert body["SensorIndex"] == 1


def test_of_devices_that_have_gone_the_latest_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MOST_GONE", 2)
    client = Client(3)
    for index in range(3):
        change(client, device(TIP, BASE, index=index))
        change(client)
    change(client, *(device(BASE, index=index) for index in range(3)))
    assert [[entry["FeatureDescriptor"] for entry in client.messages_of(index)["ScalarCmd"]] for index in range(3)] == [
        ["Base"],
        ["Tip (disabled)", "Base"],
        ["Tip (disabled)", "Base"],
    ]
    assert len(client.translator._devices._gone) <= 2


FEATURES = [TIP, BASE, RING, feature(3, "Both", Vibrate=(0, 20), Oscillate=(0, 20))]
chosen = st.none() | st.lists(st.sampled_from(FEATURES), unique_by=lambda feature: feature.feature_index)


@given(st.lists(chosen, min_size=1, max_size=8))
def test_no_place_ever_means_another_output(steps: Sequence[Sequence[FeatureInfo] | None]) -> None:
    client = Client(3)
    meant: dict[int, str] = {}
    for there in steps:
        change(client, *([] if there is None else [device(*there)]))
        if there is None:
            continue
        entries = client.messages_of().get("ScalarCmd", [])
        for place, entry in enumerate(entries):
            what = f"{entry['FeatureDescriptor'].removesuffix(' (disabled)')} {entry['ActuatorType']}"
            assert meant.setdefault(place, what) == what
        enabled = [entry["FeatureDescriptor"] for entry in entries if "disabled" not in entry["FeatureDescriptor"]]
        assert sorted(enabled) == sorted(feature.feature_description for feature in there for _ in feature.output)
        assert not entries or "disabled" not in entries[-1]["FeatureDescriptor"]


@pytest.mark.parametrize("version", range(4))
def test_clients_share_the_description_of_a_device_until_it_changes(version: int) -> None:
    toy = device(feature(0, Vibrate=(0, 10)), feature(1, Vibrate=(0, 20)))
    first, second = (Client(version, toy).translator._devices.device(0) for _ in range(2))
    told = VERSIONS[version].description(first)
    assert VERSIONS[version].description(second) is told
    smaller = structs.replace(toy, device_features={1: feature(1, Vibrate=(0, 20))})
    client = Client(version, toy)
    client.answer(DeviceList(0, {0: smaller}))
    alone, changed = Client(version, smaller), client.translator._devices.device(0)
    assert VERSIONS[version].description(alone.translator._devices.device(0)) is not VERSIONS[version].description(changed)
    assert VERSIONS[version].description(second) is told
