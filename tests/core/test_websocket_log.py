"""Strangers that cannot shake hands leave no traces of faults on the log, with either of the listeners."""

from __future__ import annotations

import asyncio

import pytest

from buttplug.hardware.websocket import WebsocketManager
from buttplug.server import ButtplugServer
from buttplug.server.websocket import WebsocketListener
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


@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS.keys())
async def test_strangers_are_no_faults(caplog: pytest.LogCaptureFixture, stranger: bytes) -> None:
    manager, server = WebsocketManager(port=0), ButtplugServer()
    await manager.open()
    await server.open()
    listener = WebsocketListener(server, hosts=["127.0.0.1"], port=0)
    await listener.open()
    for port in (manager.port, int(listener.addresses[0].rpartition(":")[2])):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(stranger)
        await asyncio.sleep(0.05)
        writer.transport.abort()
    await listener.close()
    await server.close()
    await manager.close()
    assert [record.msg for record in caplog.records if record.exc_info] == []
