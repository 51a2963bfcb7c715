"""Addresses of websockets, as they may be told."""

from __future__ import annotations

from buttplug.core.text import escaped


def without_secrets(url: str) -> str:
    """Return a URL for logs and errors: without its query, which may have a token, and without a name and password."""
    address = url.partition("?")[0]
    scheme, separator, rest = address.rpartition("://")
    host, slash, path = rest.partition("/")
    return escaped(f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}")
