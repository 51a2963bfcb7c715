"""Ctrl-C while devices are being stopped, where the program handles it in its own way meanwhile."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from buttplug.core.interrupts import ctrl_c_waits


@pytest.fixture(autouse=True)
def default_handler() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_is_raised_behind_the_last_of_several_blocks() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), ctrl_c_waits():
        with ctrl_c_waits():
            signal.raise_signal(signal.SIGINT)
            done.append("inner")
        done.append("outer")
    assert done == ["inner", "outer"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_that_the_program_set_meanwhile_stays_and_gets_what_came_before() -> None:
    got: list[int] = []
    with ctrl_c_waits():
        signal.raise_signal(signal.SIGINT)
        signal.signal(signal.SIGINT, lambda number, _: got.append(number))
    assert got == [signal.SIGINT]


def test_ctrl_c_is_not_lost_where_the_program_takes_its_own_handler_back_behind_the_stops() -> None:
    with ctrl_c_waits():
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGINT, before)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_waits_for_later_stops_too_where_the_program_took_its_own_handler_back(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with ctrl_c_waits():
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGINT, before)
    now = 60.0
    done = []
    with pytest.raises(KeyboardInterrupt), ctrl_c_waits():
        signal.raise_signal(signal.SIGINT)
        done.append("stopped")
    assert done == ["stopped"]
