"""From a discovery to a device and back: which devices are let in, how they get ready, and which index they have."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from buttplug.core.enums import OutputType
from buttplug.hardware.base import BusReport, Discovery, Hardware
from buttplug.hardware.bluetooth import BluetoothAdvertisement, BluetoothSpecifier
from buttplug.hardware.errors import BusUnavailableError, HardwareError
from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.server import protocols
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.connecting import CONNECT_LIMIT, open_link
from buttplug.server.devices.manager import DeviceManager
from buttplug.server.devices.settings import DeviceKey, DeviceSettings
from buttplug.server.devices.simulation import simulate
from buttplug.server.protocols.base import Output
from tests.fakes.families import Family, install
from tests.fakes.managers import FakeManager, SecondManager
from tests.fakes.protocols import PacketPerFeature

FOREVER = 1e9

Make = Callable[..., Awaitable[DeviceManager]]


class IdentifyFails(PacketPerFeature):
    """Devices that do not say what they are."""

    @classmethod
    async def identify(cls, hardware: Hardware) -> str | None:
        raise HardwareError("it does not say what it is")


class IdentifyHangs(PacketPerFeature):
    """Devices that never answer."""

    @classmethod
    async def identify(cls, hardware: Hardware) -> str | None:
        await asyncio.sleep(FOREVER)
        return None


class InitialiseFails(PacketPerFeature):
    """Devices that do not get ready."""

    async def initialise(self, hardware: Hardware) -> None:
        raise HardwareError("it refused to start")


class InitialiseHangs(PacketPerFeature):
    """Devices that never get ready."""

    async def initialise(self, hardware: Hardware) -> None:
        await asyncio.sleep(FOREVER)


class InitialiseIsBroken(PacketPerFeature):
    """A family with a fault of ours in it."""

    async def initialise(self, hardware: Hardware) -> None:
        raise ZeroDivisionError("a bug")


class LostWhileIdentifying(PacketPerFeature):
    """Devices that are switched off while they are asked what they are."""

    @classmethod
    async def identify(cls, hardware: Hardware) -> str | None:
        hardware.lost("switched off")
        return None


class LostAtTheEnd(PacketPerFeature):
    """Devices that are switched off just before they are ready."""

    async def initialise(self, hardware: Hardware) -> None:
        hardware.lost("switched off")


FAILING = {
    IdentifyFails: "toy did not become ready: it does not say what it is",
    IdentifyHangs: "toy did not become ready: no answer to the hand-shake within 15 s",
    InitialiseFails: "toy did not become ready: it refused to start",
    InitialiseHangs: "toy did not become ready: no answer to the hand-shake within 15 s",
    InitialiseIsBroken: "ZeroDivisionError: a bug",
    LostWhileIdentifying: "toy did not become ready: it was disconnected during the hand-shake",
    LostAtTheEnd: "toy did not become ready: it was disconnected during the hand-shake",
}


class Toy(SimulatedDevice):
    """A simulated device that counts its links and notes why it was refused."""

    def __init__(self, address: str = "toy-1", name: str = "toy") -> None:
        super().__init__(name, BluetoothAdvertisement(name), address=address)
        self.links: list[Hardware] = []
        self.refusals: list[str] = []
        self.connect_delay = 0.0

    def discovery(self) -> Discovery:
        """Return what a bus reports, with a note of what comes of it."""
        found = super().discovery()

        async def connect(specifiers: object) -> Hardware:
            await asyncio.sleep(self.connect_delay)
            self.links.append(await found.connect(specifiers))  # type: ignore[arg-type]
            return self.links[-1]

        return Discovery(found.name, found.address, found.advertisement, connect, self.refusals.append)


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> DeviceConfiguration:
    """A configuration that knows one family, ``toy``."""
    return install(monkeypatch, tmp_path, {"toy": Family()})


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Opens a device manager with these buses; closes it at the end."""
    made: list[DeviceManager] = []

    async def make_manager(configuration: DeviceConfiguration, *buses: FakeManager | SimulatedManager) -> DeviceManager:
        manager = DeviceManager(configuration, buses)
        made.append(manager)
        await manager.open()
        return manager

    yield make_manager
    for manager in made:
        await manager.close()


async def settle(seconds: float = 0.1) -> None:
    await asyncio.sleep(seconds)


def indexes(manager: DeviceManager) -> dict[int, str]:
    return {index: device.hardware.address for index, device in sorted(manager.devices.items())}


def find(manager: DeviceManager, *found: Toy) -> None:
    """Have the first bus find devices, as it may at any time."""
    for toy in found:
        manager.managers[0].on_found(toy.discovery())
        toy.on_return = lambda device: manager.managers[0].on_found(device.discovery())


@pytest.fixture
async def manager(make: Make, toys: DeviceConfiguration) -> DeviceManager:
    return await make(toys, FakeManager())


# Who is let in


async def test_a_device_that_is_found_gets_ready_and_is_announced(manager: DeviceManager) -> None:
    changes: list[dict[int, str]] = []
    manager.on_change = lambda: changes.append(indexes(manager))
    find(manager, Toy())
    await settle()
    assert changes == [{0: "toy-1"}]


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ({}, {}),
        ({"toy-1": DeviceSettings(deny=True)}, {"toy-1": "its user denies it to connect"}),
        ({"TOY-1": DeviceSettings(deny=True)}, {"toy-1": "its user denies it to connect"}),
        ({"toy-1": DeviceSettings(allow=True)}, {"toy-2": "its user allows other devices only"}),
        ({"toy-1": DeviceSettings(allow=True, deny=True)}, dict.fromkeys(("toy-1", "toy-2"), "its user ")),
        ({"gone": DeviceSettings(allow=True)}, dict.fromkeys(("toy-1", "toy-2"), "its user allows other devices only")),
    ],
)
async def test_the_user_says_which_devices_may_connect(
    manager: DeviceManager, settings: dict[str, DeviceSettings], refused: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    manager.configuration.settings |= {DeviceKey("toy", None, address): each for address, each in settings.items()}
    found = [Toy("toy-1"), Toy("toy-2")]
    find(manager, *found)
    await settle()
    for toy in found:
        reason = refused.get(toy.address)
        assert toy.connected is (reason is None)
        assert (toy.refusals == []) if reason is None else toy.refusals[0].startswith(reason)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_device_that_comes_and_goes_without_end_fills_no_log(
    manager: DeviceManager, caplog: pytest.LogCaptureFixture
) -> None:
    toy = Toy()
    with caplog.at_level(logging.INFO, "buttplug.server"):
        find(manager, toy)
        for _ in range(1200):
            await settle(1.5)
            toy.disconnect()
            await settle(1.5)
            toy.come_back()
        loud = len(caplog.messages)
        find(manager, Toy("toy-2"))
        await settle()
    assert len(toy.links) > 1000
    assert loud <= 7 * 22, "of an hour"
    assert sum("lines about it were left out" in message for message in caplog.messages) == 6
    assert caplog.messages[-1].endswith("connected; limits set by its user: none"), "others are told of all the same"


async def test_a_device_that_no_protocol_knows_is_left_alone(manager: DeviceManager, caplog: pytest.LogCaptureFixture) -> None:
    stranger = Toy(name="kettle")
    with caplog.at_level(logging.INFO):
        find(manager, stranger)
        await settle()
    assert stranger.refusals == ["no protocol here knows this device"]
    assert stranger.links == []
    assert caplog.text == ""


async def test_a_device_whose_protocol_is_not_supported_yet_is_told_by_name(
    manager: DeviceManager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(protocols, "supports", lambda protocol: False)
    toy = Toy()
    with caplog.at_level(logging.INFO):
        find(manager, toy)
    assert toy.refusals == ["no protocol here knows this device"]
    assert "toy cannot be used: protocol toy is not supported" in caplog.text


@pytest.mark.parametrize("when", [0.0, 0.05, 1.0])
async def test_a_device_found_again_while_it_connects_or_is_connected_is_ignored(manager: DeviceManager, when: float) -> None:
    toy = Toy()
    toy.connect_delay = 0.1
    find(manager, toy)
    await settle(when)
    find(manager, toy)
    await settle(0.2)
    assert len(toy.links) == 1
    assert toy.refusals == []


# Getting ready


@pytest.mark.parametrize(("protocol", "reason"), FAILING.items(), ids=lambda value: getattr(value, "__name__", ""))
async def test_a_device_that_does_not_get_ready_is_closed_and_told_and_may_be_found_again(
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    protocol: type[PacketPerFeature],
    reason: str,
) -> None:
    manager = await make(install(monkeypatch, tmp_path, {"toy": Family(protocol)}), FakeManager())
    changes: list[object] = []
    manager.on_change = lambda: changes.append(None)
    toy = Toy()
    for attempt in (1, 2):
        find(manager, toy)
        await settle(20)
        assert len(toy.links) == attempt
        assert not any(link.connected for link in toy.links)
    assert manager.devices == {}
    assert changes == []
    assert reason in caplog.text


@pytest.mark.parametrize("protocol", FAILING, ids=lambda protocol: protocol.__name__)
async def test_the_next_protocol_that_fits_is_tried_on_a_new_link(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, protocol: type[PacketPerFeature]
) -> None:
    families = {"aaa": Family(protocol, names=["toy"]), "bbb": Family(names=["toy"])}
    manager = await make(install(monkeypatch, tmp_path, families), FakeManager())
    toy = Toy()
    find(manager, toy)
    await settle(20)
    assert [device.key.protocol for device in manager.devices.values()] == ["bbb"]
    assert [link.connected for link in toy.links] == [False, True]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (HardwareError("it is paired with a phone"), "toy could not be connected: it is paired with a phone"),
        (ZeroDivisionError("a bug"), "toy could not be connected: opening it failed: a bug"),
    ],
)
async def test_a_link_that_cannot_be_opened_is_told_and_the_device_may_be_found_again(
    manager: DeviceManager, caplog: pytest.LogCaptureFixture, error: HardwareError, reason: str
) -> None:
    toy = Toy()
    toy.connect_error = error
    find(manager, toy)
    await settle()
    assert reason in caplog.text
    toy.connect_error = None
    find(manager, toy)
    await settle()
    assert indexes(manager) == {0: "toy-1"}


async def test_a_device_found_again_while_it_connects_is_tried_again_when_that_fails(manager: DeviceManager) -> None:
    toy = Toy()
    toy.connect_delay = 1.0
    toy.connect_error = HardwareError("it was out of range")
    find(manager, toy)
    await settle(0.5)
    find(manager, toy)
    await settle(0.6)
    toy.connect_error = None
    await settle(1.0)
    assert indexes(manager) == {0: "toy-1"}
    toy.disconnect()
    toy.connect_error = HardwareError("it was out of range")
    find(manager, toy)
    await settle(10)
    assert indexes(manager) == {}, "once found is once tried"


async def test_waiting_for_the_turn_of_a_device_does_not_count_for_its_limit(
    manager: DeviceManager, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    toy, turn = Toy(), loop.time() + 3.5 * CONNECT_LIMIT
    toy.connect_delay = 3.5 * CONNECT_LIMIT + 10
    discovery = replace(toy.discovery(), waits_for_turn=lambda: loop.time() < turn)
    manager.managers[0].on_found(discovery)
    await settle(toy.connect_delay + 1)
    assert indexes(manager) == {0: "toy-1"}


async def test_a_link_that_never_opens_is_given_up(manager: DeviceManager, caplog: pytest.LogCaptureFixture) -> None:
    toy = Toy()
    toy.connect_delay = FOREVER
    find(manager, toy)
    await settle(CONNECT_LIMIT + 1)
    assert "toy could not be connected: no link within 60 s" in caplog.text
    toy.connect_delay = 0
    find(manager, toy)
    await settle()
    assert indexes(manager) == {0: "toy-1"}


async def test_a_device_that_does_not_let_go_of_a_failed_link_does_not_hold_its_address_for_ever(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manager = await make(install(monkeypatch, tmp_path, {"toy": Family(IdentifyFails)}), FakeManager())
    toy = Toy()

    async def hang(self: Hardware) -> None:
        await asyncio.sleep(FOREVER)

    monkeypatch.setattr("buttplug.hardware.simulated.SimulatedHardware.disconnect", hang)
    for attempt in (1, 2):
        find(manager, toy)
        await settle(10)
        assert len(toy.links) == attempt
    assert "toy did not disconnect within 5 s" in caplog.text


async def test_a_bus_that_names_no_specifier_of_ours_is_taken_at_the_best_one(
    manager: DeviceManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = Toy()
    found = toy.discovery()

    async def connect(specifiers: object) -> Hardware:
        hardware = await found.connect(specifiers)  # type: ignore[arg-type]
        hardware.specifier = BluetoothSpecifier({}, names=("another",))
        return hardware

    monkeypatch.setattr(toy, "discovery", lambda: Discovery(found.name, found.address, found.advertisement, connect))
    find(manager, toy)
    await settle()
    assert indexes(manager) == {0: "toy-1"}


# Indexes


async def test_devices_get_the_lowest_free_index(manager: DeviceManager) -> None:
    find(manager, Toy("a"), Toy("b"), Toy("c"))
    await settle()
    assert indexes(manager) == {0: "a", 1: "b", 2: "c"}


async def test_an_index_is_the_same_after_every_return(manager: DeviceManager) -> None:
    found = [Toy("a"), Toy("b"), Toy("c")]
    find(manager, *found)
    await settle()
    for order in ([1, 0], [2, 1, 0], [0]):
        for index in order:
            found[index].disconnect()
        await settle()
        for index in order:
            found[index].come_back()
        await settle()
        assert indexes(manager) == {0: "a", 1: "b", 2: "c"}


async def test_the_index_of_a_device_that_has_gone_is_not_given_to_another(manager: DeviceManager) -> None:
    first = Toy("a")
    find(manager, first)
    await settle()
    first.disconnect()
    find(manager, Toy("b"))
    await settle()
    assert indexes(manager) == {1: "b"}
    first.come_back()
    await settle()
    assert indexes(manager) == {0: "a", 1: "b"}


async def test_of_thousands_of_devices_that_came_and_went_few_are_remembered_and_no_connected_one_is_forgotten(
    manager: DeviceManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("manager", "indexes"):
        monkeypatch.setattr(f"buttplug.server.devices.{module}.MOST_GONE", 5)
    monkeypatch.setattr("buttplug.server.devices.lost.MOST_NAMED", 3)
    staying = Toy("staying")
    find(manager, staying)
    await settle()
    for number in range(40):
        passing = Toy(f"passing-{number}")
        find(manager, passing)
        await settle()
        assert len(manager.devices) == 2
        running = Output(0, OutputType.VIBRATE, 50)
        manager.devices[max(manager.devices)]._pacer.submit(running, lambda error: None)
        await settle()
        passing.disconnect()
        await settle(1)
    assert indexes(manager) == {0: "staying"}
    known = manager._indexes
    assert len(known._indexes) <= 7
    assert len(known._models) <= 7
    assert len(manager._gone) <= 5
    assert len(manager._lost_running._labels) <= 3
    # Nothing that may be running is left out of what is told at the end.
    told = await manager.stop_lost(0.1)
    assert len(told) == 4
    assert told[-1].startswith("37 more devices")


async def test_a_device_that_was_lost_while_it_ran_is_stopped_on_return_however_many_came_meanwhile(
    manager: DeviceManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("buttplug.server.devices.manager.MOST_GONE", 1)
    running = Toy("running")
    find(manager, running)
    await settle()
    manager.devices[0]._pacer.submit(Output(0, OutputType.VIBRATE, 50), lambda error: None)
    await settle()
    running.disconnect()
    await settle(1)
    for number in range(3):
        passing = Toy(f"passing-{number}")
        find(manager, passing)
        await settle()
        passing.disconnect()
        await settle(1)
    sent = len(running.packets)
    running.come_back()
    await settle()
    assert len(running.packets) == sent + 1
    assert await manager.stop_lost(0.1) == []


@pytest.mark.parametrize("is_away", [False, True])
async def test_an_index_that_its_user_took_from_a_device_is_given_to_another_only_by_its_user(
    manager: DeviceManager, is_away: bool
) -> None:
    first = Toy("a")
    find(manager, first)
    await settle()
    if is_away:
        first.disconnect()
        await settle()
    manager.configuration.change_device(DeviceKey("toy", "toy", "a"), index=5)
    if is_away:
        first.come_back()
    await settle()
    find(manager, Toy("b"))
    await settle()
    assert indexes(manager) == {5: "a", 1: "b"}
    manager.configuration.change_device(DeviceKey("toy", "toy", "b"), index=0)
    await settle()
    assert indexes(manager) == {5: "a", 0: "b"}


async def test_a_configured_index_is_used_and_not_given_to_others(manager: DeviceManager) -> None:
    manager.configuration.settings |= {
        DeviceKey("toy", "toy", "b"): DeviceSettings(index=0),
        DeviceKey("toy", "toy", "never seen"): DeviceSettings(index=2),
        DeviceKey("toy", "toy", "c"): DeviceSettings(index=70),
    }
    find(manager, Toy("a"), Toy("b"), Toy("c"), Toy("d"))
    await settle()
    assert indexes(manager) == {0: "b", 1: "a", 3: "d", 70: "c"}


async def test_of_two_devices_with_one_configured_index_the_second_gets_a_free_one_and_both_keep_theirs(
    manager: DeviceManager, caplog: pytest.LogCaptureFixture
) -> None:
    manager.configuration.settings |= {DeviceKey("toy", "toy", address): DeviceSettings(index=5) for address in ("a", "b")}
    first, second = Toy("a"), Toy("b")
    find(manager, first)
    await settle()
    first.disconnect()
    await settle()
    find(manager, second)
    await settle()
    assert indexes(manager) == {0: "b"}
    assert "b is configured as device 5, but another device is that already; it is device 0" in caplog.text
    first.come_back()
    await settle()
    assert indexes(manager) == {0: "b", 5: "a"}
    second.disconnect()
    second.come_back()
    await settle()
    assert indexes(manager) == {0: "b", 5: "a"}


async def test_two_models_at_one_address_are_two_devices(make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    manager = await make(install(monkeypatch, tmp_path, {"one": Family(), "two": Family()}), FakeManager())
    toy = Toy(name="one")
    find(manager, toy)
    await settle()
    toy.disconnect()
    await settle()
    find(manager, Toy(name="two"))
    await settle()
    assert list(manager.devices) == [1]


# Coming and going


async def test_a_late_loss_of_an_old_link_does_not_remove_the_new_one(manager: DeviceManager) -> None:
    toy = Toy()
    find(manager, toy)
    await settle()
    callbacks = list(toy.links[0]._on_disconnect)
    toy.disconnect()
    toy.come_back()
    await settle()
    for callback in callbacks:
        callback("late")
    await settle()
    assert indexes(manager) == {0: "toy-1"}
    assert toy.links[1].connected


async def test_a_device_found_again_while_its_old_link_is_closing_connects_when_that_is_closed(
    manager: DeviceManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = Toy()
    find(manager, toy)
    await settle()
    changes: list[list[int]] = []
    manager.on_change = lambda: changes.append(list(manager.devices))

    async def slow(self: Hardware) -> None:
        await asyncio.sleep(2)

    monkeypatch.setattr("buttplug.hardware.simulated.SimulatedHardware.disconnect", slow)
    toy.disconnect()
    toy.come_back()
    await settle(1)
    assert len(toy.links) == 1
    await settle(2)
    assert len(toy.links) == 2
    assert changes == [[], [0]]


async def test_a_device_that_comes_back_is_stopped_whatever_it_is_taken_for_now(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    manager = await make(install(monkeypatch, tmp_path, {"one": Family(), "two": Family()}), FakeManager())
    first = Toy(name="one")
    find(manager, first)
    await settle()
    manager.devices[0].output(0, OutputType.VIBRATE, 50, 0, None, lambda error: None)
    await settle()
    first.disconnect()
    await settle()
    second = Toy(name="two")
    find(manager, second)
    await settle()
    assert [packet.data for packet in second.packets] == [b"Vibrate 0 0"]


async def test_a_device_that_was_connected_already_is_stopped(manager: DeviceManager) -> None:
    toy = Toy()
    manager.managers[0].on_found(replace(toy.discovery(), was_connected=True))
    await settle()
    assert [packet.data for packet in toy.packets] == [b"Vibrate 0 0"]


async def test_a_device_that_is_new_is_not_sent_anything(manager: DeviceManager) -> None:
    toy = Toy()
    find(manager, toy)
    await settle()
    assert list(toy.packets) == []


async def test_a_hardware_that_fails_to_disconnect_is_told_and_the_others_are_let_go(
    manager: DeviceManager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, well = Toy("broken"), Toy("well")
    find(manager, broken, well)
    await settle()

    async def fail() -> None:
        raise RuntimeError("a bug in a bus")

    monkeypatch.setattr(broken.links[0], "disconnect", fail)
    await manager.close()
    assert not well.connected
    assert 'Device 0 "Toy" did not disconnect' in caplog.text
    assert "a bug in a bus" in caplog.text


# Closing


@pytest.mark.parametrize("stage", ["connecting", "identifying"])
async def test_a_close_ends_what_is_connecting_and_leaves_no_link(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stage: str
) -> None:
    manager = await make(install(monkeypatch, tmp_path, {"toy": Family(IdentifyHangs)}), FakeManager())
    toy = Toy()
    toy.connect_delay = FOREVER if stage == "connecting" else 0
    find(manager, toy)
    await settle()
    began = asyncio.get_running_loop().time()
    await manager.close()
    assert asyncio.get_running_loop().time() - began < 1
    assert not any(link.connected for link in toy.links)
    assert manager.devices == {}


async def test_a_hand_shake_that_cannot_be_cancelled_leads_to_no_device_after_the_close(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Stubborn(PacketPerFeature):
        """A hand-shake that goes on when it is cancelled."""

        async def initialise(self, hardware: Hardware) -> None:
            try:
                await asyncio.sleep(FOREVER)
            except asyncio.CancelledError:
                await asyncio.sleep(0.1)

    manager = await make(install(monkeypatch, tmp_path, {"toy": Family(Stubborn)}), FakeManager())
    toy = Toy()
    find(manager, toy)
    await settle()
    await manager.close()
    assert manager.devices == {}
    assert not toy.connected


async def test_a_close_ends_every_link_and_bus_and_finds_no_more(make: Make, toys: DeviceConfiguration) -> None:
    buses = FakeManager(), SecondManager()
    manager = await make(toys, *buses)
    toy, late = Toy("a"), Toy("late")
    find(manager, toy)
    await settle()
    await manager.close()
    find(manager, late)
    await settle()
    assert not toy.connected
    assert late.links == []
    assert [bus.calls for bus in buses] == [["open", "close"], ["open", "close"]]


async def test_a_device_or_bus_that_does_not_close_keeps_nobody_waiting_for_long(
    make: Make, toys: DeviceConfiguration, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hanging, well = FakeManager(), SecondManager()
    hanging.delays = {"close": FOREVER}
    manager = await make(toys, hanging, well)
    find(manager, Toy())
    await settle()

    async def hang(self: Hardware) -> None:
        await asyncio.sleep(FOREVER)

    monkeypatch.setattr("buttplug.hardware.simulated.SimulatedHardware.disconnect", hang)
    began = asyncio.get_running_loop().time()
    await manager.close(0.5)
    assert asyncio.get_running_loop().time() - began == pytest.approx(0.75)
    assert well.calls[-1] == "close"
    assert "not every device was disconnected within 0.5 s" in caplog.text
    assert "not every bus was closed within 0.25 s" in caplog.text


async def test_a_bus_that_takes_longer_to_close_than_is_waited_for_is_closed_in_the_end(
    make: Make, toys: DeviceConfiguration
) -> None:
    slow = FakeManager()
    slow.delays = {"close": 2.0}
    manager = await make(toys, slow)
    await slow.start_scanning()
    await manager.close(0.5)
    assert slow.scanning
    await settle(2)
    assert not slow.scanning


async def test_a_device_that_is_being_let_go_at_the_close_answers_what_was_asked_of_it(
    manager: DeviceManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = Toy()
    toy.write_delay = FOREVER
    find(manager, toy)
    await settle()
    answers: list[object] = []
    manager.devices[0].output(0, OutputType.VIBRATE, 50, 0, None, answers.append)
    await settle()
    toy.disconnect()
    await manager.close()
    assert len(answers) == 1


# Buses


@pytest.mark.parametrize(
    ("error", "delay", "warning"),
    [
        (BusUnavailableError("no adapter: plug one in"), 0.0, "first bus cannot be used: no adapter: plug one in"),
        (OSError(13, "Permission denied"), 0.0, "first bus cannot be used: PermissionError: [Errno 13] Permission denied"),
        (None, FOREVER, "first bus cannot be used: no answer within 10 s"),
    ],
)
async def test_a_bus_that_cannot_be_opened_is_one_warning_and_the_others_work(
    make: Make,
    toys: DeviceConfiguration,
    caplog: pytest.LogCaptureFixture,
    error: Exception | None,
    delay: float,
    warning: str,
) -> None:
    broken, working = FakeManager(), SimulatedManager([Toy()])
    broken.errors = {} if error is None else {"open": error}
    broken.delays = {"open": delay}
    manager = await make(toys, broken, working)
    await manager.start_scanning(self := object(), lambda: None)
    await settle(1)
    await manager.stop_scanning(self)
    assert indexes(manager) == {0: "toy-1"}
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [warning]
    assert broken.calls == ["open", "open"], "tried again by the scan"


@pytest.mark.parametrize(
    ("report", "error", "level", "line"),
    [
        (BusReport("first bus", ok=True, summary="no devices"), None, logging.INFO, "first bus: no devices"),
        (
            BusReport("first bus", ok=False, summary="no adapter", remedy="plug one in"),
            None,
            logging.WARNING,
            "first bus cannot be used: no adapter: plug one in",
        ),
        (BusReport("first bus", ok=False, summary="it hangs"), None, logging.WARNING, "first bus cannot be used: it hangs"),
        (None, ZeroDivisionError("a bug"), logging.WARNING, "first bus cannot be used: ZeroDivisionError: a bug"),
    ],
)
async def test_a_survey_tells_in_one_line_for_each_bus_what_is_there_or_missing(
    make: Make,
    toys: DeviceConfiguration,
    caplog: pytest.LogCaptureFixture,
    report: BusReport | None,
    error: Exception | None,
    level: int,
    line: str,
) -> None:
    caplog.set_level(logging.INFO)
    surveyed, closed = FakeManager(), SecondManager()
    surveyed.report = report
    surveyed.errors = {} if error is None else {"check": error}
    closed.errors = {"open": BusUnavailableError("no library")}
    manager = await make(toys, surveyed, closed)
    caplog.clear()
    await manager.survey()
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [(level, line)]


async def test_what_a_survey_told_is_not_told_again_by_a_scan_unless_it_changed(
    make: Make, toys: DeviceConfiguration, caplog: pytest.LogCaptureFixture
) -> None:
    bus = FakeManager()
    bus.report = BusReport(bus.bus, ok=False, summary="no adapter", remedy="plug one in")
    manager = await make(toys, bus, SecondManager())
    await manager.survey()
    for problem in ("no adapter: plug one in", "the adapter is off: switch it on"):
        bus.errors = {"start": BusUnavailableError(problem)}
        await manager.start_scanning(self := object(), lambda: None)
        await manager.stop_scanning(self)
    assert [record.getMessage() for record in caplog.records] == [
        "first bus cannot be used: no adapter: plug one in",
        "first bus cannot be used: the adapter is off: switch it on",
    ]


async def test_devices_may_be_found_without_a_scan(manager: DeviceManager) -> None:
    find(manager, Toy())
    await settle()
    assert indexes(manager) == {0: "toy-1"}
    assert not manager.managers[0].scanning


async def test_a_link_that_is_there_in_the_moment_its_connecting_is_given_up_is_closed() -> None:
    configuration = DeviceConfiguration.load()
    toy = simulate(configuration, "aneros")
    opening = asyncio.create_task(open_link(toy.discovery(), configuration.match(toy.advertisement)))
    while not toy.connected:
        await asyncio.sleep(0)
    assert not opening.done()
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert not toy.connected
