"""The session that all requests share."""

from __future__ import annotations

import asyncio
import gc

import pytest

from buttplug.core.messages import Ok, OutputArguments, OutputCmd
from buttplug.server.rest.session import RestSession
from tests.server.conftest import BuildHouse


async def test_an_error_that_nobody_waits_for_any_more_is_no_fault(
    build: BuildHouse, caplog: pytest.LogCaptureFixture
) -> None:
    house = await build("aneros")
    house.simulated[0].fail()
    session = RestSession(house.server, lambda message: None, lambda reason: None)
    answer = session.ask(lambda id_: OutputCmd(id_, 0, 0, {"Vibrate": OutputArguments(5)}), Ok)
    await asyncio.sleep(1)
    assert answer.done()
    del answer
    gc.collect()
    await asyncio.sleep(0)
    house.simulated[0].recover()
    await session.close()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []
