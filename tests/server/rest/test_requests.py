"""What each path does, and what is answered where it cannot be done."""

from __future__ import annotations

import asyncio

import pytest

from buttplug.hardware.errors import HardwareError
from buttplug.server.ports import PortInUseError
from buttplug.server.rest.listener import RestListener
from buttplug.server.server import MAKE_ROOM
from tests.server.conftest import Talker
from tests.server.rest.conftest import Serve, Site
from tests.server.wire import STOPPED, until

pytestmark = pytest.mark.real_time

NORA_FEATURES = {
    "0": {"FeatureIndex": 0, "FeatureDescription": "", "Output": {"Vibrate": {"Value": [0, 20]}}},
    "1": {"FeatureIndex": 1, "FeatureDescription": "", "Output": {"Rotate": {"Value": [-20, 20]}}},
    "2": {
        "FeatureIndex": 2,
        "FeatureDescription": "Battery level",
        "Input": {"Battery": {"Value": [[0, 100]], "Command": ["Read"]}},
    },
}
NORA = {"index": 0, "name": "Lovense Nora", "display_name": None, "features": NORA_FEATURES}


async def test_devices_and_features_are_told_as_the_engine_tells_them(serve: Serve) -> None:
    site = await serve("Lovense Nora")
    for path, body in (
        ("/devices", {"0": NORA}),
        ("/devices/0", NORA),
        ("/devices/0/", NORA),
        ("/devices/0/features", NORA_FEATURES),
        ("/devices/0/features/1", NORA_FEATURES["1"]),
    ):
        answer = await site.get(path)
        assert (answer.status, answer.body) == (200, body)
        assert answer.headers["content-type"] == "application/json"
    assert (await site.request("PUT", "/devices/0/features/1/")).body == NORA_FEATURES["1"]


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/devices/0/outputs/Vibrate/0.5", [b"\xf1\x40", b"\xf2\x40"]),
        ("/devices/0/features/1/outputs/Vibrate/1", [b"\xf2\x7f"]),
        ("/devices/0/features/1/outputs/vibrate/1.0", [b"\xf2\x7f"]),
        ("/devices/0/features/0/outputs/Vibrate?steps=1", [b"\xf1\x01"]),
        ("/devices/0/features/0/outputs/Vibrate/1e-5", [b"\xf1\x01"]),
    ],
)
async def test_an_output_is_driven_by_a_share_of_its_range_or_by_steps(
    site: Site, method: str, path: str, sent: list[bytes]
) -> None:
    answer = await site.request(method, path)
    assert (answer.status, answer.body) == (200, None)
    assert site.house.sent() == sent


async def test_a_position_takes_its_duration(serve: Serve) -> None:
    site = await serve("The Handy")
    answer = await site.post("/devices/0/outputs/HwPositionWithDuration/0.5?duration=800")
    assert answer.status == 200
    assert site.house.sent()
    answer = await site.post("/devices/0/outputs/HwPositionWithDuration/0.5")
    assert (answer.status, answer.body["error"]["message"]) == (
        422,
        'Device 0 "The Handy", feature 0: HwPositionWithDuration needs ?duration=… in milliseconds',
    )


@pytest.mark.parametrize("path", ["/devices/stop", "/devices/0/stop", "/devices/0/features/0/stop"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_stop_is_answered_when_it_was_written(site: Site, method: str, path: str) -> None:
    await site.post("/devices/0/features/0/outputs/Vibrate/0.5")
    assert (await site.request(method, path)).status == 200
    assert site.house.sent()[:2] == STOPPED


@pytest.mark.parametrize("path", ["/devices/stop", "/devices/0/stop", "/devices/0/features/0/stop"])
async def test_a_stop_with_a_query_that_cannot_be_used_is_refused_and_stops_all_the_same(site: Site, path: str) -> None:
    for query in ("lease=5", "feature=1", "a=1&a=2"):
        site.house.simulated[0].packets.clear()
        await site.post("/devices/0/features/0/outputs/Vibrate/0.5")
        answer = await site.post(f"{path}?{query}")
        assert (answer.status, answer.body["error"]["class"]) == (422, "MSG")
        assert site.house.sent()[:2] == STOPPED


async def test_inputs_are_read(serve: Serve) -> None:
    site = await serve("Lovense Nora")
    reading = [{"device": 0, "feature": 2, "input": "Battery", "value": 85}]
    assert (await site.get("/devices/0/features/2/inputs/Battery")).body == reading
    assert (await site.get("/devices/0/inputs/battery")).body == reading


async def test_a_scan_is_started_and_stopped(site: Site) -> None:
    for path in ("/start-scanning", "/stop-scanning"):
        answer = await site.post(path)
        assert (answer.status, answer.body, "deprecation" in answer.headers) == (200, None, False)
        assert (site.house.manager.scanning) is (path == "/start-scanning")


async def test_scanning_by_get_still_works_for_programs_and_says_that_it_should_not_be_used(site: Site) -> None:
    answer = await site.get("/start-scanning")
    assert (answer.status, answer.headers["deprecation"]) == (200, "@1767225600")
    assert site.house.manager.scanning
    answer = await site.get("/stop-scanning", "Origin: http://localhost:8000")
    assert (answer.status, answer.headers["allow"]) == (405, "POST, PUT")
    assert site.house.manager.scanning


@pytest.mark.parametrize(
    ("method", "path", "status", "class_", "device", "feature"),
    [
        ("POST", "/devices/1/outputs/Vibrate/1", 404, "DEVICE", 1, None),
        ("GET", "/devices/1", 404, "DEVICE", 1, None),
        ("GET", "/devices/0/features/9", 404, "DEVICE", 0, 9),
        ("POST", "/devices/0/features/9/stop", 404, "DEVICE", 0, 9),
        ("POST", "/devices/9/stop", 404, "DEVICE", 9, None),
        ("POST", "/devices/0/outputs/Rotate/1", 404, "DEVICE", 0, None),
        ("POST", "/devices/0/features/0/outputs/Rotate/1", 404, "DEVICE", 0, 0),
        ("GET", "/devices/0/inputs/Battery", 404, "DEVICE", 0, None),
        ("POST", "/devices/0/inputs/Pressure/subscribe", 404, "DEVICE", 0, None),
        ("GET", "/nothing", 404, "MSG", None, None),
        ("GET", "/devices/0/nothing", 404, "MSG", None, None),
        ("GET", "/devices/0/features/0/outputs/Vibrate/1/1", 404, "MSG", None, None),
        ("GET", "", 404, "MSG", None, None),
        ("GET", "/devices/stop", 405, "MSG", None, None),
        ("GET", "/devices/0/outputs/Vibrate/1", 405, "MSG", None, None),
        ("DELETE", "/devices", 405, "MSG", None, None),
        ("POST", "/events", 405, "MSG", None, None),
        ("POST", "/devices/x/stop", 422, "MSG", None, None),
        ("POST", "/devices/4294967296/stop", 422, "MSG", None, None),
        ("POST", "/devices/%D9%A1/stop", 422, "MSG", None, None),
        ("POST", "/devices/0/outputs/Vibrate/1.01", 422, "MSG", None, None),
        ("POST", "/devices/0/outputs/Vibrate/-0.5", 422, "MSG", 0, 0),
        ("POST", "/devices/0/outputs/Vibrate/nan", 422, "MSG", None, None),
        ("POST", "/devices/0/outputs/Vibrate/1_0", 422, "MSG", None, None),
        ("POST", "/devices/0/outputs/Vibrate", 422, "MSG", None, None),
        ("POST", "/devices/0/outputs/Vibrate/1?steps=1", 422, "MSG", None, None),
        ("POST", "/devices/0/outputs/Vibrate?steps=128", 422, "MSG", 0, 0),
        ("POST", "/devices/0/outputs/Vibrate/1?duration=5", 422, "MSG", 0, 0),
        ("POST", "/devices/0/outputs/Vibrate/1?lese=5", 422, "MSG", None, None),
        ("POST", "/devices/0/outputs/Vibrate/1?lease=0", 422, "MSG", None, None),
        ("POST", "/devices/0/outputs/Vibrate/1?lease=5&lease=6", 422, "MSG", None, None),
        ("POST", "/devices/0/outputs/Nothing/1", 422, "MSG", None, None),
        ("GET", "/devices/0/inputs/Nothing", 422, "MSG", None, None),
        ("POST", "/start-scanning?lease=5", 422, "MSG", None, None),
    ],
)
async def test_what_cannot_be_done_says_why_in_json_and_moves_nothing(
    site: Site, method: str, path: str, status: int, class_: str, device: int | None, feature: int | None
) -> None:
    answer = await site.request(method, path)
    error = answer.body["error"]
    assert (answer.status, error["class"], error["device"], error["feature"]) == (status, class_, device, feature)
    assert error["message"]
    assert set(error) == {"class", "message", "device", "feature"}
    assert ("allow" in answer.headers) is (status == 405)
    assert site.house.sent() == []


async def test_a_device_that_fails_is_409_and_named(site: Site) -> None:
    site.house.simulated[0].write_error = HardwareError("the battery is empty")
    answer = await site.post("/devices/0/features/0/outputs/Vibrate/1")
    assert (answer.status, answer.body["error"]["class"], answer.body["error"]["device"]) == (409, "DEVICE", 0)
    assert 'Device 0 "Aneros Vivi", feature 0' in answer.body["error"]["message"]
    site.house.simulated[0].write_error = None


async def test_a_stop_overtakes_an_output_that_a_slow_device_still_takes(site: Site) -> None:
    site.house.simulated[0].write_delay = 0.2
    driving = asyncio.ensure_future(site.post("/devices/0/features/0/outputs/Vibrate/0.5"))
    waiting = [
        asyncio.ensure_future(site.post(f"/devices/0/features/0/outputs/Vibrate/{level / 10}")) for level in range(1, 9)
    ]
    await until(lambda: site.house.sent())
    assert (await site.post("/devices/stop")).status == 200
    assert site.house.sent()[-1] == b"\xf2\x00"
    assert b"\xf1\x00" in site.house.sent()
    count = len(site.house.sent())
    await asyncio.gather(driving, *waiting)
    assert len(site.house.sent()) == count


async def test_requests_are_one_client_that_takes_one_place_and_whose_stop_needs_none(serve: Serve) -> None:
    site = await serve(max_clients=1)
    other = await site.house.client("other")
    assert (await site.get("/devices")).status == 200
    answer = await site.post("/devices/0/outputs/Vibrate/1")
    assert (answer.status, answer.body["error"]["class"]) == (503, "INIT")
    assert answer.body["error"]["message"] == f"1 clients connected: other; {MAKE_ROOM}"
    for path in ("/devices/stop", "/devices/0/stop", "/devices/0/features/1/stop"):
        site.house.simulated[0].packets.clear()
        assert (await site.post(path)).status == 200
    await other.session.close("it leaves")
    assert (await site.post("/devices/0/outputs/Vibrate/1")).status == 200
    late = Talker(site.house.server, "late")
    assert late.session in site.house.server.sessions
    assert site.house.server.why_full() == f"1 clients connected: REST API; {MAKE_ROOM}"


async def test_a_stop_takes_no_place_and_a_failing_one_is_told(site: Site) -> None:
    site.house.simulated[0].write_error = HardwareError("the battery is empty")
    for path in ("/devices/stop", "/devices/0/stop", "/devices/0/features/0/stop"):
        answer = await site.post(path)
        assert (answer.status, answer.body["error"]["class"]) == (409, "DEVICE")
        assert "the battery is empty" in answer.body["error"]["message"]
    site.house.simulated[0].write_error = None
    assert not site.house.server.sessions


async def test_what_requests_drive_goes_on_while_they_ping_and_is_stopped_with_the_session(serve: Serve) -> None:
    site = await serve(max_ping_time=150)
    await site.post("/devices/0/features/0/outputs/Vibrate/0.5")
    await asyncio.sleep(0.5)
    assert site.house.sent() == [b"\xf1\x40"]
    await site.listener.close()
    assert site.house.sent() == STOPPED


async def test_after_a_pause_requests_begin_a_new_session(site: Site) -> None:
    events = await site.events()
    assert (await events.next())["type"] == "Snapshot"
    await site.post("/devices/0/features/0/outputs/Vibrate/0.5")
    await site.house.server.pause("it is suspended")
    assert await events.next() == {"type": "SessionEnded", "reason": "it is suspended"}
    assert await events.reader.read() in (b"\r\n", b"\n", b"0\r\n\r\n", b"\n\r\n0\r\n\r\n")
    answer = await site.post("/devices/0/features/0/outputs/Vibrate/0.5")
    assert answer.status == 503
    site.house.server.resume()
    assert (await site.post("/devices/0/features/0/outputs/Vibrate/0.5")).status == 200


async def test_a_port_that_is_taken_is_told_with_the_option_that_chooses_it(site: Site) -> None:
    with pytest.raises(PortInUseError, match="--rest-api-port"):
        await RestListener(site.house.server, port=site.port).open()
