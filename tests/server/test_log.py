"""The log of the program: levels by part, one line per record, and repeats that are counted instead of told."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from buttplug.server import log


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the program's handler writes of a logger called ``buttplug.server.session``."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(log._Formatter(colour=False))
    handler.addFilter(log._Repeats().is_new)
    logger = logging.getLogger("buttplug.server.session")
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


def tell(level: int, text: str, at: float = 0.0) -> None:
    logger = logging.getLogger("buttplug.server.session")
    record = logger.makeRecord(logger.name, level, "", 0, text, (), None)
    record.created, record.msecs = 1_000_000_000.5 + at, 500.0
    logger.handle(record)


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("info", {"buttplug": 20}),
        ("WARNING", {"buttplug": 30}),
        ("trace", {"buttplug": 5}),
        ("off", {"buttplug": 51}),
        ("bluetooth=debug", {"buttplug.hardware.bluetooth": 10}),
        ("error, client=info , hid=trace", {"buttplug": 40, "buttplug.server.session": 20, "buttplug.hardware.hid": 5}),
    ],
)
def test_levels_are_for_all_or_for_a_part(text: str, levels: dict[str, int]) -> None:
    assert log.levels_of(text) == levels


@pytest.mark.parametrize("text", ["", "loud", "info,", "tree=info", "client=", "client"])
def test_what_is_no_level_or_no_part_is_refused_with_those_there_are(text: str) -> None:
    with pytest.raises(ValueError, match="there are "):
        log.levels_of(text)


def test_a_record_is_one_line_with_time_level_and_part(lines: io.StringIO) -> None:
    tell(logging.INFO, "Client connected")
    assert lines.getvalue() == "2001-09-09T01:46:40.500Z INFO session: Client connected\n"


def test_a_warning_is_told_once_in_ten_seconds_and_then_with_the_number_left_out(lines: io.StringIO) -> None:
    for at in (0, 1, 9.9, 10, 19, 21):
        tell(logging.WARNING, "no adapter", at)
    assert [line.partition("session: ")[2] for line in lines.getvalue().splitlines()] == [
        "no adapter",
        "no adapter (2 more times)",
        "no adapter (1 more times)",
    ]


def test_other_records_are_all_told(lines: io.StringIO) -> None:
    for at in (0, 1):
        tell(logging.INFO, "Client connected", at)
        tell(logging.WARNING, f"trouble {at}", at)
    assert lines.getvalue().count("\n") == 4
