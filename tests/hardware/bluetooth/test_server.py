"""Bluetooth LE devices behind the server: the real bleak below it, a client above it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from buttplug import ButtplugClient, DeviceOutputCommand
from buttplug.core.enums import InputType, OutputType
from buttplug.core.errors import ButtplugDeviceError, ButtplugError
from buttplug.hardware.base import Packet
from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothManager, link, sightings
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.settings import DeviceKey, DeviceSettings
from buttplug.server.protocols.thehandy.v3 import ThehandyV3
from tests.fakes.bluez import FakeAdapter, FakeBlueZ
from tests.fakes.peripheral import Write, hang
from tests.hardware.bluetooth.helpers import bring, hurry
from tests.hardware.helpers import until
from tests.hardware.scenario import NORA, Driven, Sensed, Stage, Story, tell

pytestmark = pytest.mark.real_time

VIBRATE, MOVE = OutputType.VIBRATE, OutputType.POSITION_WITH_DURATION


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)
    monkeypatch.setattr(sightings, "NAME_WAIT", 0.05)


@pytest.fixture(scope="module")
def configuration() -> DeviceConfiguration:
    return DeviceConfiguration.load()


@pytest.fixture
async def server(bluetooth: BluetoothManager, configuration: DeviceConfiguration) -> AsyncIterator[ButtplugServer]:
    """A server with this bus."""
    async with ButtplugServer(managers=[bluetooth], configuration=configuration) as server:
        yield server


@pytest.fixture
async def client(server: ButtplugServer) -> AsyncIterator[ButtplugClient]:
    """A client of it."""
    async with ButtplugClient("test") as client:
        await client.connect(server)
        yield client


def packet(text: str, *, endpoint: str = "tx", response: bool = False) -> Packet:
    return Packet(bytes.fromhex(text), endpoint, response)


SATISFYER = Story(
    name="Satisfyer Heated Affair",
    hand_shake=[packet("01", endpoint="command", response=True), packet("00 00 00 00 00 00 00 00")],
    outputs=[
        Driven(0, DeviceOutputCommand(VIBRATE, 50), [packet("32 32 32 32 00 00 00 00")]),
        Driven(1, DeviceOutputCommand(VIBRATE, 100), [packet("32 32 32 32 64 64 64 64")]),
        Driven(0, DeviceOutputCommand(VIBRATE, 0), [packet("00 00 00 00 64 64 64 64")]),
    ],
    halted=[packet("00 00 00 00 00 00 00 00")],
    returned=[packet("01", endpoint="command", response=True), packet("00 00 00 00 00 00 00 00")],
    driven_again=[packet("32 32 32 32 00 00 00 00")],
    halted_again=[packet("00 00 00 00 00 00 00 00")],
)

TITAN = Story(
    name="Kiiroo Titan 1.1",
    hand_shake=[],
    outputs=[
        Driven(0, DeviceOutputCommand(VIBRATE, 64), [packet("01 40")]),
        Driven(1, DeviceOutputCommand(MOVE, 99, 500), [packet("03 00 28 63")]),
        Driven(1, DeviceOutputCommand(MOVE, 0, 500), [packet("03 00 28 00")]),
        Driven(0, DeviceOutputCommand(VIBRATE, 100), [packet("01 64")]),
        Driven(1, DeviceOutputCommand(MOVE, 50, 0), [packet("03 00 63 32")]),
    ],
    halted=[packet("03 00 01 32"), packet("01 00")],
    # The stop was a slow way, since it was not known where the part was: that may still be under way.
    returned=[packet("03 00 01 32"), packet("01 00")],
    driven_again=[packet("01 40")],
    halted_again=[packet("03 00 01 32"), packet("01 00")],
)

PEARL = Story(
    name="Kiiroo Pearl 2.1",
    hand_shake=[],
    outputs=[Driven(0, DeviceOutputCommand(VIBRATE, 100), [packet("01 64")])],
    halted=[packet("01 00")],
    returned=[packet("01 00")],
    driven_again=[packet("01 64")],
    halted_again=[packet("01 00")],
    battery=0.85,
    sensed=[
        Sensed(2, InputType.PRESSURE, "rx", bytes.fromhex("0352 0353 0354 0355 00"), 0x352),
        Sensed(5, InputType.PRESSURE, "rx", bytes.fromhex("0352 0353 0354 0100 08"), 0x100),
    ],
)

HANDY = Story(
    name="The Handy 2 Standard",
    hand_shake=[packet("08 01 12 05 10 01 b2 2c 00"), packet("08 01 12 05 10 02 ca 2c 00")],
    outputs=[
        Driven(
            0,
            DeviceOutputCommand(MOVE, 50, 500),
            [packet("08 01 12 0d 10 02 c2 2e 08 0d 00 00 00 3f 10 f4 03", response=True)],
        ),
        Driven(
            0,
            DeviceOutputCommand(MOVE, 100, 20_000),
            [packet("08 01 12 0e 10 03 c2 2e 09 0d 00 00 80 3f 10 a0 9c 01", response=True)],
        ),
    ],
    halted=[packet("08 01 12 05 10 04 d2 2e 00", response=True)],
    returned=[
        packet("08 01 12 05 10 01 b2 2c 00"),
        packet("08 01 12 05 10 02 ca 2c 00"),
        packet("08 01 12 05 10 02 d2 2e 00", response=True),
    ],
    driven_again=[packet("08 01 12 0d 10 03 c2 2e 08 0d 00 00 00 3f 10 f4 03", response=True)],
    halted_again=[packet("08 01 12 05 10 04 d2 2e 00", response=True)],
)


@pytest.mark.parametrize("story", [NORA, SATISFYER, TITAN, PEARL, HANDY], ids=lambda story: story.name)
async def test_a_device_is_found_driven_lost_found_again_and_stopped(
    adapter: FakeAdapter, bluetooth: BluetoothManager, configuration: DeviceConfiguration, story: Story
) -> None:
    peripheral = bring(adapter, configuration, story.name)
    device = peripheral.device

    def plug_in() -> None:
        peripheral.hooks.clear()
        device.come_back()

    await tell(
        story,
        Stage(
            manager=bluetooth,
            configuration=configuration,
            device=device,
            hold=lambda: peripheral.hooks.update(WriteValue=hang),
            unplug=device.disconnect,
            plug_in=plug_in,
        ),
    )
    await until(lambda: not device.connected)


async def test_a_device_is_matched_by_its_manufacturer_data_alone(
    adapter: FakeAdapter, client: ButtplugClient, configuration: DeviceConfiguration
) -> None:
    peripheral = bring(adapter, configuration, "Satisfyer Heated Affair")
    peripheral.device.advertisement = BluetoothAdvertisement(manufacturer_data={93: bytes.fromhex("00002716")})
    await client.start_scanning()
    await until(lambda: client.devices)
    assert [device.name for device in client.devices.values()] == ["Satisfyer Heated Affair"]


async def test_long_packets_arrive_whole(adapter: FakeAdapter, bluetooth: BluetoothManager) -> None:
    configuration = DeviceConfiguration.load()
    peripheral = bring(adapter, configuration, "The Handy 2 Standard")
    key = DeviceKey("thehandy-v3", "hw3", peripheral.device.address)
    configuration.settings[key] = DeviceSettings(index=0, message_gap=0.0)
    server = ButtplugServer(managers=[bluetooth], configuration=configuration)
    async with server, ButtplugClient("test") as client:
        await client.connect(server)
        await client.start_scanning()
        await until(lambda: client.devices)
        # The number of the packet is part of it, and makes it longer after two million of them.
        protocol = server.devices.devices[0]._protocol
        assert isinstance(protocol, ThehandyV3)
        protocol._id = 1 << 21
        await client.devices[0].run_output(DeviceOutputCommand(MOVE, 1, 20_000))
    longest = max(peripheral.writes, key=lambda write: len(write.data))
    assert (len(longest.data), longest.kind) == (21, "request")


async def test_a_stop_reaches_all_devices_at_once_while_one_is_stuck(
    adapter: FakeAdapter,
    server: ButtplugServer,
    client: ButtplugClient,
    configuration: DeviceConfiguration,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link, "WRITE_LIMIT", 1.0)
    peripherals = [bring(adapter, configuration, "Kiiroo Titan 1.1", number) for number in range(4)]
    await client.start_scanning()
    await until(lambda: len(client.devices) == 4)
    await client.vibrate(1.0)
    await asyncio.sleep(0.1)
    stuck, *others = peripherals
    stuck.hooks["WriteValue"] = hang
    addresses = {index: device.hardware.address for index, device in server.devices.devices.items()}
    (index,) = (index for index, address in addresses.items() if address == stuck.device.address)
    running = asyncio.ensure_future(client.devices[index].vibrate(0.5))
    await asyncio.sleep(0.1)
    stopping = asyncio.ensure_future(client.stop_all_devices())
    await until(lambda: all(peripheral.writes[-1] == Write("tx", b"\x01\x00", "command") for peripheral in others))
    assert not stopping.done(), "the stuck one has its time to be stopped"
    with pytest.raises(ButtplugError):
        await stopping
    with pytest.raises(ButtplugDeviceError):
        await running
    stuck.hooks.clear()


async def test_with_the_adapter_off_a_client_is_told_what_to_do(bluez: FakeBlueZ, client: ButtplugClient) -> None:
    bluez.add_adapter(powered=False)
    with pytest.raises(ButtplugError, match="the Bluetooth adapter is off: switch it on"):
        await client.start_scanning()


async def test_twenty_devices_are_connected_driven_and_stopped(
    adapter: FakeAdapter, client: ButtplugClient, configuration: DeviceConfiguration
) -> None:
    peripherals = [bring(adapter, configuration, "Kiiroo Titan 1.1", number) for number in range(20)]
    await client.start_scanning()
    await until(lambda: len(client.devices) == 20)
    await client.vibrate(0.5)
    await client.stop_all_devices()
    assert [[write.data for write in peripheral.writes] for peripheral in peripherals] == [[b"\x01\x32", b"\x01\x00"]] * 20
