"""A client that can say no more: its devices are stopped at once, even where it keeps the connection open."""

from __future__ import annotations

import asyncio
import select
import socket
import struct
from collections.abc import Callable

import pytest

from buttplug.core.listening import connection
from buttplug.server import websocket
from buttplug.server.connection import ClientConnection
from tests.server.conftest import Listen
from tests.server.wire import CLOSE, STOPPED, VIBRATE, Place, ask, frame, until

pytestmark = pytest.mark.real_time

#: Ways to say no more without ending the connection.
LAST_BYTES = {
    "a closing frame": frame("\x03\xe8", CLOSE),
    "a closing frame without a code": frame("", CLOSE),
    "a frame that is not masked": b"\x81\x02[]",
    "a frame of an unknown kind": b"\x83\x80" + bytes(4),
    "a frame with reserved bits": b"\xf1\x80" + bytes(4),
    "a ping in pieces": b"\x09\x80" + bytes(4),
    "a piece without a beginning": b"\x80\x80" + bytes(4),
    "an endless length": b"\x81\xff" + b"\xff" * 8,
    "a frame over the limit": b"\x81\xff" + (100_000_000).to_bytes(8, "big") + bytes(4),
    "text that is none": b"\x81\x82" + bytes(4) + b"\xff\xff",
    "a closing frame of one byte": frame("x", CLOSE),
}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other limit ends the connection before a test is over."""
    monkeypatch.setattr(websocket, "PING_INTERVAL", 60.0)
    monkeypatch.setattr(connection, "CLOSE_LIMIT", 3.0)
    monkeypatch.setattr(websocket, "CLOSE_LIMIT", 3.0)


async def seconds_to_stop(place: Place, loss: Callable[[], object]) -> float:
    """Return how long after a loss the zero is at the device."""
    loop = asyncio.get_running_loop()
    await until(lambda: place.house.sent() == STOPPED[:1])
    stopped = loop.create_future()
    place.house.simulated[0].on_packet = lambda packet: None if stopped.done() else stopped.set_result(loop.time())
    began = loop.time()
    loss()
    async with asyncio.timeout(3):
        ended: float = await stopped
    assert place.house.sent() == STOPPED
    return ended - began


@pytest.mark.parametrize("last", LAST_BYTES.values(), ids=LAST_BYTES.keys())
async def test_who_says_no_more_and_stays_has_its_devices_stopped_at_once(place: Place, last: bytes) -> None:
    _, writer = await place.bare(frame(VIBRATE))
    assert await seconds_to_stop(place, lambda: writer.write(last)) < 0.25
    assert place.house.server.sessions, "the connection should still be there"


async def test_who_closes_its_half_and_goes_on_reading_has_its_devices_stopped_at_once(place: Place) -> None:
    _, writer = await place.bare(frame(VIBRATE))
    assert await seconds_to_stop(place, writer.write_eof) < 0.25


async def test_who_reads_nothing_and_closes_has_its_devices_stopped_at_once(place: Place) -> None:
    deaf = await place.deaf()
    deaf.write(frame(VIBRATE))
    await until(lambda: len(place.outboxes) == 1)
    while not place.outboxes[0].paused:
        deaf.write(frame('[{"RequestDeviceList":{"Id":3}}]') * 10)
        await asyncio.sleep(0.001)
    assert await seconds_to_stop(place, lambda: deaf.write(frame("\x03\xe8", CLOSE))) < 0.25


async def test_a_connection_whose_client_says_no_more_is_cut_soon(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CLOSE_LIMIT", 0.1)
    reader, writer = await place.bare(frame(VIBRATE), frame("\x03\xe8", CLOSE))
    async with asyncio.timeout(3):
        await reader.read()
    await until(lambda: not place.house.server.sessions)
    assert not writer.is_closing()


async def test_what_was_said_before_the_end_is_done_outputs_excepted(listen: Listen) -> None:
    place = await listen("aneros", "aneros")
    other = await place.connect("other")
    assert await ask(other, VIBRATE) == ("Ok", {"Id": 2})
    drive = VIBRATE.replace('"DeviceIndex":0', '"DeviceIndex":1')
    _, writer = await place.bare(frame(drive))
    await until(lambda: place.house.sent(1) == STOPPED[:1])
    writer.write(frame('[{"StopCmd":{"Id":5}}]') + frame(drive.replace("64", "65")) + frame("\x03\xe8", CLOSE))
    await until(lambda: place.house.sent()[-2:] == [b"\xf1\x00", b"\xf2\x00"])
    await asyncio.sleep(0.1)
    assert b"\xf1\x41" not in place.house.sent(1)
    assert STOPPED[1] in place.house.sent(1)
    await other.close()


@pytest.mark.parametrize("reads", [True, False])
async def test_a_flood_before_the_end_does_not_hold_up_the_stop(place: Place, reads: bool) -> None:
    reader, writer = await place.bare(frame(VIBRATE))
    await until(lambda: place.house.sent() == STOPPED[:1])
    drain = asyncio.create_task(reader.read() if reads else asyncio.sleep(9, b""))
    writer.write(frame(f"[{','.join(['{}'] * 4000)}]") * 3)
    await asyncio.sleep(0.05)
    assert await seconds_to_stop(place, lambda: writer.write(frame("\x03\xe8", CLOSE))) < 1.0
    drain.cancel()


def crash(writer: asyncio.StreamWriter) -> None:
    """End a connection as the death of a program does that left something unread."""
    plain = writer.transport.get_extra_info("socket")
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@pytest.mark.parametrize("reads", [True, False])
async def test_a_client_that_crashes_in_a_flood_of_its_own_has_its_devices_stopped_at_once(place: Place, reads: bool) -> None:
    other = await place.connect("another")
    if reads:
        reader, writer = await place.bare(frame(VIBRATE))
        drain = asyncio.create_task(reader.read())
    else:
        writer = await place.deaf()
        writer.write(frame(VIBRATE))
    await until(lambda: place.house.sent() == STOPPED[:1])
    for _ in range(10):
        writer.write(frame(f"[{','.join(['{}'] * 4000)}]") * 3)
        await asyncio.sleep(0.02)
    assert await seconds_to_stop(place, lambda: crash(writer)) < 0.5
    if reads:
        drain.cancel()
    await other.close()


@pytest.mark.skipif(not hasattr(select, "POLLRDHUP"), reason="only Linux tells it")
async def test_a_client_that_leaves_before_what_it_said_was_handled_has_its_devices_stopped_at_once(place: Place) -> None:
    other = await place.connect("another")
    reader, writer = await place.bare(frame(VIBRATE))
    await until(lambda: place.house.sent() == STOPPED[:1])
    drain = asyncio.create_task(reader.read())
    writer.write(frame(f"[{','.join(['{}'] * 4000)}]") * 12)
    await writer.drain()

    def waiting() -> list[ClientConnection]:
        return [each for each in place.listener._connections if each.recv_messages.paused]

    await until(waiting)
    one = waiting()[0]
    plain = writer.transport.get_extra_info("socket")
    assert await seconds_to_stop(place, lambda: plain.shutdown(socket.SHUT_WR)) < 0.25
    assert one.recv_messages.paused, "what it said should still be waiting"
    drain.cancel()
    await other.close()
