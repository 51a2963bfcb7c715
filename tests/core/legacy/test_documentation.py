"""The table of messages in the documentation is what the server does."""

from __future__ import annotations

from pathlib import Path

import pytest

from buttplug.core.codec import Malformed
from buttplug.core.legacy.versions import FROM_SERVERS, OLD, REFUSED
from buttplug.core.messages import CLIENT_MESSAGES
from tests.core.legacy.helpers import Client

PAGE = (Path(__file__).parents[3] / "docs" / "messages.md").read_text()


def table() -> dict[str, list[str]]:
    """Return the marks of each message, by version."""
    _, _, rest = PAGE.partition("## Every message by version")
    rows = [line.strip("|").split("|") for line in rest.partition("\n## ")[0].splitlines() if line.startswith("|")]
    return {name.strip(): [mark.strip() for mark in marks] for names, *marks, _ in rows[2:] for name in names.split(",")}


def is_known(version: int, name: str) -> bool:
    """Whether a client of this version may send a message, with whatever fields."""
    client = Client(version, shake_hands=False)
    client.shake_hands(ProtocolVersionMajor=version)
    (message,) = client.say(name)
    strangers = ("belongs to message spec version", "unknown message", "is not supported", "is not for a client")
    return not isinstance(message, Malformed) or not any(words in message.reason for words in strangers)


@pytest.mark.parametrize("version", range(5))
def test_clients_may_send_what_the_table_says(version: int) -> None:
    for name, marks in table().items():
        assert is_known(version, name) is ("C" in marks[version]), name


def test_every_message_is_in_the_table() -> None:
    names = {kind.__name__ for kind in CLIENT_MESSAGES} | {kind.wire_name or kind.__name__ for kind in OLD} | {*REFUSED}
    # Two that no server sends here.
    assert names | {*FROM_SERVERS} - {"Log", "RawReading"} == set(table())
