"""How clients of each message version say things. What a client means is a message of version 4 everywhere in a simulation.

A version is an entry of :data:`SPELLINGS`: how such a client writes what it means, and reads what it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from buttplug.core.codec import Malformed, decode_server_frame, encode
from buttplug.core.messages import ClientMessage, ServerMessage


class Spelling(NamedTuple):
    """What a client of one version sends for a message, and what it makes of a frame."""

    write: Callable[[ClientMessage], bytes]
    read: Callable[[bytes], Iterable[ServerMessage | Malformed]]


SPELLINGS = {4: Spelling(encode, decode_server_frame)}
