"""The Lovense dongle's firmware, behind a HID device or a serial port, and the toys it reaches."""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from buttplug.hardware.base import Packet
from buttplug.hardware.bluetooth import BluetoothAdvertisement
from buttplug.hardware.hid import HidAdvertisement
from buttplug.hardware.simulated import SimulatedDevice
from tests.fakes.hidapi import HidBus, HidDevice
from tests.fakes.pty import Pty


class DongleToyDevice(SimulatedDevice):
    """A toy near the dongle. What it notifies reaches the server through the dongle."""

    def __init__(self, toy: str, dongle: FakeDongle) -> None:
        super().__init__("LVS-Z001", BluetoothAdvertisement(name="LVS-Z001"), address=toy)
        self._dongle = dongle

    def notify(self, endpoint: str, data: bytes) -> None:
        self._dongle.say(func="toyData", data={"id": self.address, "data": data.decode()})


class FakeDongle(ABC):
    """One dongle.

    Attributes:
        heard: The requests it got, without those for toys.
        toys: The toys in range, by id.
        connected: The ids of the toys it holds.
        searching: Whether it looks for toys.
        deaf_to: Functions it does not react to.
        times: When each line came, by the real clock.
    """

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.toys: dict[str, DongleToyDevice] = {}
        self.connected: set[str] = set()
        self.searching = False
        self.deaf_to: set[str] = set()
        self.times: list[float] = []
        self._rest = b""

    def add_toy(self, toy: str) -> DongleToyDevice:
        """Switch a toy on."""
        device = self.toys[toy] = DongleToyDevice(toy, self)
        self._see(toy)
        return device

    def lose_toy(self, toy: str) -> None:
        """Have a toy that is connected go out of range."""
        self.connected.discard(toy)
        self.say(func="status", data={"id": toy, "status": 403})

    def say(self, **message: object) -> None:
        """Send a message."""
        self.send(json.dumps({"type": "toy", **message}).encode() + b"\r\n")

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Send bytes to the server."""

    @abstractmethod
    def plug_in(self) -> None:
        """Be there, having forgotten everything."""

    @abstractmethod
    def unplug(self) -> None:
        """Be gone."""

    @abstractmethod
    def hang(self) -> None:
        """Take nothing any more, until it is unplugged."""

    def received(self, data: bytes) -> None:
        """Take bytes from the server."""
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in filter(None, lines):
            self.times.append(time.monotonic())
            try:
                request = json.loads(line)
            except ValueError:
                self.say(func="error", result=400)
                continue
            if request["func"] != "command":
                self.heard.append(request["func"])
            if request["func"] not in self.deaf_to:
                self._react(request)

    def _react(self, request: dict[str, str]) -> None:
        match request:
            case {"type": "toy", "func": "statuss"}:
                for toy in self.connected:
                    self.say(func="status", data={"id": toy, "status": 202})
                if not self.connected:
                    self.say(func="statuss", result=200)
            case {"type": "toy", "func": "search"}:
                self.searching = True
                self.say(func="search", result=205)
                for toy in self.toys:
                    self._see(toy)
            case {"type": "usb", "func": "stopSearch"}:
                self.searching = False
                self.say(func="stopSearch", result=200)
                self.say(func="search", result=206)
            case {"type": "toy", "func": "command", "id": toy, "cmd": command}:
                self.connected.add(toy)
                self.toys[toy].received(Packet(command.encode()))
            case _:
                raise AssertionError(f"no dongle knows {request}")

    def _see(self, toy: str) -> None:
        if self.searching and toy not in self.connected:
            self.say(func="toyData", data={"id": toy})

    def _forget(self) -> None:
        self.connected.clear()
        self.searching = False
        self._rest = b""


class FakeHidDongle(FakeDongle):
    """A dongle on the fake of the hidapi library."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        stand_in = SimulatedDevice("Lovense Dongle", HidAdvertisement(0x1915, 0x520A), address="")
        stand_in.answer = self._report_received
        self.device = HidDevice(stand_in, 0x1915, 0x520A)
        self.device.plugged_in = False
        self.bus = HidBus()
        self.bus.add(self.device)
        self.bus.install(monkeypatch)

    def send(self, data: bytes) -> None:
        for start in range(0, len(data), 63):
            self.device.send(data[start : start + 63].ljust(64, b"\0"))

    def plug_in(self) -> None:
        self._forget()
        self.device.plug_in()

    def unplug(self) -> None:
        self.device.unplug()
        hung, self.device.hang = self.device.hang, None
        if hung is not None:
            hung.set()

    def hang(self) -> None:
        self.device.hang = threading.Event()

    def _report_received(self, packet: Packet) -> None:
        assert len(packet.data) == 65
        assert packet.data[0] == packet.data[-1] == 0
        self.received(packet.data[1:].rstrip(b"\0"))


class FakeSerialDongle(FakeDongle):
    """A dongle on a pseudo terminal that the system lists with the converter's vendor and product.

    Attributes:
        other_port: Another port with such a converter.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.pty: Pty | None = None
        self.other_port: str | None = None
        monkeypatch.setattr(list_ports, "comports", self._listed)

    @property
    def port(self) -> str:
        """The path of its port."""
        assert self.pty is not None
        return self.pty.path

    def send(self, data: bytes) -> None:
        assert self.pty is not None
        self.pty.send(data)

    def plug_in(self) -> None:
        self._forget()
        self.pty = Pty()
        self.pty.on_received = self.received

    def unplug(self) -> None:
        if self.pty is not None:
            self.pty.unplug()

    def hang(self) -> None:
        assert self.pty is not None
        self.pty.fill()

    def _listed(self) -> list[ListPortInfo]:
        own = self.pty.path if self.pty is not None and self.pty.plugged_in else None
        ports = [ListPortInfo(path) for path in (self.other_port, own) if path is not None]
        for port in ports:
            port.vid, port.pid = 0x1A86, 0x7523
        return ports
