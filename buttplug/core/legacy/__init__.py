"""Clients of spec versions 0 to 3: which version a client speaks, and what is done for it at the session's edge.

All behind a session speaks version 4. Clients of older versions are told so; nothing else in this package knows them.
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
    if version == SPEC_MAJOR:
        return None
    if version > SPEC_MAJOR:
        return f"the client speaks message spec version {version}, this server version {SPEC_MAJOR}: update the server"
    return f"the client speaks message spec version {version}, this server only version {SPEC_MAJOR} so far: update the client"
