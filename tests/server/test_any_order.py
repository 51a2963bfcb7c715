"""Clients come, command and vanish, devices fail, drop out and come back, in any order: what must hold all the same."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeAlias

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from buttplug.core.messages import (
    ClientMessage,
    DeviceList,
    Disconnect,
    InputCmd,
    OutputArguments,
    OutputCmd,
    Ping,
    RequestDeviceList,
    RequestServerInfo,
    ScanningFinished,
    StartScanning,
    StopCmd,
    StopScanning,
)
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.configuration import DeviceConfiguration
from tests.fakes.clock import VirtualTimeLoop
from tests.server.conftest import House, Talker, is_ok

CLIENTS = 2
MODELS = ("aneros", "aneros", "Kiiroo Pearl 2.1")
PEARL = 2

clients = st.integers(0, CLIENTS - 1)
devices = st.integers(0, len(MODELS) - 1)
features = st.integers(0, 1)

outputs = st.tuples(st.just("output"), clients, devices, features, st.integers(0, 100))
requests = st.one_of(
    st.tuples(st.just("stop"), clients, st.none() | devices, st.none() | features),
    st.tuples(st.just("read"), clients, devices),
    st.tuples(st.just("stream"), clients, st.sampled_from(["Subscribe", "Unsubscribe"])),
    st.tuples(st.just("scan"), clients),
    st.tuples(st.just("end scan"), clients),
    st.tuples(st.just("ping"), clients),
    st.tuples(st.just("list"), clients),
)
ends = st.tuples(st.sampled_from(["leave", "vanish", "connect again", "stop and look"]), clients)
troubles = st.one_of(
    st.tuples(st.sampled_from(["lose", "return", "fail", "recover"]), devices),
    st.tuples(st.just("slow"), devices, st.sampled_from([0.001, 0.05, 0.9, 3.0, 1e6])),
    st.tuples(st.just("press"), st.integers(0, 1000)),
)
pauses = st.sampled_from([0.0, 0.0, 0.001, 0.1, 1.1, 6.0])
scripts = st.lists(st.tuples(st.one_of(outputs, outputs, requests, ends, troubles), pauses), min_size=3, max_size=30)

Script: TypeAlias = Sequence[tuple[tuple[Any, ...], float]]


class Scene:
    """A house, its clients, and what the motors of its devices do."""

    def __init__(self, configuration: DeviceConfiguration) -> None:
        self.house = House(configuration, *MODELS, max_ping_time=5000)
        self.motors: list[dict[int, int]] = [{} for _ in MODELS]
        self.talkers: list[Talker] = []
        self.asked: list[tuple[Talker, list[int]]] = []
        self.faults: list[object] = []

    async def open(self) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: self.faults.append(context))
        await self.house.open()
        for device, motors in zip(self.house.simulated, self.motors, strict=True):
            device.on_packet = _Motors(motors).received
        self.talkers = [Talker(self.house.server) for _ in range(CLIENTS)]
        for client in range(CLIENTS):
            self.connect(client)

    def connect(self, client: int) -> None:
        self.talkers[client] = Talker(self.house.server, f"client {client}")
        self.asked.append((self.talkers[client], []))
        self.say(client, RequestServerInfo, "x", 4, 0)

    def say(self, client: int, kind: type[ClientMessage], *fields: object) -> int:
        id_ = self.talkers[client].say(kind, *fields)
        next(ids for talker, ids in self.asked if talker is self.talkers[client]).append(id_)
        return id_

    async def do(self, action: tuple[Any, ...]) -> None:
        match action:
            case "output", client, device, feature, level:
                self.say(client, OutputCmd, device, feature, {"Vibrate": OutputArguments(level)})
            case "stop", client, device, feature:
                self.say(client, StopCmd, device, feature)
            case "read", client, device:
                self.say(client, InputCmd, device, 1, "Battery", "Read")
            case "stream", client, command:
                self.say(client, InputCmd, PEARL, 2, "Pressure", command)
            case "scan", client:
                self.say(client, StartScanning)
            case "end scan", client:
                self.say(client, StopScanning)
            case "ping", client:
                self.say(client, Ping)
            case "list", client:
                self.say(client, RequestDeviceList)
            case "leave", client:
                self.say(client, Disconnect)
            case "vanish", client:
                await self.talkers[client].session.close("its socket is dead")
            case "connect again", client:
                if self.talkers[client].session not in self.house.server.sessions:
                    self.connect(client)
            case "stop and look", client:
                await self.stop_and_look(client)
            case "press", value:
                self.house.simulated[PEARL].notify("rx", value.to_bytes(2, "big") + bytes(7))
            case trouble, device, *details:
                self.trouble(trouble, self.house.simulated[device], *details)

    @staticmethod
    def trouble(name: str, device: SimulatedDevice, delay: float = 0.0) -> None:
        match name:
            case "lose":
                device.disconnect()
            case "return":
                device.come_back()
            case "fail":
                device.write_error = HardwareError("no luck")
            case "recover":
                device.write_error, device.write_delay = None, 0.0
            case "slow":
                device.write_delay = delay

    async def stop_and_look(self, client: int) -> None:
        """Stop everything; where that is answered with Ok nothing runs, then and for as long as nothing else is commanded."""
        connected = [device.connected for device in self.house.simulated]
        answer = await self.talkers[client].answer_to(self.say(client, StopCmd))
        await asyncio.sleep(0.2)
        for index, device in enumerate(self.house.simulated):
            if is_ok(answer) and connected[index] and device.connected:
                assert not any(self.motors[index].values()), f"device {index} runs after a stop: {self.motors[index]}"

    async def calm_down(self) -> None:
        """Have every device work and be there, and every client gone."""
        for device in self.house.simulated:
            self.trouble("recover", device)
            self.trouble("return", device)
        for talker, _ in self.asked:
            await talker.session.close("the scene is over")
        await asyncio.sleep(60)


class _Motors:
    def __init__(self, levels: dict[int, int]) -> None:
        self.levels = levels

    def received(self, packet: Packet) -> None:
        motor, level = packet.data
        self.levels[motor] = level


async def play(configuration: DeviceConfiguration, script: Script) -> None:
    scene = Scene(configuration)
    await scene.open()
    for action, pause in script:
        await scene.do(action)
        await asyncio.sleep(pause)
    await scene.calm_down()
    for index, motors in enumerate(scene.motors):
        assert scene.house.simulated[index].connected
        assert not any(motors.values()), f"device {index} runs although every client is gone: {motors}"
    for talker, ids in scene.asked:
        assert Counter(message.id for message in talker.heard if message.id) == Counter(ids), "each is answered, and once"
        assert len(talker.events(ScanningFinished)) <= len(ids)
        assert all(event.devices.keys() <= set(range(len(MODELS))) for event in talker.events(DeviceList))
    assert await scene.house.server.close() == []
    assert scene.house.server.sessions == set()
    assert asyncio.all_tasks() == {asyncio.current_task()}, "nothing goes on behind a closed server"
    assert scene.faults == [], "nothing went wrong unseen"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scripts)
@example([(("output", 0, 0, 0, 9), 0.1), (("lose", 0), 0.1)])
@example([(("output", 0, 0, 0, 9), 0.1), (("fail", 0), 0.0), (("vanish", 0), 0.1)])
@example([(("output", 0, 0, 0, 9), 0.1), (("slow", 0, 1e6), 0.0), (("leave", 0), 0.1), (("connect again", 0), 0.1)])
@example([(("output", 0, 0, 0, 9), 6.0)])
@example(
    [(("slow", 0, 0.05), 0.0), (("output", 0, 0, 0, 1), 0.01), (("output", 0, 0, 0, 2), 0.0), (("stop and look", 0), 0.0)]
)
def test_nothing_runs_on_every_message_is_answered_once_and_nothing_is_left(
    silence: None, bundled: DeviceConfiguration, script: Script
) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(play(bundled, script))
