"""The shape of device configuration files, and what must hold in them beyond it.

One file of ``device-config`` is a :class:`ProtocolFile`. The base file of the existing ecosystem, formats 4 and 5, has the
same entries for all protocols in one object, and adds ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Raw, Struct, defstruct

from buttplug.core.enums import InputType, OutputType
from buttplug.core.messages import U32
from buttplug.hardware.registry import SPECIFIERS
from buttplug.hardware.specifier import Specifier
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


class Version(Struct):
    """The version of a configuration: the major number is the format's, the minor one that of its content."""

    major: int
    minor: int


#: The protocol whose devices exist only as simulations.
SIMULATED = "simulated"

#: Buses that only other implementations serve: here game pads are found by ``sdl-gamepad``.
_NOT_SERVED = ("xinput",)


class CommunicationFields(Struct, gc=False):
    """What identifies a protocol's devices, on one bus or several."""

    @property
    def specifiers(self) -> Iterator[Specifier]:
        """What is there, of the buses that are served."""
        for _, specifier in self._by_key():
            yield specifier

    def normalize(self) -> None:
        """Write what users may write in several ways as the bundled configuration does."""
        for key, specifier in self._by_key():
            setattr(self, _FIELD_NAMES[key], specifier.normalized())

    def problems(self, place: str) -> Iterator[str]:
        """Return what makes it unusable, each with its place."""
        for key, specifier in self._by_key():
            yield from specifier.problems(f"{place}.{key}")
        if not self.has_known_kind:
            yield f"{place} has no known kind"

    @property
    def has_known_kind(self) -> bool:
        """Whether it says anything of a bus that is known, served or not."""
        return any(getattr(self, name) is not None for name in self.__struct_fields__)

    def _by_key(self) -> Iterator[tuple[str, Specifier]]:
        for key, name in _FIELD_NAMES.items():
            specifier: Specifier | None = getattr(self, name)
            if specifier is not None:
                yield key, specifier


_FIELD_NAMES = {key: key.replace("-", "_") for key in SPECIFIERS}


if TYPE_CHECKING:
    Communication = CommunicationFields
else:
    #: The same with a field for every bus, by its name in the configuration.
    Communication = defstruct(
        "Communication",
        [(_FIELD_NAMES[key], specifier | None, None) for key, specifier in SPECIFIERS.items()]
        + [(key, dict[str, bool] | None, None) for key in _NOT_SERVED],
        bases=(CommunicationFields,),
        rename={name: key for key, name in _FIELD_NAMES.items()},
        gc=False,
    )


class Feature(Struct, gc=False):
    """One feature of a device. One with neither outputs nor inputs only keeps its place among the others.

    ``id`` is what user configurations of the ecosystem name it by; the bundled files have none.
    """

    index: U32
    description: str = ""
    output: dict[OutputName, OutputDefinition] = {}
    input: dict[InputName, InputDefinition] = {}
    id: str | None = None

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
    protocol identifies the model by, any of them; none for the default. ``id`` is as that of a feature.
    """

    name: str
    identifier: tuple[str, ...] = ()
    message_gap_ms: U32 | None = None
    protocol_variant: str | None = None
    features: list[Feature] | None = None
    id: str | None = None

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


def _feature_problems(features: list[Feature], place: str) -> Iterator[str]:
    indexes: set[int] = set()
    for number, feature in enumerate(features):
        if feature.index in indexes:
            yield f"{place}[{number}] has the index {feature.index} of another feature"
        indexes.add(feature.index)
        for name, output in feature.output.items():
            low, high = output.value
            positions = name in ("position", "hw_position_with_duration")
            begins_well = low == 0 if positions else 0 <= low <= high or low == -high
            if high < 1 or not begins_well:
                shape = "[0, n]" if positions else "[0, n], [m, n] or [-n, n]"
                yield f"{place}[{number}].output.{name}.value is [{low}, {high}], not {shape}"
            if (name == "hw_position_with_duration") != (output.duration is not None):
                yield f"{place}[{number}].output.{name}: a duration belongs to hw_position_with_duration, and to nothing else"
            elif output.duration is not None and not 0 <= output.duration[0] <= output.duration[1]:
                yield f"{place}[{number}].output.{name}.duration is {list(output.duration)}, not a range"
        for input_name, input_ in feature.input.items():
            for low, high in input_.value:
                if low > high:
                    yield f"{place}[{number}].input.{input_name}.value has [{low}, {high}], which is not a range"
