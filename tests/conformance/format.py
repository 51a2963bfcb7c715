"""The form of a vector: what is found, what a client commands, and every packet that its device must then be sent."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct, field, structs

from buttplug.core.enums import OutputType
from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command, Subscribe, Unsubscribe


class _Entry(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """An object of the file: what is not understood must not be passed over."""


class _OneOf(_Entry):
    """An object that says one of the things that are None by default."""

    def __post_init__(self) -> None:
        choices = _choices(type(self))
        chosen = [name for name in choices if getattr(self, name) is not None]
        if len(chosen) != 1:
            raise ValueError(f"exactly one of {', '.join(choices)} is needed, not {' and '.join(chosen) or 'none'}")


@cache
def _choices(entry: type[_OneOf]) -> list[str]:
    return [key.name for key in structs.fields(entry) if key.default is None]


class Found(_Entry):
    """A device to be found. Names are what a client is told once it is connected.

    ``transport`` is the bus where that is not Bluetooth, ``definition`` the identifier by which the bus tells the model.
    """

    advertised_name: str
    expected_name: str
    address: str = ""
    expected_display_name: str = ""
    transport: Literal["sdl-gamepad"] | None = None
    definition: str | None = None


class Expectation(_OneOf):
    """One hardware command. ``data`` is in hexadecimal."""

    write: str | None = None
    subscribe: str | None = None
    unsubscribe: str | None = None
    data: str = ""
    with_response: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        bytes.fromhex(self.data)

    @property
    def command(self) -> Command:
        """The command as a simulated device notes it."""
        if self.write is not None:
            return Packet(bytes.fromhex(self.data), self.write, self.with_response)
        return Subscribe(self.subscribe) if self.subscribe is not None else Unsubscribe(self.unsubscribe or "")


class Level(_Entry):
    """A share of the range of the output with this number, counted among those of its kind."""

    index: int
    value: float


class Scalar(Level):
    """The same among outputs of several types."""

    type: str


class Rotation(Level):
    """The same with a direction."""

    clockwise: bool


class Stroke(_Entry):
    """A move to a share of the way, within milliseconds."""

    index: int
    position: float
    duration_ms: int


class Setting(_Entry):
    """A step of the range of an output, of the feature that a client knows by this index."""

    feature: int
    type: OutputType
    value: int
    duration_ms: int | None = None


class BatteryLevel(_Entry):
    """What a reading must give, as a fraction."""

    expect: float
    answered_by_later_notification: bool = False


class Send(_OneOf):
    """One client command."""

    vibrate: list[Level] | None = None
    scalar: list[Scalar] | None = None
    rotate: list[Rotation] | None = None
    linear: list[Stroke] | None = None
    setting: Setting | None = None
    stop: Literal[True] | None = None
    battery: BatteryLevel | None = None


class Data(_Entry):
    """Bytes of an endpoint, in hexadecimal."""

    endpoint: str
    data: str

    def __post_init__(self) -> None:
        bytes.fromhex(self.data)


class Step(_OneOf):
    """One thing that happens, to the device with this number in :attr:`Case.devices`."""

    expect: list[Expectation] | None = None
    send: list[Send] | None = None
    notify: list[Data] | None = None
    read_replies: list[Data] | None = None
    device: int = 0
    min_spec_version: int = 0


class Case(_Entry):
    """A whole vector: ``on_connect`` is what happens until the device is announced to the client, ``session`` the rest."""

    name: str = field(name="case")
    devices: list[Found]
    session: list[Step]
    on_connect: list[Step] = []
    user_config: str | None = None


def read(path: Path) -> Case:
    """Read a vector.

    Raises:
        msgspec.DecodeError: It is not in this form; the message says where.
    """
    return msgspec.json.decode(path.read_bytes(), type=Case)
