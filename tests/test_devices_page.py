"""The page on devices and the summary in the README are made from the configuration, and are up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from buttplug.hardware.registry import SPECIFIERS
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.protocols import supports
from buttplug.server.protocols.base import Protocol
from docs import devices
from docs.devices import EXPERIMENTAL, RECOGNISED, SUPPORTED, Row

STALE = "run python -m docs.devices"


@pytest.fixture(scope="module")
def table() -> list[Row]:
    return devices.rows()


def of_family(table: list[Row], family: str) -> list[Row]:
    return [row for row in table if row.family == family]


def model(table: list[Row], name: str) -> Row:
    return next(row for row in table if row.model == name)


def test_the_page_is_up_to_date(table: list[Row]) -> None:
    assert devices.PAGE.read_text(encoding="utf-8") == devices.page(table), STALE


def test_the_summary_in_the_readme_is_up_to_date(table: list[Row]) -> None:
    readme = devices.README.read_text(encoding="utf-8")
    assert devices.BEGIN in readme
    assert readme == devices.with_summary(readme, table), STALE


def test_the_command_writes_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = devices.README.read_text(encoding="utf-8")
    stale = tmp_path / "README.md"
    stale.write_text(devices.with_summary(readme, []), encoding="utf-8")
    assert stale.read_text(encoding="utf-8") != readme
    monkeypatch.setattr(devices, "README", stale)
    monkeypatch.setattr(devices, "PAGE", tmp_path / "devices.md")
    devices.main()
    assert stale.read_text(encoding="utf-8") == readme
    assert (tmp_path / "devices.md").read_bytes() == devices.PAGE.read_bytes()


def test_every_bus_that_a_device_can_be_found_on_has_a_name() -> None:
    assert devices.BUSES.keys() == SPECIFIERS.keys() - {"simulated", "websocket"}


def test_every_family_of_hardware_is_there(table: list[Row]) -> None:
    assert {row.family for row in table} == set(DeviceConfiguration.load().protocols) - {"simulated", "xinput"}


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("Lovense Nora", ("Lovense", "Bluetooth LE, Lovense dongle", "vibrate (20), rotate (±20)", "battery")),
        (
            "Umove Mira",
            ("Umove", "Bluetooth LE", "vibrate (10000), position (632), timed position (632), temperature (37 to 42)", ""),
        ),
        ("We-Vibe Sync 2", ("We-Vibe", "Bluetooth LE", "2 × vibrate (30)", "")),
        ("The Handy 2 Pro", ("The Handy", "Bluetooth LE", "timed position (100)", "")),
        ("Kiiroo Pearl 2.1", ("Kiiroo", "Bluetooth LE", "vibrate (100)", "battery, 4 × pressure, 4 × button")),
        ("Kizuna Smart", ("Kizuna", "serial", "rotate (9)", "")),
        ("Nobra's Silicone Dreams Toy", ("Nobra's Silicone Dreams", "Bluetooth LE, serial", "vibrate (15)", "")),
    ],
)
def test_a_device_is_found_by_the_name_on_its_box(table: list[Row], name: str, cells: tuple[str, ...]) -> None:
    row = model(table, name)
    assert (row.brand, row.bus, row.outputs, row.inputs) == cells


def test_a_family_with_other_models_than_those_listed_says_so(table: list[Row]) -> None:
    assert [row.model for row in of_family(table, "patoo") if row.others] == ["Patoo Device (any other model)"]
    assert not any(row.others for row in of_family(table, "cupido"))


def test_every_brand_of_several_words_and_every_other_spelling_is_some_devices(table: list[Row]) -> None:
    assert set(devices.LONG_BRANDS) <= {row.brand for row in table}
    names = [definition.name for definition in DeviceConfiguration.load()]
    assert all(any(name.startswith(known) for name in names) for known in devices.PRINTED)


@pytest.mark.parametrize("article", ["The", "A", "G", "Love", "Next", "Magic"])
def test_a_brand_is_not_cut_short(table: list[Row], article: str) -> None:
    assert article not in {row.brand for row in table}


def test_a_device_is_supported_where_there_is_a_module_and_it_can_do_something(monkeypatch: pytest.MonkeyPatch) -> None:
    class Sure(Protocol):
        pass

    class Unsure(Protocol):
        experimental = True

    classes: dict[str, type[Protocol]] = {"aneros": Sure, "sayberx": Sure, "muse": Unsure}
    monkeypatch.setattr(devices, "load", classes.get)
    table = devices.rows()
    assert model(table, "Aneros Vivi").status == SUPPORTED
    assert model(table, "SayberX").status == SUPPORTED
    assert model(table, "Sayber X-Ring").status == RECOGNISED
    assert {row.status for row in of_family(table, "muse")} == {EXPERIMENTAL}
    assert {row.status for row in of_family(table, "lovense")} == {RECOGNISED}


def test_the_summary_counts_families_and_models_and_names_the_brands_with_most() -> None:
    nora = Row("Lovense", "Lovense Nora", "Bluetooth LE", "", "", SUPPORTED, "lovense", False)
    table = [
        nora,
        nora._replace(model="Lovense Max"),
        nora._replace(model="Lovense Device (any other model)", others=True),
        nora._replace(brand="Aneros", model="Aneros Vivi", family="aneros"),
        *(nora._replace(brand=f"Brand {number}", status=RECOGNISED) for number in range(20)),
    ]
    supported, recognised = devices.summary(table).splitlines()[2:]
    assert supported == "| supported | 2 | 3 | Lovense (2), Aneros (1) |"
    assert recognised.startswith("| recognised only | 1 | 20 | Brand 0 (1), Brand 1 (1)")
    assert recognised.endswith("Brand 14 (1) and 5 more |")


def test_the_table_has_six_columns_in_every_line(table: list[Row]) -> None:
    lines = [line.replace(r"\|", "") for line in devices.page(table).splitlines() if line.startswith("| ")]
    lines = lines[lines.index("| brand | model | bus | outputs | inputs | status |") :]
    assert len(lines) == len(table) + 1
    assert {line.count("|") for line in lines} == {7}


def test_all_modules_that_there_are_have_devices_on_the_page(table: list[Row]) -> None:
    usable = {row.family for row in table if row.status != RECOGNISED}
    assert usable == set(filter(supports, DeviceConfiguration.load().protocols)) - {"simulated"}
