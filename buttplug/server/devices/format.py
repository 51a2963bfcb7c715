"""The shape of device configuration files, and what must hold in them beyond it.

One file of ``device-config`` is a :class:`ProtocolFile`. The base file of the existing ecosystem, formats 4 and 5, has the
same entries for all protocols in one object; the ids it adds are not needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

from msgspec import Raw, Struct, field

from buttplug.core.enums import InputType, OutputType
from buttplug.core.messages import U32
from buttplug.hardware.base import ENDPOINTS
from buttplug.hardware.specifiers import (
    BluetoothSpecifier,
    GamepadSpecifier,
    HidSpecifier,
    LovenseConnectSpecifier,
    SerialSpecifier,
    SimulatedSpecifier,
    Specifier,
    UsbSpecifier,
    WebsocketSpecifier,
)
from buttplug.server.devices.definition import (
    DeviceDefinition,
    FeatureDefinition,
    InputDefinition,
    OutputDefinition,
)

OutputName: TypeAlias = Literal[
    "vibrate",
    "rotate",
    "oscillate",
    "constrict",
    "spray",
    "temperature",
    "led",
    "position",
    "hw_position_with_duration",
]
InputName: TypeAlias = Literal["battery", "rssi", "pressure", "button"]

OUTPUT_TYPES: dict[str, OutputType] = {
    "vibrate": OutputType.VIBRATE,
    "rotate": OutputType.ROTATE,
    "oscillate": OutputType.OSCILLATE,
    "constrict": OutputType.CONSTRICT,
    "spray": OutputType.SPRAY,
    "temperature": OutputType.TEMPERATURE,
    "led": OutputType.LED,
    "position": OutputType.POSITION,
    "hw_position_with_duration": OutputType.POSITION_WITH_DURATION,
}
INPUT_TYPES: dict[str, InputType] = {
    "battery": InputType.BATTERY,
    "rssi": InputType.RSSI,
    "pressure": InputType.PRESSURE,
    "button": InputType.BUTTON,
}


_UUID = re.compile("[0-9a-f?]{8}(-[0-9a-f?]{4}){3}-[0-9a-f?]{12}")


class Version(Struct):
    """The version of a configuration: the major number is the format's, the minor one that of its content."""

    major: int
    minor: int


class Communication(Struct, gc=False):
    """What identifies a protocol's devices on one bus, under the name of the bus.

    XInput is a kind that only other implementations serve: here game pads are found by ``sdl_gamepad``.
    """

    btle: BluetoothSpecifier | None = None
    serial: SerialSpecifier | None = None
    hid: HidSpecifier | None = None
    usb: UsbSpecifier | None = None
    websocket: WebsocketSpecifier | None = None
    lovense_connect_service: LovenseConnectSpecifier | None = None
    sdl_gamepad: GamepadSpecifier | None = field(default=None, name="sdl-gamepad")
    simulated: SimulatedSpecifier | None = None
    xinput: dict[str, bool] | None = None

    @property
    def specifiers(self) -> Iterator[Specifier]:
        """What is there, of the kinds that are served."""
        for specifier in (
            self.btle,
            self.serial,
            self.hid,
            self.usb,
            self.websocket,
            self.lovense_connect_service,
            self.sdl_gamepad,
            self.simulated,
        ):
            if specifier is not None:
                yield specifier

    def problems(self, place: str) -> Iterator[str]:
        """Return what makes it unusable, each with its place."""
        if self.btle is not None:
            yield from _bluetooth_problems(self.btle, f"{place}.btle")
        elif self.xinput is None and not any(self.specifiers):
            yield f"{place} has no known kind"


class Feature(Struct, gc=False):
    """One feature of a device. One with neither outputs nor inputs only keeps its place among the others."""

    index: U32
    description: str = ""
    output: dict[OutputName, OutputDefinition] = {}
    input: dict[InputName, InputDefinition] = {}

    def definition(self) -> FeatureDefinition:
        """Return what the server works with."""
        return FeatureDefinition(
            self.index,
            self.description,
            {OUTPUT_TYPES[name]: output for name, output in self.output.items()},
            {INPUT_TYPES[name]: input_ for name, input_ in self.input.items()},
        )


class Model(Struct, gc=False):
    """A device model, or the default for those that are not listed.

    What a model does not say is the default's. Its features replace the default's as a whole. ``identifier``: what the
    protocol identifies the model by, any of them; none for the default.
    """

    name: str
    identifier: tuple[str, ...] = ()
    message_gap_ms: U32 | None = None
    protocol_variant: str | None = None
    features: list[Feature] | None = None

    def definition(self, protocol: str, identifier: str | None, defaults: Model) -> DeviceDefinition:
        """Return what the server works with."""
        features = defaults.features if self.features is None else self.features
        gap = defaults.message_gap_ms if self.message_gap_ms is None else self.message_gap_ms
        return DeviceDefinition(
            protocol=protocol,
            identifier=identifier,
            name=self.name,
            features=tuple(feature.definition() for feature in features or ()),
            variant=self.protocol_variant or defaults.protocol_variant,
            message_gap=None if gap is None else gap / 1000,
        )

    def problems(self, place: str) -> Iterator[str]:
        """Return what makes it unusable, each with its place."""
        if self.features:
            yield from _feature_problems(self.features, f"{place}.features")


class ProtocolEntry(Struct):
    """All about the devices of one protocol."""

    communication: list[Communication]
    defaults: Model
    configurations: list[Model] = []

    def problems(self) -> Iterator[str]:
        """Return what makes the entry unusable, each with its place."""
        for number, communication in enumerate(self.communication):
            yield from communication.problems(f"$.communication[{number}]")
        yield from self.defaults.problems("$.defaults")
        for number, model in enumerate(self.configurations):
            yield from model.problems(f"$.configurations[{number}]")
            if not model.identifier:
                yield f"$.configurations[{number}].identifier is empty"


class ProtocolFile(ProtocolEntry, kw_only=True):
    """One file of ``device-config``, named as its protocol."""

    protocol: str


class SimulatedEntry(Struct, frozen=True):
    """A simulated device in a user's configuration: a model of the protocol ``simulated``, by its identifier."""

    identifier: str
    address: str = ""
    display_name: str | None = None


class BaseFile(Struct):
    """The base file of the existing ecosystem."""

    version: Version
    protocols: dict[str, Raw]


def _bluetooth_problems(specifier: BluetoothSpecifier, place: str) -> Iterator[str]:
    for uuid in specifier.advertised_services:
        if not _UUID.fullmatch(uuid):
            yield f"{place}.advertised_services has {uuid}, which is not a UUID in lower case"
    for service, endpoints in specifier.services.items():
        for uuid in (service, *endpoints.values()):
            if not _UUID.fullmatch(uuid):
                yield f"{place}.services has {uuid}, which is not a UUID in lower case"
        if not endpoints.keys() <= ENDPOINTS:
            unknown = ", ".join(sorted(endpoints.keys() - ENDPOINTS))
            yield f"{place}.services.{service} names the unknown endpoint {unknown}"


def _feature_problems(features: list[Feature], place: str) -> Iterator[str]:
    indexes: set[int] = set()
    for number, feature in enumerate(features):
        if feature.index in indexes:
            yield f"{place}[{number}] has the index {feature.index} of another feature"
        indexes.add(feature.index)
        for name, output in feature.output.items():
            low, high = output.value
            positions = name in ("position", "hw_position_with_duration")
            if high < 1 or (low != 0 and (low != -high or positions)):
                shape = "[0, n]" if positions else "[0, n] or [-n, n]"
                yield f"{place}[{number}].output.{name}.value is [{low}, {high}], not {shape}"
            if (name == "hw_position_with_duration") != (output.duration is not None):
                yield f"{place}[{number}].output.{name}: a duration belongs to hw_position_with_duration, and to nothing else"
            elif output.duration is not None and not 0 <= output.duration[0] <= output.duration[1]:
                yield f"{place}[{number}].output.{name}.duration is {list(output.duration)}, not a range"
        for input_name, input_ in feature.input.items():
            for low, high in input_.value:
                if low > high:
                    yield f"{place}[{number}].input.{input_name}.value has [{low}, {high}], which is not a range"
