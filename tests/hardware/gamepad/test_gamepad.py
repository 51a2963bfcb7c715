"""Game pads: the real SDL with its own virtual joysticks."""

from __future__ import annotations

import asyncio
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest

from buttplug.client import DeviceOutputCommand
from buttplug.core.enums import OutputType
from buttplug.hardware.base import Discovery, Hardware, Packet
from buttplug.hardware.common import polling
from buttplug.hardware.errors import (
    BusUnavailableError,
    HardwareDisconnectedError,
    HardwareError,
    HardwareTimeoutError,
)
from buttplug.hardware.gamepad import GamepadAdvertisement, GamepadManager, GamepadSpecifier, link, sdl
from buttplug.hardware.gamepad import manager as gamepad_manager
from buttplug.hardware.gamepad.link import BODY_AND_TRIGGERS, TRIGGERS_ONLY
from buttplug.hardware.hid import HidSpecifier
from buttplug.hardware.simulated import SimulatedDevice
from tests.fakes.cut import cuts
from tests.fakes.fault_log import faults
from tests.fakes.sdl import SdlInUse, VirtualPad
from tests.hardware.helpers import Findings, connect_and_let_go, losses, served, until
from tests.hardware.scenario import Driven, Stage, Story, tell

pytestmark = [pytest.mark.real_time, pytest.mark.usefixtures("no_thread_is_left")]

SPECIFIER = GamepadSpecifier()


def levels(low: int = 0, high: int = 0, left: int = 0, right: int = 0) -> Packet:
    return Packet(struct.pack("<4H", low, high, left, right))


@pytest.fixture
def in_use() -> Iterator[None]:
    with SdlInUse():
        yield


@pytest.fixture(autouse=True)
def _fast_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "LOOK_INTERVAL", 0.02)
    monkeypatch.setattr(sdl, "UPDATE_INTERVAL", 0.02)
    monkeypatch.setattr(link, "REPORT_TIME", 0.06)
    monkeypatch.setattr(gamepad_manager, "REPORT_TIME", 0.06)


@pytest.fixture
async def manager(in_use: None) -> AsyncIterator[GamepadManager]:
    manager = GamepadManager()
    await manager.open()
    yield manager
    await manager.close()


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold for a fifth of a second instead of two, the relation of the times being the same."""
    monkeypatch.setattr(link, "HOLD_TIME", 0.2)
    monkeypatch.setattr(link, "REFRESH_INTERVAL", 0.2 / 3)


@pytest.fixture
def pad(in_use: None, request: pytest.FixtureRequest) -> Iterator[VirtualPad]:
    pad = VirtualPad(**getattr(request, "param", {"triggers": True}))
    yield pad
    if pad.hang is not None:
        pad.hang.set()
    pad.unplug()


@pytest.fixture
async def discovery(pad: VirtualPad, findings: Findings) -> Discovery:
    return await findings.one()


@pytest.fixture
async def hardware(discovery: Discovery) -> Hardware:
    return await discovery.connect([HidSpecifier(()), SPECIFIER])


async def test_a_pad_whose_connecting_is_given_up_at_any_moment_is_closed_and_found_again(
    manager: GamepadManager, discovery: Discovery, findings: Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "REPORT_TIME", 0.001)
    monkeypatch.setattr(polling, "RETRY_DELAYS", (0.0,))
    for cut in cuts("PollingManager._connect"):
        await connect_and_let_go(discovery, SPECIFIER, cut)
        findings.latest.clear()
        await manager.start_scanning()
        discovery = await findings.one()
        assert manager._sdl is not None
        assert not manager._sdl._open, cut


class TestScanning:
    async def test_pads_that_can_rumble_are_offered_and_others_are_not(self, findings: Findings) -> None:
        pads = [VirtualPad("Body"), VirtualPad("Triggers", body=False, triggers=True), VirtualPad("Nothing", body=False)]
        await until(lambda: len(findings.latest) == 2)
        await asyncio.sleep(0.1)
        assert {discovery.name for discovery in findings.latest.values()} == {"Body", "Triggers"}
        assert {discovery.advertisement for discovery in findings.latest.values()} == {GamepadAdvertisement()}
        for pad in pads:
            pad.unplug()

    async def test_a_pad_is_offered_once_for_every_time_it_is_plugged_in(
        self, findings: Findings, manager: GamepadManager
    ) -> None:
        assert manager.scanning
        for appearances in (1, 2):
            pad = VirtualPad()
            await until(lambda: findings.latest)
            await asyncio.sleep(0.1)
            assert findings.count == appearances
            pad.unplug()
            await asyncio.sleep(0.1)
            findings.latest.clear()

    async def test_the_address_is_the_same_every_time_and_tells_like_pads_apart(self, findings: Findings) -> None:
        first, second = VirtualPad(), VirtualPad()
        await until(lambda: len(findings.latest) == 2)
        addresses = set(findings.latest)
        assert all(address.startswith("sdl-gamepad-045e-028e-") for address in addresses)
        first.unplug()
        await asyncio.sleep(0.1)
        findings.latest.clear()
        third = VirtualPad()
        await until(lambda: findings.latest)
        assert set(findings.latest) < addresses
        second.unplug()
        third.unplug()


class TestOpening:
    @pytest.mark.parametrize(
        ("pad", "name"),
        [
            ({"triggers": False}, "Test Pad"),
            ({"triggers": True}, BODY_AND_TRIGGERS),
            ({"body": False, "triggers": True}, TRIGGERS_ONLY),
        ],
        indirect=["pad"],
    )
    async def test_what_a_pad_can_do_is_its_name_where_it_has_triggers(self, hardware: Hardware, name: str) -> None:
        assert hardware.name == name
        assert hardware.endpoints == {"tx", "rx"}
        assert hardware.specifier is SPECIFIER
        assert hardware.message_gap == 0

    async def test_without_a_specifier_for_pads_nothing_is_opened(self, discovery: Discovery) -> None:
        with pytest.raises(HardwareError, match="no protocol is for game pads"):
            await discovery.connect([HidSpecifier(())])

    async def test_a_second_opening_is_refused_and_hurts_not_the_first(
        self, pad: VirtualPad, discovery: Discovery, hardware: Hardware
    ) -> None:
        with pytest.raises(HardwareError, match="open already"):
            await discovery.connect([SPECIFIER])
        await hardware.write(levels(1000))
        assert pad.levels == [1000, 0, 0, 0]

    async def test_a_pad_gone_between_scan_and_opening_is_told(self, pad: VirtualPad, discovery: Discovery) -> None:
        pad.unplug()
        with pytest.raises(HardwareDisconnectedError, match="Test Pad could not be opened: it is gone"):
            await discovery.connect([SPECIFIER])

    async def test_nothing_opens_once_the_bus_is_closed(self, discovery: Discovery, manager: GamepadManager) -> None:
        await manager.close()
        with pytest.raises(HardwareDisconnectedError, match="game pads are closed"):
            await discovery.connect([SPECIFIER])


class TestTraffic:
    async def test_each_speed_reaches_its_motor(self, pad: VirtualPad, hardware: Hardware) -> None:
        for packet, wanted in (
            (bytes.fromhex("0040 0000 0000 0000"), [16384, 0, 0, 0]),
            (bytes.fromhex("0040 00c0 0000 0000"), [16384, 49152, 0, 0]),
            (bytes.fromhex("0040 00c0 0000 ffff"), [16384, 49152, 0, 65535]),
            (bytes.fromhex("0000 00c0 2c01 ffff"), [0, 49152, 300, 65535]),
            (bytes(8), [0, 0, 0, 0]),
        ):
            await hardware.write(Packet(packet))
            assert pad.levels == wanted

    @pytest.mark.parametrize("size", [0, 4, 7, 9])
    async def test_any_other_number_of_bytes_is_refused(self, pad: VirtualPad, hardware: Hardware, size: int) -> None:
        with pytest.raises(HardwareError, match=f"takes 8 bytes, not {size}"):
            await hardware.write(Packet(bytes(size)))
        assert not pad.calls

    @pytest.mark.parametrize(
        ("pad", "packet", "part"),
        [
            ({"triggers": False}, levels(left=1), "triggers"),
            ({"triggers": False}, levels(right=1), "triggers"),
            ({"body": False, "triggers": True}, levels(low=1), "body"),
            ({"body": False, "triggers": True}, levels(high=1), "body"),
        ],
        indirect=["pad"],
    )
    async def test_motors_that_a_pad_lacks_are_refused_and_their_zero_is_not(
        self, pad: VirtualPad, hardware: Hardware, packet: Packet, part: str
    ) -> None:
        with pytest.raises(HardwareError, match=f"Test Pad has no motors in its {part}"):
            await hardware.write(packet)
        await hardware.write(levels())
        assert hardware.connected

    @pytest.mark.parametrize("endpoint", ["rx", "generic0"])
    async def test_only_tx_is_written(self, hardware: Hardware, endpoint: str) -> None:
        with pytest.raises(HardwareError, match=endpoint):
            await hardware.write(Packet(bytes(8), endpoint))

    async def test_a_pad_does_not_notify(self, hardware: Hardware) -> None:
        with pytest.raises(HardwareError, match="sends no notifications"):
            await hardware.subscribe("rx")

    @pytest.mark.parametrize(("level", "percent"), [(0, 5), (1, 20), (2, 70), (3, 100)])
    async def test_the_battery_is_read_as_percent(
        self, hardware: Hardware, monkeypatch: pytest.MonkeyPatch, level: int, percent: int
    ) -> None:
        monkeypatch.setattr(sdl.sdl2(), "SDL_JoystickCurrentPowerLevel", lambda joystick: level)
        assert await hardware.read("rx") == bytes((percent,))

    @pytest.mark.parametrize(("level", "charge"), [(-1, None), (4, None), (1, 0.2)])
    async def test_a_client_reads_the_battery_where_there_is_one(
        self, pad: VirtualPad, monkeypatch: pytest.MonkeyPatch, level: int, charge: float | None
    ) -> None:
        monkeypatch.setattr(sdl.sdl2(), "SDL_JoystickCurrentPowerLevel", lambda joystick: level)
        async with served(GamepadManager()) as client:
            device = client.devices[0]
            assert device.has_battery() == (charge is not None)
            if charge is not None:
                assert await device.battery() == charge
        pad.unplug()

    @pytest.mark.parametrize("level", [-1, 4])
    async def test_a_pad_that_is_wired_or_tells_nothing_has_no_battery_level(
        self, hardware: Hardware, monkeypatch: pytest.MonkeyPatch, level: int
    ) -> None:
        monkeypatch.setattr(sdl.sdl2(), "SDL_JoystickCurrentPowerLevel", lambda joystick: level)
        with pytest.raises(HardwareError, match="has no battery"):
            await hardware.read("rx")
        with pytest.raises(HardwareError, match="tx cannot be read"):
            await hardware.read("tx")


@pytest.mark.usefixtures("fast")
class TestHolding:
    async def test_what_rumbles_is_told_again_unfelt_until_it_is_stopped(self, pad: VirtualPad, hardware: Hardware) -> None:
        await hardware.write(levels(1, 65535, 0, 300))
        await asyncio.sleep(0.5)
        body, triggers = pad.told("body"), pad.told("triggers")
        assert len(body) > 4
        assert len(triggers) > 4
        assert {low for low, _ in body} == {1, 2}
        assert {high for _, high in body} == {65534, 65535}
        assert {left for left, _ in triggers} == {0}
        assert {right for _, right in triggers} == {299, 300}
        await hardware.write(levels())
        told = len(pad.calls)
        assert pad.levels == [0, 0, 0, 0]
        await asyncio.sleep(0.3)
        assert len(pad.calls) == told

    async def test_zero_is_told_once(self, pad: VirtualPad, hardware: Hardware) -> None:
        await hardware.write(levels(100, 100, 100, 100))
        await hardware.write(levels())
        await hardware.write(levels())
        await asyncio.sleep(0.3)
        assert pad.told("body")[-2:] == [(100, 100), (0, 0)]
        assert pad.told("triggers")[-2:] == [(100, 100), (0, 0)]

    async def test_a_stuck_event_loop_lets_the_motors_stop(self, pad: VirtualPad, hardware: Hardware) -> None:
        await hardware.write(levels(1000, 1000, 1000, 1000))
        time.sleep(0.6)  # noqa: ASYNC251 - the loop is meant to be stuck
        assert pad.levels == [0, 0, 0, 0]

    async def test_a_refused_packet_does_not_end_what_rumbles(self, pad: VirtualPad, hardware: Hardware) -> None:
        await hardware.write(levels(1000))
        with pytest.raises(HardwareError):
            await hardware.write(Packet(b""))
        await asyncio.sleep(0.4)
        assert pad.levels[0] in (999, 1000)

    async def test_a_fault_while_holding_is_logged_once_and_the_pad_rests_and_is_lost(
        self, pad: VirtualPad, hardware: Hardware, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def fails(self: sdl.Sdl, *_: object) -> None:
            raise RuntimeError("a fault of ours")

        reasons = losses(hardware)
        await hardware.write(levels(1000, 1000, 1000, 1000))
        monkeypatch.setattr(sdl.Sdl, "rumble", fails)
        await until(lambda: reasons)
        assert reasons == ["the server failed"]
        await until(lambda: pad.levels == [0, 0, 0, 0])
        assert faults(caplog) == ["a fault of ours"]

    async def test_a_fault_in_the_regular_update_is_logged_once(
        self, pad: VirtualPad, hardware: Hardware, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        times = 0

        def fails(self: sdl.Sdl) -> None:
            nonlocal times
            times += 1
            raise RuntimeError("a fault of ours")

        with monkeypatch.context() as patch:
            patch.setattr(sdl.Sdl, "_update", fails)
            await until(lambda: times > 3)
        assert faults(caplog) == ["a fault of ours"]
        await hardware.write(levels(1000))
        assert pad.levels[0] == 1000


class TestPadsThatFail:
    async def test_unplugged_while_idle_is_lost_once(self, pad: VirtualPad, hardware: Hardware) -> None:
        reasons = losses(hardware)
        pad.unplug()
        await until(lambda: reasons)
        await asyncio.sleep(0.1)
        assert reasons == ["it was unplugged"]
        with pytest.raises(HardwareDisconnectedError):
            await hardware.write(levels(1))

    @pytest.mark.usefixtures("fast")
    async def test_a_rumble_that_is_refused_is_told_and_loses_the_pad_once(self, pad: VirtualPad, hardware: Hardware) -> None:
        reasons = losses(hardware)
        pad.refuses = True
        with pytest.raises(HardwareDisconnectedError, match="Test Pad was lost"):
            await hardware.write(levels(1000))
        await asyncio.sleep(0.1)
        assert len(reasons) == 1

    @pytest.mark.usefixtures("fast")
    async def test_a_refresh_that_is_refused_loses_the_pad_once(self, pad: VirtualPad, hardware: Hardware) -> None:
        reasons = losses(hardware)
        await hardware.write(levels(1000))
        pad.refuses = True
        await until(lambda: reasons)
        await asyncio.sleep(0.1)
        assert len(reasons) == 1
        assert "does not rumble any more" in reasons[0]

    async def test_the_triggers_are_stopped_when_the_body_fails(self, pad: VirtualPad, hardware: Hardware) -> None:
        await hardware.write(levels(left=1000))
        library = sdl.sdl2()
        with pytest.MonkeyPatch.context() as broken:
            broken.setattr(library, "SDL_JoystickRumble", lambda *arguments: -1)
            with pytest.raises(HardwareDisconnectedError):
                await hardware.write(levels())
        assert pad.levels == [0, 0, 0, 0]

    async def test_a_write_that_never_ends_is_bounded_and_told(
        self, pad: VirtualPad, hardware: Hardware, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(sdl, "CALL_LIMIT", 0.05)
        monkeypatch.setattr(link, "CLOSE_LIMIT", 0.05)
        reasons = losses(hardware)
        pad.hang = threading.Event()
        with pytest.raises(HardwareTimeoutError, match="Test Pad took nothing"):
            await hardware.write(levels(1000))
        assert len(reasons) == 1
        await hardware.disconnect()
        assert "Test Pad did not close within" in caplog.text
        pad.hang.set()
        await until(lambda: pad.levels == [0, 0, 0, 0] and pad.told("body"))

    async def test_plugged_in_again_it_is_found_at_its_address_without_a_scan_and_works(
        self, pad: VirtualPad, hardware: Hardware, findings: Findings, manager: GamepadManager
    ) -> None:
        await manager.stop_scanning()
        reasons = losses(hardware)
        pad.unplug()
        await until(lambda: reasons)
        findings.latest.clear()
        again = VirtualPad(triggers=True)
        back = await (await findings.one()).connect([SPECIFIER])
        assert back.address == hardware.address
        await back.write(levels(7))
        assert again.levels == [7, 0, 0, 0]
        again.unplug()


class TestClosing:
    async def test_disconnecting_stops_every_motor_and_tells_once(self, pad: VirtualPad, hardware: Hardware) -> None:
        reasons = losses(hardware)
        await hardware.write(levels(1000, 2000, 3000, 4000))
        await hardware.disconnect()
        assert pad.levels == [0, 0, 0, 0]
        assert pad.told("body")[-2:] == [(1000, 2000), (0, 0)]
        assert pad.told("triggers")[-2:] == [(3000, 4000), (0, 0)]
        await hardware.disconnect()
        assert reasons == ["the server closed it"]

    async def test_closing_the_bus_stops_and_closes_its_pads(
        self, pad: VirtualPad, hardware: Hardware, manager: GamepadManager
    ) -> None:
        await hardware.write(levels(1000, 2000, 3000, 4000))
        await manager.close()
        await manager.close()
        assert pad.levels == [0, 0, 0, 0]
        assert not hardware.connected
        assert not manager.scanning

    async def test_two_servers_in_one_process_do_not_disturb_each_other(self, pad: VirtualPad, hardware: Hardware) -> None:
        other = GamepadManager()
        await other.open()
        await other.start_scanning()
        await asyncio.sleep(0.1)
        await other.close()
        await hardware.write(levels(1000))
        assert pad.levels == [1000, 0, 0, 0]


def motors(levels: str) -> Packet:
    return Packet(bytes.fromhex(levels))


class TestAServer:
    @pytest.mark.parametrize(
        ("body", "triggers", "driven"),
        [
            (True, False, {0: 0, 1: 1}),
            (True, True, {0: 0, 1: 1, 2: 2, 3: 3}),
            (False, True, {0: 2, 1: 3}),
        ],
    )
    async def test_a_pad_has_its_own_name_and_every_feature_drives_its_motor(
        self, in_use: None, body: bool, triggers: bool, driven: dict[int, int]
    ) -> None:
        pad = VirtualPad(body=body, triggers=triggers)
        async with served(GamepadManager()) as client:
            device = client.devices[0]
            assert device.name == "Test Pad"
            for feature, motor in driven.items():
                await device.features[feature].vibrate(1000 + motor)
            assert {motor: pad.levels[motor] for motor in driven.values()} == {
                motor: 1000 + motor for motor in driven.values()
            }
        assert pad.levels == [0, 0, 0, 0]
        pad.unplug()

    async def test_a_pad_lives_a_whole_life(self, in_use: None) -> None:
        simulated = SimulatedDevice("Test Pad", GamepadAdvertisement(), address="unused")
        pads: list[VirtualPad] = []

        def plug_in() -> None:
            pads.append(VirtualPad(triggers=True, device=simulated))

        def hang() -> None:
            pads[-1].hang = threading.Event()

        def unplug() -> None:
            pad = pads[-1]
            pad.refuses = True
            assert pad.hang is not None
            pad.hang.set()
            pad.unplug()

        vibrate = partial(DeviceOutputCommand, OutputType.VIBRATE)
        story = Story(
            name="Test Pad",
            hand_shake=[],
            outputs=[
                Driven(0, vibrate(16384), [motors("0040 0000 0000 0000")]),
                Driven(1, vibrate(1.0), [motors("0040 ffff 0000 0000")]),
                Driven(2, vibrate(257), [motors("0040 ffff 0101 0000")]),
                Driven(3, vibrate(1.0), [motors("0040 ffff 0101 ffff")]),
                Driven(0, vibrate(0), [motors("0000 ffff 0101 ffff")]),
            ],
            halted=[motors("0000 0000 0101 ffff"), motors("0000 0000 0000 0000")],
            returned=[],
            driven_again=[motors("0040 0000 0000 0000")],
            halted_again=[motors("0000 0000 0000 0000")],
        )
        await tell(story, Stage(GamepadManager(), simulated, hold=hang, unplug=unplug, plug_in=plug_in))
        pads[-1].unplug()


class TestTheBus:
    async def test_a_missing_library_disables_the_bus_and_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "sdl2", None)
        with pytest.raises(BusUnavailableError, match=r'pip install "buttplug-server\[gamepad\]"'):
            await GamepadManager().open()
        report = await GamepadManager().check()
        assert not report.ok
        assert "buttplug-server[gamepad]" in str(report.remedy)

    async def test_an_sdl_that_does_not_start_disables_the_bus(self, monkeypatch: pytest.MonkeyPatch) -> None:
        library = sdl.sdl2()
        monkeypatch.setattr(library, "SDL_InitSubSystem", lambda flags: -1)
        monkeypatch.setattr(library, "SDL_GetError", lambda: b"no udev")
        with pytest.raises(BusUnavailableError, match="SDL did not start: no udev"):
            await GamepadManager().open()

    async def test_an_sdl_that_hangs_disables_the_bus(self, monkeypatch: pytest.MonkeyPatch) -> None:
        never = threading.Event()
        monkeypatch.setattr(sdl, "START_LIMIT", 0.05)
        monkeypatch.setattr(sdl.sdl2(), "SDL_InitSubSystem", lambda flags: never.wait())
        with pytest.raises(BusUnavailableError, match="SDL did not start within"):
            await GamepadManager().open()
        never.set()
        await until(lambda: not any(thread.name == "SDL" for thread in threading.enumerate()))

    async def test_a_check_tells_what_is_there_and_leaves_nothing_running(self, in_use: None) -> None:
        report = await GamepadManager().check()
        assert (report.ok, report.summary) == (True, "no pads that can rumble")
        pad = VirtualPad("Some Pad")
        assert (await GamepadManager().check()).summary == "Some Pad"
        pad.unplug()

    @pytest.mark.skipif(sys.platform != "linux", reason="the caught signals are read from /proc")
    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no nodes")
    async def test_a_pad_that_may_not_be_written_to_is_told_with_its_node_and_the_remedy(
        self,
        in_use: None,
        manager: GamepadManager,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        tmp_path: Path,
    ) -> None:
        node = tmp_path / "event5"
        node.touch(0o440)
        monkeypatch.setattr(sdl.sdl2(), "SDL_JoystickPath", lambda joystick: str(node).encode())
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        pad = VirtualPad("Locked", body=False)
        findings = Findings(manager)
        await manager.start_scanning()
        await until(lambda: caplog.records)
        await asyncio.sleep(0.1)
        assert findings.count == 0
        (line,) = (record.getMessage() for record in caplog.records)
        assert f"Locked at {node} (owner " in line
        assert "add yourself to the group input" in line
        report = await GamepadManager().check()
        assert not report.ok
        assert f"no permission for Locked at {node}" in report.summary
        assert "add yourself to the group input" in str(report.remedy)
        pad.unplug()

    def test_sdl_leaves_the_signals_alone_and_keeps_no_events(self) -> None:
        program = """
import asyncio
from pathlib import Path
from buttplug.hardware.gamepad import GamepadManager
from buttplug.hardware.gamepad.sdl import sdl2

def caught():
    lines = Path("/proc/self/status").read_text().splitlines()
    mask = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt"))
    return {number for number in range(1, 32) if mask >> (number - 1) & 1}

async def main():
    before = caught()
    manager = GamepadManager()
    await manager.open()
    assert caught() == before, caught() - before
    sdl = sdl2()
    assert sdl.SDL_JoystickEventState(sdl.SDL_QUERY) == sdl.SDL_IGNORE
    await manager.close()
    assert not sdl.SDL_WasInit(sdl.SDL_INIT_JOYSTICK)

asyncio.run(main())
"""
        subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
