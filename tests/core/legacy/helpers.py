"""Clients of old versions, whose session is played by the test, and devices for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from buttplug.core.codec import Malformed, encode
from buttplug.core.legacy.translator import Translator
from buttplug.core.messages import (
    ClientMessage,
    DeviceInfo,
    DeviceList,
    Error,
    FeatureInfo,
    InputLimits,
    Ok,
    OutputCmd,
    OutputLimits,
    Range,
    RequestDeviceList,
    RequestServerInfo,
    ServerInfo,
    ServerMessage,
)

#: A message as it is on the wire: its name and its fields.
Told = tuple[str, dict[str, Any]]


def feature(
    index: int, description: str = "", inputs: Mapping[str, tuple[Range, list[str]]] | None = None, /, **outputs: Range
) -> FeatureInfo:
    """Return a feature with these outputs, and inputs with what can be asked of them. A timed position takes up to 100 s."""
    return FeatureInfo(
        index,
        description,
        {
            type_: OutputLimits(limits, (0, 100_000) if type_ == "HwPositionWithDuration" else None)
            for type_, limits in outputs.items()
        },
        {type_: InputLimits([limits], commands) for type_, (limits, commands) in (inputs or {}).items()},
    )


def device(*features: FeatureInfo, index: int = 0, name: str = "Toy", gap: int = 0, display: str | None = None) -> DeviceInfo:
    return DeviceInfo(index, name, {feature.feature_index: feature for feature in features}, gap, display)


READ, STREAM = ["Read"], ["Subscribe"]

#: Every kind of output and input, with gaps between the indexes, and all that old clients have no name for.
EVERYTHING = device(
    feature(1, "Tip", Vibrate=(0, 100)),
    feature(2, "Base", Vibrate=(0, 20)),
    feature(3, "Twist", Rotate=(-20, 20)),
    feature(4, "Spin", Rotate=(0, 7)),
    feature(5, "Ring", Constrict=(0, 3), Oscillate=(0, 40), Vibrate=(0, 10)),
    feature(6, "Odd", Spray=(0, 1), Led=(0, 255), Temperature=(-5, 5)),
    feature(8, "Shaft", Position=(0, 100), HwPositionWithDuration=(0, 99)),
    feature(9, "Slide", HwPositionWithDuration=(0, 1000)),
    feature(10, "Charge", {"Battery": ((0, 100), READ)}),
    feature(11, "", {"Rssi": ((-128, 127), READ), "RSSI": ((-128, 127), READ)}),
    feature(12, "Bulb", {"Pressure": ((0, 1000), ["Read", "Subscribe"]), "Button": ((0, 1), STREAM)}),
)
NOTHING = device(index=3, name="Lamp")


class Client:
    """A client of an old version that has shaken hands. Its session gets what is ``asked``, and it what is ``told``."""

    def __init__(self, version: int, *infos: DeviceInfo, shake_hands: bool = True) -> None:
        self.version = version
        self.infos = {info.device_index: info for info in infos}
        self.asked: list[ClientMessage | Malformed] = []
        self.told: list[Told] = []
        self.translator = Translator(self._hear, lambda: self.infos)
        if shake_hands:
            self.shake_hands()

    def _hear(self, message: ServerMessage) -> None:
        (element,) = json.loads(encode(message))
        self.told += element.items()

    def shake_hands(self, **fields: int) -> Told:
        """Shake hands; return the answer."""
        fields = fields or ({"MessageVersion": self.version} if self.version else {})
        (request,) = self.say("RequestServerInfo", ClientName="old", **fields)
        assert isinstance(request, RequestServerInfo)
        self.translator.send(ServerInfo(request.id, "house", 500, 4, 0))
        return self.told.pop()

    def say_frame(self, frame: str) -> list[ClientMessage | Malformed]:
        """Send a frame; return what the session gets of it."""
        asked = [message for message in self.translator.read(frame) if message is not None]
        self.asked += asked
        return asked

    def say(self, name: str, id_: int = 1, **fields: Any) -> list[ClientMessage | Malformed]:
        """Send a message; return what the session gets of it."""
        return self.say_frame(json.dumps([{name: {"Id": id_, **fields}}]))

    def answer(self, *replies: ServerMessage) -> list[Told]:
        """Answer as the session; return what the client is told."""
        before = len(self.told)
        for reply in replies:
            self.translator.send(reply)
        return self.told[before:]

    def command(self, name: str, **fields: Any) -> list[ClientMessage | Malformed]:
        """Send a message to device 0."""
        return self.say(name, DeviceIndex=0, **fields)

    def outputs(self, name: str, **fields: Any) -> list[tuple[int, str, int, int | None]]:
        """Send a command to device 0; return the outputs it sets: feature, type, value and duration."""
        return [output_of(message) for message in self.command(name, **fields)]

    def refusal(self, name: str, id_: int = 1, **fields: Any) -> tuple[int, str]:
        """Send a message that is refused before it gets anywhere; return the code and the reason."""
        (malformed,) = self.say(name, id_, **fields)
        assert isinstance(malformed, Malformed), malformed
        (answer,) = self.answer(Error(malformed.id, malformed.reason, malformed.code))
        assert answer == ("Error", {"Id": id_, "ErrorMessage": malformed.reason, "ErrorCode": malformed.code})
        return malformed.code, malformed.reason

    def done(self, name: str, **fields: Any) -> list[tuple[int, str, int, int | None]]:
        """Send a command to device 0 for which all goes well; return the outputs it sets."""
        messages = self.command(name, **fields)
        assert self.answer(*(Ok(message.id) for message in messages)) == [("Ok", {"Id": 1})]
        return [output_of(message) for message in messages if not isinstance(message, RequestDeviceList)]

    def reply_to(self, name: str, **fields: Any) -> Told:
        """Send a message for which all goes well; return what the client is told."""
        told = self.answer(*(Ok(message.id) for message in self.say(name, **fields)))
        (answer,) = told
        return answer

    def listed(self) -> list[dict[str, Any]]:
        """Ask for the devices and return what the client is told of them."""
        (request,) = self.say("RequestDeviceList")
        ((name, body),) = self.answer(DeviceList(request.id, self.infos))
        assert name == "DeviceList"
        assert body["Id"] == 1
        devices: list[dict[str, Any]] = body["Devices"]
        return devices

    def messages_of(self, index: int = 0) -> Any:
        """Return what a device is said to take."""
        return next(info["DeviceMessages"] for info in self.listed() if info["DeviceIndex"] == index)


def output_of(message: ClientMessage | Malformed) -> tuple[int, str, int, int | None]:
    """Return the feature, type, value and duration of an output command to device 0."""
    assert isinstance(message, OutputCmd), message
    assert message.device_index == 0
    ((type_, arguments),) = message.command.items()
    assert arguments.value is not None
    return message.feature_index, type_, arguments.value, arguments.duration
