"""A user's settings at work: changed while a device is used, lost or away, they hold from that moment on, for every packet."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.core.messages import OutputArguments, OutputCmd, Range, StopCmd
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareError
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.device import Device
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.format import Version
from buttplug.server.devices.settings import DeviceKey, DeviceSettings, OutputSettings
from buttplug.server.server import ButtplugServer
from tests.fakes.clock import VirtualTimeLoop
from tests.fakes.families import Family, install
from tests.fakes.protocols import OneSpeed
from tests.server.conftest import BuildHouse, House, Talker, is_ok

VIBRATE = OutputType.VIBRATE
POSITION, MOVE = OutputType.POSITION, OutputType.POSITION_WITH_DURATION


def gentle(highest: int = 10) -> DeviceSettings:
    return DeviceSettings(outputs={(0, VIBRATE): OutputSettings((0, highest))})


def move(place: int, duration: int) -> dict[str, OutputArguments]:
    return {MOVE.value: OutputArguments(place, duration)}


def shown(house: House, index: int = 0) -> Range:
    return house.server.devices.devices[index].info.device_features[0].output[VIBRATE.value].value


@pytest.fixture
def configuration() -> DeviceConfiguration:
    return DeviceConfiguration.load()


async def test_a_configuration_without_devices_is_used_as_it_is() -> None:
    empty = DeviceConfiguration(Version(5, 0))
    assert ButtplugServer(configuration=empty).devices.configuration is empty


# Outputs that cannot have different levels


TWO_VIBRATORS = [{"index": index, "output": {"vibrate": {"value": [0, 100]}}} for index in (0, 1)]


@pytest.fixture
async def pair(build: BuildHouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> House:
    """A device with two vibrators that run at one speed."""
    family = Family(OneSpeed, TWO_VIBRATORS)
    return await build("toy", configuration=install(monkeypatch, tmp_path, {"toy": family}))


async def test_a_level_that_outputs_share_is_above_the_limit_of_none_that_runs(pair: House) -> None:
    await pair.server.limit_output(0, 0, VIBRATE, value=(0, 30))
    talker = await pair.client()
    for feature, value in ((1, 90), (0, 10), (0, 0), (1, 0)):
        await talker.ask(OutputCmd, 0, feature, {VIBRATE.value: OutputArguments(value)})
    assert pair.sent()[-4:] == [b"all 90 1", b"all 30 0 1", b"all 90 1", b"all 0"]


async def test_limits_of_levels_that_outputs_share_are_those_of_the_moment(pair: House) -> None:
    talker = await pair.client()
    await pair.server.limit_output(0, 1, VIBRATE, value=(10, 20))
    await pair.server.limit_output(0, 1, VIBRATE, value=(10, 50))
    for feature, value in ((0, 90), (1, 1)):
        await talker.ask(OutputCmd, 0, feature, {VIBRATE.value: OutputArguments(value)})
    await pair.server.limit_output(0, 1, VIBRATE, disabled=True)
    await talker.ask(OutputCmd, 0, 0, {VIBRATE.value: OutputArguments(90)})
    sent = pair.sent()
    assert sent[-4:] == [b"all 90 0", b"all 50 0 1", b"all 0", b"all 90 0"]


# Changed while much else happens


async def test_settings_hold_for_a_device_that_drops_out_and_comes_back_while_they_are_applied(
    build: BuildHouse, configuration: DeviceConfiguration
) -> None:
    house = await build("aneros", configuration=configuration)
    device, simulated = house.server.devices.devices[0], house.simulated[0]
    simulated.write_delay = 0.5
    applying = asyncio.create_task(house.server.devices.configure(device.key, gentle()))
    await asyncio.sleep(0.1)
    simulated.disconnect()
    simulated.come_back()
    with pytest.raises(ButtplugDeviceError, match="out of range"):
        await applying
    await asyncio.sleep(5)
    assert house.server.devices.devices[0] is not device
    assert shown(house) == (0, 10)


async def test_settings_are_applied_while_other_devices_come_and_go(
    build: BuildHouse, configuration: DeviceConfiguration
) -> None:
    house = await build("aneros", "aneros", configuration=configuration)
    house.simulated[0].write_delay = 0.1
    applying = asyncio.create_task(house.server.devices.configure(house.server.devices.devices[0].key, gentle()))
    await asyncio.sleep(0.05)
    house.simulated[1].disconnect()
    await applying
    assert shown(house) == (0, 10)


async def test_new_limits_count_before_the_device_has_confirmed_its_stop(
    build: BuildHouse, configuration: DeviceConfiguration
) -> None:
    house = await build("aneros", configuration=configuration)
    talker = await house.client()
    house.simulated[0].write_delay = 0.1
    applying = asyncio.create_task(house.server.devices.configure(house.server.devices.devices[0].key, gentle()))
    await asyncio.sleep(0.05)
    assert not is_ok(await talker.ask(OutputCmd, 0, 0, {VIBRATE.value: OutputArguments(11)}))
    await applying


async def test_settings_of_a_device_that_cannot_be_stopped_hold_and_that_is_told(
    build: BuildHouse, configuration: DeviceConfiguration
) -> None:
    house = await build("aneros", configuration=configuration)
    house.simulated[0].write_error = HardwareError("no luck")
    with pytest.raises(ButtplugDeviceError, match=r'Device 0 "Aneros Vivi": it could not be stopped: no luck'):
        await house.server.devices.configure(house.server.devices.devices[0].key, gentle())
    assert shown(house) == (0, 10)


async def test_limits_of_a_device_that_is_not_there_are_checked_too(
    build: BuildHouse, configuration: DeviceConfiguration
) -> None:
    house = await build("aneros", configuration=configuration)
    key = DeviceKey("aneros", None, "elsewhere")
    with pytest.raises(ConfigurationError, match=r"0\.\.128 are not inside 0\.\.127"):
        await house.server.devices.configure(key, gentle(128))
    await house.server.devices.configure(key, gentle(127))
    assert list(configuration.settings) == [key]


@pytest.mark.parametrize("order", [(POSITION, MOVE), (MOVE, POSITION)])
async def test_a_halt_keeps_to_the_limits_of_timed_moves_whatever_those_of_the_others_are(
    build: BuildHouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, order: Sequence[OutputType]
) -> None:
    outputs = {
        POSITION: ("position", {"value": [0, 100]}),
        MOVE: ("hw_position_with_duration", {"value": [0, 100], "duration": [0, 10_000]}),
    }
    feature = {"index": 0, "output": dict(outputs[type_] for type_ in order)}
    house = await build("toy", configuration=install(monkeypatch, tmp_path, {"toy": Family(features=[feature])}))
    key = house.server.devices.devices[0].key
    await house.server.devices.configure(key, DeviceSettings(outputs={(0, MOVE): OutputSettings((20, 80))}))
    talker = await house.client()
    await talker.ask(OutputCmd, 0, 0, move(0, 1000))
    await asyncio.sleep(5)
    await talker.ask(OutputCmd, 0, 0, move(60, 1000))
    await talker.ask(StopCmd)
    assert house.sent()[1:] == [f"{MOVE} 0 80 1000".encode(), f"{MOVE} 0 {20 + round(0.01 * 60)} 200".encode()]


# Every place that ever reaches a stroker


def _lovense(data: bytes) -> int | None:
    return int(data[9:-1]) if data.startswith(b"FSetSite:") else None


def _titan(data: bytes) -> int | None:
    return data[3] if data[0] == 3 else None


def _piston(data: bytes) -> int:
    return data[1]


def _tcode(data: bytes) -> int | None:
    found = re.match(rb"L0(\d{3})", data)
    return int(found[1]) if found else None


#: Models: the feature that moves, how far it goes, and the place in a packet, if one is in it.
STROKERS: Mapping[str, tuple[int, int, Callable[[bytes], int | None]]] = {
    "Lovense Solace Pro": (0, 100, _lovense),
    "Kiiroo Titan 1.1": (1, 99, _titan),
    "Vorze Piston": (0, 99, _piston),
    "tcode-v03": (0, 999, _tcode),
}

share = st.floats(0, 1)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("move"), share, st.integers(0, 3000)),
        st.tuples(st.just("move"), share, st.integers(0, 3000)),
        st.tuples(st.just("limit"), share, share, st.booleans()),
        st.tuples(st.sampled_from(["stop", "leave", "lose", "fail"])),
        st.tuples(st.just("wait"), st.integers(1, 1500)),
    ),
    max_size=20,
)


class Stroking:
    """A stroker that is used, and what it was sent that its user had not allowed at that time."""

    def __init__(self, configuration: DeviceConfiguration, model: str) -> None:
        self.house = House(configuration, model)
        self.feature, self.reach, self.place_in = STROKERS[model]
        self.allowed = (0, self.reach)
        self.wrong: list[tuple[int, Range]] = []
        self.house.simulated[0].on_packet = self.received

    @property
    def device(self) -> Device:
        return self.house.server.devices.devices[0]

    def received(self, packet: Packet) -> None:
        place = self.place_in(packet.data)
        if place is not None and not self.allowed[0] <= place <= self.allowed[1]:
            self.wrong.append((place, self.allowed))

    async def play(self, script: Sequence[tuple[object, ...]]) -> None:
        await self.house.open()
        (simulated,) = self.house.simulated
        talker = await self.house.client()
        for step in script:
            match step:
                case "move", float(share_), duration:
                    self.move(talker, share_, duration)
                case "limit", float(one), float(other), bool(reverse):
                    await self.limit(sorted((round(one * self.reach), round(other * self.reach))), reverse)
                case ("stop",):
                    await talker.ask(StopCmd)
                case ("leave",):
                    await talker.session.close("gone")
                    talker = await self.house.client()
                case ("lose",):
                    simulated.disconnect()
                    simulated.come_back()
                    await asyncio.sleep(1)
                case ("fail",):
                    simulated.write_error = HardwareError("no luck")
                    await asyncio.sleep(0.25)
                    simulated.write_error = None
                case "wait", int(milliseconds):
                    await asyncio.sleep(milliseconds / 1000)
        await self.house.server.close()

    def move(self, talker: Talker, share_: float, duration: object) -> None:
        assert isinstance(duration, int)
        limits = self.device.info.device_features[self.feature].output[MOVE.value]
        talker.say(OutputCmd, 0, self.feature, move(round(share_ * limits.value[1]), duration))

    async def limit(self, allowed: Sequence[int], reverse: bool) -> None:
        low, high = self.allowed = (allowed[0], allowed[1])
        outputs = {
            (self.feature, type_): OutputSettings((low, high), reverse=reverse)
            for type_ in self.device.definition.features[self.feature].outputs
            if type_.is_position
        }
        await self.house.server.devices.configure(self.device.key, DeviceSettings(outputs=outputs))


@settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=steps)
@pytest.mark.parametrize("model", STROKERS)
def test_no_place_outside_the_users_limits_ever_reaches_a_stroker(
    silence: None, configuration: DeviceConfiguration, model: str, script: Sequence[tuple[object, ...]]
) -> None:
    configuration.settings.clear()
    stroking = Stroking(configuration, model)
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(stroking.play(script))
    assert stroking.wrong == []
