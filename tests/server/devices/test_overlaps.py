"""Every device of the bundled configuration is found as its own family's, those that several families claim included."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothSpecifier
from buttplug.hardware.specifier import Advertisement
from buttplug.hardware.websocket import WebsocketAdvertisement
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.format import ProtocolFile
from buttplug.server.devices.simulation import simulate_model
from buttplug.server.protocols import load, supports

FOLDER = Path(__file__).parents[3] / "device-config"

#: An ending for names that may have any, and a digit for patterns.
ENDING, DIGIT = "1", "5"

#: Devices that more families claim than the one they belong to, by what they are called: whose they are, and who else would
#: have them. The docstring of ``matching`` says by which rule.
CLAIMED_BY_SEVERAL = {
    "FM-LILAC-101": ("magic-motion-1", {"fmachine"}),
    "LVS-S001": ("adrienlastic", {"lovense"}),
    "LVS-S002": ("adrienlastic", {"lovense"}),
    "MB Controller": ("fluffer", {"motorbunny"}),
    f"XXD-Lush{ENDING}": ("xiuxiuda", {"lovense"}),
}


#: How phones, computers, televisions and other things in a home call themselves, some much as toys do.
OTHERS = """
[TV] Samsung 7 Series (55), [LG] webOS TV OLED55C1, BRAVIA 4K VH2, Chromecast, Fire TV Stick, Roku Ultra, iPhone,
John's iPhone, Galaxy S21 Ultra 5G, Galaxy Watch4 (A1B2), Pixel 7, Mi Smart Band 6, MI_SCALE, Redmi Buds 4, Fitbit Charge 5,
fenix 6, DESKTOP-1A2B3C4, MacBook Pro, Surface Pen, JBL Flip 5, WH-1000XM4, LE-Bose QC35 II, AirPods Pro, Jabra Elite 85t,
Xbox Wireless Controller, DualSense Wireless Controller, Joy-Con (L), Logi MX Master 3, Hue color lamp, GVH5075_1234, Tile,
Oral-B Toothbrush, Philips SmartSleep, Tesla 1234, ELM327, HM-10, ESP32, HC-08, MLT-BT05, LV, SF, FM, J
"""


class Device(NamedTuple):
    """A device, by its family and what it sends out."""

    family: str
    advertisement: BluetoothAdvertisement


@cache
def configuration() -> DeviceConfiguration:
    return DeviceConfiguration.load()


def families(advertisement: Advertisement) -> list[str]:
    """Return the families that may have a device, best first."""
    return [match.protocol for match in configuration().match(advertisement)]


def bluetooth_specifiers() -> Iterator[tuple[str, BluetoothSpecifier]]:
    for family in configuration().protocols:
        for specifier in configuration().specifiers(family):
            if isinstance(specifier, BluetoothSpecifier):
                yield family, specifier


def names(specifier: BluetoothSpecifier) -> list[str]:
    return [name.removesuffix("*") + ENDING if name.endswith("*") else name for name in specifier.names]


def identifiers(family: str) -> list[str]:
    file = msgspec.json.decode((FOLDER / f"{family}.json").read_bytes(), type=ProtocolFile)
    return [identifier for model in file.configurations for identifier in model.identifier]


def devices_by_name() -> Iterator[Device]:
    """Return every device that is found by its name, with nothing else to tell it by."""
    for family, specifier in bluetooth_specifiers():
        known = set(names(specifier))
        beginnings = tuple(name.removesuffix("*") for name in specifier.names if name.endswith("*"))
        for name in (*names(specifier), *identifiers(family)):
            if name in known or name.startswith(beginnings or ("\0",)):
                yield Device(family, BluetoothAdvertisement(name))


def devices_by_mark() -> Iterator[Device]:
    """Return every device that has a mark of its family beside its name: manufacturer data or an advertised service."""
    for family, specifier in bluetooth_specifiers():
        marks = [{wanted.company: bytes(wanted.data)} for wanted in specifier.manufacturer_data]
        services = [frozenset({uuid.replace("?", DIGIT)}) for uuid in specifier.advertised_services]
        for name in ("", *names(specifier), *identifiers(family)):
            yield from (Device(family, BluetoothAdvertisement(name, mark)) for mark in marks)
            yield from (Device(family, BluetoothAdvertisement(name, {}, service)) for service in services)


def devices_that_tell_all() -> Iterator[Device]:
    """Return every device with all its marks, and with all services that it has advertised too."""
    for device in devices_by_name():
        for family, specifier in bluetooth_specifiers():
            if family == device.family:
                uuids = (*specifier.advertised_services, *specifier.services)
                services = frozenset(uuid.replace("?", DIGIT) for uuid in uuids)
                data = {wanted.company: bytes(wanted.data) for wanted in specifier.manufacturer_data}
                yield Device(family, BluetoothAdvertisement(device.advertisement.name, data, services))


def test_a_device_that_is_found_by_its_name_is_its_familys() -> None:
    wrong = [device for device in devices_by_name() if families(device.advertisement)[:1] != [device.family]]
    assert wrong == []


def test_a_device_with_a_mark_of_its_family_is_its_familys_whatever_it_is_called() -> None:
    wrong = [device for device in devices_by_mark() if families(device.advertisement)[:1] != [device.family]]
    assert wrong == []


def test_a_device_that_tells_all_is_its_familys() -> None:
    wrong = [device for device in devices_that_tell_all() if families(device.advertisement)[:1] != [device.family]]
    assert wrong == []


def test_no_device_is_claimed_by_several_families_but_those_that_are_known_to_be() -> None:
    claimed = {}
    for device in (*devices_by_name(), *devices_by_mark(), *devices_that_tell_all()):
        best, *others = families(device.advertisement)
        if others:
            claimed[device.advertisement.name] = (best, set(others))
    assert claimed == CLAIMED_BY_SEVERAL


@pytest.mark.parametrize(
    ("name", "family"),
    [("LVS-S001", "lovense"), ("LVS-S002", "lovense"), ("MB Controller", "motorbunny"), ("FM-LILAC", "fmachine")],
)
def test_without_the_mark_of_the_other_family_the_name_decides(name: str, family: str) -> None:
    assert families(BluetoothAdvertisement(name)) == [family]
    assert families(WebsocketAdvertisement(name)) == [family]


@pytest.mark.parametrize("ending", [" TV", "Phone", "_2", "*"])
def test_a_name_that_only_begins_like_a_whole_one_is_nobodys(ending: str) -> None:
    known = {name for _, specifier in bluetooth_specifiers() for name in specifier.names}
    beginnings = tuple(name.removesuffix("*") for name in known if name.endswith("*"))
    longer = {name + ending for name in known if not name.endswith("*")} - known
    taken = {name for name in longer if not name.startswith(beginnings) and families(BluetoothAdvertisement(name))}
    assert taken == set()


@pytest.mark.parametrize("data", [{0x0075: b"\x42\x04"}, {0x004C: b"\x10\x05"}], ids=["Samsung", "Apple"])
def test_a_phone_or_television_is_nobodys_whatever_it_is_called(data: dict[int, bytes]) -> None:
    called = {device.advertisement.name for device in devices_by_name()}
    assert {name for name in called if families(BluetoothAdvertisement(name, data))} == set()


def test_a_device_on_another_bus_is_its_familys_alone() -> None:
    wrong = {
        rule.key: families(rule.key)
        for family in configuration().protocols
        for specifier in configuration().specifiers(family)
        for rule in specifier.rules()
        if isinstance(rule.key, Advertisement) and families(rule.key) != [family]
    }
    assert wrong == {}


def test_a_simulated_device_of_any_model_is_its_familys() -> None:
    wrong = {
        (definition.protocol, definition.name): families(advertisement)
        for definition in configuration()
        for specifier in configuration().specifiers(definition.protocol)
        for _, advertisement in [specifier.simulate(definition.name, definition.identifier)]
        if families(advertisement)[:1] != [definition.protocol]
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("family", "identifier"), [("adrienlastic", "LVS-S001"), ("fluffer", "MB Controller"), ("svakom-iker", "Iker")]
)
def test_a_simulated_device_that_is_found_by_a_mark_has_its_own_name(family: str, identifier: str) -> None:
    (specifier,) = configuration().specifiers(family)
    name, advertisement = specifier.simulate("A model", identifier)
    assert isinstance(advertisement, BluetoothAdvertisement)
    assert (name, advertisement.name) == (identifier, identifier)


def test_what_is_no_toy_is_nobodys_whatever_it_tells_beside_its_name() -> None:
    names = [name.strip() for name in OTHERS.split(",")]
    assert {name: taken for name in names if (taken := families(BluetoothAdvertisement(name)))} == {}


def test_a_beginning_that_is_followed_by_anything_tells_something() -> None:
    beginnings = {name.removesuffix("*") for _, specifier in bluetooth_specifiers() for name in specifier.names if "*" in name}
    assert {beginning for beginning in beginnings if len(beginning) < 3} == set()


async def test_a_simulated_device_is_identified_by_every_identifier_of_its_family() -> None:
    wrong = {}
    for family in filter(supports, configuration().protocols):
        protocol = load(family)
        assert protocol is not None
        for identifier in identifiers(family):
            definition = configuration().definition(family, identifier)
            assert definition is not None
            if not definition.features:
                continue
            device = simulate_model(configuration(), definition, "here")
            hardware = await device.discovery().connect(configuration().specifiers(family))
            told = await protocol.identify(hardware)
            if configuration().definition(family, told) != definition:
                wrong[family, identifier] = told
    assert wrong == {}
