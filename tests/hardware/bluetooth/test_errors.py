"""What people are told of errors below Bluetooth LE."""

from __future__ import annotations

import sys

import pytest
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)

from buttplug.hardware.bluetooth.errors import bus_trouble, device_error, is_temporary, link_gone
from buttplug.hardware.errors import (
    HardwareDisconnectedError,
    HardwareError,
    HardwarePermissionError,
    HardwareTimeoutError,
)
from tests.cases import for_each

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the remedy is Linux's")


def unavailable(reason: str) -> BleakBluetoothNotAvailableError:
    return BleakBluetoothNotAvailableError("bleak's words", BleakBluetoothNotAvailableReason[reason])


def dbus(name: str, *body: str) -> BleakDBusError:
    return BleakDBusError(name if name.startswith("org.") else f"org.bluez.Error.{name}", list(body))


@for_each(
    ("error", "what"),
    [
        (unavailable("NO_BLUETOOTH"), "there is no Bluetooth adapter"),
        (unavailable("NO_BLE_CENTRAL_ROLE"), "the Bluetooth adapter cannot connect to Bluetooth LE devices"),
        (unavailable("POWERED_OFF"), "the Bluetooth adapter is off"),
        (unavailable("DENIED_BY_USER"), "this program may not use Bluetooth"),
        (unavailable("DENIED_BY_SYSTEM"), "this program may not use Bluetooth"),
        (unavailable("DENIED_BY_UNKNOWN"), "this program may not use Bluetooth"),
        (unavailable("UNKNOWN"), "the system refused: "),
        (dbus("NotReady", "Resource Not Ready"), "the Bluetooth adapter is off"),
        (dbus("org.freedesktop.DBus.Error.AccessDenied"), "the system does not let this program use BlueZ"),
        (dbus("org.freedesktop.DBus.Error.ServiceUnknown"), "BlueZ, the Bluetooth service, is not running"),
        (dbus("org.freedesktop.DBus.Error.NoReply"), "BlueZ, the Bluetooth service, does not answer"),
        (dbus("InProgress", "Operation already in progress"), "the system refused: Operation already in progress"),
        (dbus("Failed"), "the system refused: org.bluez.Error.Failed"),
        (KeyError("Roles"), "the system refused: 'Roles'"),
    ],
)
def test_a_bus_that_cannot_be_used_says_why_and_what_to_do(error: Exception, what: str) -> None:
    trouble = bus_trouble(error)
    assert trouble.what.startswith(what)
    assert trouble.remedy


@on_linux
@for_each(
    ("error", "remedy"),
    [
        (unavailable("POWERED_OFF"), "bluetoothctl power on"),
        (dbus("org.freedesktop.DBus.Error.AccessDenied"), "group bluetooth"),
        (dbus("org.freedesktop.DBus.Error.ServiceUnknown"), "systemctl start bluetooth"),
        (TimeoutError(), "systemctl restart bluetooth"),
        (FileNotFoundError(2, "No such file or directory"), "mount its socket"),
    ],
)
def test_the_remedies_on_linux_can_be_typed(error: Exception, remedy: str) -> None:
    assert remedy in bus_trouble(error).remedy


@for_each(
    ("error", "kind", "message"),
    [
        (TimeoutError(), HardwareTimeoutError, "Toy: writing to tx did not end in time; is it switched on and near?"),
        (BleakError("odd"), HardwareError, "Toy: writing to tx failed: odd"),
        (AssertionError(), HardwareError, "Toy: writing to tx failed: AssertionError"),
        (OSError(5, "Input/output error"), HardwareError, "Toy: writing to tx failed: [Errno 5] Input/output error"),
        (BleakGATTProtocolError(0x0E), HardwareError, "Toy: writing to tx failed: GATT Protocol Error: Unlikely Error"),
        (
            BleakGATTProtocolError(0x0F),
            HardwarePermissionError,
            "Toy wants to be paired before writing to tx: pair it in the system's Bluetooth settings "
            "(GATT Protocol Error: Insufficient Encryption)",
        ),
        (dbus("Failed", "Not connected"), HardwareDisconnectedError, "Toy was lost while writing to tx: Not connected"),
        (BleakError("Not connected"), HardwareDisconnectedError, "Toy was lost while writing to tx: Not connected"),
        (EOFError(), HardwareDisconnectedError, "Toy was lost while writing to tx: EOFError"),
        (
            BleakDeviceNotFoundError("C0:00:5E:00:53:01"),
            HardwareDisconnectedError,
            "Toy is gone: switch it on, bring it near and scan again",
        ),
    ],
)
def test_an_error_at_a_device_names_it_and_what_happened(error: Exception, kind: type[HardwareError], message: str) -> None:
    told = device_error("Toy", "writing to tx", error)
    assert (type(told), told.message) == (kind, message)


def test_an_error_that_was_explained_already_stays_as_it_is() -> None:
    error = HardwareTimeoutError("Toy: too late")
    assert device_error("Toy", "writing to tx", error) is error


@for_each(
    ("error", "gone"),
    [
        (dbus("NotConnected", "Not Connected"), True),
        (dbus("org.freedesktop.DBus.Error.UnknownObject"), True),
        (dbus("org.freedesktop.DBus.Error.ServiceUnknown"), True),
        (dbus("Failed", "Operation failed"), False),
        (BleakGATTProtocolError(0x0E), False),
        (TimeoutError(), False),
        (BleakError(), False),
    ],
)
def test_an_error_may_mean_that_the_link_is_gone(error: Exception, gone: bool) -> None:
    assert link_gone(error) is gone


@for_each(
    ("error", "passing"),
    [
        (dbus("Failed", "le-connection-abort-by-local"), True),
        (dbus("InProgress", "Operation already in progress"), True),
        (BleakError("failed to discover services, device disconnected"), True),
        (dbus("AuthenticationFailed", "Authentication Failed"), False),
        (dbus("NotReady", "Resource Not Ready"), False),
        (dbus("org.freedesktop.DBus.Error.AccessDenied"), False),
        (unavailable("POWERED_OFF"), False),
        (BleakDeviceNotFoundError("C0:00:5E:00:53:01"), False),
        (TimeoutError(), False),
    ],
)
def test_radio_trouble_is_worth_another_try(error: Exception, passing: bool) -> None:
    assert is_temporary(error) is passing
