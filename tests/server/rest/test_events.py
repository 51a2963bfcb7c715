"""The stream of events: what there is, what comes and goes, readings, and readers that do not read."""

from __future__ import annotations

import asyncio

import pytest

from buttplug.core.enums import InputType
from buttplug.server.rest import events as module
from buttplug.server.rest.events import COMMENT, MAX_STREAMS, WAITING_LIMIT, Events, Stream
from tests.server.rest.conftest import Serve, Site, request_of
from tests.server.wire import until


@pytest.mark.real_time
async def test_a_stream_begins_with_what_there_is_and_tells_what_comes_and_goes(serve: Serve) -> None:
    site = await serve("aneros", "Lovense Nora")
    events = await site.events()
    snapshot = await events.next()
    assert (snapshot["type"], sorted(snapshot["devices"]), snapshot["scanning"]) == ("Snapshot", ["0", "1"], False)
    assert snapshot["devices"]["0"] == (await site.get("/devices/0")).body
    site.house.simulated[0].in_range = False
    site.house.simulated[0].disconnect()
    gone = await events.next()
    assert (gone["type"], gone["device"]["index"], gone["device"]["name"]) == ("DeviceRemoved", 0, "Aneros Vivi")
    site.house.simulated[0].in_range = True
    await site.post("/start-scanning")
    back = await events.next()
    assert (back["type"], back["device"]) == ("DeviceAdded", (await site.get("/devices/0")).body)
    again = await site.events()
    assert (await again.next())["scanning"] is True
    await site.post("/stop-scanning")
    assert await events.next() == {"type": "ScanningFinished"}
    assert await again.next() == {"type": "ScanningFinished"}


@pytest.mark.real_time
async def test_what_was_subscribed_to_is_told_until_it_is_unsubscribed_from_or_stopped(serve: Serve) -> None:
    site = await serve("Kiiroo Pearl 2.1")
    device = site.house.simulated[0]
    events = await site.events()
    features = (await events.next())["devices"]["0"]["features"]
    sensor = next(int(index) for index, feature in features.items() if "Pressure" in feature.get("Input", {}))
    path = f"/devices/0/features/{sensor}/inputs/Pressure"
    for end in (f"{path}/unsubscribe", "/devices/0/stop"):
        assert (await site.post(f"{path}/subscribe")).status == 200
        device.feed(InputType.PRESSURE, 77, feature=sensor)
        reading = {"type": "InputReading", "device": 0, "feature": sensor, "input": "Pressure", "value": 77}
        assert await events.next() == reading
        assert (await site.post(end)).status == 200
        device.feed(InputType.PRESSURE, 78, feature=sensor)


@pytest.mark.real_time
async def test_the_headers_are_those_of_server_sent_events(site: Site) -> None:
    reader, _ = await site.open(request_of("GET", "/events"))
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    assert "content-type: text/event-stream; charset=utf-8" in head
    assert "cache-control: no-store" in head


@pytest.mark.real_time
async def test_a_stream_whose_reader_is_gone_is_forgotten_at_once_and_one_too_many_is_refused(site: Site) -> None:
    for _ in range(MAX_STREAMS):
        await (await site.events()).next()
    assert (await site.get("/events")).status == 503
    site.writers[0].transport.abort()
    await until(lambda: not site.listener._devices.events.is_full)
    await (await site.events()).next()


async def test_a_comment_is_sent_where_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream()
    sent: list[bytes] = []

    async def send(data: bytes) -> None:
        sent.append(data)

    reading = asyncio.ensure_future(stream.read(send))
    await asyncio.sleep(module.COMMENT_INTERVAL * 2.5)
    assert sent == [COMMENT, COMMENT]
    stream.end()
    await reading


async def test_of_a_slow_reader_the_oldest_readings_are_dropped_and_at_last_the_stream() -> None:
    events = Events()
    stream = events.open(scanning=False)
    for value in range(WAITING_LIMIT * 2):
        events.tell(module.READING, value=value)
    events.tell("ScanningFinished")
    stream.end()
    sent: list[bytes] = []

    async def send(data: bytes) -> None:
        sent.append(data)

    await stream.read(send)
    assert b"Snapshot" in sent[0]
    assert b"ScanningFinished" in sent[-1]
    assert f'"value":{WAITING_LIMIT * 2 - 1}}}'.encode() in sent[-2]
    assert len(sent) == WAITING_LIMIT

    stream = events.open(scanning=False)
    for _ in range(WAITING_LIMIT * 2):
        events.tell("ScanningFinished")
    sent.clear()
    await stream.read(send)
    assert len(sent) == WAITING_LIMIT


async def test_a_scan_that_has_finished_at_once_is_not_told_as_one_that_goes_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def finish_at_once() -> None:
        """As a bus whose devices come by themselves."""

    monkeypatch.setattr(site.house.manager, "start_scanning", finish_at_once)
    assert (await site.post("/start-scanning")).status == 200
    assert (await (await site.events()).next())["scanning"] is False
