"""How clients of each message version say things. What a client means is a message of version 4 everywhere in a simulation.

A version is an entry of :data:`SPELLINGS`: how such a client writes what it means, and reads what it is told. What a version
has no words for is said in the next best ones: who cannot stop a feature stops its device, and who knows no sensors asks for
something else that is answered.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any, ClassVar

from buttplug.core.codec import Codec, Malformed, decode_server_frame, encode, named, split
from buttplug.core.enums import OutputType
from buttplug.core.legacy import v1, v2, v3
from buttplug.core.messages import (
    ClientMessage,
    DeviceList,
    Error,
    InputCmd,
    Ok,
    OutputCmd,
    RequestServerInfo,
    ScanningFinished,
    ServerMessage,
    StopCmd,
)
from tests.simulation.toys import COMMANDS, HIGHEST, MOTORS, SHORTEST

#: Above every index of the toys' features.
NOWHERE = 99
#: The places, of 0 to 99, that a Launch is sent to: enough apart that each move takes longer than a halt.
LAUNCH_STEP, LAUNCH_PLACES = 2, 49


class Spelling:
    """What a client of version 4 sends for a message, and what it makes of a frame.

    Attributes:
        addresses_motors: Whether it can say which motor of a device it drives.
        stops_motors: Whether it can say which motor of a device it stops.
        names_motors: Whether it knows which motor it drives by more than a number of which it saw the beginning.
    """

    names_motors: ClassVar[bool] = True
    addresses_motors: ClassVar[bool] = True
    stops_motors: ClassVar[bool] = True

    def write(self, message: ClientMessage) -> bytes:
        """Return the frame of a message."""
        return encode(message)

    def read(self, frame: bytes) -> Iterable[ServerMessage | Malformed]:
        """Return what a server's frame says."""
        return decode_server_frame(frame)

    def share(self, value: int, duration: int | None) -> float | None:
        """Return the share by which a level or a place is told; None where it is told by itself, or by the time."""
        return None


class Old(Spelling):
    """What clients of versions 0 to 3 have in common."""

    stops_motors = False
    names_motors = False
    version: ClassVar[int]
    #: What is asked instead of reading, of subscribing to, and of no longer subscribing to a sensor; of a device if marked.
    questions: ClassVar[dict[str, tuple[str, dict[str, object], bool]]]
    #: What nobody can do.
    nonsense: ClassVar[tuple[str, dict[str, object]]]
    kinds: ClassVar[tuple[type[ServerMessage], ...]]
    #: The messages about devices, of which the types say what a client of this version can read.
    of_devices: ClassVar[dict[str, Any]]

    def __init__(self) -> None:
        every: list[type[ServerMessage]] = [Ok, Error, ScanningFinished, v3.DeviceRemoved, *self.kinds]
        kinds = named(every) | self.of_devices
        self._codec = Codec[ServerMessage](kinds, {})

    def write(self, message: ClientMessage) -> bytes:
        if isinstance(message, RequestServerInfo):
            # The first version had nothing to say about versions.
            version = {"MessageVersion": self.version} if self.version else {}
            return _frame("RequestServerInfo", message, ClientName=message.client_name, **version)
        if isinstance(message, StopCmd):
            if message.device_index is None:
                return _frame("StopAllDevices", message)
            return _frame("StopDeviceCmd", message, DeviceIndex=message.device_index)
        if isinstance(message, InputCmd):
            name, fields, is_of_device = self.questions[message.command]
            device = {"DeviceIndex": message.device_index} if is_of_device else {}
            return _frame(name, message, **device, **fields)
        if isinstance(message, OutputCmd):
            ((type_, arguments),) = message.command.items()
            assert arguments.value is not None
            if message.feature_index == NOWHERE:
                name, fields = self.nonsense
            elif type_ == OutputType.VIBRATE:
                name, fields = self.vibrate(message.device_index, message.feature_index, arguments.value / HIGHEST)
            else:
                assert arguments.duration is not None
                name, fields = self.move(arguments.value / HIGHEST, arguments.duration)
            return _frame(name, message, DeviceIndex=message.device_index, **fields)
        return encode(message)

    def read(self, frame: bytes) -> Iterable[ServerMessage | Malformed]:
        return [self._codec.message(element) for element in split(frame, len(frame)) if element is not None]

    def share(self, value: int, duration: int | None) -> float | None:
        return value / HIGHEST if duration is None else None

    def vibrate(self, device: int, motor: int, share: float) -> tuple[str, dict[str, object]]:
        """Return the name and fields of a command to a vibrator."""
        return "VibrateCmd", {"Speeds": [{"Index": motor, "Speed": share}]}

    def move(self, share: float, duration: int) -> tuple[str, dict[str, object]]:
        """Return the name and fields of a command to the only stroker."""
        return "LinearCmd", {"Vectors": [{"Index": 0, "Duration": duration, "Position": share}]}


class Version3(Old):
    """Finds a motor by its name, in the lists that it was told."""

    version = 3
    names_motors = True
    questions: ClassVar = {
        "Read": ("SensorReadCmd", {"SensorIndex": 0, "SensorType": "Battery"}, True),
        "Subscribe": ("SensorSubscribeCmd", {"SensorIndex": 0, "SensorType": "Pressure"}, True),
        "Unsubscribe": ("SensorUnsubscribeCmd", {"SensorIndex": 0, "SensorType": "Pressure"}, True),
    }
    nonsense = ("ScalarCmd", {"Scalars": [{"Index": NOWHERE, "Scalar": 1, "ActuatorType": "Fly"}]})
    kinds = (v3.ServerInfo, v3.SensorReading)
    of_devices: ClassVar = {"DeviceAdded": v3.DeviceAdded, "DeviceList": v3.DeviceList}

    def __init__(self) -> None:
        super().__init__()
        #: The places of the motors in the newest lists, by device and motor.
        self._places: dict[tuple[int, int], int] = {}

    def read(self, frame: bytes) -> Iterable[ServerMessage | Malformed]:
        for message in super().read(frame):
            if isinstance(message, v3.DeviceAdded):
                self._note_places(message.device_index, message.device_messages)
            elif isinstance(message, v3.DeviceList):
                for device in message.devices:
                    self._note_places(device.device_index, device.device_messages)
            yield message

    def _note_places(self, device: int, messages: v3.DeviceMessages) -> None:
        for motor, name in enumerate(MOTORS):
            found = (place for place, entry in enumerate(messages.scalar_cmd) if entry.feature_descriptor.startswith(name))
            self._places[device, motor] = next(found, NOWHERE)

    def vibrate(self, device: int, motor: int, share: float) -> tuple[str, dict[str, object]]:
        place = self._places.get((device, motor), NOWHERE)
        return "ScalarCmd", {"Scalars": [{"Index": place, "Scalar": share, "ActuatorType": "Vibrate"}]}


class Version2(Old):
    version = 2
    questions: ClassVar = {
        "Read": ("BatteryLevelCmd", {}, True),
        "Subscribe": ("RSSILevelCmd", {}, True),
        "Unsubscribe": ("RequestLog", {"LogLevel": "Off"}, False),
    }
    nonsense = ("VibrateCmd", {"Speeds": [{"Index": NOWHERE, "Speed": 1}]})
    kinds = (v3.ServerInfo, v2.BatteryLevelReading)
    of_devices: ClassVar = {
        "DeviceAdded": v2.DeviceAdded[v2.DeviceMessages],
        "DeviceList": v2.DeviceList[v2.DeviceMessages],
    }


class Version1(Old):
    version = 1
    questions: ClassVar = {
        "Read": ("Test", {"TestString": "who is there"}, False),
        "Subscribe": ("Test", {"TestString": "Error"}, False),
        "Unsubscribe": ("RequestLog", {"LogLevel": "Off"}, False),
    }
    nonsense = ("KiirooCmd", {"Command": "1"})
    kinds = (v1.ServerInfo, v1.Test)
    of_devices: ClassVar = {
        "DeviceAdded": v2.DeviceAdded[v1.DeviceMessages],
        "DeviceList": v2.DeviceList[v1.DeviceMessages],
    }


class Version0(Version1):
    """Knows no motors, and moves by places and speeds: the place tells which command it is of, as a time does elsewhere."""

    version = 0
    addresses_motors = False
    nonsense = ("LovenseCmd", {"Command": "Vibrate:20;"})
    of_devices: ClassVar = {"DeviceAdded": v2.DeviceAdded[list[str]], "DeviceList": v2.DeviceList[list[str]]}

    def vibrate(self, device: int, motor: int, share: float) -> tuple[str, dict[str, object]]:
        return "SingleMotorVibrateCmd", {"Speed": share}

    def move(self, share: float, duration: int) -> tuple[str, dict[str, object]]:
        return "FleshlightLaunchFW12Cmd", {"Position": _launch_place(duration), "Speed": 1}

    def share(self, value: int, duration: int | None) -> float | None:
        return super().share(value, duration) if duration is None else _launch_place(duration) / 99


SPELLINGS: dict[int, type[Spelling]] = {0: Version0, 1: Version1, 2: Version2, 3: Version3, 4: Spelling}


def levels(share: float, steps: int) -> tuple[int, int]:
    """Return what a device with so many steps is told for a share: a level is rounded up, a place down."""
    return math.ceil(steps * share - 1e-9), math.floor(steps * share + 1e-9)


def _launch_place(duration: int) -> int:
    return LAUNCH_STEP * ((duration - SHORTEST) % COMMANDS % LAUNCH_PLACES) + 1


def _frame(name: str, message: ClientMessage, **fields: object) -> bytes:
    return json.dumps([{name: {"Id": message.id, **fields}}]).encode()


def device_of(message: ServerMessage, name: str) -> int | None:
    """Return the device of which an event of this name tells; None where it is another message."""
    return message.device_index if type(message).__name__ == name else None  # type: ignore[attr-defined]


def devices_listed(message: ServerMessage) -> set[int] | None:
    """Return the devices that a list names, of whatever version; None where it is no list."""
    if isinstance(message, DeviceList):
        return set(message.devices)
    if isinstance(message, v2.DeviceList | v3.DeviceList):
        return {device.device_index for device in message.devices}
    return None
