"""Whatever clients of old versions say, in whatever order, while devices fail and go: each message is answered once."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buttplug.core.legacy.versions import OLD
from buttplug.core.messages import CLIENT_MESSAGES
from buttplug.hardware.errors import HardwareError
from buttplug.server.devices.configuration import DeviceConfiguration
from tests.fakes.clock import VirtualTimeLoop
from tests.server.conftest import House
from tests.server.old_talker import OldTalker

MODELS = ("aneros", "Lovense Nora", "tcode-v03", "Kiiroo Pearl 2.1")

names = st.sampled_from(
    [kind.wire_name or kind.__name__ for kind in OLD]
    + [kind.__name__ for kind in CLIENT_MESSAGES if kind.__name__ != "Disconnect"]
    + ["Nonsense", "Ok", "KiirooCmd", "RawWriteCmd"]
)
shares = st.floats(-0.1, 1.1) | st.sampled_from([0, 1, 0.5])
indexes = st.integers(0, 4)
entries = st.fixed_dictionaries(
    {
        "Index": indexes,
        "Speed": shares,
        "Scalar": shares,
        "Position": shares,
        "Duration": st.integers(-1, 3000) | st.floats(0, 3000),
        "Clockwise": st.booleans(),
        "ActuatorType": st.sampled_from(["Vibrate", "Rotate", "Position", "Oscillate", "Led", "Nonsense"]),
    }
)
lists = st.lists(entries, max_size=3)
fields = st.fixed_dictionaries(
    {
        "DeviceIndex": indexes,
        "Speed": shares | st.integers(0, 100),
        "Position": st.integers(-1, 100),
        "Clockwise": st.booleans(),
        "Speeds": lists,
        "Rotations": lists,
        "Vectors": lists,
        "Scalars": lists,
        "SensorIndex": indexes,
        "SensorType": st.sampled_from(["Battery", "Pressure", "RSSI", "Nonsense"]),
        "TestString": st.sampled_from(["echo", "Error"]),
        "LogLevel": st.sampled_from(["Off", "Trace"]),
        "ClientName": st.just("again"),
    }
)
troubles = st.tuples(st.sampled_from(["lose", "return", "fail", "recover", "slow"]), st.integers(0, len(MODELS) - 1))
steps = st.lists(st.tuples(names, fields) | troubles | st.just("wait"), min_size=1, max_size=25)


def trouble(house: House, name: str, index: int) -> None:
    device = house.simulated[index]
    if name == "lose":
        device.disconnect()
    elif name == "return":
        device.come_back()
    elif name == "fail":
        device.write_error = HardwareError("no luck")
    elif name == "slow":
        device.write_delay = 0.3
    else:
        device.write_error, device.write_delay = None, 0.0


async def play(configuration: DeviceConfiguration, version: int, script: list[Any]) -> None:
    house = House(configuration, *MODELS)
    await house.open()
    talker = await OldTalker(house.server, version).shake_hands()
    sent = [1]
    for step in script:
        if step == "wait":
            await asyncio.sleep(0.2)
        elif isinstance(step[1], int):
            trouble(house, *step)
        else:
            name, body = step
            # One id for all: what is answered is known by how often it was.
            sent.append(7)
            talker.say_frame(json.dumps([{name: {"Id": 7, **body}}]))
    await asyncio.sleep(60)
    await talker.session.close("all is said")
    await house.server.close()
    assert Counter(body["Id"] for _, body in talker.heard if body["Id"]) == Counter(sent)
    added = Counter(body["DeviceIndex"] for name, body in talker.heard if name == "DeviceAdded")
    removed = Counter(body["DeviceIndex"] for name, body in talker.heard if name == "DeviceRemoved")
    assert all(abs(added[index] - removed[index]) <= 1 for index in added | removed)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 3), steps)
def test_everything_is_answered_exactly_once(
    silence: None, bundled: DeviceConfiguration, version: int, script: list[Any]
) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(play(bundled, version, script))
