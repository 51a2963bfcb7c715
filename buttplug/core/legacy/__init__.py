"""Clients of spec versions 0 to 3: what they send and are told, in terms of version 4, the only one that the rest knows.

One module per version has what differs from the next: ``v3`` from version 4, ``v2`` from ``v3``, and so on. ``device`` has
the lists in which they all address a device, ``orders`` what their commands come to in these lists. ``versions`` says what a
client of each may send, and ``translator`` is what a listener puts between a client and its session.
"""

from __future__ import annotations

from buttplug.core.messages import SPEC_MAJOR, RequestServerInfo


def version_of(request: RequestServerInfo) -> int:
    """Return the spec version a client's handshake asks for."""
    if request.protocol_version_major is not None:
        return request.protocol_version_major
    return request.message_version or 0


def refusal(version: int) -> str | None:
    """Return why a client of this version cannot be served; None where it can."""
    if version <= SPEC_MAJOR:
        return None
    return f"the client speaks message spec version {version}, this server version {SPEC_MAJOR}: update the server"
