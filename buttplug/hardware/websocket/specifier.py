"""How devices that connect to the websocket device server are found."""

from __future__ import annotations

from collections.abc import Iterator

from buttplug.hardware.specifier import Advertisement, Rule, Specifier


class WebsocketAdvertisement(Advertisement, frozen=True):
    """A device that connected to the websocket device server and sent its identifier."""

    name: str


class WebsocketSpecifier(Specifier, frozen=True):
    """A device that connects to the websocket device server, by the identifier in its first frame."""

    name: str

    def rules(self) -> Iterator[Rule]:
        yield Rule(WebsocketAdvertisement(self.name))

    def simulate(self, model: str, identifier: str | None) -> tuple[str, Advertisement]:
        return self.name, WebsocketAdvertisement(self.name)
