"""The log of the program: levels by part, a line for each record that nothing in it can forge, repeats that are counted."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.text import escaped
from buttplug.server.program import log
from buttplug.server.program.log.lines import MESSAGE_LIMIT, JsonLines, TextLines
from buttplug.server.program.log.repeats import MEMORY

NAME = "buttplug.server.session"


def record(level: int, text: str, *args: object, at: float = 0.0, error: Exception | None = None) -> logging.LogRecord:
    made = logging.getLogger(NAME).makeRecord(NAME, level, "", 0, text, args, None if error is None else _trace(error))
    made.created, made.msecs = 1_000_000_000.5 + at, 500.0
    return made


def _trace(error: Exception) -> tuple[type[BaseException], BaseException, None]:
    return type(error), error, None


def tell(level: int, text: str, *args: object, at: float = 0.0) -> None:
    logging.getLogger(NAME).handle(record(level, text, *args, at=at))


def texts(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return what was told on stderr."""
    return [line.partition("session: ")[2] for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("info", {"buttplug": 20}),
        ("WARNING", {"buttplug": 30}),
        ("trace", {"buttplug": 5}),
        ("off", {"buttplug": 51}),
        ("1", {"buttplug": 40}),
        ("5", {"buttplug": 5}),
        ("bluetooth=debug", {"buttplug.hardware.bluetooth": 10}),
        ("error, client=info , hid=trace", {"buttplug": 40, "buttplug.server.session": 20, "buttplug.hardware.hid": 5}),
    ],
)
def test_levels_are_for_all_or_for_a_part(text: str, levels: dict[str, int]) -> None:
    assert log.levels_of(text) == levels


@pytest.mark.parametrize("text", ["", "loud", "info,", "tree=info", "client=", "client", "0", "6"])
def test_what_is_no_level_or_no_part_is_refused_with_those_there_are(text: str) -> None:
    with pytest.raises(ValueError, match="there are "):
        log.levels_of(text)


def test_a_record_is_one_line_with_time_level_and_part() -> None:
    line = TextLines(colour=False, short_addresses=True).format(record(logging.INFO, "Client connected"))
    assert line == "2001-09-09T01:46:40.500Z INFO session: Client connected"


def test_in_json_a_record_is_one_line_with_the_same_fields() -> None:
    line = JsonLines(short_addresses=True).format(record(logging.WARNING, "no %s", "ad\u202eapter\n"))
    assert json.loads(line) == {
        "time": "2001-09-09T01:46:40.500Z",
        "level": "warning",
        "logger": NAME,
        "msg": "no ad\u202eapter\n",
    }
    assert line.isascii()
    assert "\n" not in line


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\nb", r"a\nb"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\rb\x00\x7f\x9b", r"a\rb\x00\x7f\x9b"),
        ("\u202eevil", r"\u202eevil"),
        ("a\u2028b\x85c", r"a\u2028b\x85c"),
        ("\ud800", r"\ud800"),
        ("Müller & 花子", "Müller & 花子"),
    ],
)
def test_what_is_not_printable_is_escaped(text: str, told: str) -> None:
    assert escaped(text) == told


@given(st.text(), st.text(), st.sampled_from([logging.INFO, logging.ERROR]))
def test_no_text_and_no_error_can_forge_a_record_or_command_a_terminal(text: str, reason: str, level: int) -> None:
    formatted = TextLines(colour=False, short_addresses=True).format(record(level, "%s", text, error=ValueError(reason)))
    first, *rest = formatted.split("\n")
    assert first.startswith("2001-09-09T01:46:40.500Z ")
    assert all(line.startswith("    ") for line in rest)
    assert all(character.isprintable() for character in formatted.replace("\n", ""))


def test_a_traceback_is_told_line_by_line() -> None:
    try:
        raise ZeroDivisionError("a\n2026-01-01T00:00:00.000Z INFO main: all is well")
    except ZeroDivisionError as error:
        failed = record(logging.ERROR, "it failed")
        failed.exc_info = (type(error), error, error.__traceback__)
    lines = TextLines(colour=False, short_addresses=True).format(failed).split("\n")
    assert lines[1] == "    Traceback (most recent call last):"
    assert lines[-2:] == ["    ZeroDivisionError: a", "    2026-01-01T00:00:00.000Z INFO main: all is well"]


def test_a_record_that_was_made_wrongly_is_told_all_the_same() -> None:
    line = TextLines(colour=False, short_addresses=True).format(record(logging.INFO, "%d devices", "many"))
    assert "'%d devices' with ('many',) (no message can be made of this: TypeError" in line


def test_an_endless_message_is_cut_off() -> None:
    line = TextLines(colour=False, short_addresses=True).format(record(logging.INFO, "x" * (MESSAGE_LIMIT + 7)))
    assert line.endswith("xx (7 more characters)")


@pytest.mark.parametrize(
    ("text", "shortened"),
    [
        ("AA:BB:CC:DD:EE:FF connected", "..:EE:FF connected"),
        ("at aa-bb-cc-dd-ee-ff.", "at ..:ee-ff."),
        ("AA:BB:CC:DD:EE is none", "AA:BB:CC:DD:EE is none"),
    ],
)
def test_addresses_of_hardware_are_shortened(text: str, shortened: str) -> None:
    told = record(logging.INFO, text)
    assert shortened in TextLines(colour=False, short_addresses=True).format(told)
    assert shortened in JsonLines(short_addresses=True).format(told)
    assert text in TextLines(colour=False, short_addresses=False).format(told)


@pytest.mark.parametrize(
    ("levels", "seen"), [({"buttplug": 20}, "..:EE:FF"), ({"buttplug": 20, "x": 10}, "AA:BB:CC:DD:EE:FF")]
)
def test_a_log_for_finding_faults_has_whole_addresses(
    capsys: pytest.CaptureFixture[str], levels: dict[str, int], seen: str
) -> None:
    with log.logging_to(None, levels):
        tell(logging.INFO, "%s", "AA:BB:CC:DD:EE:FF")
    assert texts(capsys) == [seen]


def test_a_warning_is_told_once_in_ten_seconds_and_then_with_the_number_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    with log.logging_to(None, {}):
        for at in (0, 1, 9.9, 10, 19, 21):
            tell(logging.WARNING, "no adapter", at=at)
    assert texts(capsys) == ["no adapter", "no adapter (2 more times)", "no adapter (1 more times)"]


def test_how_many_were_left_out_is_told_even_if_the_warning_does_not_come_again(capsys: pytest.CaptureFixture[str]) -> None:
    with log.logging_to(None, {}):
        for at in (0, 1, 2):
            tell(logging.WARNING, "no adapter", at=at)
        tell(logging.WARNING, "no port", at=8)
        tell(logging.WARNING, "no port", at=9)
        tell(logging.INFO, "Client connected", at=11)
    assert texts(capsys) == [
        "no adapter",
        "no port",
        "no adapter (2 more times)",
        "Client connected",
        "no port (1 more times)",
    ]


def test_other_records_are_all_told(capsys: pytest.CaptureFixture[str]) -> None:
    with log.logging_to(None, {}):
        for at in (0, 1):
            tell(logging.INFO, "Client connected", at=at)
            tell(logging.WARNING, f"trouble {at}", at=at)
    assert len(texts(capsys)) == 4


def test_many_different_warnings_are_not_all_remembered(capsys: pytest.CaptureFixture[str]) -> None:
    with log.logging_to(None, {}):
        tell(logging.WARNING, "trouble 0")
        for number in range(MEMORY + 1):
            tell(logging.WARNING, f"trouble {number}")
        tell(logging.WARNING, "trouble 0")
    lines = texts(capsys)
    assert lines.count("trouble 0 (1 more times)") == 1
    assert lines[-1] == "trouble 0"


def test_a_log_file_is_appended_to_and_nothing_goes_to_stderr(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "server.log"
    file.write_text("before\n")
    with log.logging_to(file, {}, "json"):
        tell(logging.INFO, "Müller connected")
    before, line = file.read_text().splitlines()
    assert before == "before"
    assert json.loads(line)["msg"] == "Müller connected"
    assert capsys.readouterr().err == ""


def test_after_the_program_logging_is_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = list(root.handlers), root.level
    with log.logging_to(None, {}):
        assert list(root.handlers) != before[0]
    assert (list(root.handlers), root.level) == before


@pytest.mark.parametrize(
    ("terminal", "no_colour", "coloured"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_colours_are_for_terminals_that_want_them(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, no_colour: bool, coloured: bool
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_colour:
        monkeypatch.setenv("NO_COLOR", "1")
    with log.logging_to(None, {}):
        tell(logging.ERROR, "no adapter")
    assert ("\x1b[31mERROR\x1b[0m session: no adapter" in stream.getvalue()) == coloured
    assert ("\x1b" in stream.getvalue()) == coloured
