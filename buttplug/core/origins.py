"""Which web pages may connect, and by which names this machine may be called.

A browser opens a websocket to this machine for any page, and tells by the ``Origin`` header for which. The ``Host`` header
tells which name was looked up: a page can have its own name resolve to this machine, and is then at home here for its browser.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

#: The origin of pages that have none: from files, in sandboxed frames, ``data:`` pages, of any site.
NO_ORIGIN = "null"
#: What some browsers call the origin of a page from a file. Programs on microcontrollers claim it too.
FILE_ORIGIN = "file://"
#: Any page at all.
ANY_ORIGIN = "*"

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = r"(?:\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?)"
_ORIGIN = re.compile(rf"([a-z][a-z0-9+.-]*)://({_HOST})(?::([0-9]{{1,5}}))?", re.ASCII | re.IGNORECASE)
_HOST_HEADER = re.compile(rf"({_HOST})(?::[0-9]{{0,5}})?", re.ASCII | re.IGNORECASE)


class Origin(NamedTuple):
    """A scheme, a host and a port, in small letters; IPv6 addresses in brackets."""

    scheme: str
    host: str
    port: int | None


def parse_origin(text: str) -> Origin | None:
    """Return the parts of an origin such as ``https://example.com:8443``; None where it is none, or has none."""
    found = _ORIGIN.fullmatch(text)
    if found is None:
        return None
    scheme, host, port = found[1].lower(), found[2].lower(), found[3]
    if port is not None and int(port) > 0xFFFF:
        return None
    if host.startswith("[") and _address(host) is None:
        return None
    return Origin(scheme, host, _DEFAULT_PORTS.get(scheme) if port is None else int(port))


def may_connect(origin: str | None, allowed: Collection[str]) -> bool:
    """Whether a connection with this Origin header is let in.

    Programs send none. Pages that this machine serves are always let in; others where ``allowed`` names their origin or has
    ``*``; pages without an origin of their own, and those from files, where it has ``null``.
    """
    if origin is None or ANY_ORIGIN in allowed:
        return True
    if origin in (NO_ORIGIN, FILE_ORIGIN):
        return origin in allowed or NO_ORIGIN in allowed
    parsed = parse_origin(origin)
    if parsed is None:
        return False
    if parsed.scheme in _DEFAULT_PORTS and is_loopback(parsed.host):
        return True
    return any(parsed == parse_origin(_as_typed(entry)) for entry in allowed)


def never_matching(allowed: Iterable[str]) -> list[str]:
    """Return those of the allowed origins that no page can have."""
    known = (ANY_ORIGIN, NO_ORIGIN, FILE_ORIGIN)
    return [entry for entry in allowed if entry not in known and parse_origin(_as_typed(entry)) is None]


def host_of(header: str) -> str | None:
    """Return the host in a Host header, without its port, in small letters; None where it has none."""
    found = _HOST_HEADER.fullmatch(header)
    return None if found is None else found[1].lower()


def is_loopback(host: str) -> bool:
    """Whether a host, or an address, is this machine for everybody: ``localhost``, ``….localhost``, ``127.x.y.z``, ``::1``."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    if isinstance(address, ipaddress.IPv6Address):
        return (address.ipv4_mapped or address).is_loopback
    return address is not None and address.is_loopback


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address a host is; None where it is a name."""
    try:
        if host.startswith("["):
            return ipaddress.IPv6Address(host[1:-1])
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _as_typed(entry: str) -> str:
    """Return an origin as browsers send it; people copy it with a slash at its end."""
    return entry.strip().removesuffix("/")
