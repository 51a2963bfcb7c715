"""URLs in logs and errors: they tell where, and no secret."""

from __future__ import annotations

import pytest

from buttplug.core.urls import without_secrets


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ws://127.0.0.1:12345", "ws://127.0.0.1:12345"),
        ("ws://127.0.0.1:12345/?token=word", "ws://127.0.0.1:12345/"),
        ("wss://example.com/a/b?token=word&x=y#z", "wss://example.com/a/b"),
        ("wss://name:word@example.com:1/", "wss://example.com:1/"),
        ("ws://name:w@rd@[::1]:1/a@b", "ws://[::1]:1/a@b"),
        ("ws://host?token=ws://word@x/", "ws://host"),
        ("127.0.0.1:12345?word", "127.0.0.1:12345"),
        ("ws://\x1b[2J\n/", "ws://\\x1b[2J\\n/"),
        ("", ""),
    ],
)
def test_a_url_is_told_without_its_query_and_without_a_password(url: str, shown: str) -> None:
    assert without_secrets(url) == shown
