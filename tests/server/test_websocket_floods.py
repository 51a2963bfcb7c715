"""One client floods the server: the others and the devices keep their turn, and little of it is kept."""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from uuid import UUID

import pytest

from buttplug.core.codec import Malformed
from buttplug.core.listening import connection
from buttplug.core.listening import turns as turns_of_listeners
from buttplug.core.listening.connection import MAX_UNREAD, READ_SIZE, AcceptedConnection
from buttplug.core.messages import ClientMessage, DeviceInfo, DeviceList, Ok
from buttplug.server.outbox import BACKLOG_LIMIT, GATHERING_TIME, MESSAGES_A_TURN, Outbox
from buttplug.server.replies import MAX_UNANSWERED
from buttplug.server.session import Session
from tests.server.conftest import Listen
from tests.server.wire import PING, VIBRATE, Place, ask, frame, until

pytestmark = pytest.mark.real_time


def messages(body: str, count: int = 4096) -> bytes:
    """Return a frame of so many messages."""
    return frame(f"[{','.join([body] * count)}]")


#: What one client sends over and over.
FLOODS = {
    "stops": messages('{"StopCmd":{"Id":1}}'),
    "stops and outputs": messages(f'{VIBRATE[1:-1]},{{"StopCmd":{{"Id":1,"DeviceIndex":0}}}}', 1000),
    "scans": messages('{"StartScanning":{"Id":1}},{"StopScanning":{"Id":1}}', 2000),
    "battery reads": messages(
        '{"InputCmd":{"Id":1,"DeviceIndex":0,"FeatureIndex":1,"Type":"Battery","Command":"Read"}}', 1000
    ),
    "subscriptions": messages(
        '{"InputCmd":{"Id":1,"DeviceIndex":0,"FeatureIndex":2,"Type":"Pressure","Command":"Subscribe"}}', 1000
    ),
    "device lists": messages('{"RequestDeviceList":{"Id":1}}'),
    "handshakes": messages('{"RequestServerInfo":{"Id":1,"ClientName":"x","ProtocolVersionMajor":4}}', 1000),
    "malformed messages": messages('{"Pong":{"Id":1}},{}', 2000),
    "broken JSON": messages('{"Ping":{"Id":1,"X":"\\ud800"}}', 1000),
    "a message a frame": frame('[{"StopCmd":{"Id":1}}]') * 1000,
    "long frames": frame(f'[{{"Ping":{{"Id":1,"X":[{"1," * 300_000}1]}}}}]'),
    "blank frames": frame(" " * 1_000_000) * 5,
    "arrays of blanks": frame(f"[{' ' * 1_000_000}]"),
    "slow numbers": messages(f'{{"Ping":{{"Id":1.0,"X":[{"1e300," * 400}1]}}}}', 300),
    "empty frames": frame("") * 5000,
    "pings": frame("", PING) * 5000,
    "pieces": b"\x01\x80" + bytes(4) + (b"\x00\x80" + bytes(4)) * 4000 + b"\x80\x80" + bytes(4),
}


@contextlib.asynccontextmanager
async def flooding(place: Place, content: bytes) -> AsyncIterator[None]:
    """Have a client send this over and over, and read what it is answered."""
    reader, writer = await place.bare(name="flood")

    async def send() -> None:
        while True:
            writer.write(content)
            await writer.drain()

    async def read() -> None:
        while await reader.read(1 << 16):
            pass

    await until(lambda: any(session.client_name == "flood" for session in place.house.server.sessions))
    tasks = [asyncio.create_task(send()), asyncio.create_task(read())]
    await asyncio.sleep(0.05)
    yield
    for task in tasks:
        task.cancel()


@pytest.mark.parametrize("content", FLOODS.values(), ids=FLOODS.keys())
@pytest.mark.usefixtures("silence")
async def test_in_a_flood_every_turn_of_the_event_loop_is_short_and_little_is_kept(listen: Listen, content: bytes) -> None:
    place = await listen(*["Kiiroo Pearl 2.1"] * 20)
    turns = []
    most_tasks = most_waiting = 0
    tasks = len(asyncio.all_tasks())
    async with flooding(place, content):
        ends = time.perf_counter() + 0.3
        began = time.thread_time()
        while time.perf_counter() < ends:
            await asyncio.sleep(0)
            turns.append(time.thread_time() - began)
            most_tasks = max(most_tasks, len(asyncio.all_tasks()) - tasks)
            most_waiting = max(most_waiting, *(len(box._waiting) for box in place.outboxes))
            began = time.thread_time()
    # Two milliseconds are usual; three or four turns are between a stop's arrival and its zero. The flood itself is in this
    # process, too, and so is the garbage collector, which may take some tens of milliseconds once.
    assert statistics.quantiles(turns, n=20)[18] < 0.010
    assert most_tasks < 200
    assert most_waiting <= BACKLOG_LIMIT + MAX_UNANSWERED


@pytest.mark.parametrize("content", FLOODS.values(), ids=FLOODS.keys())
@pytest.mark.usefixtures("silence")
async def test_in_a_flood_the_stop_of_another_client_and_that_of_a_shutdown_take_a_few_turns(
    listen: Listen, content: bytes
) -> None:
    place = await listen(*["Kiiroo Pearl 2.1"] * 20)
    wire = await place.connect("another")
    async with flooding(place, content):
        turns = []
        for _ in range(3):
            answer = asyncio.create_task(ask(wire, '[{"StopCmd":{"Id":7,"DeviceIndex":3}}]'))
            turns.append(await turns_until(answer.done))
            assert await answer == ("Ok", {"Id": 7})
        # A few to send it, a few to do it, a few to read the answer.
        assert statistics.median(turns) < 40
        for device in place.house.simulated:
            device.packets.clear()
        closing = asyncio.create_task(place.house.server.close())
        assert await turns_until(lambda: all(device.packets for device in place.house.simulated)) < 10
        await closing
    await wire.close()


async def turns_until(condition: Callable[[], object]) -> int:
    """Return the turns of the event loop until something holds."""
    turns = 0
    while not condition():
        turns += 1
        await asyncio.sleep(0)
    return turns


async def test_a_long_frame_is_done_in_many_turns_and_wholly(place: Place) -> None:
    wire = await place.connect()
    ids = range(100, 4100)
    await wire.send(json.dumps([{"RequestDeviceList": {"Id": id_}} for id_ in ids]))
    turns = 0
    answers: list[int] = []

    async def read() -> None:
        while len(answers) < len(ids):
            answers.append(json.loads(await wire.recv())[0]["DeviceList"]["Id"])

    reading = asyncio.create_task(read())
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)
    await reading
    assert answers == list(ids)
    assert turns > len(ids) / MESSAGES_A_TURN
    await wire.close()


async def test_who_has_used_up_its_share_waits_while_others_are_connected(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough to be seen: some half a second after each share.
    monkeypatch.setattr(turns_of_listeners, "WAIT", 2000.0)
    monkeypatch.setattr(turns_of_listeners, "CREDIT", 0.0)
    flood, other = await place.connect("flood"), await place.connect("another")
    await flood.send(json.dumps([{"Ping": {"Id": id_}} for id_ in range(1, 401)]))
    answered = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.5):
            while answered < 400:
                await flood.recv()
                answered += 1
    assert answered < 400
    assert await ask(other, '[{"Ping":{"Id":7}}]') == ("Ok", {"Id": 7})


async def test_who_is_held_up_by_other_programs_is_not_made_to_wait_for_that(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[float] = []
    wait, receive = turns_of_listeners.Turns.wait, Session.receive

    def noted(self: turns_of_listeners.Turns, connection: UUID, used: float) -> float:
        worked.append(used)
        return wait(self, connection, used)

    def held_up(self: Session, message: ClientMessage | Malformed) -> None:
        time.sleep(0.05)  # As if the system ran something else for so long.
        receive(self, message)

    one, other = await place.connect("one"), await place.connect("another")
    monkeypatch.setattr(turns_of_listeners.Turns, "wait", noted)
    monkeypatch.setattr(Session, "receive", held_up)
    assert await ask(one, '[{"StopCmd":{"Id":7}}]') == ("Ok", {"Id": 7})
    assert await ask(one, '[{"StopCmd":{"Id":8}}]') == ("Ok", {"Id": 8})
    assert worked
    assert max(worked) < 0.04
    await other.close()


async def test_pings_whose_answers_nobody_reads_do_not_fill_the_memory(
    place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns_of_listeners, "WAIT", 0.0)  # Buffers of the system have to be filled first.
    monkeypatch.setattr(turns_of_listeners, "LONG_READ", 0.01)
    client = await place.connect("another")
    deaf = await place.deaf()
    deaf.write(frame(VIBRATE))
    await until(lambda: place.house.sent())
    most = 0
    async with asyncio.timeout(20):
        while not deaf.is_closing():
            deaf.write(frame("x" * 125, PING) * 500)
            with contextlib.suppress(ConnectionError):
                await deaf.drain()
            most = max(most, *(one.transport.get_write_buffer_size() for one in place.listener._connections))
            if "unread and is cut off" in caplog.text:
                break
    assert MAX_UNREAD // 2 < most < 2 * MAX_UNREAD
    await until(lambda: place.house.sent()[-1][1:] == b"\x00")
    assert await ask(client, '[{"Ping":{"Id":9}}]') == ("Ok", {"Id": 9})
    await client.close()


async def test_who_sends_tiny_frames_is_read_in_small_pieces_for_a_while(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "GROW_INTERVAL", 0.05)
    _, writer = await place.bare()
    await until(lambda: len(place.listener._connections) == 1)
    (one,) = place.listener._connections
    writer.write(frame("", PING) * 10_000)
    await until(lambda: len(one.get_buffer(-1)) < READ_SIZE // 4)
    async with asyncio.timeout(5):
        while len(one.get_buffer(-1)) < READ_SIZE:
            writer.write(frame("x" * 100_000))
            await asyncio.sleep(0.01)


async def test_of_a_long_frame_so_much_is_read_in_a_turn_and_no_more(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    read = AcceptedConnection.data_received

    def data_received(self: AcceptedConnection, data: bytes) -> None:
        sizes.append(len(data))
        read(self, data)

    wire = await place.connect()
    monkeypatch.setattr(AcceptedConnection, "data_received", data_received)
    assert await ask(wire, f'[{{"Ping":{{"Id":5{" " * 60_000}}}}}]') == ("Ok", {"Id": 5})
    assert sum(sizes) > 60_000
    assert max(sizes) <= 8192


async def test_no_event_loop_reads_more_of_a_client_at_once(place: Place) -> None:
    await place.connect()
    (one,) = place.listener._connections
    protocol = one.transport.get_protocol()
    assert isinstance(protocol, asyncio.BufferedProtocol)
    # uvloop hands all that it has read to one of these.
    assert not isinstance(protocol, asyncio.Protocol)


async def test_a_pause_may_be_so_short_that_an_event_loop_makes_no_timer_for_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    call_later = loop.call_later

    def call_soon_or_later(seconds: float, act: Callable[..., object], *arguments: object) -> asyncio.Handle:
        return loop.call_soon(act, *arguments) if seconds < 0.0005 else call_later(seconds, act, *arguments)

    # As uvloop does.
    monkeypatch.setattr(loop, "call_later", call_soon_or_later)
    monkeypatch.setattr(turns_of_listeners.Turns, "wait", lambda turns, connection, used: 0.0001)
    wire = await place.connect()
    for _ in range(3):
        assert await ask(wire, f'[{{"Ping":{{"Id":5{" " * 1000}}}}}]') == ("Ok", {"Id": 5})


async def test_an_answer_leaves_at_once_and_those_right_behind_it_in_one_piece(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[list[int]] = []
    write = Outbox._write

    def noted(self: Outbox, frames: Sequence[bytes]) -> None:
        written.append([json.loads(frame)[0]["Ok"]["Id"] for frame in frames])
        write(self, frames)

    wire = await place.connect()
    monkeypatch.setattr(Outbox, "_write", noted)
    (box,) = place.outboxes
    await asyncio.sleep(10 * GATHERING_TIME)
    for number in (1, 2, 3):
        box.send(Ok(number))
    assert written == [[1]]
    assert [json.loads(await wire.recv())[0]["Ok"]["Id"] for _ in range(3)] == [1, 2, 3]
    assert written == [[1], [2, 3]]
    await wire.close()


async def test_so_many_answers_leave_in_a_turn_and_no_more(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    turn, written = 0, Counter[int]()
    write = Outbox._write

    def noted(self: Outbox, frames: Sequence[bytes]) -> None:
        written[turn] += len(frames)
        write(self, frames)

    wire = await place.connect()
    monkeypatch.setattr(Outbox, "_write", noted)
    # Devices that answer all at once, as after a stop.
    (box,) = place.outboxes
    for number in range(100):
        box.send(Ok(number))
    while written.total() < 100:
        turn += 1
        await asyncio.sleep(0)
    assert max(written.values()) == MESSAGES_A_TURN == 16
    for _ in range(100):
        await wire.recv()
    await wire.close()


async def test_of_long_answers_fewer_leave_in_a_turn(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    write = Outbox._write

    def noted(self: Outbox, frames: Sequence[bytes]) -> None:
        written.append(len(frames))
        write(self, frames)

    wire = await place.connect()
    monkeypatch.setattr(Outbox, "_write", noted)
    (box,) = place.outboxes
    for number in range(1, 31):
        box.send(DeviceList(number, {index: DeviceInfo(index, "x" * 1000, {}) for index in range(40)}))
    for _ in range(30):
        await wire.recv()
    assert max(written) == 2
    await wire.close()
