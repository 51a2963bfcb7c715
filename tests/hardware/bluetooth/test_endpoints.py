"""Which characteristic serves which endpoint."""

from __future__ import annotations

import pytest

from buttplug.hardware.bluetooth import BluetoothSpecifier
from buttplug.hardware.bluetooth.endpoints import resolve_endpoints

LOVENSE = BluetoothSpecifier(
    {
        "????0001-002?-4bd4-bbd5-a6920e4c5653": {
            "tx": "????0002-002?-4bd4-bbd5-a6920e4c5653",
            "rx": "????0003-002?-4bd4-bbd5-a6920e4c5653",
        },
        "0000fff0-0000-1000-8000-00805f9b34fb": {"tx": "0000fff2-0000-1000-8000-00805f9b34fb"},
    }
)
EDGE = "50300001-0024-4bd4-bbd5-a6920e4c5653"
EDGE_TX = "50300002-0024-4bd4-bbd5-a6920e4c5653"
EDGE_RX = "50300003-0024-4bd4-bbd5-a6920e4c5653"
OLD = "0000fff0-0000-1000-8000-00805f9b34fb"
OLD_TX = "0000fff2-0000-1000-8000-00805f9b34fb"


@pytest.mark.parametrize(
    ("services", "endpoints"),
    [
        pytest.param({EDGE: [EDGE_TX, EDGE_RX]}, {"tx": (EDGE, EDGE_TX), "rx": (EDGE, EDGE_RX)}, id="by rule"),
        pytest.param({OLD: [OLD_TX]}, {"tx": (OLD, OLD_TX)}, id="by name"),
        pytest.param({EDGE: [EDGE_RX]}, {"rx": (EDGE, EDGE_RX)}, id="without a characteristic"),
        pytest.param(
            {OLD: [OLD_TX], EDGE: [EDGE_TX]}, {"tx": (EDGE, EDGE_TX)}, id="the configuration's order, not the device's"
        ),
        pytest.param({OLD: [OLD_TX], EDGE: [EDGE_RX]}, {"tx": (OLD, OLD_TX), "rx": (EDGE, EDGE_RX)}, id="from two services"),
        pytest.param({EDGE: [EDGE_TX.replace("5030", "5130")]}, {}, id="another model's characteristic"),
        pytest.param({EDGE: [EDGE_TX.replace("0024", "0023")]}, {}, id="another version's characteristic"),
        pytest.param({"x" + EDGE[1:]: ["x" + EDGE_TX[1:]]}, {}, id="no hexadecimal digit"),
        pytest.param({EDGE + "0": [EDGE_TX], EDGE[:-1]: [EDGE_TX]}, {}, id="another length"),
        pytest.param({"0000180f-0000-1000-8000-00805f9b34fb": []}, {}, id="another kind of device"),
    ],
)
def test_endpoints_are_the_characteristics_that_the_device_has(
    services: dict[str, list[str]], endpoints: dict[str, tuple[str, str]]
) -> None:
    assert resolve_endpoints(LOVENSE, services) == endpoints
