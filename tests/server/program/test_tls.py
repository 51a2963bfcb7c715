"""A certificate that is replaced while it is in use."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.program.tls import server_tls

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate"),
]


def make(folder: Path, name: str) -> None:
    """Make a certificate of this name and its key."""
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN={name}"
    files = ["-keyout", str(folder / "new.key"), "-out", str(folder / "new.pem")]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    (folder / "new.key").rename(folder / "key")
    (folder / "new.pem").rename(folder / "pem")


@pytest.fixture
async def served_name(tmp_path: Path) -> AsyncIterator[Callable[[], Awaitable[bytes]]]:
    """Connects, and returns the certificate that is shown."""
    make(tmp_path, "first")
    context = server_tls(tmp_path / "pem", tmp_path / "key")

    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(close, "127.0.0.1", 0, ssl=context)

    async def shown() -> bytes:
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), ssl=trusting)
        certificate: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        return certificate

    yield shown
    server.close()


async def test_new_connections_get_the_certificate_that_is_there_now(
    served_name: Callable[[], Awaitable[bytes]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = await served_name()
    assert b"first" in first
    assert await served_name() == first
    make(tmp_path, "second")
    assert b"second" in await served_name()


async def test_a_certificate_that_cannot_be_used_leaves_the_one_before_in_use(
    served_name: Callable[[], Awaitable[bytes]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "pem").write_text("half a certi")
    assert b"first" in await served_name()
    (tmp_path / "pem").unlink()
    assert b"first" in await served_name()
    assert caplog.text.count("the certificate before it stays in use") == 2
    make(tmp_path, "second")
    assert b"second" in await served_name()


def test_at_the_start_a_certificate_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be used as certificate and key: No such file"):
        server_tls(tmp_path / "pem", tmp_path / "key")
