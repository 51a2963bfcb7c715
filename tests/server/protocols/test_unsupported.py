"""Devices that are recognised and refused, with the reason."""

from __future__ import annotations

import pytest

from buttplug.hardware.bluetooth import BluetoothAdvertisement
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.simulation import simulate
from buttplug.server.protocols import UNSUPPORTED, load, supports
from tests.server.protocols.helpers import configuration


@pytest.mark.parametrize(
    ("protocol", "name", "reason"),
    [
        ("libo-karen", "SuoYinQiu", "has no motor"),
        ("twerkingbutt", "TwerkingButt", "nobody knows which speeds"),
    ],
)
def test_it_is_recognised_and_refused(protocol: str, name: str, reason: str) -> None:
    matches = configuration().match(BluetoothAdvertisement(name))
    assert [match.protocol for match in matches] == [protocol]
    assert not supports(protocol)
    assert load(protocol) is None
    assert reason in UNSUPPORTED[protocol]
    with pytest.raises(ConfigurationError, match=f"cannot be simulated: .*{reason}"):
        simulate(configuration(), protocol)
