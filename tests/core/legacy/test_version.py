"""Which version of the message spec a client's handshake asks for, and which clients are served."""

from __future__ import annotations

import json

from buttplug.core.codec import Malformed
from buttplug.core.legacy import refusal, version_of
from buttplug.core.legacy.versions import decode_client_frame
from buttplug.core.messages import ClientMessage, RequestServerInfo
from tests.cases import for_each


def read(fields: dict[str, object]) -> ClientMessage | Malformed:
    (message,) = decode_client_frame(json.dumps([{"RequestServerInfo": {"Id": 1, "ClientName": "x", **fields}}]))
    return message


@for_each(
    ("fields", "version"),
    [
        ({}, 0),
        ({"MessageVersion": None}, 0),
        ({"ProtocolVersionMajor": None, "ProtocolVersionMinor": 3}, 0),
        *(({"MessageVersion": version}, version) for version in range(6)),
        ({"MessageVersion": 3.0}, 3),
        *(({"ProtocolVersionMajor": version, "ProtocolVersionMinor": 0}, version) for version in range(6)),
        ({"ProtocolVersionMajor": 4}, 4),
        ({"ProtocolVersionMajor": 4, "ProtocolVersionMinor": 17}, 4),
        ({"ProtocolVersionMajor": 4, "MessageVersion": 3}, 4),
        ({"ProtocolVersionMajor": 2, "MessageVersion": 4}, 2),
        ({"ProtocolVersionMajor": 0, "MessageVersion": 3}, 0),
        ({"ProtocolVersionMajor": None, "MessageVersion": 3}, 3),
        ({"ProtocolVersionMajor": 4294967295}, 4294967295),
    ],
)
def test_the_major_version_counts_then_the_message_version_then_it_is_0(fields: dict[str, object], version: int) -> None:
    message = read(fields)
    assert isinstance(message, RequestServerInfo)
    assert version_of(message) == version


@for_each("field", ["ProtocolVersionMajor", "ProtocolVersionMinor", "MessageVersion"])
@for_each("value", [-1, 0.5, "4", True, [4], 4294967296])
def test_what_is_no_version_is_malformed_and_keeps_its_id(field: str, value: object) -> None:
    message = read({"ProtocolVersionMajor": 4, field: value})
    assert isinstance(message, Malformed)
    assert (message.id, message.name) == (1, "RequestServerInfo")
    assert field in message.reason


@for_each("version", range(5))
def test_a_client_of_a_version_that_there_is_is_served(version: int) -> None:
    assert refusal(version) is None


@for_each("version", [5, 100, 4294967295])
def test_a_client_that_is_too_new_is_told_to_update_the_server(version: int) -> None:
    assert refusal(version) == f"the client speaks message spec version {version}, this server version 4: update the server"
