"""Fredorch rotary machine: ``[55 length command.. sum AA]``, with commands to go a step faster or slower.

======= ======================
command meaning
======= ======================
01      one step faster
02      one step slower
24      stop
1F      power, a toggle
21      password, six bytes
99      hand-shake
======= ======================

The length is that of the packet without two bytes; the sum is that of the length and the command. The machine does not tell
its speed, so the steps are counted. Where one was not written for certain, it is stopped and counted anew.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from buttplug.core.log import logger_of
from buttplug.hardware.errors import HardwareTimeoutError
from buttplug.server.protocols.base import Hardware, Output, Packet, Protocol
from buttplug.server.protocols.shared.checksums import sum8

logger: logging.Logger = logger_of(__name__)

#: Seconds to wait for each answer of the hand-shake; none comes for the password.
REPLY_TIMEOUT = 0.1


def frame(*command: int) -> Packet:
    """Return a packet with its length and sum."""
    content = bytes((len(command) + 2, *command))
    return Packet(bytes((0x55, *content, sum8(content), 0xAA)))


FASTER = frame(0x01)
SLOWER = frame(0x02)
STOP = frame(0x24)
PASSWORD = frame(0x21, 0, 0, 0, 0, 0, 0)
HANDSHAKE = (frame(0x99), PASSWORD, frame(0x1F), STOP)


class FredorchRotary(Protocol):
    """One oscillator, 0..20."""

    #: The machine's speed; None where it is not known.
    _step: int | None = 0

    async def initialise(self, hardware: Hardware) -> None:
        with hardware.listen() as listener:
            await hardware.subscribe("rx")
            for packet in HANDSHAKE:
                await hardware.write(packet)
                try:
                    await listener.next(REPLY_TIMEOUT)
                except HardwareTimeoutError:
                    continue
        logger.info("%s: if it beeped twice just now it has been switched off; connect it again then", hardware.name)

    def output(self, output: Output) -> Iterable[Packet]:
        if not output.value or self._step is None:
            yield STOP
            self._step = 0
        while self._step != output.value:
            faster = self._step < output.value
            reached, self._step = self._step + (1 if faster else -1), None
            yield FASTER if faster else SLOWER
            self._step = reached

    def stop(self, stopped: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        self._step = None
        return (STOP,)

    def stop_written(self) -> None:
        self._step = 0
