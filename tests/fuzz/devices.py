"""What devices send, into every protocol: hand-shakes fail as they may, readings are numbers, and every stop works."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from pathlib import Path

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugError
from buttplug.hardware.base import Hardware
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.devices.device import Device
from buttplug.server.devices.settings import DeviceKey, DeviceSettings
from buttplug.server.devices.simulation import simulate
from buttplug.server.protocols import load, supports
from buttplug.server.protocols.base import Protocol, Reading
from tests.fuzz.fuzzer import Finding, Fuzzer, mutated

#: Outputs that a device is driven with.
OUTPUTS = 4
#: Notifications that a device sends when its hand-shake has gone well.
NOTIFICATIONS = 12


class Devices(Fuzzer):
    name = "devices"
    seeds = (
        *(b"P:01:0082059AD3BD;", b"OK;", b"ERR;", b"85;", b"s85;", b"C:11:0082059AD3BD;", b"G1;"),
        *(
            b"\x03\x00\x01\x02\x03\x04\x05\x06\x07",
            b"\x64",
            b"\x08\x03\x22\x06\x08\x01\x12\x02\x08\x01",
            bytes(20),
            bytes(range(64)),
        ),
        *(b"TCode v0.3\n", b"\xaa\x55\x10\x20\x30", b"device_type;", b'{"a":1}', b"\x55\x04\x00\x00"),
    )

    def __init__(self, dice: random.Random, folder: Path) -> None:
        super().__init__(dice, folder)
        self._configuration = DeviceConfiguration.load()
        self._definitions = [each for each in self._configuration if supports(each.protocol)]

    async def feed(self, data: bytes) -> None:
        definition = self.dice.choice(self._definitions)
        device = simulate(self._configuration, definition.name, [])
        if device.name != definition.name and self.dice.random() < 0.1:
            device.name = data.decode(errors="replace")
        self._garble(device, data)
        specifiers = self._configuration.specifiers(definition.protocol)
        hardware = await device.discovery().connect(specifiers)
        device.readable = {endpoint: [self._reply(b"\x55")] for endpoint in sorted(hardware.endpoints)}
        protocol = await self._shake_hands(definition, hardware)
        if protocol is not None:
            self._notify(protocol, hardware, data)
            await self._use(protocol, hardware, data)
        await hardware.disconnect()

    def _garble(self, device: SimulatedDevice, unasked: bytes) -> None:
        """Have what a device answers be something else, or something else as well, or nothing."""
        notify = device.notify

        def garbled(endpoint: str, data: bytes) -> None:
            for _ in range(self.dice.choice((0, 1, 1, 1, 2, 5))):
                notify(endpoint, self._reply(data))

        device.notify = garbled  # type: ignore[method-assign]
        answers = device.on_packet

        def on_packet(packet: object) -> None:
            answers(packet)  # type: ignore[arg-type]
            for endpoint in sorted(device.hardware.subscribed if device.hardware else ()):
                if self.dice.random() < 0.3:
                    notify(endpoint, self._reply(unasked))

        device.on_packet = on_packet

    def _reply(self, answer: bytes) -> bytes:
        self.fed += 1
        return mutated(self.dice, (answer, answer, *self.seeds))

    async def _shake_hands(self, definition: DeviceDefinition, hardware: Hardware) -> Protocol | None:
        family = load(definition.protocol)
        assert family is not None
        try:
            async with asyncio.timeout(family.handshake_timeout):
                identifier = await family.identify(hardware)
                found = self._configuration.definition(definition.protocol, identifier)
                assert found is not None
                protocol = family(found, name=hardware.name, address=hardware.address)
                await protocol.initialise(hardware)
        except (ButtplugError, TimeoutError) as error:
            if isinstance(error, ButtplugError) and not error.message:
                raise Finding(f"{definition.protocol}: a refusal does not say why") from error
            return None
        return protocol

    def _notify(self, protocol: Protocol, hardware: Hardware, data: bytes) -> None:
        for _ in range(NOTIFICATIONS):
            endpoint = self.dice.choice(sorted(hardware.endpoints))
            for reading in protocol.notified(endpoint, self._reply(data)):
                if not isinstance(reading, Reading) or type(reading.value) is not int:
                    raise Finding(f"{protocol.name} reads {reading}")

    async def _use(self, protocol: Protocol, hardware: Hardware, data: bytes) -> None:
        """Read it and drive it, while it says what it likes."""
        key = DeviceKey(protocol.definition.protocol, None, hardware.address)
        device = Device(0, key, protocol.definition, DeviceSettings(), hardware, protocol)
        inputs = [(each.index, type_) for each in protocol.definition.features for type_ in each.inputs]
        for feature, type_ in inputs:
            for ask in (
                device.read(feature, type_),
                device.subscribe(feature, type_, _look_at),
                device.unsubscribe(feature, type_, _look_at),
            ):
                with suppress(ButtplugError):
                    await ask
        outputs = [(each.feature_index, *of) for each in device.info.device_features.values() for of in each.output.items()]
        for feature, word, limits in self.dice.sample(outputs, min(len(outputs), OUTPUTS)):
            value = self.dice.randint(*limits.value)
            device.output(feature, OutputType(word), value, self.dice.choice((0, 1, 500, 100_000)), self, _look_at_answer)
            hardware.notified(self.dice.choice(sorted(hardware.endpoints)), self._reply(data))
            await asyncio.sleep(self.dice.choice((0.0, 0.05, 1.0)))
        if (error := await device.stop()) is not None:
            raise Finding(f"{protocol.name} was not stopped: {error}")
        await device.close("it was used")


def _look_at_answer(error: ButtplugError | None) -> None:
    if error is not None and "fault of the server" in error.message:
        raise Finding(error.message)


def _look_at(device: Device, reading: Reading) -> None:
    if type(reading.value) is not int:
        raise Finding(f"{device.label} reads {reading}")
