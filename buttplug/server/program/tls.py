"""The certificate of a listener, which may be replaced while it is in use."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path
from typing import Any, Self

from buttplug.core.log import logger_of
from buttplug.server.devices.errors import ConfigurationError

logger: logging.Logger = logger_of(__name__)


def server_tls(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a context for listening. Connections that come after the files have changed get what is in them then.

    Raises:
        ConfigurationError: They cannot be used.
    """
    return _Renewed(certificate, key)


class _Renewed(ssl.SSLContext):
    """A context that loads the files again when they have changed, checked at each new connection.

    ``sni_callback`` would be the usual way, but Python prints a traceback for every server name that is not ASCII.
    """

    def __new__(cls, *files: Path) -> Self:
        return super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self._current = _loaded(certificate, key)
        self._state = _state(certificate, key)

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        self._renew()
        return self._current.wrap_bio(*args, **options)

    def _renew(self) -> None:
        if (now := _state(*self._files)) == self._state:
            return
        self._state = now
        try:
            self._current = _loaded(*self._files)
            logger.info("%s has changed, and is used from now on", self._files[0])
        except ConfigurationError as error:
            # It may be half written, or only one of the two be replaced by now.
            logger.warning("%s; the certificate before it stays in use", error.message)


def _loaded(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Handshakes cost the most time, so each connection gets one only.
    context.options |= ssl.OP_NO_RENEGOTIATION
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
