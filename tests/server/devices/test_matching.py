"""Which protocols an advertisement belongs to, and which of them comes first."""

from __future__ import annotations

import pytest

from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothSpecifier, ManufacturerData
from buttplug.hardware.common.usb_ids import UsbId
from buttplug.hardware.gamepad import GamepadAdvertisement, GamepadSpecifier
from buttplug.hardware.hid import HidAdvertisement, HidSpecifier
from buttplug.hardware.lovense_connect import LovenseConnectAdvertisement, LovenseConnectSpecifier
from buttplug.hardware.serial import SerialAdvertisement, SerialSpecifier
from buttplug.hardware.simulated import SimulatedAdvertisement, SimulatedSpecifier
from buttplug.hardware.specifier import Advertisement, Specifier
from buttplug.hardware.usb import UsbAdvertisement, UsbSpecifier
from buttplug.hardware.websocket import WebsocketAdvertisement, WebsocketSpecifier
from buttplug.server.devices.matching import Matcher

COMPANY = 620
SERVICE = "50300001-0023-4bd4-bbd5-a6920e4c5653"


def bluetooth(
    *names: str, manufacturer_data: tuple[ManufacturerData, ...] = (), services: tuple[str, ...] = ()
) -> BluetoothSpecifier:
    return BluetoothSpecifier({}, names, manufacturer_data, services)


def data(*values: int) -> tuple[ManufacturerData, ...]:
    return (ManufacturerData(COMPANY, values),)


def matched(matcher: Matcher, advertisement: Advertisement) -> list[str]:
    return [match.protocol for match in matcher.match(advertisement)]


@pytest.fixture
def matcher() -> Matcher:
    return Matcher()


@pytest.mark.parametrize(
    ("specifier", "advertisement", "matches"),
    [
        (bluetooth("Edge"), BluetoothAdvertisement("Edge"), True),
        (bluetooth("Edge"), BluetoothAdvertisement("edge"), False),
        (bluetooth("Edge"), BluetoothAdvertisement("Edge 2"), False),
        (bluetooth("Edge"), BluetoothAdvertisement("Edge*"), False),
        (bluetooth("LVS-*"), BluetoothAdvertisement("LVS-Z001"), True),
        (bluetooth("LVS-*"), BluetoothAdvertisement("LVS-"), True),
        (bluetooth("LVS-*"), BluetoothAdvertisement("LVS"), False),
        (bluetooth("LVS-*"), BluetoothAdvertisement("LV*"), False),
        (bluetooth("LVS-*"), BluetoothAdvertisement("*"), False),
        (bluetooth("LVS-*"), BluetoothAdvertisement(""), False),
        (bluetooth("*"), BluetoothAdvertisement("anything"), True),
        (bluetooth("*"), BluetoothAdvertisement(""), False),
        (bluetooth("*"), BluetoothAdvertisement("*"), False),
        (bluetooth(services=(SERVICE,)), BluetoothAdvertisement(SERVICE), False),
        (bluetooth(SERVICE), BluetoothAdvertisement("", {}, frozenset({SERVICE})), False),
        (bluetooth(manufacturer_data=data()), BluetoothAdvertisement("", {COMPANY: b""}), True),
        (bluetooth(manufacturer_data=data()), BluetoothAdvertisement("", {COMPANY + 1: b""}), False),
        (bluetooth(manufacturer_data=data(1, 2)), BluetoothAdvertisement("", {COMPANY: b"\0\1\2\3"}), True),
        (bluetooth(manufacturer_data=data(1, 2)), BluetoothAdvertisement("", {COMPANY: b"\1"}), False),
        (bluetooth(manufacturer_data=data(1, 2)), BluetoothAdvertisement("", {COMPANY: b""}), False),
        (bluetooth(services=(SERVICE,)), BluetoothAdvertisement("", {}, frozenset({"180f", SERVICE})), True),
        (bluetooth(services=(SERVICE,)), BluetoothAdvertisement("", {}, frozenset({"180f"})), False),
        (bluetooth(services=("????0001" + SERVICE[8:],)), BluetoothAdvertisement("", {}, frozenset({SERVICE})), True),
        (bluetooth(services=("????0002" + SERVICE[8:],)), BluetoothAdvertisement("", {}, frozenset({SERVICE})), False),
        (SerialSpecifier("COM7", 115200), SerialAdvertisement("COM7"), True),
        (SerialSpecifier("COM7", 115200), SerialAdvertisement("COM70"), False),
        (HidSpecifier((UsbId(1, 2), UsbId(3, 4))), HidAdvertisement(3, 4), True),
        (HidSpecifier((UsbId(1, 2), UsbId(3, 4))), HidAdvertisement(1, 4), False),
        (HidSpecifier((UsbId(1, 2),)), UsbAdvertisement(1, 2), False),
        (UsbSpecifier((UsbId(1, 2),)), UsbAdvertisement(1, 2), True),
        (WebsocketSpecifier("my-osr"), WebsocketAdvertisement("my-osr"), True),
        (WebsocketSpecifier("my-osr*"), WebsocketAdvertisement("my-osr2"), False),
        (SimulatedSpecifier(("one", "two")), SimulatedAdvertisement("two"), True),
        (SimulatedSpecifier(("one", "two")), WebsocketAdvertisement("two"), False),
        (LovenseConnectSpecifier(), LovenseConnectAdvertisement(), True),
        (GamepadSpecifier(), GamepadAdvertisement(), True),
        (GamepadSpecifier(), LovenseConnectAdvertisement(), False),
    ],
)
def test_a_specifier_matches_only_what_it_describes(
    matcher: Matcher, specifier: Specifier, advertisement: Advertisement, matches: bool
) -> None:
    matcher.add("lovense", specifier, bundled=True)
    assert matcher.match(advertisement) == ([("lovense", specifier)] if matches else [])


ADVERTISEMENT = BluetoothAdvertisement("Edge-1", {COMPANY: b"\1\2\3"}, frozenset({SERVICE}))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (bluetooth(manufacturer_data=data(1, 2)), bluetooth(manufacturer_data=data(1))),
        (bluetooth(manufacturer_data=data(1)), bluetooth(manufacturer_data=data())),
        (bluetooth(manufacturer_data=data()), bluetooth("Edge-1")),
        (bluetooth("Edge-1"), bluetooth(services=(SERVICE,))),
        (bluetooth("Edge-1"), bluetooth("Edge-1*")),
        (bluetooth(services=(SERVICE,)), bluetooth("Edge-*")),
        (bluetooth("Edge-*"), bluetooth("Edge*")),
        (bluetooth("E*"), bluetooth(services=("????0001" + SERVICE[8:],))),
    ],
)
@pytest.mark.parametrize("names", [("aneros", "zalo"), ("zalo", "aneros")])
def test_the_more_precise_rule_comes_first(
    matcher: Matcher, first: BluetoothSpecifier, second: BluetoothSpecifier, names: tuple[str, str]
) -> None:
    matcher.add(names[1], second, bundled=True)
    matcher.add(names[0], first, bundled=True)
    assert matched(matcher, ADVERTISEMENT) == list(names)


@pytest.mark.parametrize(
    ("specifier", "advertisement"),
    [(bluetooth("Edge-1"), ADVERTISEMENT), (SerialSpecifier("COM7", 9600), SerialAdvertisement("COM7"))],
)
def test_equal_rules_come_in_the_order_of_the_protocols_names(
    matcher: Matcher, specifier: Specifier, advertisement: Advertisement
) -> None:
    for protocol in ("foreo", "aneros", "zalo"):
        matcher.add(protocol, specifier, bundled=True)
    assert matched(matcher, advertisement) == ["aneros", "foreo", "zalo"]


@pytest.mark.parametrize(
    ("bundled", "users", "advertisement"),
    [
        (bluetooth("Edge-1"), bluetooth(services=(SERVICE,)), ADVERTISEMENT),
        (WebsocketSpecifier("osr"), WebsocketSpecifier("osr"), WebsocketAdvertisement("osr")),
    ],
)
def test_what_users_add_comes_before_everything_bundled(
    matcher: Matcher, bundled: Specifier, users: Specifier, advertisement: Advertisement
) -> None:
    matcher.add("aneros", bundled, bundled=True)
    matcher.add("zalo", users, bundled=False)
    assert matched(matcher, advertisement) == ["zalo", "aneros"]


PHONES_AND_TELEVISIONS = [
    {0x0075: b"\x42\x04\x01\x01"},
    {0x00C4: b"\x02"},
    {0x00E0: b""},
    {0x012D: b"\x04"},
    {0x004C: b"\x10\x05\x01\x18"},
    {0x0006: b"\x01\x09\x20\x02"},
    {COMPANY: b"\1", 0x0075: b"\1"},
]


@pytest.mark.parametrize("manufacturer_data", PHONES_AND_TELEVISIONS)
@pytest.mark.parametrize("name", ["Edge-1", "Edge*"])
def test_a_name_counts_for_nothing_on_a_phone_or_television(
    matcher: Matcher, name: str, manufacturer_data: dict[int, bytes]
) -> None:
    matcher.add("aneros", bluetooth(name), bundled=True)
    assert matched(matcher, BluetoothAdvertisement("Edge-1", manufacturer_data)) == []


@pytest.mark.parametrize("manufacturer_data", PHONES_AND_TELEVISIONS)
def test_a_makers_own_mark_counts_on_a_phone_too(matcher: Matcher, manufacturer_data: dict[int, bytes]) -> None:
    matcher.add("aneros", bluetooth(services=(SERVICE,)), bundled=True)
    advertisement = BluetoothAdvertisement("Edge-1", manufacturer_data, frozenset({SERVICE}))
    assert matched(matcher, advertisement) == ["aneros"]


@pytest.mark.parametrize(
    "manufacturer_data",
    [{}, {COMPANY: b"\1"}, {0x004C: b"\x02\x15" + bytes(21)}, {0x004C: b""}, {0x0006: b"\3"}, {0x0006: b""}],
)
def test_a_name_counts_where_the_manufacturer_data_does_not_tell_of_a_phone(
    matcher: Matcher, manufacturer_data: dict[int, bytes]
) -> None:
    matcher.add("aneros", bluetooth("Edge*"), bundled=True)
    assert matched(matcher, BluetoothAdvertisement("Edge-1", manufacturer_data)) == ["aneros"]


def test_a_specifier_counts_once_by_the_best_of_its_rules(matcher: Matcher) -> None:
    everything = bluetooth("Edge-1", "E*", manufacturer_data=data(1), services=(SERVICE,))
    matcher.add("zalo", everything, bundled=True)
    matcher.add("aneros", bluetooth("Edge*", manufacturer_data=data()), bundled=True)
    assert matched(matcher, ADVERTISEMENT) == ["zalo", "aneros"]


def test_all_specifiers_of_a_protocol_that_match_are_told(matcher: Matcher) -> None:
    exact, wildcard = bluetooth("Edge-1"), bluetooth("Edge*")
    matcher.add("zalo", wildcard, bundled=True)
    matcher.add("zalo", exact, bundled=True)
    assert matcher.match(ADVERTISEMENT) == [("zalo", exact), ("zalo", wildcard)]
