"""Windows: a console that is closed ends the program as soon as its handler returns."""

from __future__ import annotations

import pytest

from buttplug.server.program.console import CLOSING, before_console_closes, console_event


@pytest.mark.parametrize("event", sorted(CLOSING))
def test_before_a_console_closes_the_devices_are_stopped(event: int) -> None:
    done: list[int] = []
    assert console_event(event, lambda: done.append(event))
    assert done == [event]


@pytest.mark.parametrize("event", [0, 1])
def test_ctrl_c_and_ctrl_break_are_left_to_their_signals(event: int) -> None:
    assert not console_event(event, lambda: pytest.fail("nothing is to be done"))


def test_a_fault_is_told_and_windows_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    assert console_event(2, lambda: 1 // 0)
    assert "the devices could not be stopped" in caplog.text


def test_elsewhere_there_is_nothing_to_do() -> None:
    with before_console_closes(lambda: pytest.fail("nothing is to be done")):
        pass
