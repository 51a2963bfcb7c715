"""What is done again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from itertools import pairwise

import pytest

from buttplug.hardware.base import Discovery, Hardware, Packet
from buttplug.hardware.common.polling import GOOD_LINK_TIME, RETRY_DELAYS, Poll, PolledHardware, PollingManager
from buttplug.hardware.errors import BusUnavailableError, HardwareError
from buttplug.hardware.gamepad import GamepadAdvertisement, GamepadSpecifier
from buttplug.hardware.specifier import Specifier


@pytest.fixture
def times() -> list[float]:
    return []


@pytest.fixture
def action(times: list[float]) -> Callable[[], Awaitable[None]]:
    async def action() -> None:
        times.append(asyncio.get_running_loop().time())

    return action


async def test_it_begins_at_once_keeps_its_interval_and_ends(
    times: list[float], action: Callable[[], Awaitable[None]]
) -> None:
    poll = Poll("bus", action, 2.0)
    poll.start()
    poll.start()
    await asyncio.sleep(5)
    await poll.stop()
    await poll.stop()
    await asyncio.sleep(5)
    assert times == [0, 2, 4]
    poll.start()
    await asyncio.sleep(1)
    await poll.stop()
    assert times == [0, 2, 4, 10]


async def test_the_interval_may_change_on_the_way(times: list[float], action: Callable[[], Awaitable[None]]) -> None:
    poll = Poll("bus", action, 2.0)
    poll.start()
    await asyncio.sleep(1)
    poll.interval = 0.5
    await asyncio.sleep(2.1)
    await poll.stop()
    assert times == [0, 2, 2.5, 3]


async def test_the_first_failure_is_raised_where_it_is_waited_for_and_not_told_again(
    times: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    outcomes = iter(["no power", "no power", "no cable", ""])

    async def action() -> None:
        times.append(asyncio.get_running_loop().time())
        if outcome := next(outcomes):
            raise BusUnavailableError(outcome)

    poll = Poll("bus", action, 1.0)
    with pytest.raises(BusUnavailableError, match="no power"):
        await poll.begin()
    await asyncio.sleep(2.5)
    await poll.begin()
    await poll.stop()
    assert [record.getMessage() for record in caplog.records] == ["bus: no cable"]
    assert times == [0, 1, 2, 2.5]


async def test_one_that_is_stopped_while_it_begins_does_not_go_on_from_there(times: list[float]) -> None:
    async def action() -> None:
        await asyncio.sleep(0.5)
        times.append(asyncio.get_running_loop().time())

    poll = Poll("bus", action, 1.0)
    beginning = asyncio.create_task(poll.begin())
    await asyncio.sleep(0.1)
    await poll.stop()
    await beginning
    await asyncio.sleep(5)
    assert times == [0.5]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_stop_ends_an_action_that_hangs() -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    poll = Poll("bus", hang, 1.0)
    poll.start()
    await asyncio.sleep(100)
    await poll.stop()


@pytest.mark.parametrize("failure", [BusUnavailableError, ValueError])
async def test_failures_end_nothing_and_each_is_told_until_it_changes(
    failure: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    outcomes = iter(["no power", "no power", "no power", "no cable", "no cable", "", "no cable"])

    async def action() -> None:
        if outcome := next(outcomes):
            raise failure(outcome)

    poll = Poll("bus", action, 1.0)
    poll.start()
    await asyncio.sleep(2.5)
    await poll.stop()
    poll.start()
    await asyncio.sleep(3.5)
    await poll.stop()
    assert [(record.exc_info and str(record.exc_info[1])) or record.getMessage()[5:] for record in caplog.records] == [
        "no power",
        "no cable",
        "no cable",
    ]


class Thing(PolledHardware):
    """A device of a bus that only has to be listed."""

    def __init__(self, address: str) -> None:
        super().__init__(name=address, address=address, endpoints=("tx",), specifier=GamepadSpecifier())

    async def write(self, packet: Packet) -> None:
        raise NotImplementedError

    async def disconnect(self) -> None:
        self.lost("the server closed it")


class Bus(PollingManager):
    """A bus with whatever is ``there``.

    ``delay``: seconds that listing takes; ``problem``: why it fails; ``broken``: what cannot be connected; ``hangs``: whether
    connecting never ends.
    """

    bus = "bus"

    def __init__(self) -> None:
        super().__init__()
        self.there: set[str] = set()
        self.broken: set[str] = set()
        self.delay = 0.0
        self.problem = ""
        self.hangs = False
        self.looks: list[float] = []
        self.offers: list[tuple[float, str]] = []
        self.connects: dict[str, Callable[[Sequence[Specifier]], Awaitable[Hardware]]] = {}
        self.on_found = self._offered_one

    async def listed(self) -> list[Discovery]:
        self.looks.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.delay)
        if self.problem:
            raise BusUnavailableError(self.problem)
        return [Discovery(name, name, GamepadAdvertisement(), partial(self._make, name)) for name in sorted(self.there)]

    def offered(self, address: str) -> list[float]:
        """Return when it was offered."""
        return [time for time, offered in self.offers if offered == address]

    async def connect(self, address: str) -> Thing:
        """Connect what was offered."""
        hardware = await self.connects[address]([])
        assert isinstance(hardware, Thing)
        return hardware

    def _offered_one(self, discovery: Discovery) -> None:
        self.offers.append((asyncio.get_running_loop().time(), discovery.address))
        self.connects[discovery.address] = discovery.connect

    async def _make(self, name: str, specifiers: Sequence[Specifier]) -> Hardware:
        hardware = Thing(name)
        if self.hangs:
            await asyncio.Event().wait()
        self.adopt(hardware)
        if name in self.broken:
            hardware.connected = False
            raise HardwareError(f"{name} is broken")
        return hardware


@pytest.fixture
async def bus() -> AsyncIterator[Bus]:
    bus = Bus()
    bus.there = {"a"}
    await bus.start_scanning()
    yield bus
    await bus.close()


class TestPollingManagers:
    async def test_a_scan_looks_at_once_and_every_second_and_offers_each_device_once(self, bus: Bus) -> None:
        assert bus.scanning
        await bus.start_scanning()
        await asyncio.sleep(1.5)
        bus.there.add("b")
        await asyncio.sleep(2)
        assert bus.looks == [0, 1, 2, 3]
        assert bus.offers == [(0, "a"), (2, "b")]

    async def test_after_the_scan_nothing_is_looked_at_or_offered(self, bus: Bus) -> None:
        await asyncio.sleep(0.5)
        hardware = await bus.connect("a")
        await bus.stop_scanning()
        assert not bus.scanning
        bus.there.add("b")
        await asyncio.sleep(10)
        assert bus.looks == [0]
        await hardware.disconnect()
        await asyncio.sleep(10)
        assert bus.looks == [0]

    async def test_a_bus_that_fails_in_the_middle_of_a_scan_tells_its_end_once(self, bus: Bus) -> None:
        ends: list[float] = []
        bus.on_scanning_finished = lambda: ends.append(asyncio.get_running_loop().time())
        await asyncio.sleep(1.5)
        bus.problem = "it is gone"
        await asyncio.sleep(10)
        assert ends == [2]
        assert not bus.scanning

    async def test_a_scan_that_ends_during_a_look_offers_nothing_more(self, bus: Bus) -> None:
        bus.delay = 0.5
        bus.there.add("b")
        await asyncio.sleep(1.2)
        await bus.stop_scanning()
        await asyncio.sleep(1)
        assert bus.offers == [(0, "a")]

    async def test_a_new_scan_offers_all_that_is_not_connected(self, bus: Bus) -> None:
        bus.there.add("b")
        await asyncio.sleep(1.5)
        await bus.connect("b")
        await bus.stop_scanning()
        await bus.start_scanning()
        await asyncio.sleep(0.1)
        assert bus.offers == [(0, "a"), (1, "b"), (1.5, "a")]

    async def test_what_was_gone_is_offered_when_it_is_back(self, bus: Bus) -> None:
        await asyncio.sleep(0.5)
        bus.there.clear()
        await asyncio.sleep(1)
        bus.there.add("a")
        await asyncio.sleep(1)
        assert bus.offered("a") == [0, 2]

    async def test_what_cannot_be_connected_is_offered_again_ever_less_often(self, bus: Bus) -> None:
        bus.broken.add("a")
        for offer in range(6):
            async with asyncio.timeout(100):
                while len(bus.offers) == offer:
                    await asyncio.sleep(0.25)
            with pytest.raises(HardwareError, match="a is broken"):
                await bus.connect("a")
        times = bus.offered("a")
        gaps = [later - earlier for earlier, later in pairwise(times)]
        for gap, delay in zip(gaps, (2, 5, 15, 60, 60), strict=True):
            assert delay <= gap <= delay + 1.5

    async def test_the_delays_begin_anew_when_it_was_unplugged(self, bus: Bus) -> None:
        bus.broken.add("a")
        await asyncio.sleep(0.5)
        with pytest.raises(HardwareError):
            await bus.connect("a")
        bus.there.clear()
        await asyncio.sleep(0.6)
        bus.there.add("a")
        await asyncio.sleep(1)
        assert bus.offered("a") == [0, 2]

    async def test_connecting_that_is_given_up_counts_as_a_failure(self, bus: Bus) -> None:
        await asyncio.sleep(0.5)
        bus.hangs = True
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await bus.connect("a")
        await asyncio.sleep(4)
        assert bus.offered("a") == [0, 4]

    async def test_what_was_lost_is_offered_when_it_is_back_scan_or_not(self, bus: Bus) -> None:
        await asyncio.sleep(0.5)
        hardware = await bus.connect("a")
        await bus.stop_scanning()
        bus.there = {"b"}
        hardware.fail("unplugged")
        await asyncio.sleep(5)
        assert bus.offered("a") == [0]
        bus.there = {"a", "b"}
        await asyncio.sleep(1)
        assert bus.offers == [(0, "a"), (6, "a")]
        await bus.connect("a")
        looks = len(bus.looks)
        await asyncio.sleep(5)
        assert len(bus.looks) == looks

    async def test_what_comes_back_but_is_not_ready_is_still_waited_for(self, bus: Bus) -> None:
        await asyncio.sleep(0.5)
        hardware = await bus.connect("a")
        await bus.stop_scanning()
        hardware.fail("unplugged")
        for offer in (2, 3):
            async with asyncio.timeout(100):
                while len(bus.offers) < offer:
                    await asyncio.sleep(0.25)
            unready = await bus.connect("a")
            await asyncio.sleep(1)
            await unready.disconnect()  # as when the hand-shake fails
        await asyncio.sleep(10)
        ready = await bus.connect("a")
        await asyncio.sleep(GOOD_LINK_TIME)
        await ready.disconnect()
        offers = len(bus.offers)
        await asyncio.sleep(100)
        assert len(bus.offers) == offers == 4

    async def test_what_is_lost_and_back_between_two_looks_is_offered(self, bus: Bus) -> None:
        await asyncio.sleep(0.5)
        hardware = await bus.connect("a")
        hardware.fail("unplugged")
        await asyncio.sleep(1)
        assert bus.offered("a") == [0, 1]

    async def test_what_the_server_closed_after_a_while_is_not_offered_before_the_next_scan(self, bus: Bus) -> None:
        await asyncio.sleep(0.5)
        hardware = await bus.connect("a")
        await asyncio.sleep(GOOD_LINK_TIME)
        await hardware.disconnect()
        await asyncio.sleep(100)
        assert bus.offered("a") == [0]

    async def test_what_the_server_closed_soon_is_offered_again_ever_less_often(self, bus: Bus) -> None:
        for offer in range(6):
            async with asyncio.timeout(100):
                while len(bus.offers) == offer:
                    await asyncio.sleep(0.25)
            hardware = await bus.connect("a")
            await asyncio.sleep(0.25)
            await hardware.disconnect()
        gaps = [later - earlier for earlier, later in pairwise(bus.offered("a"))]
        for gap, delay in zip(gaps, (2, 5, 15, 60, 60), strict=True):
            assert delay <= gap <= delay + 3

    async def test_a_link_that_lasted_ends_the_delays(self, bus: Bus) -> None:
        bus.broken.add("a")
        for _ in range(2):
            with pytest.raises(HardwareError):
                await bus.connect("a")
            await asyncio.sleep(10)
        bus.broken.clear()
        hardware = await bus.connect("a")
        await asyncio.sleep(GOOD_LINK_TIME)
        await hardware.disconnect()
        await asyncio.sleep(2)
        await bus.stop_scanning()
        await bus.start_scanning()
        bus.broken.add("a")
        failed_at = asyncio.get_running_loop().time()
        with pytest.raises(HardwareError):
            await bus.connect("a")
        await asyncio.sleep(10)
        assert bus.offered("a")[-1] - failed_at == pytest.approx(RETRY_DELAYS[0], abs=1)

    async def test_a_scan_of_a_bus_that_cannot_be_listed_is_refused_and_goes_on_when_it_can(
        self, bus: Bus, caplog: pytest.LogCaptureFixture
    ) -> None:
        await bus.stop_scanning()
        bus.problem = "no power"
        bus.there.add("b")
        for _ in range(2):
            with pytest.raises(BusUnavailableError, match="no power"):
                await bus.start_scanning()
            assert not bus.scanning
        await asyncio.sleep(2.5)
        bus.problem = ""
        await asyncio.sleep(1)
        assert bus.scanning
        assert bus.offered("b") == [3]
        bus.problem = "no cable"
        await asyncio.sleep(2)
        assert not bus.scanning
        assert [record.getMessage() for record in caplog.records] == ["bus: no cable"]

    async def test_closing_disconnects_all_and_ends_all(self, bus: Bus) -> None:
        await asyncio.sleep(0.5)
        hardware = await bus.connect("a")
        await bus.close()
        assert not hardware.connected
        assert not bus.scanning
        await asyncio.sleep(5)
        assert bus.looks == [0]
