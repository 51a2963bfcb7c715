"""The clients of a simulation: of each kind one class, in all versions that :mod:`~tests.simulation.spellings` knows."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from math import inf

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from buttplug.client import ButtplugClient
from buttplug.client.command import DeviceOutputCommand
from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugError
from buttplug.core.messages import (
    ClientMessage,
    DeviceList,
    Disconnect,
    InputCmd,
    Ok,
    OutputArguments,
    OutputCmd,
    Ping,
    RequestDeviceList,
    RequestServerInfo,
    ServerMessage,
    StartScanning,
    StopCmd,
    StopScanning,
)
from buttplug.server import ButtplugServer
from tests.simulation.network import Peer
from tests.simulation.rules import ENDED, SHOWN, Answers, Party, Watch
from tests.simulation.spellings import SPELLINGS, Old, Spelling, device_of, devices_listed

#: Seconds after which a client that can say nothing more, and whose connection stays, is found out.
SILENCE_LIMIT = 10.5

#: What a client is told of when a stop is answered with success.
Stopped = Callable[[], None]


class Client(ABC):
    """A client. ``quiet``: it does not ping. ``spelling``: how it says things."""

    spelling: Spelling = Spelling()

    def __init__(self, name: str, watch: Watch) -> None:
        self.party = Party(name)
        self.watch = watch
        self.quiet = False
        #: The indexes of the devices in the lists that it has seen.
        self.known: set[int] = set()
        #: The devices of which it saw the lists before anything of them was ever disabled.
        self.counts_surely: set[int] = set()
        self.pinged_at = asyncio.get_running_loop().time()

    @property
    def is_here(self) -> bool:
        """Whether it has neither left nor been thrown out."""
        return self.party.gone_from == inf

    @abstractmethod
    def output(self, device: int, feature: int, value: int, duration: int | None) -> None:
        """Command an output; with a duration a position."""

    @abstractmethod
    def stop(self, device: int | None, feature: int | None, stopped: Stopped) -> None:
        """Stop all, a device or a feature."""

    @abstractmethod
    def ask(self, what: str, device: int) -> None:
        """Ask for something that does not concern motors."""

    @abstractmethod
    def leave(self, how: str) -> None:
        """Leave, in one of the ways that its kind has."""

    def ping(self) -> None:
        """Say that it is there."""

    def check(self, limit: float) -> None:
        """See whether an answer is overdue."""

    def goes(self, within: float = 0.0) -> None:
        self.party.goes(asyncio.get_running_loop().time(), within=within)


class Talker(Client):
    """A client that says one message after the other."""

    def __init__(self, name: str, watch: Watch) -> None:
        super().__init__(name, watch)
        self.answers = Answers(name, watch)
        self._last_id = 0
        self._stops: dict[int, Stopped] = {}

    @abstractmethod
    def send(self, message: ClientMessage) -> None:
        """Send a message."""

    def say(self, message: ClientMessage) -> None:
        """Note a message, and send it."""
        self.answers.asked(message.id, asyncio.get_running_loop().time())
        self.send(message)

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def shake_hands(self) -> None:
        self.say(RequestServerInfo(self.next_id(), self.party.name, 4, 0))

    def output(self, device: int, feature: int, value: int, duration: int | None) -> None:
        type_ = OutputType.VIBRATE if duration is None else OutputType.POSITION_WITH_DURATION
        self.say(OutputCmd(self.next_id(), device, feature, {type_.value: OutputArguments(value, duration)}))

    def stop(self, device: int | None, feature: int | None, stopped: Stopped) -> None:
        id_ = self.next_id()
        self._stops[id_] = stopped
        self.say(StopCmd(id_, device, feature))

    def ask(self, what: str, device: int) -> None:
        id_ = self.next_id()
        asked: dict[str, ClientMessage] = {
            "scan": StartScanning(id_),
            "end scan": StopScanning(id_),
            "list": RequestDeviceList(id_),
            "read": InputCmd(id_, device, 2, "Battery", "Read"),
            "subscribe": InputCmd(id_, device, 3, "Pressure", "Subscribe"),
            "unsubscribe": InputCmd(id_, device, 3, "Pressure", "Unsubscribe"),
            "nonsense": OutputCmd(id_, device, 99, {"Fly": OutputArguments(1)}),
            "hello again": RequestServerInfo(id_, "again", 4, 0),
        }
        self.say(asked[what])

    def ping(self) -> None:
        if not self.quiet:
            self.pinged_at = asyncio.get_running_loop().time()
            self.say(Ping(self.next_id()))

    def heard(self, message: ServerMessage) -> None:
        """Take what the server says."""
        self.watch.note(f"{self.party.name} hears {type(message).__name__} {message.id}")
        if message.id:
            self.answers.answered(message.id)
            stopped = self._stops.pop(message.id, None)
            if stopped is not None and isinstance(message, Ok):
                stopped()
        elif isinstance(message, DeviceList):
            for index, info in message.devices.items():
                assert index == info.device_index


class InProcess(Talker):
    """A client that hands its messages to its session. All of them are answered, also those after its end."""

    WAYS = ("vanish", "say goodbye")

    def __init__(self, name: str, watch: Watch, server: ButtplugServer) -> None:
        super().__init__(name, watch)
        self._tasks: set[asyncio.Task[None]] = set()
        self._session = server.open_session(self.heard, lambda code, reason: self.goes())
        self.shake_hands()

    def send(self, message: ClientMessage) -> None:
        self._session.receive(message)

    def leave(self, how: str) -> None:
        self.goes()
        if how == "say goodbye":
            self.say(Disconnect(self.next_id()))
        else:
            task = asyncio.get_running_loop().create_task(self._session.close("it vanished"))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def check(self, limit: float) -> None:
        self.answers.check(asyncio.get_running_loop().time(), limit)


class OverWire(Talker):
    """A client with a websocket, of any version. As long as it is there all of its messages are answered."""

    WAYS = ("say goodbye", "close", "reset", "half close", "break the rules", "fall silent")

    def __init__(self, name: str, watch: Watch, peer: Peer, version: int = 4, *, shakes_hands: bool = True) -> None:
        super().__init__(name, watch)
        self.peer = peer
        self.is_deaf = False
        self.spelling = SPELLINGS[version]()
        self._has_list = False
        self._shakes_hands = shakes_hands
        self._is_open = False
        self._waiting: list[ClientMessage] = []
        self._protocol = ClientProtocol(parse_uri("ws://127.0.0.1:12345/"), max_size=None)
        peer.on_data, peer.on_end = self._received, self._ended
        self._protocol.send_request(self._protocol.connect())
        self._flush()
        if shakes_hands:
            self.shake_hands()
            self.say(RequestDeviceList(self.next_id()))

    def send(self, message: ClientMessage) -> None:
        if self._is_open and not self.peer.has_ended:
            self._protocol.send_text(self.spelling.write(message))
            self._flush()
        else:
            self._waiting.append(message)

    def say(self, message: ClientMessage) -> None:
        if self.peer.has_ended:
            return
        super().say(message)

    def leave(self, how: str) -> None:
        if how == "reset" or not self._is_open:
            self.peer.reset()
        elif how == "say goodbye":
            self.say(Disconnect(self.next_id()))
        elif how == "half close":
            self.peer.half_close()
        elif how == "break the rules":
            self.peer.send(b"\xff\xff\xff\xff")
        elif how == "fall silent":
            self.quiet = True
            self.peer.read(reads=False)
        elif not self.peer.has_ended:
            self._protocol.send_close(1000)
            self._flush()
        self.goes(within=SILENCE_LIMIT if how == "fall silent" else 0.0)
        if self.is_deaf:
            # What it said before is read only when what it was told is taken, or the connection is cut.
            self.party.gone_by = inf

    def hear(self, *, hears: bool) -> None:
        """Read nothing from now on, or go on reading."""
        self.is_deaf = self.is_deaf or not hears
        self.peer.read(reads=hears)

    def check(self, limit: float) -> None:
        if self.is_here and not self.is_deaf:
            self.answers.check(asyncio.get_running_loop().time(), limit)

    def _received(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self._is_open = event.status_code == HTTPStatus.SWITCHING_PROTOCOLS
                if not self._is_open:
                    continue
                waiting, self._waiting = self._waiting, []
                for kept in waiting:
                    self.send(kept)
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                for message in self.spelling.read(bytes(event.data)):
                    assert isinstance(message, ServerMessage), message
                    self.heard(message)
                    self._note_devices(message)
        self._flush()

    def _note_devices(self, message: ServerMessage) -> None:
        """Note which devices it was told of: none comes twice, or goes without having come, and a list has these.

        The first one has those, too, that were there before the client.
        """
        if (listed := devices_listed(message)) is not None:
            is_told_of_each = isinstance(self.spelling, Old)
            if is_told_of_each and (self.known - listed or (self._has_list and listed - self.known)):
                self.watch.find(SHOWN, f"{self.party.name} was shown {listed}, and told before of {self.known}")
            self.known, self._has_list = listed, True
        elif (came := device_of(message, "DeviceAdded")) is not None:
            if came in self.known:
                self.watch.find(SHOWN, f"{self.party.name} was told twice that device {came} came")
            self.known.add(came)
        elif (gone := device_of(message, "DeviceRemoved")) is not None:
            if gone not in self.known:
                self.watch.find(SHOWN, f"{self.party.name} was told that device {gone} went, of which it does not know")
            self.known.discard(gone)

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self.peer.send(data)
            else:
                self.peer.half_close()

    def _ended(self) -> None:
        now = asyncio.get_running_loop().time()
        self.watch.note(f"{self.party.name} is at its end")
        if self.is_here and self._shakes_hands and not self.is_deaf and not self.quiet:
            self.watch.find(ENDED, f"{self.party.name} was cut off: {self._protocol.close_code} {self._protocol.close_reason}")
        self.party.goes(now)
        self.party.gone_by = min(self.party.gone_by, now)
        if not self.peer.has_ended:
            self.peer.half_close()


class Program(Client):
    """A program with a client in the server's process, whose calls may be cancelled at any time."""

    WAYS = ("disconnect", "cancel and disconnect")

    def __init__(self, name: str, watch: Watch, server: ButtplugServer) -> None:
        super().__init__(name, watch)
        self.client = ButtplugClient(name)
        self.client.on_server_disconnect = self.goes
        self.calls: set[asyncio.Task[None]] = set()
        self._call(lambda: self.client.connect(server))

    def cancel(self) -> None:
        """Cancel all calls that are under way."""
        for call in self.calls:
            call.cancel()

    def output(self, device: int, feature: int, value: int, duration: int | None) -> None:
        if device in self.client.devices and feature in self.client.devices[device].features:
            type_ = OutputType.VIBRATE if duration is None else OutputType.POSITION_WITH_DURATION
            command = DeviceOutputCommand(type_, value, duration)
            target = self.client.devices[device].features[feature]
            self._call(lambda: target.run_output(command))

    def stop(self, device: int | None, feature: int | None, stopped: Stopped) -> None:
        if device is None:
            self._call(self.client.stop_all_devices, stopped)
        elif device in self.client.devices:
            features = self.client.devices[device].features
            if feature is None:
                self._call(self.client.devices[device].stop, stopped)
            elif feature in features:
                self._call(features[feature].stop, stopped)

    def ask(self, what: str, device: int) -> None:
        if what == "scan":
            self._call(self.client.start_scanning)
        elif what == "end scan":
            self._call(self.client.stop_scanning)
        elif what == "read" and device in self.client.devices and self.client.devices[device].has_battery():
            self._call(self.client.devices[device].battery)

    def leave(self, how: str) -> None:
        if how == "cancel and disconnect":
            self.cancel()
        self.goes(within=0.0)
        self._call(self.client.disconnect)

    def check(self, limit: float) -> None:
        if limit == 0.0 and self.calls:
            self.watch.find(ENDED, f"{self.party.name}: calls do not end: {self.calls}")

    def _call(self, function: Callable[[], Awaitable[object]], then: Stopped | None = None) -> None:
        async def run() -> None:
            try:
                await function()
            except ButtplugError as error:
                self.watch.note(f"{self.party.name}: {type(error).__name__}")
            else:
                if then is not None:
                    then()

        task = asyncio.get_running_loop().create_task(run())
        self.calls.add(task)
        task.add_done_callback(self._call_ended)

    def _call_ended(self, call: asyncio.Task[None]) -> None:
        self.calls.discard(call)
        if not call.cancelled():
            call.result()


#: The kinds of clients, and how often there is one of each.
KINDS = {"in process": 4, "program": 4, "version 4": 3} | {f"version {version}": 1 for version in range(4)}
