"""Plays a vector: client, server and simulated devices in one event loop, on virtual time."""

from __future__ import annotations

import asyncio
import copy
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import msgspec
from msgspec import Struct

from buttplug.client import ButtplugDevice
from buttplug.client.channel import DeviceChannel
from buttplug.client.connection import Connection
from buttplug.core.errors import ButtplugError
from buttplug.core.messages import SPEC_MAJOR, DeviceInfo
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.simulated import Command, SimulatedDevice, SimulatedManager
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.device import Device
from buttplug.server.protocols.base import Output, Protocol
from tests.conformance.clients import Announced, Connect, VectorClient
from tests.conformance.comparison import Freedom, Kinds, Standing, describe, fits
from tests.conformance.deviations import deviations_of
from tests.conformance.format import BatteryLevel, Case, Found, Send, Step
from tests.conformance.orders import Order, cannot_say, exact, orders_for

#: Seconds of virtual time: what may pass until a device is announced, and until what is expected of it comes; how long what a
#: step causes at once is given; how often is looked for the rest; how long a device is watched after the last step.
CONNECT_LIMIT = 60.0
PACKET_LIMIT = 20.0
SETTLE = 0.01
POLL = 0.1
WATCH = 0.25

#: Clients of older versions are not told how a user calls a device.
FIRST_WITH_DISPLAY_NAMES = 3


class Mismatch(Exception):  # noqa: N818 it is no fault of this program
    """What came is not what was expected."""


class NotForThisVersionError(Exception):
    """A client of this version has no words for something in a vector."""


class ScriptedDevice(SimulatedDevice):
    """A simulated device that gives each of its replies to one read only."""

    def value_of(self, endpoint: str) -> bytes:
        replies = self.readable.get(endpoint)
        if not replies:
            raise HardwareError(f"the vector has no reply to this read of {endpoint}")
        return replies.pop(0)


class Exchange(Struct):
    """What is done, and what each device must be sent from then on, until the next exchange.

    ``amended`` are the devices that must be sent something else than what was recorded.
    """

    steps: list[Step] = []
    expected: dict[int, Sequence[Command]] = {}
    amended: set[int] = set()

    def sends(self, device: int) -> list[Send]:
        """Return what a device is commanded."""
        return [send for step in self.steps if step.device == device for send in step.send or ()]

    def __str__(self) -> str:
        return "after " + " and ".join(msgspec.json.encode(step).decode() for step in self.steps) if self.steps else "at first"


def exchanges(steps: Sequence[Step], version: int) -> list[Exchange]:
    """Return the steps for clients of a version as exchanges. In the first nothing is done that the devices notice.

    Each command begins one, and so does a notification after something was expected.
    """
    result = [Exchange()]
    for step in steps:
        if step.min_spec_version > version:
            continue
        current = result[-1]
        if step.expect is not None:
            recorded = [expectation.command for expectation in step.expect]
            current.expected[step.device] = [*current.expected.get(step.device, ()), *recorded]
        elif step.send is not None or (step.notify is not None and (current is result[0] or current.expected)):
            result.append(Exchange([step]))
        else:
            current.steps.append(step)
    return result


class Toy:
    """One device of a vector: what it is to its simulation and to the server, and ``described`` as that tells of it.

    ``fresh`` is its protocol as it was when it was found.
    """

    def __init__(self, number: int, found: Found, simulated: SimulatedDevice) -> None:
        self.number = number
        self.found = found
        self.simulated = simulated
        self.server_side: Device
        self.fresh: Protocol
        self.described: ButtplugDevice
        self.standing = Standing(Kinds())
        self._compared = 0

    @property
    def heard_on_the_wire(self) -> bool:
        """Whether all that is known of what it was sent is bytes, in the order in which they came, repeats included."""
        return not isinstance(self.simulated, ScriptedDevice)

    def comparable(self, commands: Iterable[Command]) -> list[Command]:
        """Return what can be compared of commands: bytes only, where a recording has no more."""
        if not self.heard_on_the_wire:
            return list(commands)
        return [Packet(command.data) for command in commands if isinstance(command, Packet)]

    @property
    def came(self) -> list[Command]:
        """What it was sent and was not compared yet."""
        return self.comparable(self.simulated.commands)[self._compared :]

    def accept(self, count: int) -> None:
        """Be done with what was compared."""
        self.standing.note(*self.came[:count])
        self._compared += count

    def find(self, server: ButtplugServer, client: VectorClient) -> Announced | None:
        """Find it at the server and at the client; return what that was told of it, None as long as it is nothing."""
        for device in server.devices.devices.values():
            if device.hardware.address == self.simulated.address:
                self.server_side = device
                self.fresh = copy.deepcopy(device._protocol)
                self.described = _described(device.info)
                return client.announced(device.index)
        return None

    def groups(self, session: Sequence[Exchange]) -> Iterator[Sequence[Command]]:
        """Return the packets that were sent together, without those in a recording that may be repeats."""
        before: Sequence[Command] = ()
        for exchange in session:
            group = exchange.expected.get(self.number, ())
            if self.heard_on_the_wire:
                yield [command for command in dict.fromkeys(group) if command not in before]
            else:
                yield group
            before = group

    async def moves_end(self, now: float) -> None:
        """Wait until no part is on its way any more: a recorded move begins where the one before it ended."""
        moves = self.server_side.moves_under_way().values()
        await asyncio.sleep(max((move.ends - now for move in moves), default=0.0))

    def moves_stopped(self) -> int:
        """Return how many parts a stop may halt now: those that may be moving, and all of which nothing is known."""
        parts = sum(type_.is_position for feature in self.server_side.definition.features for type_ in feature.outputs)
        return len(self.server_side.moves_under_way()) or min(parts, 1)

    def zeros(self) -> list[Packet]:
        """Return what a stop of all outputs sends to a fresh device."""
        outputs = [
            Output(feature.index, type_, 0)
            for feature in self.server_side.definition.features
            for type_ in feature.outputs
            if not type_.is_position
        ]
        stopping = self.comparable(copy.deepcopy(self.fresh).stop(outputs, self._no_values()))
        return [packet for packet in stopping if isinstance(packet, Packet)]

    def repeats_from_the_start(self) -> list[Command]:
        """Return what is repeated before anything was commanded."""
        fresh = copy.deepcopy(self.fresh)
        return [] if fresh.repeat_after is None else self.comparable(fresh.repeat([], self._no_values()))

    def _no_values(self) -> dict[int, int]:
        return {feature.index: 0 for feature in self.server_side.definition.features if feature.outputs}


def _described(info: DeviceInfo) -> ButtplugDevice:
    """Return a device for what is told of it alone: it commands nothing."""
    return ButtplugDevice(DeviceChannel(cast(Connection, None), info, lambda error: None))


class Player:
    """Plays one case by one client, of this version. ``reasons`` are those of the deviations it showed."""

    def __init__(self, case: Case, toys: Sequence[Toy], server: ButtplugServer, client: VectorClient, version: int) -> None:
        self.reasons: list[str] = []
        self._case = case
        self._toys = toys
        self._server = server
        self._client = client
        self._version = version
        self._loop = asyncio.get_running_loop()
        self._readings: list[asyncio.Task[None]] = []

    async def play(self) -> None:
        """Play from the scan to the last step.

        Raises:
            Mismatch: The first thing that came and was not expected, or was expected and did not come.
            NotForThisVersionError: The client has no words for something.
        """
        connecting = exchanges(self._case.on_connect, self._version)
        for exchange in connecting:
            self._give_replies(exchange)
            if exchange is connecting[0]:
                await self._client.start_scanning()
            await self._connect(exchange)
        await self._be_announced()
        session = exchanges(self._case.session, self._version)
        self._prepare(session)
        try:
            for exchange in session:
                await self._exchange(exchange, last=exchange is session[-1])
            await asyncio.gather(*self._readings)
        finally:
            for reading in self._readings:
                reading.cancel()

    # Until it is announced

    async def _connect(self, exchange: Exchange) -> None:
        """Play an exchange of the hand-shake, which leaves no freedom; what comes besides is compared when it is over."""
        for step in exchange.steps:
            if step.send is not None:
                raise Mismatch(f"{exchange}: no client can command a device before it is announced")
            await self._notify(step)
        deadline = self._loop.time() + PACKET_LIMIT
        for toy in self._toys:
            expected = list(exchange.expected.get(toy.number, ()))
            while len(toy.came) < len(expected) and self._loop.time() < deadline:
                await asyncio.sleep(SETTLE)
            if toy.came[: len(expected)] != expected:
                raise Mismatch(f"{exchange}: expected {describe(expected)}; came {describe(toy.came)}")
            toy.accept(len(expected))

    async def _be_announced(self) -> None:
        deadline = self._loop.time() + CONNECT_LIMIT
        for toy in self._toys:
            found = toy.found
            while (announced := toy.find(self._server, self._client)) is None:
                if self._loop.time() > deadline:
                    raise Mismatch(f"{found.advertised_name} was not announced; came {describe(toy.simulated.commands)}")
                await asyncio.sleep(SETTLE)
            if announced.name != found.expected_name:
                raise Mismatch(f"expected the name {found.expected_name}; came {announced.name}")
            display_name = found.expected_display_name if self._version >= FIRST_WITH_DISPLAY_NAMES else ""
            if display_name and announced.display_name != display_name:
                raise Mismatch(f"expected the display name {display_name}; came {announced.display_name}")

    def _prepare(self, session: Sequence[Exchange]) -> None:
        """Apply the deviations, and learn which packets are of one kind."""
        for toy in self._toys:
            self._require_words(session, toy)
            for deviation in deviations_of(toy.server_side.definition.protocol):
                rule = deviation.rule(toy.server_side.definition)
                for exchange in session:
                    recorded = exchange.expected.get(toy.number, ())
                    amended = toy.comparable(rule(recorded, self._orders(exchange, toy)))
                    if amended != list(recorded):
                        exchange.expected[toy.number] = amended
                        exchange.amended.add(toy.number)
                        if deviation.reason not in self.reasons:
                            self.reasons.append(deviation.reason)
            toy.standing = Standing(Kinds(toy.groups(session)))
            if toy.heard_on_the_wire:
                toy.standing.note(*toy.repeats_from_the_start())

    def _require_words(self, session: Sequence[Exchange], toy: Toy) -> None:
        if self._version == SPEC_MAJOR:
            return
        for send in (send for exchange in session for send in exchange.sends(toy.number)):
            if (why := cannot_say(self._version, toy.described, send)) is not None:
                raise NotForThisVersionError(why)

    def _orders(self, exchange: Exchange, toy: Toy) -> list[Order]:
        try:
            return [order for send in exchange.sends(toy.number) for order in orders_for(toy.described, send)]
        except ButtplugError as error:
            raise Mismatch(f"{exchange}: {error}") from error

    # From then on

    async def _exchange(self, exchange: Exchange, *, last: bool) -> None:
        self._give_replies(exchange)
        halts = dict.fromkeys(self._toys, 0)
        for step in exchange.steps:
            toy = self._toys[step.device]
            await self._notify(step)
            for send in step.send or ():
                if not send.stop:
                    await toy.moves_end(self._loop.time())
                if send.stop:
                    halts[toy] += toy.moves_stopped()
                try:
                    await self._send(toy, send)
                except ButtplugError as error:
                    raise Mismatch(f"{exchange}: {error}") from error
        freedoms = {toy: self._freedom(exchange, toy, halts[toy], last=last) for toy in self._toys}
        await asyncio.sleep(SETTLE)
        for toy, freedom in freedoms.items():
            await self._expect(exchange, toy, exchange.expected.get(toy.number, ()), freedom)
        if last:
            await asyncio.sleep(WATCH)
            for toy in self._toys:
                await self._expect(exchange, toy, (), Freedom())

    def _freedom(self, exchange: Exchange, toy: Toy, halts: int, *, last: bool) -> Freedom:
        sends = exchange.sends(toy.number)
        stopped = toy.zeros() if any(send.stop for send in sends) else []
        return Freedom(
            several=len(self._orders(exchange, toy)) > 1 or len(stopped) > 1,
            timed=len(toy.came) if sends else 0,
            halts=halts,
            zeros=stopped if last else [packet for packet in stopped if toy.standing.has(packet)],
            ends=stopped if toy.heard_on_the_wire else (),
            repeated=toy.heard_on_the_wire and toy.number not in exchange.amended,
        )

    async def _expect(self, exchange: Exchange, toy: Toy, expected: Sequence[Command], freedom: Freedom) -> None:
        deadline = self._loop.time() + PACKET_LIMIT
        compared: int | None = None
        while len(toy.came) == compared or not fits(expected, toy.came, toy.standing, freedom):
            compared = len(toy.came)
            if self._loop.time() > deadline:
                raise Mismatch(f"{exchange}: expected {describe(expected)}; came {describe(toy.came)}")
            await asyncio.sleep(POLL)
        toy.accept(len(toy.came))

    async def _send(self, toy: Toy, send: Send) -> None:
        index = toy.server_side.index
        if send.battery is None:
            await self._client.send(index, send if self._version == SPEC_MAJOR else exact(toy.described, send))
            return
        reading = asyncio.create_task(_read(self._client, index, send.battery))
        self._readings.append(reading)
        if not send.battery.answered_by_later_notification:
            await reading

    # What the device does by itself

    def _give_replies(self, exchange: Exchange) -> None:
        for step in exchange.steps:
            for reply in step.read_replies or ():
                readable = self._toys[step.device].simulated.readable
                readable.setdefault(reply.endpoint, []).append(bytes.fromhex(reply.data))

    async def _notify(self, step: Step) -> None:
        for notification in step.notify or ():
            self._toys[step.device].simulated.notify(notification.endpoint, bytes.fromhex(notification.data))
            await asyncio.sleep(SETTLE)


async def _read(client: VectorClient, index: int, battery: BatteryLevel) -> None:
    level = await client.battery(index)
    if not math.isclose(level, battery.expect, abs_tol=1e-9):
        raise Mismatch(f"expected a battery level of {battery.expect}; came {level}")


async def play(
    case: Case, configuration: DeviceConfiguration, devices: Sequence[SimulatedDevice], connect: Connect, version: int
) -> list[str]:
    """Play a case by a client of a version; return the reasons of the deviations from it.

    Raises:
        Mismatch: It went otherwise than recorded.
        NotForThisVersionError: The client has no words for something in it.
    """
    toys = [Toy(number, *found) for number, found in enumerate(zip(case.devices, devices, strict=True))]
    manager = SimulatedManager(toy.simulated for toy in toys)
    async with ButtplugServer(managers=[manager], configuration=configuration) as server, connect(server) as client:
        player = Player(case, toys, server, client, version)
        await player.play()
    return player.reasons
