"""What is told of what a client sent, to it and on the log, is short and can neither forge a line nor disturb a terminal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.server.conftest import BuildHouse
from tests.server.old_talker import OldTalker

NASTY = "\x1b[31m\nERROR forged\u202e\x00" + "A" * 3000

#: Every message with a word in it, as a client sends it.
MESSAGES: dict[str, dict[str, Any]] = {
    "OutputCmd": {"DeviceIndex": 0, "FeatureIndex": 0, "Command": {"Vibrate": {"Value": 5}}},
    "InputCmd": {"DeviceIndex": 0, "FeatureIndex": 1, "Type": "Battery", "Command": "Read"},
    "ScalarCmd": {"DeviceIndex": 0, "Scalars": [{"Index": 0, "Scalar": 0.5, "ActuatorType": "Vibrate"}]},
    "SensorReadCmd": {"DeviceIndex": 0, "SensorIndex": 0, "SensorType": "Battery"},
    "SensorSubscribeCmd": {"DeviceIndex": 0, "SensorIndex": 0, "SensorType": "Pressure"},
    "SensorUnsubscribeCmd": {"DeviceIndex": 0, "SensorIndex": 0, "SensorType": "Pressure"},
    "RequestServerInfo": {"ClientName": "again"},
    "RequestLog": {"LogLevel": "Off"},
    "RawWriteCmd": {"DeviceIndex": 0, "Endpoint": "tx", "Data": [1], "WriteWithResponse": False},
    "LovenseCmd": {"DeviceIndex": 0, "Command": "Vibrate:1;"},
    "Nonsense": {"Word": "x"},
}


def spoiled(value: Any) -> Iterator[Any]:
    """Go through a message with one word or number of it, or the name of one of its fields, replaced by something nasty."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from ({**value, key: other} for other in spoiled(inner))
            yield {NASTY if each == key else each: kept for each, kept in value.items()}
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from ([*value[:position], other, *value[position + 1 :]] for other in spoiled(inner))
    yield NASTY


@pytest.mark.parametrize("version", range(5))
async def test_errors_and_the_log_tell_a_little_of_what_came_and_nothing_that_could_do_harm(
    build: BuildHouse, version: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    house = await build("Kiiroo Pearl 2.1")
    talker = OldTalker(house.server, version)
    major = {"ProtocolVersionMajor": version} if version == 4 else {"MessageVersion": version}
    talker.say("RequestServerInfo", ClientName=NASTY, **major)
    for name, fields in MESSAGES.items():
        for body in spoiled({"Id": 1, **fields}):
            talker.say_frame(json.dumps([{name: body}]))
            talker.say_frame(json.dumps([{name: body}])[:-1])
        talker.say_frame(json.dumps([{NASTY: {"Id": 1}}]))
    await asyncio.sleep(1)
    reasons = [fields["ErrorMessage"] for name, fields in talker.heard if name == "Error"]
    assert len(reasons) > 2 * len(MESSAGES)
    for reason in [*reasons, *(record.getMessage() for record in caplog.records)]:
        assert reason.isprintable()
        assert len(reason) < 400
