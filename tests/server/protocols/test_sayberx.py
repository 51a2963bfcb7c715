"""SayberX."""

from __future__ import annotations

import pytest

from buttplug.server.protocols.sayberx import Sayberx
from tests.server.protocols.helpers import configuration, drive, link, silent_device, texts, vibrate


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("SayberX", "SayberX"),
        ("X-Ring 0F313B", "Sayber X-Ring"),
        ("X-Ring ", "Sayber X-Ring"),
        ("Sayber", "SayberX Device"),
        ("", "SayberX Device"),
    ],
)
async def test_the_first_word_of_the_name_tells_the_model(name: str, model: str) -> None:
    identifier = await Sayberx.identify(await link(silent_device(name), "sayberx"))
    definition = configuration().definition("sayberx", identifier)
    assert definition is not None
    assert definition.name == model


@pytest.mark.parametrize(("value", "text"), [(0, "AT+SPD00"), (1, "AT+SPD10"), (4, "AT+SPD40")])
def test_the_speed_is_in_tens(value: int, text: str) -> None:
    assert texts(drive("sayberx", "SayberX").send(vibrate(0, value))) == [text]


def test_a_stop_is_speed_0() -> None:
    device = drive("sayberx", "SayberX")
    device.send(vibrate(0, 4))
    assert texts(device.stop()) == ["AT+SPD00"]
