"""URLs of websockets, for logs and errors."""

from __future__ import annotations

from buttplug.core.text import escaped


def without_secrets(url: str) -> str:
    """Return a URL without its query, which may hold a token, and without user name and password; escaped for a log."""
    address = url.partition("?")[0]
    scheme, separator, rest = address.rpartition("://")
    host, slash, path = rest.partition("/")
    return escaped(f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}")
