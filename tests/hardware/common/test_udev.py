"""The rules for udev, and what is known of device nodes."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.hardware.common import nodes, udev
from buttplug.hardware.common.usb_ids import UsbId
from buttplug.server.buses import udev_rules
from buttplug.server.devices.configuration import DeviceConfiguration
from tests.hardware.documentation import example

ids = st.builds(UsbId, st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))


@given(ids)
def test_a_hid_rule_matches_the_kernels_name_of_the_device_on_every_bus(pair: UsbId) -> None:
    matched = re.search(r'KERNELS=="\*:([0-9A-F]{4}):([0-9A-F]{4})\.\*"', udev.hid_rule(pair))
    assert matched is not None
    assert (int(matched[1], 16), int(matched[2], 16)) == (pair.vendor_id, pair.product_id)


@given(ids)
def test_a_usb_rule_matches_the_ids_as_the_kernel_writes_them(pair: UsbId) -> None:
    matched = re.search(r'ATTR\{idVendor\}=="([0-9a-f]{4})", ATTR\{idProduct\}=="([0-9a-f]{4})"', udev.usb_rule(pair))
    assert matched is not None
    assert (int(matched[1], 16), int(matched[2], 16)) == (pair.vendor_id, pair.product_id)


def test_the_rules_file_has_every_device_once_in_order_and_nothing_but_rules_and_comments() -> None:
    left, right, trance = UsbId(0x057E, 0x2006), UsbId(0x057E, 0x2007), UsbId(0x0B49, 0x064F)
    lines = udev.rules([right, left, right], [trance]).splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == [
        udev.hid_rule(left),
        udev.hid_rule(right),
        udev.usb_rule(trance),
    ]


def test_ids_that_chip_makers_lend_are_pointed_out() -> None:
    text = udev.rules([UsbId(0x1915, 0x520A), UsbId(0x057E, 0x2006)], [])
    assert text.count("lent by") == 1
    assert "Nordic Semiconductor" in text


def test_a_remedy_names_the_file_the_rules_once_and_how_to_make_them_count() -> None:
    rule, other = udev.hid_rule(UsbId(1, 2)), udev.hid_rule(UsbId(1, 3))
    assert udev.remedy(rule).count(rule) == 1
    text = udev.remedy(rule, other, rule)
    assert text.count(rule) == text.count(other) == 1
    assert "/etc/udev/rules.d/70-buttplug.rules" in text
    assert "udevadm" in text


@pytest.mark.skipif(sys.platform == "win32", reason="sysfs is made of symbolic links")
@pytest.mark.parametrize(
    ("node", "entry", "port"),
    [
        ("/dev/hidraw3", "usb1/1-2/1-2:1.0/0003:057E:2009.0005/hidraw/hidraw3", "usb1/1-2/1-2:1.0"),
        ("/dev/input/event7", "usb1/1-4/1-4:1.0/input/input15/event7", "usb1/1-4/1-4:1.0"),
        ("/dev/input/event9", "virtual/misc/uhid/0005:045E:0B13.0007/input/input30/event9", "virtual/misc/uhid"),
    ],
)
def test_the_port_stays_the_same_when_the_numbers_of_the_nodes_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node: str, entry: str, port: str
) -> None:
    (tmp_path / "devices" / entry).mkdir(parents=True)
    name = node.rpartition("/")[2]
    (tmp_path / name).symlink_to(tmp_path / "devices" / entry)
    monkeypatch.setattr(nodes, "_CLASSES", (("hidraw", tmp_path), ("event", tmp_path)))
    assert nodes.port_of(node) == str(tmp_path / "devices" / port)


@pytest.mark.parametrize("node", ["/dev/hidraw999", "DevSrvsID:4294969871", r"\\?\HID#VID_057E&PID_2009#7&1a2b"])
def test_what_is_no_node_is_its_own_port_and_has_no_owner(node: str) -> None:
    assert nodes.port_of(node) == node
    assert nodes.ownership(node) == node
    assert not nodes.denied(node)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no owners of this kind")
def test_the_owner_of_a_node_is_named(tmp_path: Path) -> None:
    node = tmp_path / "hidraw0"
    node.touch()
    node.chmod(0o640)
    assert nodes.ownership(str(node)) == f"{node} (owner {node.owner()}, group {node.group()}, mode 0640)"


def test_the_rules_on_the_page_on_hardware_are_those_of_the_configuration() -> None:
    def only_rules(text: str) -> list[str]:
        return [line for line in text.splitlines() if line and not line.startswith("#")]

    assert only_rules(example("HID devices", "udev")) == only_rules(udev_rules(DeviceConfiguration.load()))
