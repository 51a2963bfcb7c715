"""The values that options take."""

from __future__ import annotations

import argparse
from pathlib import Path
from urllib.parse import urlsplit

from buttplug.server.program.log import levels_of


def port(text: str) -> int:
    return whole(text, 0, 65535)


def milliseconds(text: str) -> int:
    return whole(text, 0, 0xFFFF_FFFF)


def clients(text: str) -> int:
    return whole(text, 1, 10_000)


def descriptor(text: str) -> int:
    return whole(text, 1, 0xFFFF)


def whole(text: str, low: int, high: int) -> int:
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise argparse.ArgumentTypeError(f'"{text}" is no whole number from {low} to {high}')
    return int(text)


def host_and_port(text: str) -> tuple[str, int]:
    """Return the parts of ``127.0.0.1:12345`` or ``[::1]:12345``."""
    host, _, number = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not bare or (":" in bare and bare == host):
        raise argparse.ArgumentTypeError(f'"{text}" is no address with a port, such as 127.0.0.1:12345 or [::1]:12345')
    return bare, port(number)


def url(text: str) -> str:
    """Return the address of a websocket."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 it raises where it is no port
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'"{text}" is no address: {error}') from None
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        example = text if "://" not in text else "192.168.0.2:12345"
        raise argparse.ArgumentTypeError(f'"{text}" is no address of a websocket; write it like ws://{example}')
    return text


def remote(text: str) -> str:
    """Return the address of a websocket, of which the ``ws://`` may be left out."""
    return url(text if "://" in text else f"ws://{text}")


def header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    name, value = name.strip(), value.strip()
    if not (colon and name and value and text.isprintable() and text.isascii()):
        raise argparse.ArgumentTypeError(f'"{text}" is no header; write it like "Authorization: Bearer 123"')
    return name, value


def file(text: str) -> Path:
    return Path(text)


def log_levels(text: str) -> dict[str, int]:
    try:
        return levels_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
