"""Devices of several buses at one server: what hangs on one bus holds up none of the others."""

from __future__ import annotations

import asyncio
import inspect
import re
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from buttplug import ButtplugClient, ButtplugDevice, DeviceOutputCommand
from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError, ButtplugError
from buttplug.hardware.base import CommunicationManager
from buttplug.hardware.bluetooth import BluetoothManager, BluetoothSpecifier
from buttplug.hardware.bluetooth import link as bluetooth_link
from buttplug.hardware.common.usb_ids import UsbId
from buttplug.hardware.gamepad import GamepadAdvertisement, GamepadManager
from buttplug.hardware.hid import HidAdvertisement, HidManager
from buttplug.hardware.lovense_connect import LovenseConnectAdvertisement, LovenseConnectManager
from buttplug.hardware.lovense_connect import link as lovense_connect_link
from buttplug.hardware.lovense_dongle import LovenseHidDongleManager
from buttplug.hardware.serial import SerialAdvertisement, SerialManager, SerialSpecifier
from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.hardware.usb import UsbAdvertisement, UsbManager
from buttplug.hardware.websocket import WebsocketManager
from buttplug.hardware.websocket import link as websocket_link
from buttplug.hardware.websocket import manager as websocket_manager
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.pacing import pacer
from buttplug.server.devices.simulation import simulate
from buttplug.server.protocols.peers.lovense import prepare
from tests.fakes.bluez import FakeAdapter
from tests.fakes.hidapi import HidDevice
from tests.fakes.lovense_connect import AppToy, ConnectApp
from tests.fakes.lovense_dongle import FakeHidDongle
from tests.fakes.peripheral import Peripheral, services_of
from tests.fakes.pty import Pty
from tests.fakes.sdl import SdlInUse, VirtualPad
from tests.fakes.usb_backend import UsbBackend, UsbDevice
from tests.fakes.websocket_device import WebsocketToy
from tests.hardware.helpers import until

pytestmark = [pytest.mark.real_time, pytest.mark.usefixtures("no_thread_is_left")]


STROKER = "TCode v0.3 (Single Linear Axis)"


class Member(NamedTuple):
    """A device and its bus.

    Attributes:
        manager: The bus.
        device: What stands behind it.
        stopped: How the last packet of a stop ends.
        hold: Have its bus finish no write any more.
        release: End that.
    """

    manager: CommunicationManager
    device: SimulatedDevice
    stopped: bytes
    hold: Callable[[], None]
    release: Callable[[], None]


@pytest.fixture
def configuration() -> DeviceConfiguration:
    return DeviceConfiguration.load()


@pytest.fixture
async def members(
    adapter: FakeAdapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, configuration: DeviceConfiguration
) -> AsyncIterator[dict[str, Member]]:
    """A device on every bus, by the name that it has for clients."""
    released = threading.Event()
    members: dict[str, Member] = {}

    titan = simulate(configuration, "Kiiroo Titan 1.1@C0:00:5E:00:53:01")
    (specifier,) = configuration.specifiers("kiiroo-v21")
    assert isinstance(specifier, BluetoothSpecifier)
    peripheral = adapter.add(Peripheral(titan, services_of(specifier)))
    answers = asyncio.Event()
    answers.set()
    peripheral.hooks["WriteValue"] = answers.wait
    members["Kiiroo Titan 1.1"] = Member(BluetoothManager(), titan, b"\x01\x00", answers.clear, answers.set)

    stroker = SimulatedDevice("OSR2", SerialAdvertisement(""), address="unused")
    port = Pty(tmp_path / "osr", stroker)
    stroker.on_packet = lambda packet: port.send(b"TCode v0.3\r\n") if packet.data == b"D1\n" else None
    configuration.add_specifier("tcode-v03", SerialSpecifier(port.path, 115200))
    members[STROKER] = Member(SerialManager([port.path]), stroker, b"DSTOP\n", port.fill, port.resume)

    dongle = FakeHidDongle(monkeypatch)
    dongle.plug_in()
    nora = dongle.add_toy("0082059AD3BD")
    prepare(nora, configuration.find("Lovense Nora"))
    members["Lovense Nora"] = Member(
        LovenseHidDongleManager(), nora, b"Rotate:0;", lambda: setattr(dongle.device, "hang", released), released.set
    )

    joycon = SimulatedDevice("Joy-Con (L)", HidAdvertisement(0x057E, 0x2006), address="unused")
    hid_device = dongle.bus.add(HidDevice(joycon, 0x057E, 0x2006, path="/dev/hidraw1", serial="98b6e9"))
    members["Nintendo Joycon"] = Member(
        HidManager([UsbId(0x057E, 0x2006)]),
        joycon,
        (b"\x10\x01" + bytes.fromhex("00 01 40 40") * 2).ljust(64, b"\0"),
        lambda: setattr(hid_device, "hang", released),
        released.set,
    )

    trance = SimulatedDevice("Trance Vibrator", UsbAdvertisement(0x0B49, 0x064F), address="unused")
    backend = UsbBackend()
    backend.install(monkeypatch)
    usb_device = backend.add(UsbDevice(trance, 0x0B49, 0x064F))
    members["Rez TranceVibrator"] = Member(
        UsbManager([UsbId(0x0B49, 0x064F)]),
        trance,
        bytes.fromhex("43 01 00 00 00 00 00 00"),
        lambda: setattr(usb_device, "hang", released),
        released.set,
    )

    websockets = WebsocketManager(port=0)
    edge = WebsocketToy(websockets, "LVS-P001", "t1")
    prepare(edge, configuration.find("Lovense Edge"))
    members["Lovense Edge"] = Member(websockets, edge, b"Vibrate2:0;", edge.hang, edge.resume)

    app = ConnectApp()
    max_ = SimulatedDevice("Max", LovenseConnectAdvertisement(), address="f0a1")
    app.toys["f0a1"] = AppToy(max_)

    def hold(on: bool) -> None:
        app.holds = on

    async with app.running():
        members["Lovense Max"] = Member(
            LovenseConnectManager([app.host]), max_, b"AirAuto?v=0&t=f0a1", lambda: hold(True), lambda: hold(False)
        )
        with SdlInUse():
            rumbler = SimulatedDevice("Test Pad", GamepadAdvertisement(), address="unused")
            pad = VirtualPad(device=rumbler)
            members["Test Pad"] = Member(
                GamepadManager(), rumbler, bytes(8), lambda: setattr(pad, "hang", released), released.set
            )
            yield members
            released.set()
            pad.unplug()
    port.unplug()


async def run(device: ButtplugDevice, level: float = 1.0) -> None:
    """Have a device run until it is told otherwise."""
    if device.has_output(OutputType.VIBRATE):
        await device.vibrate(level)
    else:
        await device.run_output(DeviceOutputCommand(OutputType.POSITION_WITH_DURATION, level, 60_000))


async def test_of_two_devices_with_one_address_the_first_is_connected_and_the_second_when_it_is_gone(
    configuration: DeviceConfiguration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket_manager, "OFFER_INTERVAL", 0.05)
    first = simulate(configuration, "Kiiroo Titan 1.1@t1")
    websockets = WebsocketManager(port=0)
    second = WebsocketToy(websockets, "LVS-P001", "t1")
    prepare(second, configuration.find("Lovense Edge"))
    async with (
        ButtplugServer(managers=[SimulatedManager([first]), websockets], configuration=configuration) as server,
        ButtplugClient("test") as client,
    ):
        await client.connect(server)
        await client.start_scanning()
        await until(lambda: client.devices)
        second.plug_in()
        await asyncio.sleep(0.2)
        await client.vibrate(1.0)
        assert [device.name for device in client.devices.values()] == ["Kiiroo Titan 1.1"]
        assert (len(first.packets), len(second.packets)) == (1, 0)
        first.disconnect()
        await until(lambda: [device.name for device in client.devices.values()] == ["Lovense Edge"])
    await second.gone()


@pytest.fixture
async def client(
    members: dict[str, Member], configuration: DeviceConfiguration, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ButtplugClient]:
    """A client of a server with all the buses, and all the devices running."""
    monkeypatch.setattr(pacer, "STOP_LIMIT", 0.3)
    # Longer than a stop of the others may take here.
    monkeypatch.setattr(bluetooth_link, "WRITE_LIMIT", 0.6)
    monkeypatch.setattr(websocket_link, "WRITE_LIMIT", 0.6)
    monkeypatch.setattr(lovense_connect_link, "REQUEST_LIMIT", 0.6)
    server = ButtplugServer(managers=[member.manager for member in members.values()], configuration=configuration)
    async with server, ButtplugClient("test") as client:
        edge = await run_all(server, client, members)
        yield client
    await edge.gone()


async def run_all(server: ButtplugServer, client: ButtplugClient, members: dict[str, Member]) -> WebsocketToy:
    """Connect, and have all devices run; return the one that comes by itself, and has to go by itself."""
    await client.connect(server)
    edge = members["Lovense Edge"].device
    assert isinstance(edge, WebsocketToy)
    edge.plug_in()
    await client.start_scanning()
    await until(lambda: {device.name for device in client.devices.values()} == members.keys())
    await asyncio.gather(*map(run, client.devices.values()))
    return edge


@pytest.mark.parametrize(
    "stuck",
    [
        "Kiiroo Titan 1.1",
        STROKER,
        "Lovense Nora",
        "Nintendo Joycon",
        "Rez TranceVibrator",
        "Lovense Edge",
        "Lovense Max",
        "Test Pad",
    ],
)
async def test_a_stop_reaches_the_devices_of_all_other_buses_at_once_while_a_write_to_one_is_stuck(
    client: ButtplugClient, members: dict[str, Member], stuck: str
) -> None:
    (device,) = (device for device in client.devices.values() if device.name == stuck)
    members[stuck].hold()
    running = asyncio.ensure_future(device.features[0].run_output(DeviceOutputCommand(device_output(device), 0.5, 60_000)))
    await asyncio.sleep(0.1)
    assert not running.done()

    stopping = asyncio.ensure_future(client.stop_all_devices())
    others = [member for name, member in members.items() if name != stuck]
    await until(lambda: all(member.device.packets[-1].data.endswith(member.stopped) for member in others))
    assert not stopping.done(), "the stuck one has its time to be stopped"
    async with asyncio.timeout(10):
        # Where a stop does not wait for the command it replaces it, and that is no failure.
        if stuck in ("Lovense Nora", "Lovense Max"):
            await running
        elif stuck == "Nintendo Joycon":
            # It is told again and again: what is stuck may be that, and the command waits behind it.
            with suppress(ButtplugDeviceError):
                await running
        else:
            with pytest.raises(ButtplugDeviceError, match=re.escape(stuck)):
                await running
        # A serial port is emptied of what is stuck in it, and takes the stop then.
        with nullcontext() if stuck == STROKER else pytest.raises(ButtplugError, match=re.escape(stuck)):
            await stopping
    members[stuck].release()


@pytest.mark.parametrize("stops_come", ["first", "last"])
@pytest.mark.parametrize("writes", ["nothing is being written", "every write hangs for a moment"])
async def test_an_event_loop_that_ends_with_the_server_open_stops_the_devices_of_all_buses(
    members: dict[str, Member], configuration: DeviceConfiguration, stops_come: str, writes: str
) -> None:
    server = ButtplugServer(managers=[member.manager for member in members.values()], configuration=configuration)
    client = ButtplugClient("test")
    await server.open()
    edge = await run_all(server, client, members)
    commands: list[asyncio.Future[None]] = []
    if writes == "every write hangs for a moment":
        for member in members.values():
            member.hold()
        commands += [asyncio.ensure_future(run(device, 0.5)) for device in client.devices.values()]
        await asyncio.sleep(0.1)
        for member in members.values():
            asyncio.get_running_loop().call_later(0.1, member.release)
    # That is what happens to all tasks then, in any order; those of the fakes stand for another process.
    ending = [task for task in asyncio.all_tasks() if is_of_the_server(task)]
    ending.sort(key=lambda task: task.get_name().startswith("pacer"), reverse=stops_come == "first")
    for task in ending:
        task.cancel()
    await asyncio.wait(ending, timeout=4)
    try:
        await until(lambda: running(members) == set())
    except TimeoutError:
        assert running(members) == set()
    await server.close()
    await client.disconnect()
    await asyncio.gather(*commands, return_exceptions=True)
    await edge.gone()


def running(members: dict[str, Member]) -> set[str]:
    """Return the devices that were not stopped last."""
    return {
        name
        for name, member in members.items()
        if not (member.device.packets and member.device.packets[-1].data.endswith(member.stopped))
    }


def is_of_the_server(task: asyncio.Task[object]) -> bool:
    """Return whether a task is one of this package, or one in which the websocket library serves it."""
    coroutine = task.get_coro()
    assert inspect.iscoroutine(coroutine)
    path = Path(coroutine.cr_code.co_filename).as_posix()
    return "/buttplug/" in path or path.endswith(("websockets/asyncio/server.py", "websockets/asyncio/connection.py"))


def device_output(device: ButtplugDevice) -> OutputType:
    return OutputType.VIBRATE if device.has_output(OutputType.VIBRATE) else OutputType.POSITION_WITH_DURATION
