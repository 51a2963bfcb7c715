"""No single mistake in a file leaves a device beyond the limits that are still written in it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.identity import identify
from buttplug.server.devices.limits import output_ranges
from buttplug.server.devices.user_configuration import load_user_configuration
from tests.server.devices.user_configuration.helpers import EDGE, Json, content_of, device, feature

Way = tuple[str | int, ...]

LIMITED: list[Json] = [feature(vibrate={"value": [0, 5]}) for _ in range(2)]
WHOLE = content_of(devices=[device(*LIMITED)], protocols={}, simulated_devices=[])


def ways(content: Any, way: Way = ()) -> Iterator[Way]:
    """Return the way to everything inside, from the outermost on."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in items:
        yield (*way, key)
        yield from ways(value, (*way, key))


def at(content: Any, way: Way) -> Any:
    for key in way:
        content = content[key]
    return content


#: What holds limits, and what says whose they are. Without a version it is no such file, and the address is all that is known.
AROUND_LIMITS = [
    way for way in ways(WHOLE) if way[0] != "version" and way[-1] != "address" and way[-1] not in ("id", "base_id", "value")
]
KEYS = [way for way in AROUND_LIMITS if isinstance(way[-1], str)]


def misspelt(key: str) -> st.SearchStrategy[str]:
    typos = [key[:place] + key[place + 1 :] for place in range(len(key))]
    return st.sampled_from([*typos, key.upper(), key.replace("_", "-"), f"{key}s", f"my {key}", f"{key} ", key[::-1], "x"])


@st.composite
def mistakes(draw: st.DrawFn) -> dict[str, Any]:
    """The file with a key misspelt, or something put one level too deep or too high, or in another place."""
    content = copy.deepcopy(WHOLE)
    kind = draw(st.sampled_from(("misspelt", "too deep", "too high", "elsewhere")))
    *outer, key = draw(st.sampled_from(AROUND_LIMITS if kind == "too deep" else KEYS))
    inside = at(content, tuple(outer))
    value = inside[key]
    if kind == "too deep":
        inside[key] = draw(st.sampled_from(([value], {"x": value}, {key: value})))
        return content
    del inside[key]
    if kind == "misspelt":
        inside[draw(misspelt(str(key)))] = value
        return content
    objects = [way for way in ((), *ways(content)) if isinstance(at(content, way), dict) and key not in at(content, way)]
    if kind == "too high":
        objects = [way for way in objects if way == tuple(outer[: len(way)])]
    # From one feature to another a limit is that of the other.
    objects = [way for way in objects if "features" not in way or "features" not in outer or way[:5] == tuple(outer[:5])]
    if objects:
        at(content, draw(st.sampled_from(objects)))[key] = value
    else:
        inside[key] = value
    return content


def highest_levels(configuration: DeviceConfiguration) -> list[int]:
    """Return the highest level of each output that may be driven."""
    if configuration.allows(EDGE.address) is not None:
        return []
    try:
        identity = identify(configuration, EDGE)
        return [output.highest for output in output_ranges(identity.definition, identity.settings).values()]
    except ConfigurationError:
        return []


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mistakes") / "user.json"


@given(content=mistakes())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_mistake_leaves_a_device_beyond_the_limits_that_are_in_the_file(
    content: dict[str, Any], file: Path, few: Path, silence: None
) -> None:
    configuration = DeviceConfiguration.load(few)
    file.write_text(json.dumps(content))
    try:
        load_user_configuration(file, configuration)
    except ConfigurationError:
        return
    assert all(level <= 5 for level in highest_levels(configuration))
