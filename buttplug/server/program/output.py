"""Output that never waits for whoever reads it.

A terminal that is paused, a full pipe, a slow disk: a write to them blocks until somebody reads. In a server that would
hold up stops. So everything it prints or logs is written by a thread of its own, and what nobody reads in time is dropped
and counted.
"""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

#: Characters that may wait to be written.
PENDING_LIMIT = 1_000_000
#: Seconds until a file that could take nothing, and does not block either, is tried again.
RETRY_DELAY = 0.05
#: Seconds that the end of a program waits for what is not written yet.
END_LIMIT = 0.3


class NonBlockingOutput(io.TextIOBase):
    """A stream of text that is written in the background.

    Args:
        raw: Where the text goes, encoded in ``encoding``; what that cannot express is escaped.

    Attributes:
        dropped_line: Returns the line that tells how many lines were dropped. It is called once there is room again.
    """

    def __init__(self, raw: io.RawIOBase, encoding: str) -> None:
        self.dropped_line: Callable[[int], str] = lambda count: f"{count} lines were dropped, since nobody read them\n"
        self._raw = raw
        self._encoding = encoding
        self._pending: deque[str] = deque()
        self._size = 0
        self._dropped = 0
        self._is_idle = True
        self._is_ended = False
        # What a garbage collection logs may come in between: the lock of a condition is one that a thread can take twice.
        self._changed = threading.Condition()
        threading.Thread(target=self._work, name="output", daemon=True).start()

    def write(self, text: str) -> int:
        """Have a text written; drop it if too much waits already."""
        with self._changed:
            if self._size + len(text) > PENDING_LIMIT:
                self._dropped += _lines(text)
            else:
                self._pending.append(text)
                self._size += len(text)
                self._is_idle = False
                self._changed.notify_all()
        return len(text)

    def end(self, limit: float) -> bool:
        """Wait up to ``limit`` seconds until everything is written; return whether it is."""
        with self._changed:
            self._is_ended = True
            self._changed.notify_all()
        return self.wait(limit)

    def wait(self, limit: float) -> bool:
        """Wait up to ``limit`` seconds until everything is written; return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_idle, limit)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._raw.isatty()

    def fileno(self) -> int:
        return self._raw.fileno()

    def _work(self) -> None:
        while text := self._next():
            if not self._write(text):
                # A disk may be full, and have room again later.
                with self._changed:
                    self._dropped += _lines(text)

    def _next(self) -> str:
        """Wait for text, and return all there is; nothing at the end."""
        with self._changed:
            if not self._pending:
                self._is_idle = True
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._pending or self._is_ended)
            text = "".join(self._pending)
            if text and self._dropped:
                text += self.dropped_line(self._dropped)
                self._dropped = 0
            self._pending.clear()
            self._size = 0
            return text

    def _write(self, text: str) -> bool:
        rest = memoryview(text.replace("\n", os.linesep).encode(self._encoding, "backslashreplace"))
        try:
            while rest:
                written = self._raw.write(rest)
                if written is None:
                    time.sleep(RETRY_DELAY)
                else:
                    rest = rest[written:]
        except OSError:
            return False
        return True


def non_blocking(stream: TextIO) -> TextIO:
    """Return a stream that writes where ``stream`` does without ever blocking; ``stream`` itself where it is no file."""
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    return NonBlockingOutput(raw, stream.encoding) if isinstance(raw, io.RawIOBase) else stream  # type: ignore[return-value]


def occupy_standard_files() -> None:
    """Where this process was started without standard input, output or error, have nothing else get their numbers.

    What libraries print would go to it: to a client, or to a device.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


@contextmanager
def non_blocking_standard_output() -> Iterator[None]:
    """Let nothing that this process prints block while the context is open."""
    replaced = sys.stdout, sys.stderr
    replacements = [stream if stream is None else non_blocking(stream) for stream in replaced]
    sys.stdout, sys.stderr = replacements
    try:
        yield
    finally:
        sys.stdout, sys.stderr = replaced
        end_at = time.monotonic() + END_LIMIT
        for output in replacements:
            if isinstance(output, NonBlockingOutput):
                output.end(max(end_at - time.monotonic(), 0.0))


def wait_until_written() -> None:
    """Wait until what was printed and logged is written, for a bounded time: nothing is, once this process is suspended."""
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, NonBlockingOutput):
            output.wait(END_LIMIT)


def _lines(text: str) -> int:
    return max(text.count("\n"), 1)
