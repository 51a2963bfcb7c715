"""The page about requests names exactly the paths that there are, and its commands work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.server.rest.conftest import Serve
from tests.server.wire import until

PAGE = (Path(__file__).parents[3] / "docs" / "rest.md").read_text(encoding="utf-8")
EXAMPLES = {"{device}": "0", "{feature}": "2", "{output}": "Vibrate", "{level}": "0.5", "{input}": "Battery"}


@pytest.mark.real_time
async def test_every_path_of_the_table_is_there_with_its_method(serve: Serve) -> None:
    site = await serve("Lovense Nora")
    rows = re.findall(r"^\| `(GET|POST)` \| `(/[^`]*)` \|", PAGE, re.MULTILINE)
    assert len(rows) == 17
    for method, path in rows:
        wrong = "DELETE"
        for word, example in EXAMPLES.items():
            path = path.replace(word, example)
        answer = await site.request(wrong, path)
        assert answer.status == 405, path
        assert method in answer.headers["allow"].split(", "), path


@pytest.mark.real_time
@pytest.mark.parametrize("tab", ["Linux, macOS", "Windows (PowerShell)"])
async def test_its_commands_work_in_their_order(serve: Serve, tab: str) -> None:
    site = await serve("Lovense Nora")
    block = PAGE.partition(f'=== "{tab}"')[2].split("```")[1]
    commands = re.findall(r'^ *curl(?:\.exe)? (?:-X (POST) |(-N) )?"?\$U([^"\s]*)"?$', block, re.MULTILINE)
    assert len(commands) == 7
    for method, stream, path in commands:
        if stream:
            await (await site.events()).next()
        else:
            answer = await site.request(method or "GET", path)
            assert answer.status == 200, path
    await until(lambda: site.house.simulated[0].is_stopped)
