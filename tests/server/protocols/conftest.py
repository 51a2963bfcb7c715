"""Simulated models that are driven by a pacer."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from buttplug.hardware.base import Notification
from buttplug.server.devices.pacing import Limits, Pacer, slot_of
from buttplug.server.devices.simulation import simulate
from buttplug.server.protocols import load
from tests.server.protocols.helpers import configuration, link
from tests.server.protocols.in_time import Moving


@pytest.fixture
async def moving(request: pytest.FixtureRequest) -> AsyncIterator[Moving]:
    definition = configuration().find(request.param)
    device = simulate(configuration(), definition.name)
    hardware = await link(device, definition.protocol)
    family = load(definition.protocol)
    assert family is not None
    protocol = family(definition, name=hardware.name, address=hardware.address)
    await protocol.initialise(hardware)

    def notified(notification: Notification) -> None:
        list(protocol.notified(notification.endpoint, notification.data))

    hardware.on_notification(notified)
    outputs = [(feature.index, *output) for feature in definition.features for output in feature.outputs.items()]
    values = {slot_of(feature, type_): output.value for feature, type_, output in outputs}
    durations = {feature: output.duration for feature, _, output in outputs if output.duration is not None}
    pacer = Pacer(hardware, protocol, Limits(values, durations), gap=0.05)
    yield Moving(device, pacer)
    await pacer.close("the test is over")
