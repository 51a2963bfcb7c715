"""Every piece of Python in the documentation runs, and prints what the page says."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from buttplug import ButtplugClient, ButtplugServer
from buttplug.hardware.websocket import WebsocketManager
from tests.docs.pages import Reader, blocks, bluetooth_finds

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
#: Pages whose code blocks a loop, or is a test itself: what runs them.
ELSEWHERE = {
    "docs/funscripts.md": "tests/client/test_pages_about_time.py",
    "docs/patterns.md": "tests/client/test_pages_about_time.py",
    "docs/synchronous.md": "tests/sync/test_page.py",
    "docs/testing.md": "tests/testing/test_page.py",
}


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


WITH_CODE = [page for page in PAGES if name_of(page) not in ELSEWHERE and any(blocks(page.read_text(encoding="utf-8")))]


@pytest.mark.parametrize("page", WITH_CODE, ids=name_of)
async def test_the_code_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # Scripts without await wait by it: here nothing waits.
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    reader = Reader(page)
    await reader.run(bluetooth_finds(reader.devices))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_piece_of_python_is_seen(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.count("```python") == len(list(blocks(text)))


@pytest.mark.real_time
async def test_the_device_of_the_hardware_page_is_driven(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "hardware.md").read_text(encoding="utf-8")
    (program,) = (block.code for block in blocks(page) if not block.is_run)
    names: dict[str, Any] = {}
    exec(program, names)
    manager = WebsocketManager(port=0)
    async with ButtplugServer(managers=[manager]) as server, ButtplugClient("Tests") as client:
        await client.connect(server)
        playing = asyncio.create_task(names["device"](f"ws://127.0.0.1:{manager.port}"))
        stroker = await client.wait_for_device(timeout=5)
        await stroker.position(0.5, duration=0.3)
        playing.cancel()
    assert "do b'L0500I300" in capsys.readouterr().out


@pytest.mark.parametrize(("page", "test"), ELSEWHERE.items())
def test_a_page_that_is_run_elsewhere_is(page: str, test: str) -> None:
    assert f'python_blocks("{Path(page).name}")' in (ROOT / test).read_text(encoding="utf-8")
