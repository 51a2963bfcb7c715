r"""T-Code 0.3, the serial language of self-built strokers: ASCII lines.

=================== =====================================================
line                meaning
=================== =====================================================
``L0500\n``         axis 0 to 0.500 of its way, at once
``L0500I1000\n``    the same, within 1000 ms
``V050\n``          vibrator 0 at 0.50
``DSTOP\n``         everything halts
``D1\n``            which version? ``TCode v0.3`` is the answer
=================== =====================================================

The first digit is the axis: the feature's index. All that follow stand behind a decimal point, so there are as many as the
feature's range has steps for: three for 0..999 or 0..1000, where 1000 is written as 999.

Many boards start anew when their port is opened, and lose what they are sent in the first seconds. So those that may are asked
for their version until they answer.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from msgspec import structs

from buttplug.core.errors import ButtplugDeviceError
from buttplug.core.log import logger_of
from buttplug.hardware.base import Notification
from buttplug.hardware.errors import HardwareTimeoutError
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Hardware, Output, OutputType, Packet, Protocol

logger: logging.Logger = logger_of(__name__)

AXES = 10
LINE_END = b"\n"
HALT = Packet(b"DSTOP\n")

VERSION = Packet(b"D1\n")
#: In the answer to it, and in what boards say of themselves when they have started.
NAME = b"tcode"

#: Milliseconds in which an axis that is stopped goes to where it should be, if its places have no durations: it would go there
#: at full speed. The first is for where its place is known.
HALT_TIME, SLOW_TIME = 200, 10_000

#: Seconds between two questions, and how many are asked: boards take up to 3 s to start.
ANSWER_TIMEOUT = 0.25
QUESTIONS = 16


class TcodeV03(Protocol):
    """Linear axes and vibrators."""

    halts = True

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        self._digits: dict[tuple[int, OutputType], int] = {}
        for feature in definition.features:
            if feature.outputs and feature.index >= AXES:
                raise ButtplugDeviceError(
                    f"{definition.name} has an output on feature {feature.index}, and T-Code numbers only 0 to {AXES - 1}"
                )
            for type_, output in feature.outputs.items():
                self._digits[feature.index, type_] = len(str(max(output.value[1] - 1, 0)))

    async def initialise(self, hardware: Hardware) -> None:
        hardware.line_end = LINE_END
        if not hardware.restarts_device:
            return
        heard = bytearray()

        def is_awake(notification: Notification) -> bool | None:
            heard.extend(notification.data)
            del heard[: -len(notification.data) - len(NAME)]
            return True if NAME in heard.lower() else None

        with hardware.listen() as listener:
            for _ in range(QUESTIONS):
                await hardware.write(VERSION)
                try:
                    await listener.find(is_awake, ANSWER_TIMEOUT)
                except HardwareTimeoutError:
                    continue
                return
        logger.warning("%s did not tell its T-Code version; it is used all the same", hardware.name)

    def output(self, output: Output) -> Iterable[Packet]:
        match output.type:
            case OutputType.POSITION if not output.duration:
                line = f"L{self._magnitude(output)}"
            case OutputType.POSITION | OutputType.POSITION_WITH_DURATION:
                line = f"L{self._magnitude(output)}I{output.duration}"
            case OutputType.VIBRATE:
                line = f"V{self._magnitude(output)}"
            case _:
                return super().output(output)
        return (Packet(f"{line}\n".encode()),)

    def stop(self, stopped: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        moves = [output for output in stopped if output.type.is_position]
        # The halt is for every axis and vibrator, so it is sent only where none goes on.
        going_on = {feature for feature, value in values.items() if value} | self.places.keys()
        if moves and going_on <= {output.feature for output in stopped}:
            yield HALT
            moves = []
        levels = (output for output in stopped if not output.type.is_position)
        yield from self.encode([*map(_slow, moves), *levels], values)

    def _magnitude(self, output: Output) -> str:
        digits = self._digits[output.feature, output.type]
        return f"{output.feature}{min(output.value, 10**digits - 1):0{digits}}"


def _slow(stopped: Output) -> Output:
    """Return what stops an axis, with a duration."""
    if stopped.duration:
        return stopped
    return structs.replace(stopped, duration=SLOW_TIME if stopped.start is None else HALT_TIME)
