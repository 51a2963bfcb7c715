"""A link to a Bluetooth LE device: the real bleak, with a BlueZ of our own below it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from bleak.exc import BleakError

from buttplug.hardware.base import Discovery, Hardware, Packet
from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothManager, BluetoothSpecifier, turns
from buttplug.hardware.bluetooth import link as bluetooth_link
from buttplug.hardware.errors import (
    HardwareDisconnectedError,
    HardwareError,
    HardwarePermissionError,
    HardwareTimeoutError,
)
from buttplug.hardware.serial import SerialSpecifier
from tests.fakes.bluez import FakeAdapter
from tests.fakes.peripheral import Hook, Peripheral, Write, hang, refuse
from tests.hardware.bluetooth.helpers import BATTERY_LEVEL, BATTERY_SERVICE, RX, SERVICE, SPECIFIER, TX, Found, toy
from tests.hardware.helpers import losses, until

pytestmark = pytest.mark.real_time

OTHER = BluetoothSpecifier(services={"0000aaaa-0000-1000-8000-00805f9b34fb": {"tx": TX}}, names=("Toy",))
SENSOR = BluetoothSpecifier(services={SERVICE: {"rxpressure": RX}, BATTERY_SERVICE: {"rxblebattery": BATTERY_LEVEL}})


@pytest.fixture
def peripheral(adapter: FakeAdapter) -> Peripheral:
    return toy(adapter)


@pytest.fixture
async def discovery(bluetooth: BluetoothManager, found: Found, peripheral: Peripheral) -> Discovery:
    await bluetooth.start_scanning()
    return await found.next_of(peripheral)


@pytest.fixture
async def hardware(discovery: Discovery) -> Hardware:
    return await discovery.connect([SPECIFIER])


@pytest.fixture
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {
        "CONNECT_LIMIT": 0.3,
        "CONNECT_PAUSE": 0.01,
        "WRITE_LIMIT": 0.2,
        "READ_LIMIT": 0.2,
        "DISCONNECT_LIMIT": 0.2,
    }.items():
        monkeypatch.setattr(bluetooth_link, name, seconds)


# Connecting


async def test_a_link_has_the_endpoints_that_the_device_has(discovery: Discovery) -> None:
    hardware = await discovery.connect([SPECIFIER])
    assert hardware.endpoints == {"tx", "rx", "rxblebattery"}
    assert (hardware.name, hardware.address, hardware.specifier) == ("Toy", "C0:00:5E:00:53:01", SPECIFIER)
    assert hardware.message_gap == 0.075
    assert hardware.connected


async def test_a_link_knows_the_manufacturer_data(bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found) -> None:
    advertisement = BluetoothAdvertisement(name="Toy", manufacturer_data={93: b"\x00\x00\x27\x16"})
    hardware = await found.connect(toy(adapter, advertisement=advertisement))
    assert hardware.manufacturer_data == {93: b"\x00\x00\x27\x16"}


@pytest.mark.parametrize(
    ("specifiers", "fitting"),
    [([OTHER, SPECIFIER], SPECIFIER), ([SerialSpecifier("Toy", 9600), SPECIFIER], SPECIFIER), ([SENSOR, SPECIFIER], SENSOR)],
    ids=["the second", "another bus's first", "a sensor, which takes no commands"],
)
async def test_the_first_specifier_that_fits_is_the_devices(
    discovery: Discovery, specifiers: list[BluetoothSpecifier], fitting: BluetoothSpecifier
) -> None:
    assert (await discovery.connect(specifiers)).specifier is fitting


@pytest.mark.parametrize("services", [{}, {SERVICE: {"rx": RX}}], ids=["no services", "nothing to write to"])
async def test_a_device_without_the_services_it_should_have_is_refused_and_let_go(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found, services: dict[str, dict[str, str]]
) -> None:
    peripheral = toy(adapter, services=services)
    with pytest.raises(HardwareError, match=f"Toy is none of the devices it looks like.*{SERVICE}"):
        await found.connect(peripheral)
    await until(lambda: not peripheral.connected)


@pytest.mark.usefixtures("short_limits")
async def test_radio_trouble_while_connecting_is_tried_again(discovery: Discovery, peripheral: Peripheral) -> None:
    peripheral.hooks["Connect"] = refuse("Failed", "Software caused connection abort", times=2)
    assert (await discovery.connect([SPECIFIER])).connected
    assert peripheral.connects == 3


@pytest.mark.usefixtures("short_limits")
@pytest.mark.parametrize(
    ("hook", "kind", "words", "connects"),
    [
        (refuse("Failed", "Software caused connection abort"), HardwareError, "connecting failed: Software caused", 3),
        (refuse("AuthenticationFailed", "Authentication Failed"), HardwareError, "Authentication Failed", 1),
        (
            refuse("org.freedesktop.DBus.Error.AccessDenied", "Rejected send message"),
            HardwarePermissionError,
            "group bluetooth",
            1,
        ),
        (refuse("NotReady", "Resource Not Ready"), HardwareError, "the Bluetooth adapter is off.*switch it on", 1),
        (
            refuse("org.freedesktop.DBus.Error.UnknownObject", "no such object"),
            HardwareDisconnectedError,
            "Toy is gone: switch it on",
            1,
        ),
        (hang, HardwareTimeoutError, "Toy: connecting did not end in time", 1),
    ],
    ids=["aborted", "not paired", "permission denied", "adapter off", "forgotten by BlueZ", "hanging"],
)
async def test_a_connect_that_fails_names_the_device_and_the_cause(
    discovery: Discovery, peripheral: Peripheral, hook: Hook, kind: type[HardwareError], words: str, connects: int
) -> None:
    peripheral.hooks["Connect"] = hook
    with pytest.raises(kind, match=words):
        await discovery.connect([SPECIFIER])
    assert peripheral.connects == connects
    assert not peripheral.connected


@pytest.mark.usefixtures("short_limits")
async def test_a_device_that_does_not_tell_its_services_is_let_go(discovery: Discovery, peripheral: Peripheral) -> None:
    peripheral.hooks["Resolve"] = hang
    with pytest.raises(HardwareTimeoutError, match="Toy"):
        await discovery.connect([SPECIFIER])
    assert not peripheral.connected


async def test_a_device_that_does_not_tell_its_services_holds_up_no_other(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found, discovery: Discovery, peripheral: Peripheral
) -> None:
    peripheral.hooks["Resolve"] = hang
    stuck = asyncio.ensure_future(discovery.connect([SPECIFIER]))
    await until(lambda: peripheral.connected)
    other = await found.next_of(toy(adapter, 2))
    async with asyncio.timeout(1.5):
        assert (await other.connect([SPECIFIER])).connected
    assert not stuck.done()
    stuck.cancel()
    await asyncio.wait({stuck})


@pytest.mark.usefixtures("short_limits")
async def test_a_device_whose_link_does_not_come_about_holds_up_others_for_a_short_time_which_does_not_count_for_them(
    adapter: FakeAdapter, found: Found, discovery: Discovery, peripheral: Peripheral, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bluetooth_link, "CONNECT_LIMIT", 10.0)
    monkeypatch.setattr(turns, "TURN_LIMIT", 0.3)
    peripheral.hooks["Connect"] = hang
    stuck = asyncio.ensure_future(discovery.connect([SPECIFIER]))
    await asyncio.sleep(0.05)
    other = await found.next_of(toy(adapter, 2))
    began = asyncio.get_running_loop().time()
    connecting = asyncio.ensure_future(other.connect([SPECIFIER]))
    await asyncio.sleep(0)
    assert other.waits_for_turn()
    assert not discovery.waits_for_turn()
    assert (await connecting).connected
    assert 0.1 < asyncio.get_running_loop().time() - began < 2
    assert not other.waits_for_turn()
    stuck.cancel()
    await asyncio.wait({stuck})


@pytest.mark.usefixtures("short_limits")
async def test_a_connect_ends_in_time_even_if_bluez_answers_nothing_any_more(
    discovery: Discovery, peripheral: Peripheral
) -> None:
    peripheral.hooks |= {"Connect": hang, "Disconnect": hang}
    async with asyncio.timeout(2):
        with pytest.raises(HardwareTimeoutError):
            await discovery.connect([SPECIFIER])


@pytest.mark.usefixtures("short_limits")
async def test_a_device_lost_while_its_services_are_found_is_reported(discovery: Discovery, peripheral: Peripheral) -> None:
    async def drop() -> None:
        peripheral.drop()

    peripheral.hooks["Resolve"] = drop
    with pytest.raises(HardwareError, match="Toy"):
        await discovery.connect([SPECIFIER])


async def test_a_device_lost_in_the_moment_it_is_connected_is_reported_once_either_way(
    discovery: Discovery, peripheral: Peripheral
) -> None:
    async def drop_next() -> None:
        asyncio.get_running_loop().call_soon(peripheral.drop)

    peripheral.hooks["Resolve"] = drop_next
    try:
        hardware = await discovery.connect([SPECIFIER])
    except HardwareError as error:
        assert "Toy" in error.message
    else:
        reasons = losses(hardware)
        await until(lambda: reasons)
        assert not hardware.connected


@pytest.mark.parametrize("error", [BleakError("Service Discovery has not been performed yet"), OSError(5, "gone")])
async def test_a_device_whose_services_are_gone_again_is_reported_and_let_go(
    discovery: Discovery, peripheral: Peripheral, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def lost(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(bluetooth_link, "resolve_endpoints", lost)
    with pytest.raises(HardwareError, match="Toy: finding out what it is failed"):
        await discovery.connect([SPECIFIER])
    await until(lambda: not peripheral.connected)


async def test_a_connect_that_is_cancelled_leaves_no_link(discovery: Discovery, peripheral: Peripheral) -> None:
    peripheral.hooks["Resolve"] = hang
    connecting = asyncio.ensure_future(discovery.connect([SPECIFIER]))
    await until(lambda: peripheral.connected)
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    assert not peripheral.connected


async def test_a_device_is_not_connected_twice(discovery: Discovery, peripheral: Peripheral) -> None:
    await discovery.connect([SPECIFIER])
    with pytest.raises(HardwareError, match="Toy is connected already"):
        await discovery.connect([SPECIFIER])
    assert peripheral.connected


# Writing


@pytest.mark.parametrize(("response", "kind"), [(False, "command"), (True, "request")])
async def test_a_packet_is_written_the_way_it_asks_for(
    hardware: Hardware, peripheral: Peripheral, response: bool, kind: str
) -> None:
    await hardware.write(Packet(b"\x01\x02", "tx", response=response))
    assert peripheral.writes == [Write("tx", b"\x01\x02", kind)]


@pytest.mark.parametrize(
    ("flags", "response", "kind"),
    [(["write"], False, "request"), (["write-without-response"], True, "command")],
)
async def test_a_characteristic_is_written_the_only_way_it_knows_with_one_warning(
    adapter: FakeAdapter,
    found: Found,
    caplog: pytest.LogCaptureFixture,
    flags: list[str],
    response: bool,
    kind: str,
) -> None:
    peripheral = toy(adapter, flags={"tx": flags})
    hardware = await found.connect(peripheral)
    for number in range(3):
        await hardware.write(Packet(bytes([number]), "tx", response=response))
    assert peripheral.writes == [Write("tx", bytes([number]), kind) for number in range(3)]
    warnings = [record.message for record in caplog.records if "it knows no other way" in record.message]
    assert len(warnings) == 1
    assert "Toy: tx" in warnings[0]


async def test_a_characteristic_that_says_it_cannot_be_written_is_tried_and_the_error_told(
    adapter: FakeAdapter, found: Found
) -> None:
    hardware = await found.connect(toy(adapter, flags={"tx": ["read"]}))
    with pytest.raises(HardwareError, match="Toy: writing to tx failed"):
        await hardware.write(Packet(b"\x01"))


@pytest.mark.parametrize(
    ("mtu", "size", "flags", "kind"),
    [
        (23, 20, ["write", "write-without-response"], "command"),
        (23, 21, ["write", "write-without-response"], "request"),
        (247, 244, ["write-without-response"], "command"),
        (23, 512, ["write", "write-without-response"], "request"),
        (23, 512, ["write"], "request"),
    ],
)
async def test_a_packet_longer_than_the_link_takes_at_once_is_written_with_response(
    adapter: FakeAdapter, found: Found, mtu: int, size: int, flags: list[str], kind: str
) -> None:
    peripheral = toy(adapter, flags={"tx": flags}, mtu=mtu)
    hardware = await found.connect(peripheral)
    await hardware.write(Packet(bytes(size)))
    assert peripheral.writes == [Write("tx", bytes(size), kind)]


@pytest.mark.parametrize(
    ("size", "flags", "limit"), [(21, ["write-without-response"], 20), (513, ["write", "write-without-response"], 512)]
)
async def test_a_packet_that_is_too_long_is_refused_with_its_length(
    adapter: FakeAdapter, found: Found, size: int, flags: list[str], limit: int
) -> None:
    peripheral = toy(adapter, flags={"tx": flags})
    hardware = await found.connect(peripheral)
    with pytest.raises(HardwareError, match=f"Toy: {size} bytes are too long for tx, which takes {limit} at once"):
        await hardware.write(Packet(bytes(size)))
    assert peripheral.writes == []


async def test_an_endpoint_the_device_does_not_have_is_refused(hardware: Hardware) -> None:
    with pytest.raises(HardwareError, match="Toy has no endpoint txmode; it has rx, rxblebattery, tx"):
        await hardware.write(Packet(b"\x01", "txmode"))


async def test_writes_arrive_in_order(hardware: Hardware, peripheral: Peripheral) -> None:
    for number in range(100):
        await hardware.write(Packet(bytes([number])))
    assert [write.data[0] for write in peripheral.writes] == list(range(100))


# What fails

Operation = Callable[[Hardware], "asyncio.Future[object]"]

OPERATIONS = pytest.mark.parametrize(
    ("method", "operate", "doing"),
    [
        ("WriteValue", lambda hardware: hardware.write(Packet(b"\x01")), "writing to tx"),
        ("ReadValue", lambda hardware: hardware.read("rxblebattery"), "reading rxblebattery"),
        ("StartNotify", lambda hardware: hardware.subscribe("rx"), "subscribing to rx"),
    ],
    ids=["write", "read", "subscribe"],
)


@OPERATIONS
async def test_a_refusal_is_told(
    hardware: Hardware, peripheral: Peripheral, method: str, operate: Operation, doing: str
) -> None:
    peripheral.hooks[method] = refuse("Failed", "Operation failed with ATT error: 0x0e", times=1)
    peripheral.device.readable["rxblebattery"] = [b"\x32"]
    with pytest.raises(HardwareError, match=f"Toy: {doing} failed: GATT Protocol Error: Unlikely Error"):
        await operate(hardware)
    assert hardware.connected
    await operate(hardware)


@OPERATIONS
async def test_a_device_that_wants_to_be_paired_says_so(
    hardware: Hardware, peripheral: Peripheral, method: str, operate: Operation, doing: str
) -> None:
    peripheral.hooks[method] = refuse("Failed", "Operation failed with ATT error: 0x05")
    with pytest.raises(HardwarePermissionError, match=f"Toy wants to be paired before {doing}"):
        await operate(hardware)


@pytest.mark.usefixtures("short_limits")
@OPERATIONS
async def test_what_hangs_is_given_up(
    hardware: Hardware, peripheral: Peripheral, method: str, operate: Operation, doing: str
) -> None:
    peripheral.hooks[method] = hang
    async with asyncio.timeout(1):
        with pytest.raises(HardwareTimeoutError, match=f"Toy: {doing} did not end in time"):
            await operate(hardware)
    assert hardware.connected


@OPERATIONS
async def test_what_is_under_way_ends_at_once_when_the_link_does(
    hardware: Hardware, peripheral: Peripheral, method: str, operate: Operation, doing: str
) -> None:
    reasons = losses(hardware)
    peripheral.hooks[method] = hang
    operation = asyncio.ensure_future(operate(hardware))
    await asyncio.sleep(0.02)
    peripheral.device.disconnect()
    async with asyncio.timeout(1):
        with pytest.raises(HardwareDisconnectedError, match=f"Toy was lost while {doing}"):
            await operation
    assert len(reasons) == 1


@OPERATIONS
async def test_a_link_that_bluez_no_longer_knows_counts_as_lost(
    hardware: Hardware, peripheral: Peripheral, method: str, operate: Operation, doing: str
) -> None:
    reasons = losses(hardware)
    peripheral.hooks[method] = refuse("org.freedesktop.DBus.Error.UnknownObject", "no such object")
    with pytest.raises(HardwareDisconnectedError, match=f"Toy was lost while {doing}"):
        await operate(hardware)
    assert len(reasons) == 1
    assert not hardware.connected


@OPERATIONS
async def test_nothing_is_sent_over_a_link_that_is_gone(
    hardware: Hardware, peripheral: Peripheral, method: str, operate: Operation, doing: str
) -> None:
    await hardware.disconnect()
    with pytest.raises(HardwareDisconnectedError, match="Toy is disconnected"):
        await operate(hardware)
    assert peripheral.writes == []


async def test_a_write_that_hangs_holds_up_no_other_device(
    bluetooth: BluetoothManager, adapter: FakeAdapter, found: Found
) -> None:
    first, second = toy(adapter, 1), toy(adapter, 2)
    stuck, free = await found.connect(first), await found.connect(second)
    first.hooks["WriteValue"] = hang
    writing = asyncio.ensure_future(stuck.write(Packet(b"\x01")))
    await free.write(Packet(b"\x02"))
    assert not writing.done()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing


# Reading, notifications


async def test_a_value_is_read(hardware: Hardware, peripheral: Peripheral) -> None:
    peripheral.device.readable["rxblebattery"] = [b"\x32", b""]
    assert await hardware.read("rxblebattery") == b"\x32"
    assert await hardware.read("rxblebattery") == b""


async def test_notifications_come_in_order_while_they_are_subscribed(hardware: Hardware, peripheral: Peripheral) -> None:
    received: list[tuple[str, bytes]] = []
    hardware.on_notification(lambda notification: received.append((notification.endpoint, notification.data)))
    device = peripheral.device
    device.notify("rx", b"too early")
    await hardware.subscribe("rx")
    await hardware.subscribe("rx")
    for number in range(200):
        device.notify("rx", bytes([number]))
    await until(lambda: len(received) >= 200)
    await hardware.unsubscribe("rx")
    await hardware.unsubscribe("rx")
    device.notify("rx", b"too late")
    await hardware.write(Packet(b"\x00"))
    assert received == [("rx", bytes([number])) for number in range(200)]


async def test_a_subscription_can_be_taken_again(hardware: Hardware, peripheral: Peripheral) -> None:
    with hardware.listen() as listener:
        for _ in range(2):
            await hardware.subscribe("rx")
            peripheral.device.notify("rx", b"\x01")
            assert (await listener.next(1)).data == b"\x01"
            await hardware.unsubscribe("rx")


async def test_an_answer_that_comes_before_the_subscription_is_confirmed_is_not_lost(
    hardware: Hardware, peripheral: Peripheral
) -> None:
    async def answer_early() -> None:
        rx = next(known for known in peripheral.characteristics.values() if known.endpoint == "rx")
        rx.notifying = True
        peripheral.device.notify("rx", b"\x01")
        rx.notifying = False

    peripheral.hooks["StartNotify"] = answer_early
    with hardware.listen() as listener:
        await hardware.subscribe("rx")
        assert (await listener.next(1)).data == b"\x01"


async def test_an_endpoint_that_cannot_notify_is_refused(adapter: FakeAdapter, found: Found) -> None:
    hardware = await found.connect(toy(adapter, flags={"rx": ["read"]}))
    with pytest.raises(HardwareError, match="Toy: rx sends no notifications"):
        await hardware.subscribe("rx")


async def test_a_burst_of_notifications_is_delivered_whole(hardware: Hardware, peripheral: Peripheral) -> None:
    received: list[bytes] = []
    hardware.on_notification(lambda notification: received.append(notification.data))
    await hardware.subscribe("rx")
    for number in range(1000):
        peripheral.device.notify("rx", number.to_bytes(2, "big"))
    await until(lambda: len(received) == 1000)
    assert received == [number.to_bytes(2, "big") for number in range(1000)]


@pytest.mark.parametrize(("rssi", "told"), [(-42, -42), (None, -60)])
async def test_the_signal_strength_is_the_one_last_heard(
    adapter: FakeAdapter, found: Found, rssi: int | None, told: int
) -> None:
    peripheral = toy(adapter)
    peripheral.device.rssi = rssi
    hardware = await found.connect(peripheral)
    assert await hardware.read_rssi() == told


async def test_a_signal_strength_that_the_system_does_not_know_is_an_error(adapter: FakeAdapter, found: Found) -> None:
    peripheral = toy(adapter)
    peripheral.device.rssi = -127
    hardware = await found.connect(peripheral)
    with pytest.raises(HardwareError, match="Toy: the signal strength is not known"):
        await hardware.read_rssi()


# The end of a link


async def test_a_lost_link_is_told_once(hardware: Hardware, peripheral: Peripheral) -> None:
    reasons = losses(hardware)
    peripheral.device.disconnect()
    await until(lambda: reasons)
    await hardware.disconnect()
    await asyncio.sleep(0.02)
    assert len(reasons) == 1
    assert "switched off" in reasons[0]
    assert not hardware.connected


async def test_disconnecting_ends_the_link(hardware: Hardware, peripheral: Peripheral) -> None:
    reasons = losses(hardware)
    await hardware.disconnect()
    assert not peripheral.connected
    await hardware.disconnect()
    assert reasons == ["the server closed it"]


@pytest.mark.usefixtures("short_limits")
@pytest.mark.parametrize(
    ("hook", "warnings"),
    [(hang, 1), (refuse("Failed", "Input/output error"), 1), (refuse("NotConnected", "Not Connected"), 0)],
    ids=["hanging", "refused", "gone already"],
)
async def test_disconnecting_ends_in_time_and_never_raises(
    hardware: Hardware, peripheral: Peripheral, hook: Hook, warnings: int, caplog: pytest.LogCaptureFixture
) -> None:
    peripheral.hooks["Disconnect"] = hook
    async with asyncio.timeout(1):
        await hardware.disconnect()
    assert not hardware.connected
    told = [record.message for record in caplog.records if "switch the device off" in record.message]
    assert len(told) == warnings
    assert all("Toy: disconnecting" in message for message in told)


async def test_a_link_leaves_no_connection_to_dbus_behind(
    adapter: FakeAdapter, found: Found, bluetooth: BluetoothManager
) -> None:
    peripheral = toy(adapter)
    hardware = await found.connect(peripheral)
    client = hardware._client._backend
    peripheral.device.disconnect()
    await until(lambda: not hardware.connected)
    await bluetooth.close()
    assert client._bus is None  # type: ignore[attr-defined]


async def test_a_new_link_starts_afresh(
    bluetooth: BluetoothManager, hardware: Hardware, peripheral: Peripheral, discovery: Discovery
) -> None:
    await hardware.subscribe("rx")
    await hardware.disconnect()
    again = await discovery.connect([SPECIFIER])
    received: list[bytes] = []
    again.on_notification(lambda notification: received.append(notification.data))
    peripheral.device.notify("rx", b"nobody listens")
    await again.write(Packet(b"\x01"))
    assert received == []
    await again.subscribe("rx")
    peripheral.device.notify("rx", b"\x01")
    await until(lambda: received == [b"\x01"])
