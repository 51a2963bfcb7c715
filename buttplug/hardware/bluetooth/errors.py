"""What bleak and the systems below it report, as this package's errors: what happened, to which device, and what to do."""

from __future__ import annotations

import sys
from typing import NamedTuple

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)

from buttplug.hardware.errors import (
    HardwareDisconnectedError,
    HardwareError,
    HardwarePermissionError,
    HardwareTimeoutError,
)


class Trouble(NamedTuple):
    """Why the bus cannot be used, and what would mend it."""

    what: str
    remedy: str


_SWITCH_ON = (
    "switch it on: bluetoothctl power on, and before that rfkill unblock bluetooth if it is blocked"
    if sys.platform == "linux"
    else "switch Bluetooth on in the system's settings"
)
_ALLOW = (
    "add yourself to the group bluetooth and log in again; in a container, set BLEAK_DBUS_AUTH_UID to your user id outside it"
    if sys.platform == "linux"
    else "allow this program to use Bluetooth in the system's privacy settings"
)
_START_BLUEZ = "install BlueZ and start it: systemctl start bluetooth"

_REASONS = {
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: Trouble("there is no Bluetooth adapter", "plug one in"),
    BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE: Trouble(
        "the Bluetooth adapter cannot connect to Bluetooth LE devices", "use an adapter for Bluetooth 4.0 or newer"
    ),
    BleakBluetoothNotAvailableReason.POWERED_OFF: Trouble("the Bluetooth adapter is off", _SWITCH_ON),
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: Trouble("this program may not use Bluetooth", _ALLOW),
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM: Trouble("this program may not use Bluetooth", _ALLOW),
    BleakBluetoothNotAvailableReason.DENIED_BY_UNKNOWN: Trouble("this program may not use Bluetooth", _ALLOW),
}

_DBUS_TROUBLES = {
    "org.freedesktop.DBus.Error.AccessDenied": Trouble("the system does not let this program use BlueZ", _ALLOW),
    "org.freedesktop.DBus.Error.ServiceUnknown": Trouble("BlueZ, the Bluetooth service, is not running", _START_BLUEZ),
    "org.freedesktop.DBus.Error.NameHasNoOwner": Trouble("BlueZ, the Bluetooth service, is not running", _START_BLUEZ),
    "org.freedesktop.DBus.Error.NoReply": Trouble(
        "BlueZ, the Bluetooth service, does not answer", "start it anew: systemctl restart bluetooth"
    ),
    "org.bluez.Error.NotReady": _REASONS[BleakBluetoothNotAvailableReason.POWERED_OFF],
}

#: The link is gone, whatever BlueZ still says of it.
_LINK_GONE = frozenset(
    {
        "org.bluez.Error.NotConnected",
        "org.freedesktop.DBus.Error.ServiceUnknown",
        "org.freedesktop.DBus.Error.UnknownObject",
    }
)
#: Trying again at once does not help.
_PERMANENT = frozenset(
    {
        "org.freedesktop.DBus.Error.AccessDenied",
        "org.freedesktop.DBus.Error.ServiceUnknown",
        "org.bluez.Error.AuthenticationFailed",
        "org.bluez.Error.AuthenticationRejected",
        "org.bluez.Error.NotAuthorized",
        "org.bluez.Error.NotReady",
    }
)
_WANTS_PAIRING = frozenset(
    {
        BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION,
        BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHORIZATION,
        BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION,
        BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION_KEY_SIZE,
    }
)


def bus_trouble(error: BaseException) -> Trouble:
    """Return why a scan could not be started."""
    trouble = None
    if isinstance(error, BleakBluetoothNotAvailableError):
        trouble = _REASONS.get(error.reason)
    elif isinstance(error, BleakDBusError):
        trouble = _DBUS_TROUBLES.get(error.dbus_error)
    elif isinstance(error, TimeoutError):
        trouble = (
            _DBUS_TROUBLES["org.freedesktop.DBus.Error.NoReply"]
            if sys.platform == "linux"
            else Trouble("the system does not answer", _ALLOW)
        )
    elif isinstance(error, OSError) and sys.platform == "linux":
        trouble = Trouble(
            f"the system's D-Bus cannot be reached ({error})",
            "start D-Bus; in a container, mount its socket /run/dbus/system_bus_socket",
        )
    return trouble or Trouble(
        f"the system refused: {_text(error)}", "switch Bluetooth off and on again in the system's settings"
    )


def device_error(name: str, doing: str, error: BaseException) -> HardwareError:
    """Return the error for something that failed at a device; ``doing`` is a phrase like "writing to tx"."""
    if isinstance(error, HardwareError):
        return error
    if link_gone(error):
        return HardwareDisconnectedError(f"{name} was lost while {doing}: {_text(error)}")
    if isinstance(error, BleakDeviceNotFoundError):
        return HardwareDisconnectedError(f"{name} is gone: switch it on, bring it near and scan again")
    if isinstance(error, BleakGATTProtocolError) and error.code in _WANTS_PAIRING:
        return HardwarePermissionError(
            f"{name} wants to be paired before {doing}: pair it in the system's Bluetooth settings ({_text(error)})"
        )
    if isinstance(error, BleakDBusError) and (trouble := _DBUS_TROUBLES.get(error.dbus_error)) is not None:
        kind = HardwarePermissionError if error.dbus_error.endswith("AccessDenied") else HardwareError
        return kind(f"{name}: {doing} failed, {trouble.what}: {trouble.remedy}")
    if isinstance(error, TimeoutError):
        return HardwareTimeoutError(f"{name}: {doing} did not end in time; is it switched on and near?")
    return HardwareError(f"{name}: {doing} failed: {_text(error)}")


def link_gone(error: BaseException) -> bool:
    """Whether an error means that there is no link any more, even if no disconnect was reported."""
    if isinstance(error, BleakDBusError):
        return error.dbus_error in _LINK_GONE or _text(error) == "Not connected"
    # bleak's own checks say it with a plain error; EOFError is the end of its connection to D-Bus.
    return isinstance(error, EOFError) or (type(error) is BleakError and error.args[:1] == ("Not connected",))


def is_temporary(error: BaseException) -> bool:
    """Whether connecting may succeed when it is tried again at once: radio trouble, mostly."""
    if isinstance(error, BleakDeviceNotFoundError | BleakBluetoothNotAvailableError):
        return False
    if isinstance(error, BleakDBusError):
        return error.dbus_error not in _PERMANENT
    return isinstance(error, BleakError)


def _text(error: BaseException) -> str:
    if isinstance(error, BleakDBusError):
        return str(error.args[1]) if len(error.args) > 1 else error.dbus_error
    if isinstance(error, BleakGATTProtocolError):
        return str(error.args[1])
    return str(error) or type(error).__name__
