"""Strangers that cannot shake hands leave no traces of faults on the log, with either of the listeners."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from buttplug.core.access import Access
from buttplug.hardware.websocket import WebsocketManager
from buttplug.server import ButtplugServer
from buttplug.server.websocket import WebsocketListener
from tests.fakes.fault_log import faults
from tests.server.wire import CLOSE, UPGRADE, frame

pytestmark = pytest.mark.real_time

STRANGERS = {
    "a scan": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "a refused request": UPGRADE.replace(b"AAAA==", b"AA=="),
    "a refused request with a wrong frame": UPGRADE.replace(b"AAAA==", b"AA==")
    + frame("\x03\xe8\xff", CLOSE)[:-2]
    + b"\xff\xff",
    "nothing": b"",
}


@pytest.fixture
async def ports() -> AsyncIterator[list[int]]:
    """Those of both listeners."""
    manager, server = WebsocketManager(port=0), ButtplugServer()
    await manager.open()
    await server.open()
    listener = WebsocketListener(server, hosts=["127.0.0.1"], port=0)
    await listener.open()
    yield [manager.port, int(listener.addresses[0].rpartition(":")[2])]
    await listener.close()
    await server.close()
    await manager.close()


@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS.keys())
async def test_strangers_are_no_faults(ports: list[int], caplog: pytest.LogCaptureFixture, stranger: bytes) -> None:
    for port in ports:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(stranger)
        await asyncio.sleep(0.05)
        writer.transport.abort()
    await asyncio.sleep(0.05)
    assert faults(caplog) == []


async def test_a_fault_of_ours_in_the_check_of_a_request_is_logged_once_and_the_next_is_let_in(
    ports: list[int], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Access, *_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    for port in ports:
        for broken, status in (True, b" 500 "), (False, b" 101 "):
            with monkeypatch.context() as patch:
                if broken:
                    patch.setattr(Access, "refusal", fails)
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(UPGRADE)
                assert status in await reader.readline()
                writer.transport.abort()
    assert faults(caplog) == ["a fault of ours"] * len(ports)
