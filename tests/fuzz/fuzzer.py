"""What every fuzzer is, how inputs are made, and how one is run."""

from __future__ import annotations

import asyncio
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from tests.fakes.fault_log import only_faults
from tests.simulation.network import Network, no_other_clock

#: Seconds that one input may take, on a machine that is busy with others.
LONGEST = 5.0
#: Bytes of an input at the most, but for what a fuzzer makes longer itself.
LONGEST_INPUT = 1 << 17

#: What parsers stumble over.
PIECES: tuple[bytes, ...] = (
    *(
        b"",
        b"\0",
        b"\n",
        b"\r\n\r\n",
        b'"',
        b"\\",
        b"\\u0000",
        b"\\ud800",
        b"\xff",
        b"\xc3\x28",
        b"\xf0\x9f\x92\xa9",
        b";",
        b":",
        b",",
    ),
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b"[[[[[[[[",
        b'{"":',
        b"null",
        b"true",
        b"NaN",
        b"Infinity",
        b"-0",
        b"0",
        b"1",
        b"-1",
        b"1.5",
        b"1e400",
    ),
    *(b"127", b"128", b"255", b"256", b"65536", b"4294967295", b"4294967296", b"9223372036854775808", b"1" * 400, b"[" * 2000),
    *(bytes(1), bytes(20), b"\x7f", b"\x80", b"A" * 300, b"%s%n", b"../", b'"Id":1', b'"Id":0', b"\xef\xbb\xbf"),
)


class Finding(AssertionError):  # noqa: N818
    """An input did what no input may do."""


class Fuzzer(ABC):
    """One way in from outside.

    Attributes:
        seeds: Inputs as they should be, and those that once did harm.
        fed: Inputs so far.
    """

    name: ClassVar[str]
    seeds: Sequence[bytes] = ()

    def __init__(self, dice: random.Random, folder: Path) -> None:
        self.dice = dice
        self.folder = folder
        self.fed = 0

    async def open(self) -> None:
        """Prepare."""

    @abstractmethod
    async def feed(self, data: bytes) -> None:
        """Take one input.

        Raises:
            Finding: It did harm.
        """

    async def close(self) -> None:
        """End, and look whether anything is left.

        Raises:
            Finding: Something is.
        """


def mutated(dice: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Return a seed that was changed in a few places; now and then as it is, and now and then noise."""
    data = bytearray(dice.choice(seeds)) if seeds else bytearray()
    if dice.random() < 0.03:
        return dice.randbytes(dice.randrange(200))
    for _ in range(dice.choice((0, 1, 1, 1, 2, 3, 6))):
        place = dice.randrange(len(data) + 1)
        end = min(len(data), place + dice.choice((1, 1, 2, 4, 16, 64)))
        match dice.randrange(7):
            case 0:
                data[place:end] = b""
            case 1:
                data[place:place] = dice.choice(PIECES)
            case 2:
                data[place:end] = dice.choice(PIECES)
            case 3:
                data[place:place] = data[place:end] * dice.choice((1, 2, 50))
            case 4 if place < len(data):
                data[place] ^= 1 << dice.randrange(8)
            case 5 if seeds:
                other = dice.choice(seeds)
                data[place:] = other[dice.randrange(len(other) + 1) :]
            case _:
                data[place:end] = dice.randbytes(end - place)
    return bytes(data[:LONGEST_INPUT])


def run(fuzzer: Fuzzer, goes_on: Callable[[int], bool]) -> None:
    """Feed a fuzzer, in time that costs nothing, while ``goes_on`` says so of the number of inputs so far.

    Raises:
        Finding: An input did harm; it is in the message.
    """

    async def feed() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(str(context)))
        await fuzzer.open()
        before = len(asyncio.all_tasks())
        while goes_on(fuzzer.fed):
            data = mutated(fuzzer.dice, fuzzer.seeds)
            began = time.perf_counter()
            try:
                await fuzzer.feed(data)
            except Exception as error:
                raise Finding(f"{fuzzer.name}: {error!r} by {data[:3000]!r}") from error
            if faults:
                raise Finding(f"{fuzzer.name}: {faults[0]} by {data[:3000]!r}")
            if (took := time.perf_counter() - began) > LONGEST:
                raise Finding(f"{fuzzer.name}: {took:.1f} s by {data[:3000]!r}")
        await fuzzer.close()
        if len(asyncio.all_tasks()) > before:
            raise Finding(f"{fuzzer.name}: tasks are left: {asyncio.all_tasks()}")

    with only_faults() as faults, no_other_clock(), asyncio.Runner(loop_factory=Network) as runner:
        runner.run(feed())
