"""Rules for udev, which on Linux lets people use HID and raw USB devices without being root.

``uaccess`` gives a node to whoever sits at the machine; udev only heeds it in files that sort before ``73-``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from buttplug.hardware.base import BusReport
from buttplug.hardware.common.nodes import denied, ownership
from buttplug.hardware.common.usb_ids import UsbId

#: Where the rules belong.
RULES_FILE = "/etc/udev/rules.d/70-buttplug.rules"

#: How to make rules count.
RELOAD = "sudo udevadm control --reload && sudo udevadm trigger"

#: Ids of chip makers that products of many others use, so that a rule for one of them opens those too.
_SHARED_IDS = {
    UsbId(0x0483, 0x5750): "STMicroelectronics",
    UsbId(0x1915, 0x520A): "Nordic Semiconductor",
}


def hid_rule(pair: UsbId) -> str:
    """Return the rule for one HID device. It matches the HID core's name of it, and so works over USB and Bluetooth alike."""
    return f'KERNEL=="hidraw*", KERNELS=="*:{pair.vendor_id:04X}:{pair.product_id:04X}.*", TAG+="uaccess"'


def usb_rule(pair: UsbId) -> str:
    """Return the rule for one raw USB device."""
    vendor, product = f"{pair.vendor_id:04x}", f"{pair.product_id:04x}"
    return f'SUBSYSTEM=="usb", ATTR{{idVendor}}=="{vendor}", ATTR{{idProduct}}=="{product}", TAG+="uaccess"'


def rules(hid: Iterable[UsbId], usb: Iterable[UsbId]) -> str:
    """Return the text of a rules file for HID and raw USB devices, each named once and in the order of their ids."""
    lines = [
        f"# Save as {RULES_FILE}, then run: {RELOAD}",
        "# and plug the devices in again. The rules serve whoever sits at the machine; for a service replace",
        '# TAG+="uaccess" by GROUP="plugdev", MODE="0660" and add its user to that group.',
    ]
    for heading, pairs, rule in (("HID", hid, hid_rule), ("Raw USB", usb, usb_rule)):
        if ordered := sorted(set(pairs), key=lambda pair: (pair.vendor_id, pair.product_id)):
            lines += ["", f"# {heading}"]
        for pair in ordered:
            if pair in _SHARED_IDS:
                lines.append(f"# The next id is lent by {_SHARED_IDS[pair]}; the rule opens every device that uses it.")
            lines.append(rule(pair))
    return "\n".join(lines) + "\n"


def remedy(*rules: str) -> str:
    """Return what to do to be allowed to open the devices that ``rules`` are for."""
    lines = list(dict.fromkeys(rules))
    what = "this line" if len(lines) == 1 else "these lines"
    return f"put {what} into {RULES_FILE}: {' and '.join(lines)} - then run: {RELOAD} - and plug the device in again"


class Node(NamedTuple):
    """A device that is there: its name for people, its node, and the rule for it."""

    name: str
    path: str
    rule: str


def report(bus: str, nodes: Sequence[Node]) -> BusReport:
    """Return whether the devices that are there may be opened."""
    locked = [node for node in nodes if denied(node.path)]
    if not locked:
        return BusReport(bus, ok=True, summary=", ".join(node.name for node in nodes) or "no devices")
    names = ", ".join(f"{node.name} at {ownership(node.path)}" for node in locked)
    return BusReport(bus, ok=False, summary=f"no permission for {names}", remedy=remedy(*(node.rule for node in locked)))
