"""The Handy from firmware 4 on, and The Oh!: protocol buffers.

Everything sent is ``RpcMessage {1: type 1 for a request, 2: Request {2: id, number: content}}``.

======= =============================== ==================================================================
number  request                         content
======= =============================== ==================================================================
710     battery                         none
713     capabilities                    none
744     stroke to a place within a time 1: place, single, 0..1; 2: duration in ms
746     halt the stroke                 none
900     vibrate                         1: amplitude, single, 0..1; 2: frequency in Hz
901     stop vibrating                  none
======= =============================== ==================================================================

The answer is ``RpcMessage {4: Response {1: id of the request, 2: Error {1: code, 2: text}, number: result}}``. Answers to
outputs are not waited for. A stroke has a third field, a halt at its end; without it the next one of a stream is taken up on
the way.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from buttplug.core.log import logger_of
from buttplug.core.text import printable
from buttplug.hardware.base import Notification
from buttplug.hardware.errors import HardwareTimeoutError
from buttplug.server.devices.definition import DeviceDefinition
from buttplug.server.protocols.base import Hardware, Output, OutputType, Packet, Protocol
from buttplug.server.protocols.shared import protobuf

logger: logging.Logger = logger_of(__name__)

BATTERY = 710
CAPABILITIES = 713
STROKE = 744
STROKE_HALT = 746
VIBRATE = 900
VIBRATE_STOP = 901

#: Hz, of the only vibration asked for.
FREQUENCY = 100

#: Seconds to wait for each answer of the hand-shake.
REPLY_TIMEOUT = 2.0

#: Request ids are unsigned 32-bit numbers.
ID_LIMIT = 1 << 32


class ThehandyV3(Protocol):
    """A stroker, or a vibrator."""

    halts = True

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        super().__init__(definition, name=name, address=address)
        # An id has only to differ from those still to be answered, and those of the hand-shake no longer are.
        self._id = 2

    @classmethod
    async def identify(cls, hardware: Hardware) -> str | None:
        """Return the hardware revision, the second part of a name like ``OHD_hw3_A1B2C3``."""
        parts = hardware.name.split("_")
        return parts[1] if len(parts) > 2 else None

    async def initialise(self, hardware: Hardware) -> None:
        with hardware.listen() as listener:
            await hardware.subscribe("rx")
            for id_, number in enumerate((BATTERY, CAPABILITIES), start=1):
                await hardware.write(Packet(request(id_, number)))
                try:
                    reply = await listener.find(partial(reply_to, id_), REPLY_TIMEOUT)
                except HardwareTimeoutError:
                    logger.warning("%s did not answer request %d; it is used all the same", hardware.name, number)
                    continue
                if reply.error:
                    # Known of request 713 on some models.
                    logger.info("%s refused request %d: %d %s", hardware.name, number, reply.error, reply.text)

    def output(self, output: Output) -> Iterable[Packet]:
        match output.type:
            case OutputType.POSITION_WITH_DURATION:
                way = protobuf.single(1, output.value / 100) + protobuf.number(2, output.duration)
                yield self._request(STROKE, way)
            case OutputType.VIBRATE if output.value:
                yield self._request(VIBRATE, protobuf.single(1, output.value / 100) + protobuf.number(2, FREQUENCY))
            case OutputType.VIBRATE:
                yield self._request(VIBRATE_STOP)
            case _:
                yield from super().output(output)

    def stop(self, stopped: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        for output in stopped:
            if output.type is OutputType.POSITION_WITH_DURATION:
                yield self._request(STROKE_HALT)
            else:
                yield from self.output(output)

    def _request(self, number: int, content: bytes = b"") -> Packet:
        packet = Packet(request(self._id, number, content), response=True)
        self._id = (self._id + 1) % ID_LIMIT
        return packet


def request(id: int, number: int, content: bytes = b"") -> bytes:  # noqa: A002
    """Return the message for one request."""
    return protobuf.number(1, 1) + protobuf.message(2, protobuf.number(2, id) + protobuf.message(number, content))


class Reply(NamedTuple):
    """What the device says of a request; ``error`` is 0 where it did it. ``text`` is printable."""

    error: int
    text: str


def reply_to(id: int, notification: Notification) -> Reply | None:  # noqa: A002
    """Return the reply to a request, if it is one."""
    try:
        response = _inner(notification.data, 4)
        if protobuf.fields(response).get(1, 0) != id:
            return None
        error = protobuf.fields(_inner(response, 2))
    except ValueError:
        return None
    code, text = error.get(1, 0), error.get(2, b"")
    told = printable(text.decode(errors="replace")) if isinstance(text, bytes) else ""
    return Reply(code if isinstance(code, int) else 0, told)


def _inner(data: bytes, field: int) -> bytes:
    """Return the message in a field, empty where there is none."""
    content = protobuf.fields(data).get(field)
    return content if isinstance(content, bytes) else b""
