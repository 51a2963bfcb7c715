"""The certificate of a listener, which may be replaced while it is in use."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from buttplug.server.devices.errors import ConfigurationError

logger: logging.Logger = logging.getLogger(__name__)


def server_tls(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a context for listening. Connections that come after the files have changed get what is in them then.

    Raises:
        ConfigurationError: They cannot be used.
    """
    current = _loaded(certificate, key)
    state = _state(certificate, key)

    def renew(connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        nonlocal current, state
        if (now := _state(certificate, key)) != state:
            state = now
            try:
                current = _loaded(certificate, key)
                logger.info("%s has changed, and is used from now on", certificate)
            except ConfigurationError as error:
                # It may be half written, or only one of the two be replaced by now.
                logger.warning("%s; the certificate before it stays in use", error.message)
        connection.context = current

    context = _loaded(certificate, key)
    context.sni_callback = renew
    return context


def _loaded(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        raise ConfigurationError(
            f"{certificate} and {key} cannot be used as certificate and key: {error.strerror or error}"
        ) from error
    return context


def _state(*files: Path) -> list[tuple[int, int] | None]:
    """Return what changes when a file is written or replaced."""
    states: list[tuple[int, int] | None] = []
    for file in files:
        try:
            status = file.stat()
        except OSError:
            states.append(None)
        else:
            states.append((status.st_mtime_ns, status.st_ino))
    return states
