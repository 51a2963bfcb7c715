"""TLS of accepted connections: whatever the pieces in which it comes, it is read in small ones, in order and to the end."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buttplug.core.listening.tls import TlsTransport

Certificate = tuple[Path, Path]

#: Bytes of one read.
SIZE = 500


class Wire(asyncio.Transport):
    """The transport below: keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.reads = True
        self.is_ended = False
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def write_eof(self) -> None:
        self.is_ended = True

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed


class Talk:
    """A peer that speaks TLS, and the transport that listens to it, without a network between them."""

    def __init__(self, certificate: Certificate) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        self.wire = Wire()
        self.later: deque[Callable[[], None]] = deque()
        self.heard: list[bytes] = []
        self.begun = 0
        self.failures: list[str] = []
        self.error: ssl.SSLError | None = None
        self.tls = TlsTransport(
            self.wire, context, done=self._note_begin, failed=self.failures.append, read=self._read, later=self.later.append
        )
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        trusting = ssl.create_default_context(cafile=str(certificate[0]))
        self.peer = trusting.wrap_bio(self._incoming, self._outgoing, server_hostname="127.0.0.1")
        self._sent = bytearray()

    def shake_hands(self) -> None:
        for _ in range(5):
            with suppress(ssl.SSLWantReadError):
                self.peer.do_handshake()
                return
            self.bring(1 << 16)
            self.take()

    def bring(self, size: int) -> bool:
        """Bring so many bytes of the peer, where they are read; return whether there are more."""
        self._sent += self._outgoing.read()
        if self.wire.reads and self._sent:
            data = bytes(self._sent[:size])
            del self._sent[:size]
            self.tls.receive(data)
        return bool(self._sent)

    def take(self) -> None:
        """Bring the peer what was written."""
        self._incoming.write(bytes(self.wire.written))
        self.wire.written.clear()

    def turn(self) -> None:
        for _ in range(len(self.later)):
            self.later.popleft()()

    def to_end(self) -> None:
        self.tls.resume_reading()
        for _ in range(10_000):
            if not self.bring(8192) and not self.later:
                return
            self.turn()
        raise AssertionError("there is no end")

    def _note_begin(self) -> None:
        self.begun += 1

    def _read(self) -> None:
        assert self.begun == 1
        try:
            data = self.tls.read(SIZE)
        except ssl.SSLError as error:
            self.error = error
            self.wire.is_closed = True
            return
        assert len(data) <= SIZE
        self.heard.append(data)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=st.lists(st.binary(min_size=1, max_size=3) | st.integers(1, 40_000).map(bytes), max_size=12),
    doings=st.lists(st.integers(1, 20_000) | st.sampled_from(["turn", "pause", "resume"]), max_size=60),
    early=st.booleans(),
)
def test_what_is_said_is_read_in_order_to_the_end_and_never_while_reading_is_paused(
    certificate: Certificate, said: list[bytes], doings: list[int | str], early: bool
) -> None:
    talk = Talk(certificate)
    talk.shake_hands()
    if not early:
        talk.to_end()
    for piece in said:
        talk.peer.write(piece)
    with suppress(ssl.SSLWantReadError):
        talk.peer.unwrap()
    is_paused = False
    for doing in doings:
        before = len(talk.heard)
        match doing:
            case "turn":
                talk.turn()
            case "pause":
                talk.tls.pause_reading()
                is_paused = True
            case "resume":
                talk.tls.resume_reading()
                is_paused = False
            case int(size):
                talk.bring(size)
        assert len(talk.heard) - before <= (not is_paused), "one piece in a turn, and none while paused"
    talk.to_end()
    assert b"".join(talk.heard) == b"".join(said)
    assert talk.tls.peer_is_done
    assert talk.begun == 1


@pytest.mark.parametrize("size", [0, 1, 16_384, 16_385, 1_000_000])
def test_what_is_written_arrives_whole_and_so_does_its_end(certificate: Certificate, size: int) -> None:
    talk = Talk(certificate)
    talk.shake_hands()
    talk.to_end()
    data = bytes(number % 251 for number in range(size))
    talk.tls.write(data)
    talk.tls.write_eof()
    assert talk.wire.is_ended
    talk.take()
    heard = bytearray()
    while piece := talk.peer.read(1 << 20):
        heard += piece
    assert heard == data


@pytest.mark.parametrize("end", [TlsTransport.write_eof, TlsTransport.close])
def test_what_comes_after_the_end_is_not_read(certificate: Certificate, end: Callable[[TlsTransport], None]) -> None:
    talk = Talk(certificate)
    talk.shake_hands()
    talk.to_end()
    talk.peer.write(b"too late" * 1000)
    end(talk.tls)
    talk.to_end()
    assert not any(talk.heard)
    assert talk.error is None


def test_a_handshake_that_trickles_is_one(certificate: Certificate) -> None:
    talk = Talk(certificate)
    for _ in range(3):
        with suppress(ssl.SSLWantReadError):
            talk.peer.do_handshake()
        while talk.bring(1):
            assert not talk.failures
        talk.take()
    assert talk.begun == 1


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "it spoke plain HTTP; with a certificate clients connect by wss://"),
        (b"\x16\x03\x01\x00\x05" + b"\x01\x00\x00\x01\xff" * 3, "LENGTH"),
        (bytes(100), "VERSION"),
    ],
)
def test_what_is_no_tls_fails_and_says_why(certificate: Certificate, sent: bytes, reason: str) -> None:
    talk = Talk(certificate)
    talk.tls.receive(sent)
    assert len(talk.failures) == 1
    assert reason in talk.failures[0]
    assert not talk.begun


def test_who_does_not_trust_the_certificate_says_so(certificate: Certificate) -> None:
    talk = Talk(certificate)
    peer_in, peer_out = ssl.MemoryBIO(), ssl.MemoryBIO()
    distrusting = ssl.create_default_context().wrap_bio(peer_in, peer_out, server_hostname="127.0.0.1")
    with suppress(ssl.SSLWantReadError):
        distrusting.do_handshake()
    talk.tls.receive(peer_out.read())
    peer_in.write(bytes(talk.wire.written))
    with pytest.raises(ssl.SSLCertVerificationError):
        distrusting.do_handshake()
    talk.tls.receive(peer_out.read())
    assert talk.failures == ["a TLS handshake has failed: it does not trust the certificate"]


def test_bytes_that_were_changed_on_the_way_end_it(certificate: Certificate) -> None:
    talk = Talk(certificate)
    talk.shake_hands()
    talk.to_end()
    talk.tls.receive(b"\x17\x03\x03\x00\x20" + bytes(32))
    assert talk.error is not None
    assert not any(talk.heard)
