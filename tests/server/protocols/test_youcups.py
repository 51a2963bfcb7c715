"""Youcups."""

from __future__ import annotations

import pytest

from buttplug.hardware.base import Packet
from tests.server.protocols.helpers import drive, texts, vibrate


@pytest.mark.parametrize(("level", "text"), [(0, b"$SYS,0?"), (1, b"$SYS,1?"), (5, b"$SYS,5?"), (8, b"$SYS,8?")])
def test_the_level_is_a_decimal_number_in_text(level: int, text: bytes) -> None:
    assert drive("youcups").send(vibrate(0, level)) == [Packet(text)]


def test_a_stop_sends_zero() -> None:
    assert texts(drive("youcups").stop()) == ["$SYS,0?"]
