"""Lovense: commands and answers in ASCII, each ended by a semicolon.

========================= ===========================================================================
command                   meaning
========================= ===========================================================================
``DeviceType;``           answered with model, firmware version and address: ``C:11:0082059AD3BD;``
``Battery;``              answered with the percentage, ``89;``, while running ``s89;``
``Vibrate:10;``           the only vibrator or thruster at 10 of 20
``Vibrate2:10;``          the second of two
``Mply:5:10:0;``          all of three or more motors, rotators too
``Air:Level:3;``          air pump, 0..3
``Rotate:10;``            rotator, 0..20
``RotateChange;``         the other direction from now on
``Mply:10:20;``           the speed of a stroker's oscillation, and its length
``FSetSite:40;``          a stroker's place, 0..100
========================= ===========================================================================

Which commands a model takes follows from its number of motors, except for the strokers. A stroker goes to a place as fast as
it can, so a timed move is sent as a row of places.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from buttplug.hardware.base import Notification
from buttplug.hardware.errors import HardwareTimeoutError
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Hardware, InputType, Output, OutputType, Packet, Protocol
from buttplug.server.protocols.shared.levels import require_one_direction
from buttplug.server.protocols.shared.steps import steps_to

DEVICE_TYPE = Packet(b"DeviceType;")
DEVICE_TYPE_TRIES = 6
#: Seconds to wait for the answer to each try.
DEVICE_TYPE_TIMEOUT = 0.5

#: Models by what toys from before ``DeviceType;`` are called: ``LVS-Edge36``.
OLD_NAMES = {"Ambi": "L", "Domi": "W", "Edge": "P", "Hush": "Z", "Lush": "S", "Max": "B", "Nora": "A", "Osci": "O"}

BATTERY = Packet(b"Battery;")
#: Seconds to wait for the battery level. Some toys take their time.
BATTERY_TIMEOUT = 2.0

#: The Flexer took other commands before this firmware version, and is another model in the configuration since.
FLEXER = "EI"
FLEXER_NEW = "EI-FW3"
FLEXER_NEW_VERSION = 3

#: The strokers, and the length of the stroke while they do not oscillate. While they do it is 20, the longest, unless their
#: user limits their places. Where the stroke is then is not known.
STROKERS = {"BA": 20, "H": 0}
STROKE_LENGTH = 20
#: The places of the whole way.
FULL_WAY = 100
#: Milliseconds between two places of a timed move, at least.
STEP_TIME = 100

#: Old Noras switch off when the speed comes together with the change of direction.
ROTATE_CHANGE = Packet(b"RotateChange;", pause=0.1)

#: Bytes of a notification that are read: answers have some dozens, and a stranger may send thousands.
MOST_READ = 4096

#: Answers to ``DeviceType;`` and to ``Battery;``, other answers before and behind them or not.
_DEVICE_TYPES = re.compile(rb"(?<![^;])([A-Za-z]{1,8}):(\d{0,6})[^:;]*(:[0-9A-Fa-f]+)?(?![^;])")
_LEVELS = re.compile(rb"(?<![^;])s?(\d{1,3});")

_VIBRATING = {OutputType.VIBRATE, OutputType.OSCILLATE}


class Lovense(Protocol):
    """Vibrators, thrusters, air pumps, rotators and strokers of many models."""

    repeats_regularly = True
    #: A timed move is steps that are sent one by one: it halts where no more of them are.
    halts = True

    #: The direction of the rotator, which cannot be asked: positive when it is switched on.
    _positive = True

    #: The stroker's last place; None where it may be anywhere, at first and after an oscillation. Whether it surely was sent
    #: nowhere else since. The places still ahead of it, and the seconds from one to the next.
    _place: int | None = None
    _is_there = False
    _ahead: Sequence[int] = ()
    _interval = 0.0

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        outputs = [feature.outputs.keys() for feature in definition.features if feature.outputs]
        vibrating = sum(not _VIBRATING.isdisjoint(types) for types in outputs)
        self._resting_length = STROKERS.get(definition.identifier or "")
        self._numbered = vibrating == 2
        self._combined = self._resting_length is None and (vibrating > 2 or (vibrating == 2 and len(outputs) > 2))

    @classmethod
    async def identify(cls, hardware: Hardware) -> str | None:
        with hardware.listen() as listener:
            await hardware.subscribe("rx")
            for _ in range(DEVICE_TYPE_TRIES):
                await hardware.write(DEVICE_TYPE)
                try:
                    return await listener.find(device_type, DEVICE_TYPE_TIMEOUT)
                except HardwareTimeoutError:
                    continue
        return model_named(hardware.name)

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        if self._combined:
            return (_command("Mply", *(abs(value) for value in values.values())),)
        return super().encode(changed, values)

    def output(self, output: Output) -> Iterable[Packet]:
        match output.type:
            case OutputType.POSITION_WITH_DURATION if self._resting_length is not None:
                yield from self._move(output)
            case OutputType.OSCILLATE if self._resting_length is not None:
                self._halt()
                if output.value:
                    self._place = None
                yield _command("Mply", output.value, self._length(output.feature) if output.value else self._resting_length)
            case OutputType.VIBRATE | OutputType.OSCILLATE:
                require_one_direction(output)
                yield _command(f"Vibrate{output.feature + 1}" if self._numbered else "Vibrate", output.value)
            case OutputType.CONSTRICT:
                yield _command("Air:Level", output.value)
            case OutputType.ROTATE:
                yield from self._rotate(output.value)
            case _:
                yield from super().output(output)

    def stop(self, stopped: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        self._halt()
        return self.encode([output for output in stopped if not output.type.is_position], values)

    def repeat(self, current: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        return self._step()

    async def read(self, hardware: Hardware, feature: int, type: InputType) -> int:  # noqa: A002
        if type is not InputType.BATTERY:
            return await super().read(hardware, feature, type)
        with hardware.listen() as listener:
            await hardware.write(BATTERY)
            try:
                return await listener.find(battery_level, BATTERY_TIMEOUT)
            except HardwareTimeoutError:
                raise HardwareTimeoutError(f"{hardware.name} did not tell its battery level; try again") from None

    def _rotate(self, value: int) -> Iterable[Packet]:
        if value and (value > 0) is not self._positive:
            yield ROTATE_CHANGE
            self._positive = value > 0
        yield _command("Rotate", abs(value))

    def _move(self, output: Output) -> Iterable[Packet]:
        """Set out for a place, with as many steps as the way has or the time allows, spread over all of it."""
        self._halt()
        if output.value == self._place and self._is_there:
            return
        lowest, highest = self.places[output.feature]
        start = lowest if self._place is None else min(max(self._place, lowest), highest)
        self._ahead, self._interval = steps_to(output.value, start, output.duration, STEP_TIME)
        yield from self._step()

    def _length(self, feature: int) -> int:
        """Return the length of the stroke of an oscillation: no longer than the way that the user leaves the part."""
        lowest, highest = self.places.get(feature, (0, FULL_WAY))
        return max(STROKE_LENGTH * (highest - lowest) // FULL_WAY, 1)

    def _step(self) -> Iterable[Packet]:
        """Go to the next place. Only if that was written, the move goes on."""
        ahead = self._ahead
        self._halt()
        self._is_there = False
        yield _command("FSetSite", ahead[0])
        self._place, self._is_there = ahead[0], True
        if len(ahead) > 1:
            self._ahead = ahead[1:]
            self.repeat_after = self._interval

    def _halt(self) -> None:
        self._ahead = ()
        self.repeat_after = None


def _command(name: str, *values: int) -> Packet:
    return Packet(f"{name}:{':'.join(map(str, values))};".encode())


def device_type(notification: Notification) -> str | None:
    """Return the identifier of the model in an answer to ``DeviceType;``; None in any other notification."""
    for answer in _DEVICE_TYPES.finditer(notification.data[:MOST_READ]):
        if answer[2] or answer[3]:
            model, version = answer[1].decode(), int(answer[2] or 0)
            return FLEXER_NEW if model == FLEXER and version >= FLEXER_NEW_VERSION else model
    return None


def model_named(name: str) -> str | None:
    """Return the identifier of the model in what a device advertises: that of ``LVS-B011`` is ``B``."""
    letters = re.search(r"LVS-([A-Z]+)\d", name)
    if letters:
        return letters[1]
    word = re.search(r"LVS-([A-Z][a-z]+)", name)
    return OLD_NAMES.get(word[1]) if word else None


def battery_level(notification: Notification) -> int | None:
    """Return the percentage in an answer to ``Battery;``, other answers before it or not; None where there is none."""
    levels = (int(answer[1]) for answer in _LEVELS.finditer(notification.data[:MOST_READ]))
    return next((level for level in levels if level <= 100), None)
