"""``--check``: what is said of every bus and of what is visible, in bounded time, and the exit code."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field

import pytest

from buttplug.hardware.base import BusReport, Discovery
from buttplug.hardware.bluetooth import BluetoothAdvertisement
from buttplug.hardware.errors import BusUnavailableError
from buttplug.hardware.registry import BUSES
from buttplug.hardware.serial import SerialAdvertisement
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.hardware.specifier import Advertisement
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.program import check as module
from buttplug.server.program import main as program
from buttplug.server.program.check import CHECK_LIMIT, SCAN_TIME, check
from buttplug.server.program.options import Options, parse
from tests.fakes.managers import FakeManager

FOREVER = 1e6


class Bus(FakeManager):
    """A bus on which a scan sees things."""

    def __init__(self, *visible: Discovery) -> None:
        super().__init__()
        self.report = BusReport(self.bus, ok=True, summary="an adapter")
        self.visible = visible

    async def start_scanning(self) -> None:
        await super().start_scanning()
        for discovery in self.visible * 2:
            self.on_found(discovery)


@dataclass
class Machine:
    """A machine's buses, by their switches. Those not named have nothing and can be used."""

    configuration: DeviceConfiguration
    buses: dict[str, FakeManager | Exception] = field(default_factory=dict)

    def make(self, bus: str, options: Options, configuration: DeviceConfiguration, token: str | None) -> FakeManager:
        made = self.buses.setdefault(bus, Bus())
        if isinstance(made, Exception):
            raise made
        return made

    async def check(self, *words: str) -> bool:
        return await check(parse(["--ws-port=0", *words], {}), self.configuration)


@pytest.fixture
def machine(bundled: DeviceConfiguration, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(bundled)
    monkeypatch.setattr(module, "make_bus", machine.make)
    return machine


def visible(name: str, address: str, advertisement: Advertisement) -> Discovery:
    return SimulatedDevice(name, advertisement, address=address).discovery()


def lines_of(title: str, out: str) -> list[str]:
    """Return what is said of a bus."""
    lines = out.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith(f"{title}: "))
    rest = lines[start + 1 :]
    end = next((index for index, line in enumerate(rest) if not line.startswith("    ")), len(rest))
    return [lines[start], *rest[:end]]


async def test_every_bus_is_told_on_or_off(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert await machine.check("--use-serial")
    out = capsys.readouterr().out
    assert lines_of("serial ports", out) == ["serial ports: ready: an adapter"]
    assert lines_of("HID devices", out) == ["HID devices: ready (off; --use-hid turns it on): an adapter"]
    assert [line.partition(": ")[0] for line in out.splitlines()] == [
        "installation",
        "port for clients",
        *(bus.title for bus in BUSES),
        "All is well.",
    ]


async def test_what_is_missing_is_told_with_its_remedy(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    bus = machine.buses["bluetooth-le"] = FakeManager()
    bus.report = BusReport(bus.bus, ok=False, summary="there is no adapter", remedy="plug one in")
    assert not await machine.check()
    out = capsys.readouterr().out
    assert lines_of("Bluetooth LE", out) == ["Bluetooth LE: NOT USABLE: there is no adapter", "    remedy: plug one in"]
    assert out.endswith("Not everything that is on can be used.\n")
    assert bus.calls == ["check"]


async def test_what_is_missing_for_a_bus_that_is_off_is_told_and_all_is_well(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    bus = machine.buses["usb"] = FakeManager()
    bus.report = BusReport(bus.bus, ok=False, summary="cannot be used", remedy="install libusb")
    assert await machine.check()
    assert lines_of("USB devices", capsys.readouterr().out) == [
        "USB devices: NOT USABLE (off; --use-usb turns it on): cannot be used",
        "    remedy: install libusb",
    ]


async def test_what_is_visible_is_told_once_with_what_it_is_taken_for(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.buses["bluetooth-le"] = Bus(
        visible("LVS-Z001", "A1", BluetoothAdvertisement(name="LVS-Z001")),
        visible("Massage Demo", "A2", BluetoothAdvertisement(name="Massage Demo")),
        visible("", "A3", BluetoothAdvertisement(manufacturer_data={93: bytes.fromhex("00002716")})),
        visible("Speaker", "A4", BluetoothAdvertisement(name="Speaker")),
    )
    machine.buses["serial"] = Bus(visible("Serial port COM3", "COM3", SerialAdvertisement("COM3")))
    assert await machine.check()
    out = capsys.readouterr().out
    _, toy, *others = lines_of("Bluetooth LE", out)
    assert toy.startswith("    LVS-Z001 at A1: Lovense")
    assert toy.endswith(", protocol lovense")
    assert [line.partition(": ")[0] for line in others] == [
        "    Massage Demo at A2",
        "    without a name at A3",
        "    Speaker at A4",
    ]
    assert "protocol satisfyer" in others[1]
    assert others[2].endswith(": no protocol knows it")
    assert lines_of("serial ports", out)[1:] == ["    Serial port COM3 at COM3: no protocol knows it"]


async def test_a_bus_that_is_looked_at_is_closed(machine: Machine) -> None:
    bus = machine.buses["bluetooth-le"] = Bus()
    assert await machine.check()
    assert bus.calls == ["check", "open", "start", "close"]


@pytest.mark.parametrize("hanging", ["check", "open", "start", "close"])
async def test_a_bus_that_hangs_is_given_up_and_the_others_are_told(
    machine: Machine, capsys: pytest.CaptureFixture[str], hanging: str
) -> None:
    bus = machine.buses["bluetooth-le"] = Bus()
    bus.delays = {hanging: FOREVER}
    began = asyncio.get_running_loop().time()
    assert not await machine.check()
    assert asyncio.get_running_loop().time() - began <= SCAN_TIME + CHECK_LIMIT
    out = capsys.readouterr().out
    assert lines_of("Bluetooth LE", out) == ["Bluetooth LE: NOT USABLE: no answer within 10 s"]
    assert lines_of("HID devices", out)[0].startswith("HID devices: ready")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BusUnavailableError("the port is taken: close the other program"), "the port is taken: close the other program"),
        (ImportError("No module named 'x'"), "ImportError: No module named 'x'"),
        (ZeroDivisionError("a bug"), "ZeroDivisionError: a bug"),
    ],
)
@pytest.mark.parametrize("failing", ["make", "check", "open", "start", "close"])
async def test_a_bus_that_fails_is_told_and_so_are_the_others(
    machine: Machine, capsys: pytest.CaptureFixture[str], failing: str, error: Exception, said: str
) -> None:
    bus = Bus()
    bus.errors = {failing: error}
    machine.buses["bluetooth-le"] = error if failing == "make" else bus
    assert not await machine.check()
    out = capsys.readouterr().out
    assert lines_of("Bluetooth LE", out) == [f"Bluetooth LE: NOT USABLE: {said}"]
    assert lines_of("HID devices", out)[0].startswith("HID devices: ready")


async def test_the_official_client_beside_this_package_is_told_with_its_remedy(
    machine: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = {"buttplug": "1.0.0"}
    monkeypatch.setattr("importlib.metadata.version", versions.__getitem__)
    assert not await machine.check()
    assert lines_of("installation", capsys.readouterr().out) == [
        "installation: NOT USABLE: the distribution buttplug 1.0.0 is installed too, and both have the import name buttplug",
        "    remedy: pip uninstall buttplug, and then pip install --force-reinstall --no-deps buttplug-server",
    ]


@pytest.mark.real_time
async def test_a_port_that_is_taken_is_told_with_its_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for option in ("--ws-port", "--rest-api-port"):
            (port_to_look_at,) = module._ports(parse([option, str(port)], {}))
            report = await module._port(*port_to_look_at)
            assert report.remedy == f"end the program that has the port, or choose another one with {option}"
    (free_port,) = module._ports(parse(["--ws-port", "0"], {}))
    report = await module._port(*free_port)
    assert (report.ok, report.summary) == (True, "can listen on 127.0.0.1, port 0")


@pytest.mark.parametrize("is_there", [True, False])
async def test_the_extra_for_requests_is_looked_for_where_they_are_asked_for(
    machine: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: object() if is_there and name == "aiohttp" else None)
    await check(parse(["--rest-api-port", "0"], {}), machine.configuration)
    assert lines_of("requests over HTTP", capsys.readouterr().out) == (
        ["requests over HTTP: ready: the extra rest is installed"]
        if is_there
        else [
            "requests over HTTP: NOT USABLE: the extra rest is not installed",
            '    remedy: pip install "buttplug-server[rest]"',
        ]
    )


async def test_where_nothing_listens_no_port_is_looked_at(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert await check(parse(["--ws-connect", "ws://127.0.0.1:1"], {}), machine.configuration)
    assert "port for clients" not in capsys.readouterr().out


@pytest.mark.parametrize(("well", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_says_whether_all_is_well(monkeypatch: pytest.MonkeyPatch, well: bool, code: int) -> None:
    async def result(options: Options, configuration: DeviceConfiguration, token: str | None) -> bool:
        return well

    monkeypatch.setattr(program, "check", result)
    assert program.main(["--check"]) == code
