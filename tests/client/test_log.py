"""What a client tells on the log of what its server said."""

from __future__ import annotations

import asyncio

import pytest

from buttplug import ButtplugClient
from buttplug.core.enums import ErrorCode
from buttplug.core.messages import Error
from tests.fakes.scripted_server import ScriptedServer, vibrator

NASTY = "\x1b[31m\nERROR forged\u202e"


async def test_what_a_server_says_can_neither_forge_a_line_of_the_log_nor_command_a_terminal(
    client: ButtplugClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    server.say(Error(0, NASTY, ErrorCode.DEVICE))
    server.say(Error(999, NASTY, ErrorCode.DEVICE))
    server.show(vibrator(7, NASTY))
    await asyncio.sleep(0.1)
    server.lose(NASTY)
    await asyncio.sleep(0.1)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 3
    for line in told:
        assert line.isprintable()
        assert "ERROR forged" in line
