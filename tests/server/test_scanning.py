"""Scans: when buses are started and stopped, and that the end of each scan is told once, at the right place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from buttplug.core.messages import (
    DeviceList,
    Disconnect,
    Ok,
    RequestDeviceList,
    ScanningFinished,
    ServerMessage,
    StartScanning,
    StopScanning,
)
from buttplug.hardware.base import CommunicationManager, Hardware
from buttplug.hardware.errors import BusUnavailableError, HardwareError
from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from tests.fakes.managers import FakeManager, SaysSoWhenStopped, SecondManager, unplugged
from tests.server.conftest import Talker, error_of, is_ok

Serve = Callable[..., Awaitable[ButtplugServer]]


@pytest.fixture
async def serve(bundled: DeviceConfiguration) -> AsyncIterator[Serve]:
    """Opens a server with these buses; closes it at the end."""
    servers: list[ButtplugServer] = []

    async def open_server(*managers: CommunicationManager, max_ping_time: int = 0) -> ButtplugServer:
        server = ButtplugServer(managers=managers, configuration=bundled, max_ping_time=max_ping_time)
        servers.append(server)
        await server.open()
        return server

    yield open_server
    for server in servers:
        await server.close()


async def connect(server: ButtplugServer, name: str = "talker") -> Talker:
    talker = await Talker(server, name).shake_hands()
    talker.heard.clear()
    return talker


def scans(manager: FakeManager) -> list[str]:
    return [call for call in manager.calls if call in ("start", "stop")]


def kinds(talker: Talker) -> list[type[ServerMessage]]:
    return [type(message) for message in talker.heard]


async def start(talker: Talker) -> ServerMessage:
    return await talker.ask(StartScanning)


async def stop(talker: Talker) -> ServerMessage:
    return await talker.ask(StopScanning)


# One client


@pytest.mark.parametrize("manager_type", [FakeManager, SaysSoWhenStopped])
@pytest.mark.parametrize("times", [2, 5])
async def test_each_start_and_stop_reaches_a_bus_that_scans_until_told(
    serve: Serve, manager_type: type[FakeManager], times: int
) -> None:
    manager = manager_type()
    talker = await connect(await serve(manager))
    for _ in range(times):
        assert is_ok(await start(talker))
        await asyncio.sleep(1)
        assert is_ok(await stop(talker))
        await asyncio.sleep(1)
    assert scans(manager) == ["start", "stop"] * times
    assert kinds(talker) == [Ok, Ok, ScanningFinished] * times


async def test_each_start_reaches_a_bus_that_ends_by_itself_and_each_end_is_told(serve: Serve) -> None:
    manager = FakeManager(scan_time=1)
    talker = await connect(await serve(manager))
    for _ in range(3):
        assert is_ok(await start(talker))
        await asyncio.sleep(2)
        assert is_ok(await stop(talker))
    assert scans(manager) == ["start"] * 3
    assert kinds(talker) == [Ok, ScanningFinished, Ok] * 3


async def test_a_scan_without_an_end_has_none_until_it_is_stopped(serve: Serve) -> None:
    talker = await connect(await serve(FakeManager()))
    await start(talker)
    await asyncio.sleep(86_400)
    assert talker.events(ScanningFinished) == []


async def test_a_second_scan_starts_although_the_devices_are_known(serve: Serve, bundled: DeviceConfiguration) -> None:
    manager = SimulatedManager([simulate(bundled, "aneros")])
    talker = await connect(await serve(manager))
    for _ in range(2):
        assert is_ok(await start(talker))
        assert manager.scanning
        await asyncio.sleep(1)
    assert talker.devices == [0]
    assert len(talker.events(DeviceList)) == 1
    assert len(talker.events(ScanningFinished)) == 2


async def test_a_stop_while_nothing_scans_is_ok_and_scanning_works_after_it(serve: Serve) -> None:
    manager = FakeManager()
    talker = await connect(await serve(manager))
    assert is_ok(await stop(talker))
    assert is_ok(await start(talker))
    assert scans(manager) == ["start"]
    assert kinds(talker) == [Ok, Ok]


async def test_a_start_while_scanning_is_ok_and_nothing_else_happens(serve: Serve) -> None:
    manager = FakeManager()
    talker = await connect(await serve(manager))
    for _ in range(3):
        assert is_ok(await start(talker))
    assert scans(manager) == ["start"]
    await stop(talker)
    assert kinds(talker) == [Ok, Ok, Ok, Ok, ScanningFinished]


async def test_a_start_while_scanning_does_not_start_a_bus_again_that_has_ended(serve: Serve) -> None:
    ending, lasting = FakeManager(scan_time=1), SecondManager()
    talker = await connect(await serve(ending, lasting))
    await start(talker)
    await asyncio.sleep(2)
    assert is_ok(await start(talker))
    assert (scans(ending), scans(lasting)) == (["start"], ["start"])


@pytest.mark.parametrize("manager_type", [FakeManager, SaysSoWhenStopped])
@pytest.mark.parametrize("delay", [0.0, 0.5])
async def test_a_stop_and_a_start_without_a_pause_end_one_scan_and_begin_the_next(
    serve: Serve, manager_type: type[FakeManager], delay: float
) -> None:
    manager = manager_type()
    manager.delays = {"start": delay, "stop": delay}
    talker = await connect(await serve(manager))
    talker.say_frame('[{"StartScanning":{"Id":11}},{"StopScanning":{"Id":12}},{"StartScanning":{"Id":13}}]')
    await asyncio.sleep(5)
    assert scans(manager) == ["start", "stop", "start"]
    assert talker.heard == [Ok(11), Ok(12), ScanningFinished(0), Ok(13)]


async def test_a_scan_that_ends_while_it_is_being_stopped_ends_once(serve: Serve) -> None:
    manager = FakeManager(scan_time=1)
    manager.delays = {"stop": 0.5}
    talker = await connect(await serve(manager))
    await start(talker)
    await asyncio.sleep(0.8)
    await stop(talker)
    await asyncio.sleep(5)
    assert kinds(talker) == [Ok, Ok, ScanningFinished]


async def test_an_end_that_nobody_waits_for_is_told_to_nobody(serve: Serve) -> None:
    manager = FakeManager()
    talker = await connect(await serve(manager))
    manager.finish()
    assert talker.heard == []


# Several buses


async def test_the_end_is_told_when_the_last_bus_has_ended(serve: Serve) -> None:
    talker = await connect(await serve(FakeManager(scan_time=1), SecondManager(scan_time=3)))
    await start(talker)
    await asyncio.sleep(2)
    assert talker.events(ScanningFinished) == []
    await asyncio.sleep(2)
    assert len(talker.events(ScanningFinished)) == 1


async def test_the_end_comes_neither_before_every_bus_has_started_nor_before_the_answer(serve: Serve) -> None:
    quick, slow = FakeManager(scan_time=0.1), SecondManager(scan_time=0.0)
    slow.delays = {"start": 2}
    talker = await connect(await serve(quick, slow))
    question = talker.say(StartScanning)
    await asyncio.sleep(1.9)
    assert talker.heard == []
    await asyncio.sleep(1)
    assert talker.heard == [Ok(question), ScanningFinished(0)]


async def test_a_bus_that_ends_before_it_has_started_is_told_after_the_answer(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = FakeManager()
    talker = await connect(await serve(manager))

    async def finish_at_once() -> None:
        manager.finish()

    monkeypatch.setattr(manager, "start_scanning", finish_at_once)
    question = talker.say(StartScanning)
    await asyncio.sleep(1)
    assert talker.heard == [Ok(question), ScanningFinished(0)]


async def test_a_bus_that_cannot_start_leaves_the_scan_to_the_others(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    broken, working = FakeManager(), SecondManager(scan_time=1)
    broken.errors = {"start": unplugged()}
    talker = await connect(await serve(broken, working))
    for _ in range(3):
        assert is_ok(await start(talker))
        await asyncio.sleep(2)
    assert len(talker.events(ScanningFinished)) == 3
    assert caplog.text.count("first bus cannot be used: no adapter is plugged in") == 1


async def test_a_bus_that_works_again_is_used_again_and_its_next_failure_is_told(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    manager = FakeManager(scan_time=1)
    talker = await connect(await serve(manager))
    for broken in (True, False, True):
        manager.errors = {"start": unplugged()} if broken else {}
        assert is_ok(await start(talker)) is not broken
        await asyncio.sleep(2)
    assert caplog.text.count("no adapter is plugged in") == 2
    assert len(talker.events(ScanningFinished)) == 1


async def test_when_no_bus_can_be_scanned_the_error_names_each_with_its_reason(serve: Serve) -> None:
    unopened, broken = FakeManager(), SecondManager()
    unopened.errors = {"open": BusUnavailableError("its library is missing: pip install it")}
    broken.errors = {"start": unplugged()}
    talker = await connect(await serve(unopened, broken))
    for _ in range(2):
        assert error_of(await start(talker)) == (
            0,
            "nothing can be scanned: first bus: its library is missing: pip install it; second bus: no adapter is plugged in",
        )
    assert is_ok(await stop(talker))
    assert talker.events(ScanningFinished) == []
    assert scans(unopened) == []


async def test_without_any_bus_the_error_says_so(serve: Serve) -> None:
    talker = await connect(await serve())
    assert error_of(await start(talker)) == (
        0,
        "nothing can be scanned: no bus is turned on: give the server managers=[BluetoothManager()] or"
        ' simulate=["Lovense Nora"]; the program has --use-bluetooth-le and its kin, and --simulate',
    )


async def test_a_fault_in_a_bus_is_its_own(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    broken, working = FakeManager(), SecondManager(scan_time=1)
    broken.errors = {"start": ZeroDivisionError("division by zero")}
    talker = await connect(await serve(broken, working))
    assert is_ok(await start(talker))
    assert "first bus cannot be used: ZeroDivisionError: division by zero" in caplog.text


async def test_a_bus_that_hangs_is_given_up(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    hanging = FakeManager()
    hanging.delays = {"start": 1e9}
    talker = await connect(await serve(hanging))
    question = talker.say(StartScanning)
    await asyncio.sleep(11)
    assert error_of(await talker.answer_to(question)) == (0, "nothing can be scanned: first bus: no answer within 10 s")
    assert "first bus cannot be used: no answer within 10 s" in caplog.text


@pytest.mark.parametrize("failing", ["errors", "delays"])
async def test_a_bus_that_does_not_end_its_scan_is_told_and_the_client_has_ended_it_all_the_same(
    serve: Serve, caplog: pytest.LogCaptureFixture, failing: str
) -> None:
    manager = FakeManager()
    talker = await connect(await serve(manager))
    await start(talker)
    if failing == "errors":
        manager.errors = {"stop": unplugged("it is busy")}
    else:
        manager.delays = {"stop": 1e9}
    assert is_ok(await stop(talker))
    assert "first bus did not end its scan: " in caplog.text
    assert kinds(talker) == [Ok, Ok, ScanningFinished]


async def test_a_scan_that_ends_while_another_client_fails_to_start_one_is_told(serve: Serve) -> None:
    ending, broken = FakeManager(scan_time=1), SecondManager()
    broken.delays, broken.errors = {"start": 2}, {"start": unplugged()}
    server = await serve(ending, broken)
    first, second = await connect(server, "first"), await connect(server, "second")
    broken.delays = {}
    await start(first)
    broken.delays = {"start": 2}
    assert error_of(await start(second))[0] == 0
    assert len(first.events(ScanningFinished)) == 1
    assert second.events(ScanningFinished) == []


# What was found is connected first


@pytest.fixture
def slow_toys(bundled: DeviceConfiguration, monkeypatch: pytest.MonkeyPatch) -> tuple[SimulatedManager, FakeManager]:
    """Two toys that take five seconds to connect and then fail, and a bus that scans until it is told."""
    toys = [simulate(bundled, f"aneros@{address}") for address in ("first", "second")]

    async def connect_and_fail(*_: object) -> Hardware:
        await asyncio.sleep(5)
        raise HardwareError("it does not answer")

    monkeypatch.setattr(SimulatedDevice, "_connect", connect_and_fail)
    return SimulatedManager(toys), FakeManager()


async def test_a_scan_finishes_when_what_it_found_is_connected_or_refused(
    serve: Serve, slow_toys: tuple[SimulatedManager, FakeManager]
) -> None:
    talker = await connect(await serve(*slow_toys))
    await start(talker)
    await asyncio.sleep(1)
    await stop(talker)
    await asyncio.sleep(3.9)
    assert kinds(talker) == [Ok, Ok]
    await asyncio.sleep(0.2)
    assert kinds(talker) == [Ok, Ok, ScanningFinished]


async def test_a_scan_does_not_wait_for_what_is_found_after_it(
    serve: Serve, slow_toys: tuple[SimulatedManager, FakeManager]
) -> None:
    toys, _ = slow_toys
    talker = await connect(await serve(toys))
    await start(talker)
    for _ in range(6):
        await asyncio.sleep(1)
        for toy in toys.devices:
            # It comes and goes, and is tried again at once when it could not be connected.
            toy.come_back()
    assert kinds(talker) == [Ok, ScanningFinished]


@pytest.mark.parametrize("is_stopped", [True, False])
async def test_a_new_scan_begins_though_what_the_last_one_found_is_still_being_connected(
    serve: Serve, slow_toys: tuple[SimulatedManager, FakeManager], is_stopped: bool
) -> None:
    toys, other = slow_toys
    other.scan_time = None if is_stopped else 1
    talker = await connect(await serve(toys, other))
    await start(talker)
    await asyncio.sleep(2)
    if is_stopped:
        await stop(talker)
    assert not other.scanning
    talker.heard.clear()
    question = talker.say(StartScanning)
    await asyncio.sleep(0.2)
    assert other.scanning
    assert talker.heard == [ScanningFinished(0), Ok(question)], "of the last one, before this begins"
    await asyncio.sleep(20)
    await stop(talker)
    assert len(talker.events(ScanningFinished)) == 2


# Several clients


async def test_buses_scan_while_any_client_wants_it_and_each_learns_of_the_end_of_its_own_scan(serve: Serve) -> None:
    manager = FakeManager()
    server = await serve(manager)
    one, two = await connect(server, "one"), await connect(server, "two")
    await start(one)
    await start(two)
    await stop(one)
    assert scans(manager) == ["start"]
    assert (len(one.events(ScanningFinished)), len(two.events(ScanningFinished))) == (1, 0)
    await stop(two)
    assert scans(manager) == ["start", "stop"]
    assert (len(one.events(ScanningFinished)), len(two.events(ScanningFinished))) == (1, 1)


async def test_a_scan_that_ends_by_itself_has_ended_for_every_client(serve: Serve) -> None:
    server = await serve(FakeManager(scan_time=1))
    one, two, third = [await connect(server, name) for name in ("one", "two", "third")]
    await start(one)
    await start(two)
    await asyncio.sleep(2)
    assert [len(talker.events(ScanningFinished)) for talker in (one, two, third)] == [1, 1, 0]


async def test_a_scan_that_joins_starts_the_buses_that_have_ended(serve: Serve) -> None:
    ending, lasting = FakeManager(scan_time=1), SecondManager()
    server = await serve(ending, lasting)
    one, two = await connect(server, "one"), await connect(server, "two")
    await start(one)
    await asyncio.sleep(2)
    await start(two)
    assert (scans(ending), scans(lasting)) == (["start", "start"], ["start"])


async def leave(talker: Talker) -> None:
    await talker.ask(Disconnect)


async def vanish(talker: Talker) -> None:
    await talker.session.close("its socket is dead")


async def miss_the_ping(talker: Talker) -> None:
    await asyncio.sleep(1)


@pytest.mark.parametrize("go", [leave, vanish, miss_the_ping])
async def test_the_scan_of_a_client_that_goes_ends(serve: Serve, go: Callable[[Talker], Awaitable[None]]) -> None:
    manager = FakeManager()
    talker = await connect(await serve(manager, max_ping_time=500))
    await start(talker)
    await go(talker)
    assert scans(manager) == ["start", "stop"]
    assert talker.events(ScanningFinished) == []


@pytest.mark.parametrize("go", [leave, vanish])
async def test_the_scan_of_another_client_goes_on(serve: Serve, go: Callable[[Talker], Awaitable[None]]) -> None:
    manager = FakeManager()
    server = await serve(manager)
    going, staying = await connect(server, "going"), await connect(server, "staying")
    await start(going)
    await start(staying)
    await go(going)
    assert scans(manager) == ["start"]
    assert staying.events(ScanningFinished) == []


async def test_a_client_that_goes_while_its_scan_is_starting_leaves_no_scan_behind(serve: Serve) -> None:
    manager = FakeManager()
    manager.delays = {"start": 3}
    server = await serve(manager)
    talker = await connect(server)
    question = talker.say(StartScanning)
    await asyncio.sleep(1)
    await vanish(talker)
    await asyncio.sleep(60)
    assert not manager.scanning
    assert server.devices.scans.clients == {}
    assert error_of(await talker.answer_to(question))[0] == 1


# The end of the server


async def test_a_server_that_shuts_down_ends_its_scan_and_begins_no_other(serve: Serve) -> None:
    manager = FakeManager()
    server = await serve(manager)
    talker = await connect(server)
    await start(talker)
    await server.close()
    assert manager.calls[-1] == "close"
    assert not manager.scanning
    assert talker.events(ScanningFinished) == []
    with pytest.raises(Exception, match="the server is shutting down"):
        await server.devices.start_scanning(object(), lambda: None)


async def test_asking_for_devices_is_no_scan(serve: Serve) -> None:
    manager = FakeManager()
    talker = await connect(await serve(manager))
    await talker.ask(RequestDeviceList)
    assert scans(manager) == []


# Buses that could not be opened


async def test_a_bus_that_could_not_be_opened_is_opened_again_by_the_next_scan(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    manager = FakeManager()
    manager.errors = {"open": unplugged("its library is missing")}
    server = await serve(manager)
    talker = await connect(server)
    assert "its library is missing" in error_of(await start(talker))[1]
    assert caplog.text.count("its library is missing") == 1
    manager.errors = {}
    assert isinstance(await start(talker), Ok)
    assert manager.scanning
    await stop(talker)
    await start(talker)
    assert manager.calls.count("open") == 3, "what is open stays open"


async def test_a_bus_that_takes_long_to_open_holds_up_no_scan_and_is_scanned_when_it_is_open(serve: Serve) -> None:
    well, slow = FakeManager(), SecondManager()
    slow.errors = {"open": unplugged()}
    server = await serve(well, slow)
    slow.errors, slow.delays = {}, {"open": 8}
    talker = await connect(server)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert isinstance(await start(talker), Ok)
    assert loop.time() - began <= 2.1
    assert well.scanning
    assert not slow.scanning
    await stop(talker)
    assert isinstance(await start(talker), Ok)
    await asyncio.sleep(8)
    assert slow.scanning
    assert slow.calls.count("open") == 2


async def test_a_bus_that_is_open_too_late_for_a_scan_is_not_scanned(serve: Serve) -> None:
    well, slow = FakeManager(), SecondManager()
    slow.errors = {"open": unplugged()}
    server = await serve(well, slow)
    slow.errors, slow.delays = {}, {"open": 8}
    talker = await connect(server)
    await start(talker)
    await stop(talker)
    await asyncio.sleep(20)
    assert not slow.scanning


async def test_a_scan_that_ends_while_a_late_bus_fails_to_begin_its_own_is_told_as_finished(serve: Serve) -> None:
    well, slow = FakeManager(scan_time=9.0), SecondManager()
    slow.errors = {"open": unplugged()}
    server = await serve(well, slow)
    slow.errors, slow.delays = {"start": unplugged()}, {"open": 8, "start": 4}
    talker = await connect(server)
    assert isinstance(await start(talker), Ok)
    await asyncio.sleep(20)
    assert kinds(talker) == [Ok, ScanningFinished]


async def test_a_scan_that_ends_while_another_client_that_goes_begins_one_is_told_as_finished(serve: Serve) -> None:
    well, slow = FakeManager(scan_time=3.0), SecondManager()
    slow.errors = {"start": unplugged()}
    server = await serve(well, slow)
    staying, going = await connect(server, "staying"), await connect(server, "going")
    assert isinstance(await start(staying), Ok)
    slow.delays = {"start": 5}
    await asyncio.sleep(2)
    going.say(StartScanning)
    await asyncio.sleep(2)
    await going.session.close("gone")
    await asyncio.sleep(20)
    assert kinds(staying) == [Ok, ScanningFinished]
