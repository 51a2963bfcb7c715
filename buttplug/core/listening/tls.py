"""TLS for accepted connections, decrypted in pieces as small as the reads.

asyncio's own TLS decrypts up to 256 KiB in one turn of the event loop, which takes a third of a second where the records hold
one byte each. It also reports a connection only after its handshake, so connections before that could not be limited.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

#: Plain words for the usual reasons of a failed handshake, by OpenSSL's name for them.
REASONS = {
    "HTTP_REQUEST": "it spoke plain HTTP; with a certificate clients connect by wss://",
    "TLSV1_ALERT_UNKNOWN_CA": "it does not trust the certificate",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "it does not trust the certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "it does not trust the certificate",
}


class TlsTransport(asyncio.Transport):
    """Encrypts what is written to it. What arrives on the transport below has to be given to :meth:`receive`.

    Args:
        below: The transport of the encrypted bytes.
        context: The context with the certificate.
        done: Called when the handshake is done.
        failed: Called with a sentence for the log when the handshake has failed.
        read: Called whenever there may be something to :meth:`read` and reading is not paused.
        later: Calls the function it is given in a later turn of the event loop.
    """

    def __init__(
        self,
        below: asyncio.Transport,
        context: ssl.SSLContext,
        *,
        done: Callable[[], None],
        failed: Callable[[str], None],
        read: Callable[[], None],
        later: Callable[[Callable[[], None]], object],
    ) -> None:
        super().__init__()
        self._below = below
        self._done = done
        self._failed = failed
        self._read = read
        self._later = later
        self._came, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._came, self._to_send, server_side=True)
        self._is_shaking_hands = True
        self._is_paused = False
        self._is_over = False
        self._goes_on_later = False
        #: Whether the peer has said that nothing more will come.
        self.peer_is_done: bool = False

    def receive(self, data: bytes) -> None:
        """Take encrypted bytes that have arrived."""
        if self._is_over:
            return
        self._came.write(data)
        if self._is_shaking_hands:
            self._shake_hands()
        else:
            self._go_on()

    def read(self, size: int) -> bytes:
        """Return at most ``size`` decrypted bytes.

        Raises:
            ssl.SSLError: What arrived is not valid TLS.
        """
        said = bytearray()
        try:
            while len(said) < size and not (self._is_over or self.peer_is_done):
                piece = self._tls.read(size - len(said))
                said += piece
                self.peer_is_done = not piece
        except ssl.SSLWantReadError:
            pass
        finally:
            self._flush()
        return bytes(said)

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Encrypt data and send it; nothing happens while the connection closes."""
        if self.is_closing():
            return
        left = memoryview(data)
        while left:
            left = left[self._tls.write(left) :]
        self._flush()

    def can_write_eof(self) -> bool:
        return self._below.can_write_eof()

    def write_eof(self) -> None:
        """Tell the peer that nothing more is sent; what still arrives is not read."""
        self._end()
        self._below.write_eof()

    def close(self) -> None:
        self._end()
        self._below.close()

    def abort(self) -> None:
        self._below.abort()

    def is_closing(self) -> bool:
        return self._below.is_closing()

    def pause_reading(self) -> None:
        self._is_paused = True
        self._below.pause_reading()

    def resume_reading(self) -> None:
        self._is_paused = False
        self._read_or_receive()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._below.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        return self._below.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._below.get_extra_info(name, default)

    @property
    def _has_rest(self) -> bool:
        """Whether something that arrived is not yet read: whole records, or the rest of one."""
        return not (self._is_over or self.peer_is_done) and bool(self._came.pending or self._tls.pending())

    def _shake_hands(self) -> None:
        """Take a step of the handshake."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError as error:
            self._flush()
            self._failed(f"a TLS handshake has failed: {REASONS.get(error.reason, error.reason or error)}")
        else:
            self._flush()
            self._is_shaking_hands = False
            self._done()
            self._read_or_receive()

    def _go_on(self) -> None:
        self._goes_on_later = False
        if not self._is_paused and not self.is_closing():
            self._read()
            self._read_or_receive()

    def _read_or_receive(self) -> None:
        """Schedule the next read of what has arrived; where all of it was read, receive more."""
        if self._is_paused or self._goes_on_later:
            return
        if self._has_rest:
            self._below.pause_reading()
            self._goes_on_later = True
            self._later(self._go_on)
        else:
            self._below.resume_reading()

    def _end(self) -> None:
        if not self._is_over:
            self._is_over = True
            # The peer is told, and its answer is not waited for.
            with suppress(ssl.SSLError):
                self._tls.unwrap()
            self._flush()

    def _flush(self) -> None:
        if self._to_send.pending and not self.is_closing():
            self._below.write(self._to_send.read())
