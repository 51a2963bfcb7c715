"""Output that is written in the background: it never blocks, and says what was dropped."""

from __future__ import annotations

import errno
import io
import os
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from buttplug.server.program.output import (
    END_LIMIT,
    PENDING_LIMIT,
    NonBlockingOutput,
    non_blocking,
    non_blocking_standard_output,
)

LINE = "x" * 99 + "\n"


class Sink(io.RawIOBase):
    """A file that takes nothing until it is read, and may fail."""

    def __init__(self) -> None:
        self.read_on = threading.Event()
        self.taken = b""
        self.errors: list[int] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.read_on.wait(10)
        if self.errors:
            number = self.errors.pop(0)
            raise OSError(number, os.strerror(number))
        self.taken += bytes(data[:1000])
        return min(len(data), 1000)


@pytest.fixture
def sink() -> Iterator[Sink]:
    sink = Sink()
    yield sink
    sink.read_on.set()


def test_all_that_is_written_arrives_in_order(sink: Sink) -> None:
    sink.read_on.set()
    output = NonBlockingOutput(sink, "utf-8")
    for number in range(1000):
        print(number, "ü", file=output)
    output.end(5)
    assert sink.taken.decode() == "".join(f"{number} ü\n" for number in range(1000))


def test_a_file_that_takes_nothing_holds_up_nobody_and_the_number_of_lines_dropped_is_told(sink: Sink) -> None:
    output = NonBlockingOutput(sink, "utf-8")
    began = time.monotonic()
    written = 3 * PENDING_LIMIT // len(LINE)
    for _ in range(written):
        output.write(LINE)
    output.end(0.01)
    assert time.monotonic() - began < 2
    sink.read_on.set()
    output.end(10)
    lines = sink.taken.decode().splitlines()
    dropped = sum(int(line.split()[0]) for line in lines if "dropped" in line)
    assert dropped + lines.count(LINE.strip()) == written
    assert dropped >= written // 3


def test_what_a_full_disk_did_not_take_is_counted_too(sink: Sink) -> None:
    sink.errors = [errno.ENOSPC]
    sink.read_on.set()
    output = NonBlockingOutput(sink, "utf-8")
    output.write("lost\n")
    while sink.errors:
        time.sleep(0.001)
    output.write("there is room again\n")
    output.end(5)
    assert sink.taken.decode().splitlines() == ["there is room again", "1 lines were dropped, since nobody read them"]


def test_what_the_encoding_lacks_is_escaped(sink: Sink) -> None:
    sink.read_on.set()
    output = NonBlockingOutput(sink, "ascii")
    output.write("Müller \ud800\n")
    output.end(5)
    assert sink.taken == b"M\\xfcller \\ud800\n"


def test_in_the_end_standard_output_is_as_it_was_and_is_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch, sink: Sink
) -> None:
    blocked = io.TextIOWrapper(io.BufferedWriter(sink))  # type: ignore[type-var]
    monkeypatch.setattr(sys, "stdout", blocked)
    monkeypatch.setattr(sys, "stderr", None)
    began = time.monotonic()
    with non_blocking_standard_output():
        assert isinstance(sys.stdout, NonBlockingOutput)
        sys.stdout.write("Listening\n")
        assert sys.stderr is None
    assert id(sys.stdout) == id(blocked)
    assert time.monotonic() - began == pytest.approx(END_LIMIT, abs=0.2)


def test_a_stream_without_a_file_is_left_alone() -> None:
    stream = io.StringIO()
    assert non_blocking(stream) is stream
