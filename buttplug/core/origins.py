"""Which web pages may connect: a browser opens a websocket to this machine for any page, and Origin says for which."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit


def may_connect(origin: str | None, allowed: Collection[str]) -> bool:
    """Whether a connection with this Origin header is let in.

    Programs send none. Pages from files and from this machine are always let in, others where ``allowed`` names their
    origin, or has ``*``.
    """
    if origin is None or "*" in allowed or _plain(origin) in map(_plain, allowed):
        return True
    return origin == "null" or origin.startswith("file:") or _is_this_machine(origin)


def _is_this_machine(origin: str) -> bool:
    try:
        host = urlsplit(origin).hostname or ""
        return host == "localhost" or host.endswith(".localhost") or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _plain(origin: str) -> str:
    """Return an origin as browsers send it; people write it in other ways too."""
    return origin.rstrip("/").casefold()
