"""An open Lovense dongle and the toys it reaches."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial

from buttplug.core.log import logger_of
from buttplug.core.text import escaped
from buttplug.hardware.base import Discovery, Hardware, Notification, Packet
from buttplug.hardware.bluetooth.specifier import BluetoothAdvertisement
from buttplug.hardware.common.blocking import BlockingHardware
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError
from buttplug.hardware.hid import HidHardware
from buttplug.hardware.lovense_dongle.protocol import (
    LINE_END,
    Action,
    DongleProtocol,
    SearchEnded,
    Send,
    ToyData,
    ToyFound,
    ToyLost,
    Wait,
    command,
    reports,
    text,
)
from buttplug.hardware.lovense_dongle.turns import Turns
from buttplug.hardware.specifier import Specifier

logger: logging.Logger = logger_of(__package__)

#: What a toy behind the dongle is to the rest of the server: a Bluetooth device whose name does not tell its model.
TOY_NAME = "Lovense Dongle Device"
TOY_ADVERTISEMENT = BluetoothAdvertisement(name="LVS-DongleDevice")

#: Seconds between two packets to a toy, as over Bluetooth.
MESSAGE_GAP = 0.075

#: Seconds between any two lines to the dongle, whichever toy they are for: it is reported to drop the second of two that come
#: faster, and to take both with 40 ms between them.
SPACING = 0.04

#: Requests to the dongle itself that may wait for their turns; of more the oldest are dropped. A sound dongle needs a few.
MAX_REQUESTS = 16

#: Seconds for which a toy that was refused is not reported again.
IGNORE_TIME = 30.0


class DongleToy(Hardware):
    """A toy that the dongle reaches.

    Of its packets one at a time waits for a turn at the dongle, so that it delays other toys by no more than that. Those of a
    stop wait for nothing but the line that leaves and the spacing behind it.
    """

    waits_to_write = True

    def __init__(self, toy: str, specifier: Specifier, dongle: Dongle) -> None:
        super().__init__(name=TOY_NAME, address=toy, endpoints=("tx", "rx"), specifier=specifier, message_gap=MESSAGE_GAP)
        self._dongle = dongle
        self._writing = asyncio.Lock()

    async def write(self, packet: Packet) -> None:
        async with self._writing:
            await self._dongle.send(self._line(packet))

    async def write_stop(self, packet: Packet) -> None:
        await self._dongle.send(self._line(packet), urgent=True)

    def _line(self, packet: Packet) -> bytes:
        self.require(packet.endpoint)
        try:
            return command(self.address, packet.data)
        except UnicodeDecodeError:
            raise HardwareError(f"{self.name} takes text only, not {packet.data.hex(' ')}") from None

    async def subscribe(self, endpoint: str) -> None:
        self.require(endpoint)

    async def unsubscribe(self, endpoint: str) -> None:
        self.require(endpoint)

    async def disconnect(self) -> None:
        if self.connected:
            self.lost("the server closed it")
            self._dongle.release(self.address, is_ready=self.refusal is None)


class Dongle:
    """An open dongle: its protocol, fed from and feeding the link to it.

    Attributes:
        answered: Set when it said anything that a dongle would say.
        dropped: The toys that were in use when it was lost.
    """

    def __init__(
        self, link: BlockingHardware, *, on_found: Callable[[Discovery], None], on_search_ended: Callable[[], None]
    ) -> None:
        self.link = link
        self.answered: asyncio.Event = asyncio.Event()
        self.dropped: frozenset[str] = frozenset()
        self._on_found = on_found
        self._on_search_ended = on_search_ended
        self._uses_reports = isinstance(link, HidHardware)
        self._protocol = DongleProtocol()
        self._toys: dict[str, DongleToy] = {}
        self._turns = Turns(SPACING)
        self._line_incomplete = False
        self._unsent = ""
        self._sending: dict[asyncio.Task[None], bytes] = {}
        self._has_too_many_requests = False
        self._timer: asyncio.TimerHandle | None = None
        link.on_notification(self._received)
        link.on_disconnect(self._lost)
        self._perform(self._protocol.check())

    @property
    def has_toys(self) -> bool:
        """Whether toys are connected, in use or not."""
        return bool(self._protocol.toys)

    def start_search(self) -> None:
        """Look for toys, and report again those that nobody uses."""
        for toy in self._protocol.toys - self._toys.keys():
            self._perform([ToyFound(toy)])
        self._perform(self._protocol.start())

    def find_again(self, toys: Collection[str]) -> None:
        """Search for toys that were in use, until they are found."""
        self._perform(self._protocol.find_again(toys))

    def stop_search(self) -> None:
        """Look no more."""
        self._perform(self._protocol.stop())

    def release(self, toy: str, *, is_ready: bool) -> None:
        """Stop using a toy; one that came back and is not ready is looked for again: it may still be running."""
        self._toys.pop(toy, None)
        self._perform(self._protocol.release(toy, is_ready=is_ready))

    async def send(self, line: bytes, *, urgent: bool = False) -> None:
        """Send a line when it is its turn; an urgent one before all others.

        A line that has begun is sent to its end, whatever becomes of who waits for it.

        Raises:
            HardwareError: It was not sent.
        """
        await self._turns.begin(urgent=urgent)
        writing = asyncio.create_task(self._write(line), name=f"line to {self.link.name}")
        writing.add_done_callback(self._written)
        await asyncio.shield(writing)

    async def close(self) -> None:
        """End the search, let all toys go and close the link."""
        self._protocol.forget_missing()
        self.stop_search()
        try:
            if self._sending:
                await asyncio.wait(tuple(self._sending))
            await asyncio.gather(*(toy.disconnect() for toy in tuple(self._toys.values())))
        finally:
            self._perform([Wait(None)])
            await self.link.disconnect()

    def _perform(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Send(line):
                    self._request(line)
                case Wait(seconds):
                    if self._timer is not None:
                        self._timer.cancel()
                    loop = asyncio.get_running_loop()
                    self._timer = None if seconds is None else loop.call_later(seconds, self._expired)
                case ToyFound(toy):
                    self._on_found(
                        Discovery(TOY_NAME, toy, TOY_ADVERTISEMENT, partial(self._connect, toy), partial(self._refused, toy))
                    )
                    self._perform(self._protocol.accepted(toy))
                case ToyData(toy, data) if toy in self._toys:
                    self._toys[toy].notified("rx", data)
                case ToyLost(toy) if toy in self._toys:
                    self._toys.pop(toy).lost("the dongle lost it; is it switched on and near?")
                case SearchEnded():
                    self._on_search_ended()

    def _request(self, line: bytes) -> None:
        if len(self._sending) >= MAX_REQUESTS:
            if not self._has_too_many_requests:
                logger.warning("The Lovense dongle asks for more than can be sent to it; unplug it and plug it in again")
            self._has_too_many_requests = True
            oldest = next(iter(self._sending))
            oldest.cancel()
            self._perform(self._protocol.failed(self._sending.pop(oldest)))
        task = asyncio.create_task(self._sent(line))
        self._sending[task] = line
        task.add_done_callback(lambda task: self._sending.pop(task, None))

    async def _write(self, line: bytes) -> None:
        if self._line_incomplete:
            # The line before broke off half-way, and would swallow this one.
            line = LINE_END + line
        self._line_incomplete = True
        for piece in reports(line) if self._uses_reports else [line]:
            await self.link.write(Packet(piece))
        self._line_incomplete = False

    def _written(self, writing: asyncio.Task[None]) -> None:
        """End the turn of a line, also of one whose writing was cancelled before it began.

        A failure is logged: nobody may wait for it any more, and asyncio would log it as an exception never retrieved.
        """
        self._turns.end()
        if not writing.cancelled() and (error := writing.exception()) is not None:
            logger.debug("a line was not sent: %r", error)

    async def _sent(self, line: bytes) -> None:
        try:
            await self.send(line)
        except HardwareError as error:
            if error.message != self._unsent:
                logger.warning("%s was not sent to the Lovense dongle: %s", line.decode().strip(), error)
            self._unsent = error.message
        except Exception:
            logger.exception("%s was not sent to the Lovense dongle", line.decode().strip())
        else:
            self._unsent = ""
            return
        if self.link.connected:
            self._perform(self._protocol.failed(line))

    async def _connect(self, toy: str, specifiers: Sequence[Specifier]) -> Hardware:
        if toy not in self._protocol.toys or not self.link.connected:
            raise HardwareDisconnectedError(f"{TOY_NAME} {toy} is gone; switch it on and scan again")
        if toy in self._toys:
            raise HardwareError(f"{TOY_NAME} {toy} is in use already")
        self._toys[toy] = DongleToy(toy, specifiers[0], self)
        return self._toys[toy]

    def _refused(self, toy: str, reason: str) -> None:
        logger.info("%s %s refused: %s", TOY_NAME, escaped(toy), reason)
        asyncio.get_running_loop().call_later(IGNORE_TIME, self._protocol.stop_ignoring, toy)
        self._perform(self._protocol.refused(toy))

    def _received(self, notification: Notification) -> None:
        actions = self._protocol.received(text(notification.data) if self._uses_reports else notification.data)
        if self._protocol.answered:
            self.answered.set()
        self._perform(actions)

    def _expired(self) -> None:
        self._perform(self._protocol.expired())

    def _lost(self, reason: str) -> None:
        self._perform([Wait(None)])
        self.dropped = frozenset(self._protocol.missing.keys() | self._toys.keys())
        toys, self._toys = self._toys, {}
        for toy in toys.values():
            toy.lost(f"the dongle was lost: {reason}")
