"""Who may open a websocket here: the checks of a request before anything of it is served, the same for every listener.

Hosts first (a page that had its own name resolve to this machine), then origins (pages), then the token (anybody).
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import unquote

from buttplug.core.origins import (
    ANY_ORIGIN,
    FILE_ORIGIN,
    NO_ORIGIN,
    host_of,
    is_loopback,
    may_connect,
    never_matching,
    parse_origin,
)
from buttplug.core.text import printable

#: The fewest characters of a token.
TOKEN_LENGTH = 8
#: Characters of a header that are told in a refusal.
SHOWN = 200
#: Fields of a URL's query that are looked at.
MAX_FIELDS = 16


class Headers(Protocol):
    """The headers of a request."""

    def get_all(self, name: str, /) -> Sequence[str]:
        """Return all values of a header, whatever the case of its name."""


class Refusal(NamedTuple):
    """Why a request is refused: for who sent it, and for the log. Neither holds a token."""

    status: HTTPStatus
    answer: str
    warning: str


class Access:
    """The rules of one listener.

    Args:
        allow_origins: Origins of pages that may connect, beside those that this machine serves; ``null`` for pages without
            one (from files, in sandboxed frames), ``*`` for all.
        token: What everybody has to show, in the URL (``ws://…/?token=…``) or a header (``Authorization: Bearer …``); None
            where nothing is asked for.
    """

    def __init__(self, *, allow_origins: Collection[str] = (), token: str | None = None) -> None:
        self._allow_origins = frozenset(allow_origins)
        self._hosts = {origin.host for origin in map(parse_origin, self._allow_origins) if origin is not None}
        self._token = None if token is None else token.encode()

    def refusal(self, target: str, headers: Headers, *, local_address: str) -> Refusal | None:
        """Return why a request is refused; None where it is let in.

        ``target`` is what is asked for: a path, with a query or without. ``local_address`` is the address of this machine by
        which the request came.
        """
        return (
            (self._wrong_host(headers) if is_loopback(local_address) else None)
            or self._wrong_origin(headers)
            or self._wrong_token(target, headers)
        )

    def warnings(self, hosts: Sequence[str], *, tls: bool) -> list[str]:
        """Return what a user should know of these rules, for a listener on these addresses."""
        found = []
        if ANY_ORIGIN in self._allow_origins:
            found.append('--allow-origin "*": any web page that is open on this machine can drive the devices')
        found += [
            f"--allow-origin {printable(entry, SHOWN)}: no page has this origin; write one like https://example.com"
            for entry in never_matching(sorted(self._allow_origins))
        ]
        if beyond_this_machine(hosts):
            who = "everybody in the network" if self._token is None else "who knows the token"
            plain = "" if tls else "; nothing is encrypted without --tls-cert"
            found.append(f"listening on {' and '.join(hosts)}: {who} can drive the devices from other machines{plain}")
        return found

    def _wrong_host(self, headers: Headers) -> Refusal | None:
        if ANY_ORIGIN in self._allow_origins:
            return None
        named = headers.get_all("Host")
        host = host_of(named[0]) if len(named) == 1 else None
        if host is not None and (is_loopback(host) or host in self._hosts):
            return None
        shown = printable(", ".join(named), SHOWN) or "no host"
        return Refusal(
            HTTPStatus.MISDIRECTED_REQUEST,
            f"{shown} is not the name of this machine; connect to localhost",
            f"a request for {shown} came to this machine's own address and was refused: a web page may pretend to be of here",
        )

    def _wrong_origin(self, headers: Headers) -> Refusal | None:
        origins = headers.get_all("Origin")
        if len(origins) > 1:
            return Refusal(HTTPStatus.BAD_REQUEST, "more than one Origin", "a request with more than one Origin was refused")
        if not origins or may_connect(origins[0], self._allow_origins):
            return None
        shown = printable(origins[0], SHOWN)
        if origins[0] in (NO_ORIGIN, FILE_ORIGIN):
            what = f"a page without an origin of its own ({shown}: from a file, or in a sandboxed frame of any site)"
            remedy = f"{what} is not allowed to connect; to allow all of these, start the server with --allow-origin null"
        elif parse_origin(origins[0]) is None:
            remedy = f'"{shown}" is no origin of a page, and not allowed to connect'
        else:
            what = f"the page at {shown} is not allowed to connect"
            remedy = f"{what}; to allow it, start the server with --allow-origin {shown}"
        return Refusal(HTTPStatus.FORBIDDEN, remedy, remedy)

    def _wrong_token(self, target: str, headers: Headers) -> Refusal | None:
        if self._token is None:
            return None
        shown = _shown_tokens(target, headers)
        if any(hmac.compare_digest(token.encode(errors="surrogateescape"), self._token) for token in shown):
            return None
        return Refusal(
            HTTPStatus.UNAUTHORIZED,
            "this server wants a token: add ?token=TOKEN to its address, or send the header Authorization: Bearer TOKEN",
            f"a client with {'a wrong' if shown else 'no'} token was refused",
        )


def beyond_this_machine(hosts: Sequence[str]) -> bool:
    """Whether a listener on these addresses, all where there are none, can be reached from other machines."""
    return not hosts or not all(map(is_loopback, hosts))


def read_token(path: Path) -> str:
    """Return the token in a file.

    Raises:
        ValueError: There is none, or it is too short or cannot be sent in a header; the message says which, and not the token.
        OSError: The file cannot be read.
    """
    try:
        token = path.read_text("utf-8").strip()
    except UnicodeDecodeError:
        token = "\n"
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError(f"{path}: a token is one line of letters, digits and signs, without spaces")
    if len(token) < TOKEN_LENGTH:
        raise ValueError(f"{path}: the token has {len(token)} characters; it needs {TOKEN_LENGTH} or more")
    return token


def _shown_tokens(target: str, headers: Headers) -> list[str]:
    """Return every token that a request shows."""
    fields = [field.partition("=") for field in target.partition("?")[2].split("&", MAX_FIELDS)]
    words = [value.split(None, 1) for value in headers.get_all("Authorization")]
    # Not as a form is read: there a plus sign would be a space.
    in_url = [unquote(value, errors="surrogateescape") for name, _, value in fields if name == "token"]
    return in_url + [word[1].strip() for word in words if len(word) > 1 and word[0].lower() == "bearer"]
