"""The buses that the switches stand for: made from the options and the configuration, with nothing opened by that."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import CommunicationManager
from buttplug.hardware.common.udev import hid_rule, usb_rule
from buttplug.hardware.common.usb_ids import UsbId
from buttplug.hardware.registry import BUSES
from buttplug.hardware.serial import SerialSpecifier
from buttplug.hardware.usb import UsbAdvertisement, UsbSpecifier
from buttplug.hardware.websocket import WebsocketManager
from buttplug.server.buses import buses, make_bus, make_buses, udev_rules
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.program.options import parse

EVERY_BUS = [f"--use-{bus.option}" for bus in BUSES]


def test_every_switch_has_a_bus_of_its_own(bundled: DeviceConfiguration) -> None:
    managers = make_buses(parse(EVERY_BUS, {}), bundled)
    assert [manager.bus for manager in managers] == [
        "Bluetooth LE",
        "serial",
        "HID",
        "USB",
        "Lovense dongle (HID)",
        "Lovense dongle (serial)",
        "Lovense Connect",
        "websocket devices",
        "game pads",
    ]
    assert not any(manager.scanning for manager in managers)


@pytest.mark.parametrize(
    ("words", "host", "port"),
    [
        ([], "127.0.0.1", 54817),
        (["--device-ws-port", "7"], "127.0.0.1", 7),
        (["--ws-host", "192.168.0.2"], "127.0.0.1", 54817),
        (["--ws-host", "all"], "0.0.0.0", 54817),
    ],
)
def test_devices_of_other_machines_are_let_in_only_where_clients_are(
    bundled: DeviceConfiguration, words: list[str], host: str, port: int
) -> None:
    manager = make_bus("device-websocket-server", parse(words, {}), bundled)
    assert isinstance(manager, WebsocketManager)
    assert (manager.host, manager.port) == (host, port)


def test_the_rules_for_udev_have_the_dongle_and_every_device_of_the_configuration() -> None:
    configuration = DeviceConfiguration.load()
    own = UsbId(0x1234, 0x5678)
    configuration.add_specifier("lovense", UsbSpecifier((own,)))
    assert configuration.match(UsbAdvertisement(0x1234, 0x5678))
    rules = udev_rules(configuration).splitlines()
    assert hid_rule(UsbId(0x1915, 0x520A)) in rules
    assert hid_rule(UsbId(0x057E, 0x2006)) in rules
    assert usb_rule(UsbId(0x0B49, 0x064F)) in rules
    assert usb_rule(own) in rules


@pytest.mark.real_time
@pytest.mark.parametrize("bus", ["serial", "lovense-dongle-serial"])
async def test_a_port_that_the_configuration_names_is_for_the_serial_bus_alone(
    bus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from serial.tools import list_ports
    from serial.tools.list_ports_common import ListPortInfo

    port = ListPortInfo("/dev/ttyUSB7")
    port.vid, port.pid = 0x1A86, 0x7523
    monkeypatch.setattr(list_ports, "comports", lambda: [port])
    configuration = DeviceConfiguration.load()
    manager: CommunicationManager = make_bus(bus, parse([], {}), configuration)
    assert "/dev/ttyUSB7" in (await manager.check()).summary
    configuration.add_specifier("tcode-v03", SerialSpecifier("/dev/ttyUSB7", 115200))
    manager = make_bus(bus, parse([], {}), configuration)
    assert ("/dev/ttyUSB7" in (await manager.check()).summary) == (bus == "serial")


def test_a_program_has_any_bus_by_the_name_of_its_switch() -> None:
    assert [manager.bus for manager in buses("bluetooth-le", "hid", "usb")] == ["Bluetooth LE", "HID", "USB"]
    with pytest.raises(LookupError, match="there is no bus bluetooth; there are: bluetooth-le, serial, hid"):
        buses("bluetooth")
