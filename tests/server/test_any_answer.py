"""Whatever a device answers, at every point where it is listened to: it ends, and nothing but its own errors comes of it.

A simulated device gives the right answers of its protocol, and they are spoilt on the way: cut, changed, replaced, left out,
or without end. What a protocol raises that is no error of a device is told on the log with a traceback, which fails here.
"""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttplug.client import ButtplugClient, ButtplugDevice
from buttplug.client.command import DeviceOutputCommand
from buttplug.core.enums import InputCommandType, OutputType
from buttplug.core.errors import ButtplugError
from buttplug.hardware.bluetooth import BluetoothAdvertisement
from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.devices.simulation import simulate_model
from buttplug.server.protocols import load, supports
from buttplug.server.protocols.base import Protocol
from tests.fakes.clock import VirtualTimeLoop

CONFIGURATION = DeviceConfiguration.load()

logger = logging.getLogger("buttplug")

#: Virtual seconds: for all that is asked of a device, until what it says without end comes again, and until it is left alone.
LIMIT = 300.0
AGAIN = 0.05
AFTERWARDS = 1.0

#: What becomes of an answer: nothing, one, or several.
Spoil = Callable[[bytes], Sequence[bytes]]


def listens(family: str) -> bool:
    """Whether a protocol takes anything from its devices: in a hand-shake, as readings, or by itself."""
    protocol = load(family)
    assert protocol is not None
    own = [vars(each) for each in protocol.__mro__ if issubclass(each, Protocol) and each is not Protocol]
    return any(name in names for names in own for name in ("identify", "initialise", "read", "subscribe", "notified"))


MODELS: dict[str, list[DeviceDefinition]] = {}
for definition in CONFIGURATION:
    if supports(definition.protocol) and (
        listens(definition.protocol) or any(feature.inputs for feature in definition.features)
    ):
        MODELS.setdefault(definition.protocol, []).append(definition)

arbitrary = st.binary(max_size=40)
spoils: st.SearchStrategy[Spoil] = st.one_of(
    st.just(lambda right: [right]),
    st.just(lambda right: []),
    st.integers(0, 20).map(lambda size: lambda right: [right[:size]]),
    st.tuples(st.integers(0, 19), st.integers(0, 255)).map(lambda change: lambda right: [changed(right, *change)]),
    arbitrary.map(lambda tail: lambda right: [right + tail]),
    arbitrary.map(lambda other: lambda right: [other]),
    st.lists(arbitrary, min_size=2, max_size=4).map(lambda others: lambda right: [*others, right]),
    st.just(lambda right: [right] * 3),
)


def changed(right: bytes, place: int, byte: int) -> bytes:
    return right[:place] + bytes((byte,)) + right[place + 1 :] if right else right


class Unreliable:
    """Stands between a simulated device and the server, and spoils what the device says; the last spoil goes on for ever."""

    def __init__(self, device: SimulatedDevice, planned: Sequence[Spoil], *, endless: bool, drops_at: int | None) -> None:
        self._device = device
        self._planned = list(planned)
        self._endless = endless
        self._drops_at = drops_at
        self._answers = 0
        self._notify, self._value_of = device.notify, device.value_of
        device.notify = self.notify  # type: ignore[method-assign]
        device.value_of = self.value_of  # type: ignore[method-assign]

    def notify(self, endpoint: str, data: bytes) -> None:
        for each in self._spoilt(data):
            self._say(endpoint, each)

    def value_of(self, endpoint: str) -> bytes:
        return next(iter(self._spoilt(self._value_of(endpoint))), b"")

    def _say(self, endpoint: str, data: bytes) -> None:
        self._notify(endpoint, data)
        if self._endless and self._device.connected:
            asyncio.get_running_loop().call_later(AGAIN, self._say, endpoint, data)

    def _spoilt(self, right: bytes) -> Sequence[bytes]:
        self._answers += 1
        if self._answers == self._drops_at:
            self._device.disconnect()
        spoil = self._planned.pop(0) if len(self._planned) > 1 else self._planned[0]
        return spoil(right)


class Tracebacks(logging.Handler):
    """Keeps what was told with a traceback."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.records.append(f"{record.getMessage()}: {record.exc_info}")

    def __enter__(self) -> list[str]:
        logger.addHandler(self)
        logger.propagate = False
        return self.records

    def __exit__(self, *error: object) -> None:
        logger.propagate = True
        logger.removeHandler(self)


@given(st.data())
@settings(max_examples=20, deadline=None)
@pytest.mark.parametrize("family", MODELS)
def test_any_answer_at_any_point_ends_in_a_device_or_in_its_error(family: str, data: st.DataObject) -> None:
    definition = data.draw(st.sampled_from(MODELS[family]), label="model")
    planned = data.draw(st.lists(spoils, min_size=1, max_size=6), label="answers")
    said = data.draw(st.lists(arbitrary, max_size=4), label="what it says by itself")
    endless = data.draw(st.booleans(), label="endless")
    drops_at = data.draw(st.none() | st.integers(1, 6), label="answer at which it is switched off")
    device = simulate_model(CONFIGURATION, definition, "here")
    if data.draw(st.booleans(), label="advertises nothing but its name"):
        hide(device, family)
    with Tracebacks() as tracebacks, asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.get_loop().set_exception_handler(lambda loop, context: tracebacks.append(str(context)))
        Unreliable(device, planned, endless=endless, drops_at=drops_at)
        runner.run(meet(device, said))
    assert not tracebacks


def hide(device: SimulatedDevice, family: str) -> None:
    """Have a device advertise nothing but its name, where it is found by that, so that it has to be asked for the rest."""
    by_name = BluetoothAdvertisement(device.name)
    if any(match.protocol == family for match in CONFIGURATION.match(by_name)[:1]):
        device.advertisement = by_name


async def meet(device: SimulatedDevice, said: Sequence[bytes]) -> None:
    """Connect a device, use it, and leave it."""
    configuration = copy.copy(CONFIGURATION)
    configuration.settings = {}
    manager = SimulatedManager([device])
    async with ButtplugServer(managers=[manager], configuration=configuration) as server, ButtplugClient("tests") as client:
        await client.connect(server)
        async with asyncio.timeout(LIMIT):
            await client.scan(60.0)
            assert client.devices or not device.connected, "it is neither ready nor left"
            for shown in list(client.devices.values()):
                with suppress(ButtplugError):
                    await use(shown, device, said)
        await asyncio.sleep(AFTERWARDS)
        device.disconnect()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def use(shown: ButtplugDevice, device: SimulatedDevice, said: Sequence[bytes]) -> None:
    """Drive, stop, read and subscribe to all there is, while the device says something by itself."""
    for feature in shown.features.values():
        for type_ in OutputType:
            if steps := feature.step_range(type_):
                await feature.run_output(DeviceOutputCommand(type_, steps[1], 500))
        for input_type, limits in (feature.inputs or {}).items():
            if InputCommandType.READ in limits.command:
                with suppress(ButtplugError):
                    await feature.read(input_type)
            if InputCommandType.SUBSCRIBE in limits.command:
                readings = feature.subscribe(input_type)
                waiting = asyncio.create_task(anext(readings))
                await asyncio.sleep(AGAIN)
                say(device, said)
                await asyncio.sleep(AGAIN)
                waiting.cancel()
                with suppress(asyncio.CancelledError, ButtplugError):
                    await waiting
                await readings.aclose()
    say(device, said)
    await shown.stop()


def say(device: SimulatedDevice, said: Sequence[bytes]) -> None:
    if device.hardware is not None:
        for endpoint in sorted(device.hardware.subscribed):
            for data in said:
                device.notify(endpoint, data)
