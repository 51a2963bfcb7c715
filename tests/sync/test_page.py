"""The code of the page about the synchronous face runs."""

from __future__ import annotations

import pytest

from buttplug.hardware.simulated import SimulatedDevice
from buttplug.sync import Client, ClientEvent, DeviceAdded, Server
from tests.documentation import python_blocks
from tests.interop.server import running_server

SCRIPT, EMBEDDED, CALLBACKS, GAME = python_blocks("synchronous.md")


def sent(toy: SimulatedDevice) -> list[str]:
    return [packet.data.decode() for packet in toy.packets if packet.data.startswith(b"Vibrate")]


def test_a_client_of_a_server_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    with running_server(["Lovense Nora"]) as server:
        exec(SCRIPT.replace("ws://127.0.0.1:12345", server.url))
    assert capsys.readouterr().out == "battery at 85%\n"


def test_a_server_inside(capsys: pytest.CaptureFixture[str]) -> None:
    exec(EMBEDDED, {})
    found, told = capsys.readouterr().out.splitlines()
    assert found.startswith('found <Device 0 "Lovense Nora"')
    assert told.endswith("connected, Vibrate 0.50>")


def test_callbacks(server: Server, toy: SimulatedDevice) -> None:
    with Client("Page") as client:
        exec(CALLBACKS, {"client": client})
        client.connect(server)
        events = client.events()
        client.wait_for_device("Nora")
        while sent(toy)[:1] != ["Vibrate:4;"]:
            events.poll(0.01)


def test_a_game_with_a_loop_of_its_own(server: Server) -> None:
    class Game:
        frames = 0

        def __init__(self) -> None:
            self.told: list[ClientEvent] = []

        def is_running(self) -> bool:
            return not any(isinstance(event, DeviceAdded) for event in self.told)

        def tell(self, event: ClientEvent) -> None:
            self.told.append(event)

        def draw(self) -> None:
            self.frames += 1
            if self.frames == 1:
                client.scan(1)

    game = Game()
    with Client("Page") as client:
        client.connect(server)
        exec(GAME, {"client": client, "game": game})
    assert game.frames >= 2
