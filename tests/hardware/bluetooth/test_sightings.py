"""What is made of Bluetooth LE advertisements: merging, reporting, retries, and bounded memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.hardware.base import Hardware
from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothSpecifier
from buttplug.hardware.bluetooth.sightings import (
    COMPANIES,
    DISCONNECT_ECHO_TIME,
    GOOD_LINK_TIME,
    MEMORY,
    NAME_WAIT,
    RETRY_DELAYS,
    ROLLING_INTERVAL,
    SERVICES,
    SHORT_LINK_TIME,
    Sighting,
    Sightings,
)
from buttplug.hardware.simulated import SimulatedDevice, SimulatedHardware


@pytest.fixture
def sighting() -> Sighting[None]:
    """A device with a name, heard first at time 0."""
    sighting = Sighting("C0:00:5E:00:53:01", None, first_heard=0.0)
    sighting.merge("Toy", [], {})
    return sighting


@pytest.fixture
def link() -> Hardware:
    device = SimulatedDevice("Toy", BluetoothAdvertisement(name="Toy"), address="C0:00:5E:00:53:01")
    return SimulatedHardware(device, BluetoothSpecifier(services={}))


def reported(sighting: Sighting[None], now: float, *, scanning: bool = True) -> bool:
    return sighting.due(now, scanning=scanning) is not None


# Merging


def test_names_are_the_last_services_the_union_and_manufacturer_data_the_latest_of_each_company() -> None:
    sighting = Sighting("address", None, first_heard=0.0)
    sighting.merge("To", ["AAAA"], {1: b"a"})
    sighting.merge(None, ["bbbb"], {2: b"b"})
    sighting.merge("Toy", [], {1: b"c"})
    sighting.merge("", [], {})
    assert sighting.advertisement == BluetoothAdvertisement("Toy", {1: b"c", 2: b"b"}, frozenset({"aaaa", "bbbb"}))


@given(
    st.lists(
        st.tuples(
            st.none() | st.text(max_size=5),
            st.lists(st.uuids().map(str), max_size=8),
            st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=4), max_size=8),
        ),
        max_size=40,
    )
)
def test_a_device_that_makes_up_services_and_companies_fills_no_memory(
    advertisements: list[tuple[str | None, list[str], dict[int, bytes]]],
) -> None:
    sighting = Sighting("address", None, first_heard=0.0)
    for name, services, data in advertisements:
        sighting.merge(name, services, data)
        assert len(sighting.services) <= SERVICES + 8
        assert len(sighting.manufacturer_data) <= COMPANIES
        assert sighting.services.issuperset(services)
        if len(data) <= COMPANIES:
            assert data.items() <= sighting.manufacturer_data.items()


# Reporting


def test_a_device_is_reported_once(sighting: Sighting[None]) -> None:
    assert [reported(sighting, now) for now in (0.0, 0.0, 100.0)] == [True, False, False]


def test_a_device_is_reported_again_when_its_name_or_its_services_change(sighting: Sighting[None]) -> None:
    assert reported(sighting, 0.0)
    sighting.merge("Toy 2", [], {})
    assert reported(sighting, 0.0)
    sighting.merge(None, ["aaaa"], {})
    assert reported(sighting, 0.0)
    sighting.merge(None, ["AAAA"], {})
    assert not reported(sighting, 0.0)


def test_rolling_manufacturer_data_is_reported_at_most_once_a_second(sighting: Sighting[None]) -> None:
    times = []
    for packet in range(1000):
        now = packet / 100
        sighting.merge(None, [], {1: packet.to_bytes(2, "big")})
        if reported(sighting, now):
            times.append(now)
    assert times == [number * ROLLING_INTERVAL for number in range(10)]


def test_a_device_without_a_name_is_reported_after_a_wait_for_it() -> None:
    sighting = Sighting("address", None, first_heard=5.0)
    sighting.merge(None, ["aaaa"], {})
    assert not reported(sighting, 5.0 + NAME_WAIT - 0.01)
    assert reported(sighting, 5.0 + NAME_WAIT)


def test_a_name_that_comes_ends_the_wait() -> None:
    sighting = Sighting("address", None, first_heard=5.0)
    sighting.merge(None, ["aaaa"], {})
    sighting.merge("Toy", [], {})
    assert reported(sighting, 5.0)


def test_a_device_of_which_nothing_is_known_is_not_reported() -> None:
    assert not reported(Sighting("address", None, first_heard=0.0), 100.0)


def test_nothing_is_reported_outside_a_scan_but_what_is_reconnecting(sighting: Sighting[None]) -> None:
    assert not reported(sighting, 0.0, scanning=False)
    sighting.reconnecting = True
    assert reported(sighting, 0.0, scanning=False)


def test_a_device_is_not_reported_while_it_is_being_connected_or_is_connected(
    sighting: Sighting[None], link: Hardware
) -> None:
    sighting.connecting = True
    assert not reported(sighting, 0.0)
    sighting.connecting = False
    sighting.connected(link, 0.0)
    assert not reported(sighting, 0.0)


def test_a_device_that_is_reconnecting_is_reported_until_it_is_connected(sighting: Sighting[None]) -> None:
    sighting.reconnecting = True
    step = RETRY_DELAYS[0]
    assert [reported(sighting, now) for now in (0.0, step - 0.1, step, 2 * step)] == [True, False, True, True]


# Failures


def test_every_failed_connect_makes_the_wait_longer(sighting: Sighting[None]) -> None:
    now = 0.0
    for delay in (*RETRY_DELAYS, RETRY_DELAYS[-1]):
        assert reported(sighting, now)
        sighting.failed(now)
        assert not reported(sighting, now + delay - 0.01)
        now += delay


def test_a_device_that_drops_out_is_reconnecting_after_its_echo(sighting: Sighting[None], link: Hardware) -> None:
    sighting.connected(link, 0.0)
    sighting.dropped(SHORT_LINK_TIME)
    assert (sighting.reconnecting, sighting.missing) == (True, True)
    assert not reported(sighting, SHORT_LINK_TIME + DISCONNECT_ECHO_TIME - 0.01, scanning=False)
    assert reported(sighting, SHORT_LINK_TIME + DISCONNECT_ECHO_TIME, scanning=False)


def test_a_link_that_was_lost_soon_counts_as_a_failed_connect(sighting: Sighting[None], link: Hardware) -> None:
    now = 0.0
    for delay in RETRY_DELAYS:
        sighting.connected(link, now)
        now += SHORT_LINK_TIME - 0.1
        sighting.dropped(now)
        assert not reported(sighting, now + delay - 0.01, scanning=False)
        now += delay


def test_a_link_the_server_ended_soon_counts_as_a_failed_connect(sighting: Sighting[None], link: Hardware) -> None:
    now = 0.0
    for delay in RETRY_DELAYS:
        sighting.connected(link, now)
        now += GOOD_LINK_TIME - 0.1
        sighting.closed(now)
        assert not reported(sighting, now + delay - 0.01)
        now += delay
        assert reported(sighting, now)


@pytest.mark.parametrize(("lasted", "reconnecting"), [(GOOD_LINK_TIME - 0.1, True), (GOOD_LINK_TIME, False)])
def test_a_device_that_came_back_is_reconnecting_until_its_link_proved_good(
    sighting: Sighting[None], link: Hardware, lasted: float, reconnecting: bool
) -> None:
    sighting.connected(link, 0.0)
    sighting.dropped(100.0)
    sighting.connected(link, 200.0)
    assert not sighting.missing
    sighting.closed(200.0 + lasted)
    assert sighting.reconnecting is reconnecting


def test_a_new_scan_forgets_failures(sighting: Sighting[None]) -> None:
    sightings: Sightings[None] = Sightings()
    known = sightings.heard("address", None, 0.0)
    known.merge("Toy", [], {})
    for _ in range(4):
        known.failed(0.0)
    sightings.try_again()
    sightings.report_again()
    assert reported(known, 0.0)
    known.failed(0.0)
    assert known.retry_at == RETRY_DELAYS[0]


# Memory


def test_ten_thousand_rolling_addresses_fill_no_memory() -> None:
    sightings: Sightings[int] = Sightings()
    for number in range(10_000):
        sighting = sightings.heard(f"address {number}", number, float(number))
        sighting.merge(None, [], {1: number.to_bytes(2, "big")})
    assert len(sightings) == MEMORY
    assert sightings.get("address 9999") is not None
    assert sightings.get("address 0") is None


@pytest.mark.parametrize("reason", ["reconnecting", "connecting"])
def test_what_is_in_use_is_not_forgotten(reason: str) -> None:
    sightings: Sightings[int] = Sightings()
    held = sightings.heard("held", 0, 0.0)
    setattr(held, reason, True)
    for number in range(2 * MEMORY):
        sightings.heard(f"address {number}", number, 0.0)
    assert sightings.get("held") is held
    assert sightings.held() == [held]
    assert len(sightings) == MEMORY


def test_of_hundreds_that_dropped_out_and_did_not_come_back_the_first_are_forgotten_and_none_in_use(link: Hardware) -> None:
    sightings: Sightings[int] = Sightings()
    used = sightings.heard("used", 0, 0.0)
    used.connected(link, 0.0)
    for number in range(2 * MEMORY):
        passing = sightings.heard(f"address {number}", number, 0.0)
        passing.connected(link, 0.0)
        passing.dropped(10.0)
    assert len(sightings) == MEMORY
    assert sightings.get("used") is used
    assert sightings.get("address 0") is None
    assert sightings.get(f"address {2 * MEMORY - 1}") is passing


def test_what_was_heard_last_is_kept_longest() -> None:
    sightings: Sightings[int] = Sightings()
    for number in range(MEMORY):
        sightings.heard(f"address {number}", number, 0.0)
    sightings.heard("address 0", 0, 0.0)
    sightings.heard("one more", 0, 0.0)
    assert sightings.get("address 0") is not None
    assert sightings.get("address 1") is None
