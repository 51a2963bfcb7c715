"""A log that fails, as that of the program around may, makes nothing else fail."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

import buttplug
from buttplug.core import log
from buttplug.core.log import logger_of
from buttplug.core.messages import OutputCmd, StopCmd
from buttplug.hardware.errors import HardwareError
from tests.cases import for_each
from tests.server.conftest import BuildHouse, error_of
from tests.server.test_shutdown import ZERO, running, vibrate

ROOT = Path(buttplug.__file__).parent


class _Failing(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise ZeroDivisionError


def failing_filter(record: logging.LogRecord) -> bool:
    raise ZeroDivisionError


@pytest.fixture
def failing_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A log of which every line fails."""
    monkeypatch.setattr(log, "_told", set())
    logger = logging.getLogger("buttplug")
    handler, level = _Failing(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield
    logger.setLevel(level)
    logger.removeHandler(handler)


@pytest.mark.usefixtures("failing_log")
def test_a_handler_that_fails_raises_nothing_and_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        logger_of("buttplug.tried").error("told")
    assert capsys.readouterr().err.count("Traceback") == 1


def test_a_filter_that_fails_raises_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_told", set())
    logger = logger_of("buttplug.tried")
    logger.addFilter(failing_filter)
    logger.error("told")
    logger.removeFilter(failing_filter)
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.usefixtures("failing_log")
def test_without_a_standard_error_nothing_is_raised_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    logger_of("buttplug.tried").error("told")


@pytest.mark.usefixtures("failing_log")
async def test_with_a_log_that_fails_a_device_is_stopped_by_whoever_asks(build: BuildHouse) -> None:
    async with asyncio.timeout(60):
        house, talker = await running(build)
        house.simulated[0].write_error = HardwareError("busy")
        error_of(await talker.ask(OutputCmd, 0, 0, vibrate(3)))
        house.simulated[0].write_error = None
        await talker.ask(StopCmd)
        assert sorted(house.sent()[-2:]) == ZERO


@pytest.mark.usefixtures("failing_log")
async def test_with_a_log_that_fails_a_device_is_stopped_when_its_client_goes(build: BuildHouse) -> None:
    async with asyncio.timeout(60):
        house, talker = await running(build)
        await talker.session.close("it is gone")
        assert house.sent()[-1] == ZERO[0]


@pytest.mark.usefixtures("failing_log")
async def test_with_a_log_that_fails_devices_are_stopped_when_the_server_closes(build: BuildHouse) -> None:
    async with asyncio.timeout(60):
        house, _ = await running(build)
        assert await house.server.close() == []
        assert sorted(house.sent()[-2:]) == ZERO


@for_each(
    "path",
    [path for path in sorted(ROOT.rglob("*.py")) if path != Path(log.__file__)],
    ids=lambda path: path.relative_to(ROOT),
)
def test_every_module_has_its_logger_from_here(path: Path) -> None:
    assert "= logging.getLogger(" not in path.read_text("utf-8")
