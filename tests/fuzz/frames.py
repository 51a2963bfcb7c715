"""Frames of a client of any version, into its session: each message is answered once, and a refusal says why."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

from buttplug.core.codec import Malformed, split_client_frame
from buttplug.core.enums import ErrorCode
from buttplug.core.legacy.translator import Translator
from buttplug.core.messages import ClientMessage, Error, ServerMessage
from buttplug.hardware.simulated import SimulatedManager
from buttplug.server import ButtplugServer
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from buttplug.server.session import Session, State
from tests.fuzz.fuzzer import Finding, Fuzzer

MODELS = ("aneros", "Kiiroo Pearl 2.1", "tcode-v03")
HELLO = '[{"RequestServerInfo":{"Id":1,"ClientName":"fuzz","ProtocolVersionMajor":4,"ProtocolVersionMinor":0}}]'
OLD_HELLO = '[{"RequestServerInfo":{"Id":1,"ClientName":"fuzz","MessageVersion":%d}}]'
HELLOS = (HELLO, HELLO, *(OLD_HELLO % version for version in range(4)))
#: Frames of one session, and of it those after which everything has to be answered.
FRAMES_OF_A_SESSION = 500
FRAMES_TO_ANSWER = 100

SEEDS = (
    HELLO,
    '[{"RequestServerInfo":{"Id":7,"ClientName":"old","MessageVersion":3}}]',
    '[{"Ping":{"Id":2}}]',
    '[{"StartScanning":{"Id":3}}]',
    '[{"StopScanning":{"Id":4}}]',
    '[{"RequestDeviceList":{"Id":5}}]',
    '[{"OutputCmd":{"Id":6,"DeviceIndex":0,"FeatureIndex":0,"Command":{"Vibrate":{"Value":64}}}}]',
    '[{"OutputCmd":{"Id":6,"DeviceIndex":2,"FeatureIndex":0,"Command":{"HwPositionWithDuration":{"Value":64,"Duration":500}}}}]',
    '[{"OutputCmd":{"Id":6,"DeviceIndex":2,"FeatureIndex":0,"Command":{"RotateWithDirection":{"Value":6,"Clockwise":false}}}}]',
    '[{"InputCmd":{"Id":8,"DeviceIndex":1,"FeatureIndex":1,"Type":"Battery","Command":"Read"}}]',
    '[{"InputCmd":{"Id":9,"DeviceIndex":1,"FeatureIndex":2,"Type":"Pressure","Command":"Subscribe"}}]',
    '[{"StopCmd":{"Id":10}},{"StopCmd":{"Id":11,"DeviceIndex":0,"FeatureIndex":0,"Inputs":true,"Outputs":false}}]',
    '[{"StopDeviceCmd":{"Id":12,"DeviceIndex":0}},{"StopAllDevices":{"Id":13}}]',
    '[{"Disconnect":{"Id":14}}]',
    '[{"Ok":{"Id":15}},{"Error":{"Id":16,"ErrorMessage":"x","ErrorCode":0}},{"Nothing":{"Id":17}}]',
    '[{"Ping":{"Id":2.0}},{"Ping":{"Id":null}},{"Ping":{}},{"Ping":{"Id":18}}]',
    '[{"ScalarCmd":{"Id":20,"DeviceIndex":0,"Scalars":[{"Index":0,"Scalar":0.5,"ActuatorType":"Vibrate"}]}}]',
    '[{"LinearCmd":{"Id":21,"DeviceIndex":2,"Vectors":[{"Index":0,"Duration":500,"Position":0.3}]}}]',
    '[{"RotateCmd":{"Id":22,"DeviceIndex":2,"Rotations":[{"Index":0,"Speed":0.5,"Clockwise":true}]}}]',
    '[{"VibrateCmd":{"Id":23,"DeviceIndex":0,"Speeds":[{"Index":0,"Speed":0.5},{"Index":1,"Speed":1.0}]}}]',
    '[{"SingleMotorVibrateCmd":{"Id":24,"DeviceIndex":0,"Speed":0.5}},{"BatteryLevelCmd":{"Id":25,"DeviceIndex":1}}]',
    '[{"SensorReadCmd":{"Id":26,"DeviceIndex":1,"SensorIndex":0,"SensorType":"Battery"}},{"RequestLog":{"Id":27,"LogLevel":"Off"}}]',
    '[{"SensorSubscribeCmd":{"Id":28,"DeviceIndex":1,"SensorIndex":1,"SensorType":"Pressure"}},{"Test":{"Id":29,"TestString":"x"}}]',
    '[{"FleshlightLaunchFW12Cmd":{"Id":30,"DeviceIndex":2,"Position":95,"Speed":90}},{"RSSILevelCmd":{"Id":31,"DeviceIndex":0}}]',
    '[{"VorzeA10CycloneCmd":{"Id":32,"DeviceIndex":2,"Speed":50,"Clockwise":true}}]',
    "[]",
    "{}",
    '[{"Ping":{"Id":1,"Id":2}}]',
)


class Frames(Fuzzer):
    name = "frames"
    seeds = tuple(seed.encode() for seed in SEEDS)

    def __init__(self, dice: random.Random, folder: Path) -> None:
        super().__init__(dice, folder)
        #: By message id; of old clients only the number counts, under one id.
        self._expected: Counter[int] = Counter()
        self._heard: Counter[int] = Counter()
        self._is_old = False

    async def open(self) -> None:
        configuration = DeviceConfiguration.load()
        devices = [simulate(configuration, model, []) for model in MODELS]
        for number, device in enumerate(devices):
            device.address = f"fuzz-{number}"
        manager = SimulatedManager(devices)
        self._server = ButtplugServer("fuzz", managers=[manager], configuration=configuration)
        await self._server.open()
        await self._server.devices.start_scanning(self, lambda: None)
        await asyncio.sleep(1)
        self._session = self._new_session()

    async def feed(self, data: bytes) -> None:
        if self._session.state not in (State.WAITING, State.CONNECTED) or self.fed % FRAMES_OF_A_SESSION == 0:
            await self._settle()
            await self._session.close("the next one")
            self._session = self._new_session()
        if self.dice.random() < 0.02:
            self._expected[0] += self._is_old
            self._receive(Malformed("binary frames are not understood, send text"))
        elif not (frame := data.decode(errors="replace")).isspace() and frame:
            if self._is_old:
                self._expected[0] += sum(element is not None for element in split_client_frame(frame))
            for message in self._translator.read(frame):
                if message is not None:
                    self._receive(message)
        self.fed += 1
        await asyncio.sleep(0)
        if self.fed % FRAMES_TO_ANSWER == 0:
            await self._settle()

    async def close(self) -> None:
        await self._settle()
        if unstopped := await self._server.close():
            raise Finding(str(unstopped))
        if self._server.sessions:
            raise Finding("sessions are left")

    def _new_session(self) -> Session:
        self._translator = Translator(self._hear, self._server.devices.infos)
        session = self._server.open_session(self._translator.send)
        self._session = session
        self._expected.clear()
        self._heard.clear()
        self._is_old = False
        hello = self.dice.choice(HELLOS)
        for message in self._translator.read(hello):
            assert message is not None
            self._receive(message)
        self._is_old = hello is not HELLO
        if self._is_old:
            self._expected, self._heard = Counter({0: 1}), Counter({0: self._heard[1]})
        return session

    def _receive(self, message: ClientMessage | Malformed) -> None:
        if not self._is_old:
            is_readable = not isinstance(message, Malformed) or message.id
            self._expected[message.id if is_readable else 0] += 1
        self._session.receive(message)

    def _hear(self, message: ServerMessage) -> None:
        if isinstance(message, Error):
            if not message.error_message or message.error_code not in set(ErrorCode):
                raise Finding(f"a refusal does not say why: {message}")
            self._heard[0 if self._is_old else message.id] += 1
        elif message.id:
            self._heard[0 if self._is_old else message.id] += 1

    async def _settle(self) -> None:
        await asyncio.sleep(12)
        if self._heard != self._expected:
            missing, surplus = self._expected - self._heard, self._heard - self._expected
            raise Finding(f"not each message was answered once: missing {missing}, surplus {surplus}")
