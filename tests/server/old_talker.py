"""Clients of old versions, message by message, with a real session behind them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from buttplug.core.codec import encode
from buttplug.core.legacy.translator import Translator
from buttplug.core.messages import ServerMessage
from buttplug.server import ButtplugServer
from buttplug.server.session import CloseCode

#: A message as it is on the wire: its name and its fields.
Told = tuple[str, dict[str, Any]]


class OldTalker:
    """A client of one of the versions 0 to 3. It keeps all that it hears, as it comes over a wire."""

    def __init__(self, server: ButtplugServer, version: int) -> None:
        self.version = version
        self.heard: list[Told] = []
        self.closed: tuple[CloseCode, str] | None = None
        self._translator = Translator(self._hear, server.devices.infos)
        self.session = server.open_session(self._translator.send, self._note_end)
        self._last_id = 0

    def _hear(self, message: ServerMessage) -> None:
        (element,) = json.loads(encode(message))
        self.heard += element.items()

    def _note_end(self, code: CloseCode, reason: str) -> None:
        self.closed = (code, reason)

    def say_frame(self, frame: str) -> None:
        for message in self._translator.read(frame):
            if message is not None:
                self.session.receive(message)

    def say(self, name: str, **fields: Any) -> int:
        """Send a message with the next id; return that id."""
        self._last_id += 1
        self.say_frame(json.dumps([{name: {"Id": self._last_id, **fields}}]))
        return self._last_id

    async def ask(self, name: str, **fields: Any) -> Told:
        """Send a message and return its answer."""
        return await self.answer_to(self.say(name, **fields))

    async def answer_to(self, id_: int) -> Told:
        for _ in range(10_000):
            for told in self.heard:
                if told[1]["Id"] == id_:
                    return told
            await asyncio.sleep(0.01)
        raise AssertionError(f"message {id_} was never answered; heard: {self.heard}")

    async def shake_hands(self) -> OldTalker:
        fields = {"MessageVersion": self.version} if self.version else {}
        name, info = await self.ask("RequestServerInfo", ClientName="old", **fields)
        assert name == "ServerInfo", info
        return self

    async def command(self, name: str, **fields: Any) -> None:
        """Send a command to device 0, which must be done."""
        told = await self.ask(name, DeviceIndex=0, **fields)
        assert told[0] == "Ok", told

    async def refusal(self, name: str, **fields: Any) -> tuple[int, str]:
        """Send a message that must be refused; return the code and the reason."""
        told, body = await self.ask(name, **fields)
        assert told == "Error", body
        return body["ErrorCode"], body["ErrorMessage"]

    async def devices(self) -> dict[int, dict[str, Any]]:
        """Ask for the devices; return them by index."""
        _, body = await self.ask("RequestDeviceList")
        return {info["DeviceIndex"]: info for info in body["Devices"]}

    def events(self) -> list[Told]:
        return [told for told in self.heard if not told[1]["Id"]]
