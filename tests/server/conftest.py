"""Servers with simulated devices, and clients that speak to them message by message."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

import pytest

from buttplug.core.codec import Malformed
from buttplug.core.legacy.versions import decode_client_frame
from buttplug.core.messages import ClientMessage, DeviceList, Error, Ok, RequestServerInfo, ServerMessage
from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.server import ButtplugServer, session
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from buttplug.server.ports import LOOPBACK
from buttplug.server.session import CloseCode, Session
from buttplug.server.websocket import WebsocketListener
from tests.server.wire import Place

Kind = TypeVar("Kind", bound=ServerMessage)


class Talker:
    """A client that hands messages to its session and keeps all that comes back."""

    def __init__(self, server: ButtplugServer, name: str = "talker") -> None:
        self.name = name
        self.heard: list[ServerMessage] = []
        self.closed: tuple[CloseCode, str] | None = None
        self.session: Session = server.open_session(self.heard.append, self._note_end)
        self._last_id = 0

    def _note_end(self, code: CloseCode, reason: str) -> None:
        self.closed = (code, reason)

    def say(self, kind: type[ClientMessage], *fields: object, **named: object) -> int:
        """Send a message with the next id; return that id."""
        self._last_id += 1
        self.session.receive(kind(self._last_id, *fields, **named))
        return self._last_id

    def say_malformed(self, malformed: Malformed) -> None:
        self.session.receive(malformed)

    def say_frame(self, frame: str) -> None:
        """Send a frame as a websocket brings it."""
        for message in decode_client_frame(frame):
            self.session.receive(message)

    async def ask(self, kind: type[ClientMessage], *fields: object, **named: object) -> ServerMessage:
        """Send a message and return its answer."""
        return await self.answer_to(self.say(kind, *fields, **named))

    async def answer_to(self, id_: int) -> ServerMessage:
        for _ in range(10_000):
            for message in self.heard:
                if message.id == id_:
                    return message
            await asyncio.sleep(0.01)
        raise AssertionError(f"message {id_} was never answered; heard: {self.heard}")

    async def shake_hands(self) -> Talker:
        await self.ask(RequestServerInfo, self.name, 4, 0)
        return self

    def events(self, kind: type[Kind]) -> list[Kind]:
        return [message for message in self.heard if isinstance(message, kind) and message.id == 0]

    @property
    def devices(self) -> list[int]:
        """The device indexes it was told last."""
        lists = [message for message in self.heard if isinstance(message, DeviceList)]
        return sorted(lists[-1].devices) if lists else []


class House:
    """A server with simulated devices, all of them connected, and any number of clients."""

    def __init__(self, configuration: DeviceConfiguration, *names: str, **options: int) -> None:
        self.simulated: list[SimulatedDevice] = []
        for name in names:
            self.simulated.append(simulate(configuration, name, [device.address for device in self.simulated]))
        self.manager = SimulatedManager(self.simulated)
        self.server = ButtplugServer("house", managers=[self.manager], configuration=configuration, **options)  # type: ignore[arg-type]

    async def open(self) -> None:
        await self.server.open()
        await self.server.devices.start_scanning(self, lambda: None)
        while len(self.server.devices.devices) < len(self.simulated):
            await asyncio.sleep(0.01)
        await self.server.devices.stop_scanning(self)
        for device in self.simulated:
            device.packets.clear()

    async def client(self, name: str = "talker") -> Talker:
        return await Talker(self.server, name).shake_hands()

    def sent(self, index: int = 0) -> list[bytes]:
        """What a device was sent, oldest first."""
        return [packet.data for packet in self.simulated[index].packets]


BuildHouse = Callable[..., Awaitable[House]]


@pytest.fixture(scope="session")
def bundled() -> DeviceConfiguration:
    """The configuration that is shipped. Tests that change it load their own."""
    return DeviceConfiguration.load()


@pytest.fixture
async def build(bundled: DeviceConfiguration) -> AsyncIterator[BuildHouse]:
    """Builds a house of the named models; closes it at the end."""
    houses: list[House] = []

    async def build_house(*names: str, configuration: DeviceConfiguration | None = None, **options: int) -> House:
        house = House(configuration or bundled, *names, **options)
        houses.append(house)
        await house.open()
        return house

    yield build_house
    for house in houses:
        await house.server.close()


@pytest.fixture
def silence() -> Iterator[None]:
    """Leave out the log: it tells of thousands of troubles."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def error_of(message: ServerMessage) -> tuple[int, str]:
    """Return an error's code and text."""
    assert isinstance(message, Error), message
    return message.error_code, message.error_message


def is_ok(message: ServerMessage) -> bool:
    return isinstance(message, Ok)


Listen = Callable[..., Awaitable[Place]]


@pytest.fixture
async def listen(build: BuildHouse) -> AsyncIterator[Listen]:
    """Opens a house with a listener; closes both at the end."""
    places: list[Place] = []

    async def open_place(
        *models: str,
        hosts: Sequence[str] = LOOPBACK,
        port: int = 0,
        allow_origins: Sequence[str] = (),
        tls: ssl.SSLContext | None = None,
        token: str | None = None,
        without_token: bool = True,
        **options: int,
    ) -> Place:
        house = await build(*models or ("aneros",), **options)
        listener = WebsocketListener(
            house.server,
            hosts=hosts,
            port=port,
            allow_origins=allow_origins,
            tls=tls,
            token=token,
            without_token=without_token,
        )
        places.append(Place(house, listener))
        await listener.open()
        return places[-1]

    yield open_place
    for place in places:
        for writer in place.writers:
            writer.transport.abort()
        await place.listener.close()


@pytest.fixture
async def place(listen: Listen) -> Place:
    return await listen()


@pytest.fixture
def short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Close refused clients soon."""
    monkeypatch.setattr(session, "REFUSAL_PAUSE", 0.1)
