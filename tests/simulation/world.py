"""A server, its listener, its clients and its devices, and what steps do to them."""

from __future__ import annotations

import asyncio
import atexit
import functools
import random
import traceback
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugConnectorError, ButtplugError
from buttplug.core.listening.admission import HANDSHAKE_LIMIT
from buttplug.hardware.simulated import SimulatedManager
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.settings import DeviceKey
from buttplug.server.outbox import BACKLOG_LIMIT
from buttplug.server.replies import MAX_TASKS, MAX_UNANSWERED
from buttplug.server.session import Session
from buttplug.server.websocket import WebsocketListener
from tests.fakes.families import install
from tests.fakes.fault_log import only_faults
from tests.simulation.clients import Client, InProcess, OverWire, Program
from tests.simulation.network import Network, Peer, no_other_clock
from tests.simulation.rules import (
    ANSWER_LIMIT,
    BOUNDED,
    ENDED,
    LEFT,
    RETURNS,
    TOLD,
    UNSEEN,
    Motor,
    Violation,
    Watch,
)
from tests.simulation.schedule import FLOOD, Step
from tests.simulation.toys import COMMANDS, FAMILIES, HIGHEST, SHORTEST, Toy, level

#: Seconds between two looks, and between two pings of a client that pings.
LOOK_INTERVAL = 0.4
#: Milliseconds after which a client that does not ping is gone.
MAX_PING_TIME = 3000
#: Seconds that a shutdown may take, with the listener.
SHUTDOWN_TIME = 3.0
#: Seconds in which every answer is there, and every device, once nothing has trouble any more.
RECOVERY_TIME = 6.5
#: Tasks that may be there at once.
MOST_TASKS = 1500


class InOrder(set[Session]):
    """A set that is gone through in the order in which its elements were added."""

    def __init__(self) -> None:
        super().__init__()
        self._order: dict[Session, None] = {}

    def add(self, element: Session) -> None:
        super().add(element)
        self._order[element] = None

    def discard(self, element: object) -> None:
        super().discard(element)
        self._order.pop(element, None)  # type: ignore[call-overload]

    def __iter__(self) -> Iterator[Session]:
        return iter(self._order)


class World:
    """What a schedule is played in."""

    def __init__(self, configuration: DeviceConfiguration, seed: int) -> None:
        self._loop = cast(Network, asyncio.get_running_loop())
        self._dice = random.Random(seed)
        self.toys = [Toy(kind, number, seed) for number, kind in enumerate(FAMILIES)]
        self.watch = Watch(self.toys)
        self._pings = bool(seed % 2)
        self._manager = SimulatedManager(self.toys)
        self.server = ButtplugServer(
            "world", managers=[self._manager], configuration=configuration, max_ping_time=MAX_PING_TIME * self._pings
        )
        # Clients are told of what changes in the order of a set, which is another one each time.
        self.server.sessions = InOrder()
        self._listener = WebsocketListener(self.server, hosts=["127.0.0.1"])
        self.clients: dict[int, Client] = {}
        self._everybody: list[Client] = []
        self._strangers: list[tuple[float, Peer]] = []
        self._indexes = {number: number for number in range(len(self.toys))}
        self._settings: set[asyncio.Task[None]] = set()
        self._closing: asyncio.Task[list[str]] | None = None
        self._there = [False] * len(self.toys)
        self._ever_disabled: set[int] = set()

    async def open(self) -> None:
        """Open the server, and connect every device."""
        await self.server.open()
        await self._listener.open()
        await self.server.devices.start_scanning(self, lambda: None)
        await asyncio.sleep(0.2)
        await self.server.devices.stop_scanning(self)
        self._refresh()
        if len(self.server.devices.devices) != len(self.toys):
            raise Violation(RETURNS, "not every device was connected at first")

    async def take(self, step: Step) -> None:
        """Wait as long as a step says, do what it says, and look."""
        pause, name, *details = step
        await self.wait(pause)
        self.watch.note(f"step {name} {details}")
        getattr(self, "_" + name.replace(" ", "_"))(*details)
        self._look_at_queues()
        self.look()

    async def wait(self, seconds: float) -> None:
        """Wait; whoever has to ping does so meanwhile."""
        end = self._loop.time() + seconds
        while (left := end - self._loop.time()) > 1e-9:
            await asyncio.sleep(min(left, LOOK_INTERVAL))
            if self._pings:
                self._ping()
            self.look()

    def look(self, limit: float = ANSWER_LIMIT) -> None:
        """Look whether every rule holds.

        Raises:
            Violation: One does not.
        """
        self._refresh()
        self.watch.look()
        for client in self._everybody:
            client.check(limit)
        now = self._loop.time()
        for since, peer in self._strangers:
            if not peer.has_ended and now - since > HANDSHAKE_LIMIT + 1.0:
                self.watch.find(ENDED, "who never shook hands is still connected")
        if self.watch.found is not None:
            raise self.watch.found

    async def end(self) -> None:
        """Have all devices work again and all clients leave; look; close everything; look at what is left."""
        for toy in self.toys:
            toy.recover()
            if not toy.in_range:
                toy.come_back()
        self._cancel_settings(0)
        if self._closing is None:
            for number in range(len(self.toys)):
                self._deny(number, False)
            await self.wait(RECOVERY_TIME)
            self.look(limit=RECOVERY_TIME)
        for number, client in list(self.clients.items()):
            self._leave(number, self._dice.random())
            if isinstance(client, OverWire):
                client.peer.reset()
        if self._closing is None:
            await self._find_all()
            await self.wait(13.0)
            self.look(limit=0.0)
            if self.watch.ends_bad():
                raise Violation(LEFT, f"{self.watch.ends_bad()} run though everybody is gone")
        await self._close()
        for toy in self.toys:
            toy.end()
        self._look_at_what_is_left()

    # What may be done

    def _connect(self, number: int, kind: str) -> None:
        if number in self.clients and self.clients[number].is_here:
            return
        name = f"client {len(self._everybody)}"
        client: Client
        try:
            if kind == "in process":
                client = InProcess(name, self.watch, self.server)
            elif kind == "program":
                client = Program(name, self.watch, self.server)
            else:
                peer = self._loop.arrive()
                if peer is None:
                    return
                client = OverWire(name, self.watch, peer, int(kind.removeprefix("version ")))
        except ButtplugConnectorError:
            return
        if self._closing is not None:
            client.goes(within=SHUTDOWN_TIME)
        self.clients[number] = client
        self._everybody.append(client)

    def _stranger(self, number: int) -> None:
        peer = self._loop.arrive()
        if peer is not None:
            OverWire("stranger", self.watch, peer, shakes_hands=False)
            self._strangers.append((self._loop.time(), peer))

    def _output(self, number: int, toy: int, feature: int, strength: int) -> None:
        if (client := self._here(number)) is not None:
            motors = self._reached(client, toy, feature)
            command = self.watch.commanded(motors, client.party)
            value = level(command, strength)
            self._note_share(client, motors, command, value, None)
            client.output(self._indexes[toy], feature, value, None)

    def _move(self, number: int, toy: int, feature: int, place: int) -> None:
        if (client := self._here(number)) is not None:
            motors = self.watch.of([toy], feature)
            command = self.watch.commanded(motors, client.party)
            value, duration = place * HIGHEST // 100, SHORTEST + command % COMMANDS
            self._note_share(client, motors, command, value, duration)
            client.output(self._indexes[toy], feature, value, duration)

    def _stop(self, number: int, toy: int | None, feature: int | None) -> None:
        client = self._here(number)
        if client is None:
            return
        if not client.spelling.stops_motors:
            feature = None
        asked, now = self.watch.next_number(), self._loop.time()
        there = [there for there in range(len(self.toys)) if toy in (None, there) and self._device(there) is not None]
        motors = self.watch.of(there, feature)
        self.watch.may_stop(motors)
        links = {motor.toy: motor.toy.hardware for motor in motors}

        def stopped() -> None:
            still = [motor for motor in motors if motor.toy.hardware is links[motor.toy] and motor.toy.connected]
            self.watch.stop_answered(still, asked, now, client.party)

        if isinstance(client, InProcess):
            self.watch.must_stop(motors, asked)
        client.stop(None if toy is None else self._indexes[toy], feature, stopped)

    def _ask(self, number: int, what: str, toy: int) -> None:
        if (client := self._here(number)) is not None:
            client.ask(what, self._indexes[toy])

    def _flood(self, number: int, what: str, toy: int) -> None:
        for _ in range(FLOOD):
            if what == "output":
                self._output(number, toy, 0, 50)
            elif what == "stop":
                self._stop(number, toy, None)
            else:
                self._ask(number, what, toy)

    def _leave(self, number: int, way: float) -> None:
        if (client := self._here(number)) is not None:
            ways = type(client).WAYS  # type: ignore[attr-defined]
            client.leave(ways[int(way * len(ways))])

    def _deaf(self, number: int) -> None:
        if isinstance(client := self._here(number), OverWire):
            client.hear(hears=False)

    def _hear(self, number: int) -> None:
        if isinstance(client := self._here(number), OverWire):
            client.hear(hears=True)

    def _quiet(self, number: int) -> None:
        if self._pings and isinstance(client := self._here(number), InProcess | OverWire):
            client.quiet = True
            client.party.goes(self._loop.time(), within=MAX_PING_TIME / 1000 + 0.01)

    def _cancel(self, number: int) -> None:
        if isinstance(client := self._here(number), Program):
            client.cancel()

    def _lose(self, toy: int) -> None:
        self.toys[toy].disconnect()

    def _return(self, toy: int) -> None:
        if not self.toys[toy].in_range:
            self.toys[toy].come_back()

    def _fail(self, toy: int) -> None:
        self.toys[toy].fails = True

    def _arrive_and_fail(self, toy: int) -> None:
        self.toys[toy].fails = self.toys[toy].arrives = True

    def _stuck(self, toy: int) -> None:
        self.toys[toy].is_stuck = True

    def _slow(self, toy: int, seconds: float) -> None:
        self.toys[toy].delay = seconds

    def _mute(self, toy: int) -> None:
        self.toys[toy].is_mute = True

    def _recover(self, toy: int) -> None:
        self.toys[toy].recover()

    def _noise(self, toy: int) -> None:
        for _ in range(5):
            self.toys[toy].notify("rx", self._dice.randbytes(self._dice.randrange(30)))
        self.toys[toy].notify("rx", b"Pressure 3 %d" % self._dice.randrange(2000))

    def _limit(self, toy: int, feature: int, strength: int) -> None:
        type_ = OutputType.POSITION_WITH_DURATION if (self.toys[toy].kind, feature) == ("stroker", 1) else OutputType.VIBRATE
        highest = level(COMMANDS - 1, strength)

        async def change() -> None:
            motors = self.watch.of([toy], None)
            with self._if_changed(toy):
                self.server.configuration.limit_output(self._key(toy), feature, type_, value=(0, highest))
            self.watch.limited(motors[feature], highest)
            await self.server.devices.settle()

        self._change(change)

    def _disable(self, toy: int, feature: int, disabled: bool) -> None:
        if toy not in self._ever_disabled:
            self._ever_disabled.add(toy)
            for client in self._everybody:
                if self._indexes[toy] in client.known:
                    client.counts_surely.add(toy)
        type_ = OutputType.POSITION_WITH_DURATION if (self.toys[toy].kind, feature) == ("stroker", 1) else OutputType.VIBRATE

        async def change() -> None:
            with self._if_changed(toy):
                self.server.configuration.limit_output(self._key(toy), feature, type_, disabled=disabled)
            await self.server.devices.settle()

        self._change(change)

    def _gap(self, toy: int, seconds: float) -> None:
        async def change() -> None:
            with self._if_changed(toy):
                self.server.configuration.change_device(self._key(toy), message_gap=seconds)
            await self.server.devices.settle()

        self._change(change)

    def _deny(self, toy: int, denied: bool) -> None:
        with self._if_changed(toy):
            self.server.configuration.change_device(self._key(toy), deny=denied)

    def _cancel_settings(self, number: int) -> None:
        for task in self._settings:
            task.cancel()

    def _shutdown(self, cancelled_after: float | None) -> None:
        self._begin_to_close()
        if cancelled_after is not None:
            waiting = self._loop.create_task(self._wait_for_close())
            self._loop.call_later(cancelled_after, waiting.cancel)

    # Inside

    def _here(self, number: int) -> Client | None:
        client = self.clients.get(number)
        return client if client is not None and client.is_here else None

    def _reached(self, client: Client, toy: int, feature: int) -> list[Motor]:
        """Return the vibrators that a command to one of them may reach: more where an old client cannot know their order."""
        spelling = client.spelling
        counts_surely = toy not in self._ever_disabled or toy in client.counts_surely
        is_sure = spelling.addresses_motors and (spelling.names_motors or counts_surely)
        return self.watch.of([toy], feature if is_sure or self.toys[toy].kind == "stroker" else None)

    def _note_share(self, client: Client, motors: list[Motor], command: int, value: int, duration: int | None) -> None:
        share = client.spelling.share(value, duration)
        if share is not None:
            for motor in motors:
                motor.means(share, command)

    def _key(self, toy: int) -> DeviceKey:
        return DeviceKey(self.toys[toy].kind, self.toys[toy].kind, self.toys[toy].address)

    def _device(self, toy: int) -> Any:
        address = self.toys[toy].address
        return next((it for it in self.server.devices.devices.values() if it.hardware.address == address), None)

    def _refresh(self) -> None:
        """Note which devices are there, and which of them have trouble."""
        for number, toy in enumerate(self.toys):
            device = self._device(number)
            if device is not None:
                self._indexes[number] = device.index
                if not self._there[number]:
                    self.watch.must_stop(self.watch.of([number], None), 0 if not self._loop.time() else None)
            self._there[number] = device is not None
            self.watch.refresh(number, good=device is not None and not toy.is_troubled)

    def _ping(self) -> None:
        for client in self.clients.values():
            if client.is_here:
                client.ping()

    @contextmanager
    def _if_changed(self, toy: int) -> Iterator[None]:
        """Have a device stop, if what is set in here is another setting for it."""
        before = self.server.configuration.settings_for(self._key(toy))
        yield
        if self._device(toy) is not None and self.server.configuration.settings_for(self._key(toy)) != before:
            self.watch.must_stop(self.watch.of([toy], None))

    def _change(self, change: Callable[[], Awaitable[None]]) -> None:
        async def run() -> None:
            try:
                await change()
            except ButtplugError as error:
                self.watch.note(f"a setting: {error}")

        task = self._loop.create_task(run())
        self._settings.add(task)
        task.add_done_callback(self._settings.discard)

    async def _find_all(self) -> None:
        """Have a scan find what has not come back by itself, and see it connected."""
        await self.server.devices.start_scanning(self, lambda: None)
        await self.wait(0.3)
        await self.server.devices.stop_scanning(self)
        self._refresh()
        missing = [toy.name for toy, there in zip(self.toys, self._there, strict=True) if not there]
        if missing:
            raise Violation(RETURNS, f"{missing} in range and without trouble, not connected")

    def _begin_to_close(self) -> None:
        if self._closing is None:
            now = self._loop.time()
            for client in self._everybody:
                client.goes(within=SHUTDOWN_TIME)
            self.watch.must_stop(self.watch.of(list(range(len(self.toys))), None))
            self._closing = self._loop.create_task(self._close_all(now))

    async def _close_all(self, began: float) -> list[str]:
        calm = [self.watch.good_since[number] <= began - 15.0 for number in range(len(self.toys))]
        self._listener.stop_accepting()
        unstopped = await self.server.close()
        await self._listener.close()
        if self._loop.time() - began > SHUTDOWN_TIME:
            self.watch.find(TOLD, f"the shutdown took {self._loop.time() - began:.3f} s")
        for number, toy in enumerate(self.toys):
            if any(toy.running.values()) and calm[number] and self.watch.good_since[number] <= began - 15.0:
                self.watch.find(TOLD, f"{toy.name} runs after the shutdown")
            named = any(toy.name.title() in line or toy.name in line for line in unstopped)
            if any(toy.running.values()) and self._there[number] and not named:
                self.watch.find(TOLD, f"{toy.name} runs after the shutdown, which says only {unstopped}")
        return unstopped

    async def _wait_for_close(self) -> None:
        await self.server.close()

    async def _close(self) -> None:
        self._begin_to_close()
        assert self._closing is not None
        await self._closing
        await self.wait(1.0)
        self.look(limit=0.0)

    def _look_at_queues(self) -> None:
        now, strangers = self._loop.time(), sum(not peer.has_ended for _, peer in self._strangers)
        queues = {
            "tasks": (len(asyncio.all_tasks()), MOST_TASKS),
            "sessions": (
                len(self.server.sessions),
                sum(now < client.party.gone_by + 1 for client in self._everybody) + strangers,
            ),
        }
        for client in self._everybody:
            if isinstance(client, InProcess):
                replies = client._session._replies
                queues[f"unanswered messages of {client.party.name}"] = (replies.unanswered, MAX_UNANSWERED)
                queues[f"waiting tasks of {client.party.name}"] = (len(replies._tasks), MAX_TASKS)
        for connection in self._listener._connections:
            queues[f"outbox {connection.id}"] = (len(connection.outbox._waiting), 2 * BACKLOG_LIMIT + 2 * FLOOD)
        for device in self.server.devices.devices.values():
            machine = device._pacer._machine
            queues[f"pending of {device.label}"] = (len(machine._pending.wanted), len(machine.slots))
        for what, (size, limit) in queues.items():
            if size > limit:
                self.watch.find(BOUNDED, f"{size} {what}, more than {limit}")

    def _look_at_what_is_left(self) -> None:
        left = [repr(task) for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        left += [f"session {session.label}" for session in self.server.sessions]
        left += [f"connection {transport!r}" for transport in self._loop.open_transports]
        left += [f"device {toy.name}" for toy in self.toys if toy.connected]
        scheduled = [handle for handle in self._loop._scheduled if not handle.cancelled()]  # type: ignore[attr-defined]
        for handle in scheduled:
            callback = handle._callback
            while isinstance(callback, functools.partial):
                callback = callback.func
            if not callback.__module__.startswith("tests."):
                left.append(f"timer {handle!r}")
        if left:
            raise Violation(LEFT, "; ".join(left))


@contextmanager
def families(folder: Path) -> Iterator[Path]:
    """Have only the families of the toys exist; yields the folder of the configuration that knows them."""
    with pytest.MonkeyPatch.context() as patch:
        install(patch, folder, FAMILIES)
        with no_other_clock():
            yield folder


def play(folder: Path, steps: Sequence[Step], seed: int) -> tuple[Violation | None, list[str]]:
    """Play a schedule in a world of its own; return which rule it broke, and what happened."""
    trace: list[str] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: unseen.append(str(context)))
        world = World(DeviceConfiguration.load(folder), seed)
        # Where the schedule breaks off, nothing is left to be closed at the end of all tests.
        stack.callback(atexit.unregister, world.server._close_at_exit)
        nonlocal trace
        trace = world.watch.trace
        await world.open()
        for step in steps:
            await world.take(step)
            if unseen:
                raise Violation(UNSEEN, unseen[0])
        await world.end()
        if unseen:
            raise Violation(UNSEEN, unseen[0])

    with only_faults() as unseen, ExitStack() as stack, asyncio.Runner(loop_factory=Network) as runner:
        try:
            runner.run(run())
        except Violation as violation:
            return violation, trace
        except Exception:  # noqa: BLE001 whatever it is, a schedule brought it about
            return Violation(UNSEEN, traceback.format_exc()), trace
    return None, trace
