"""Patterns are levels over time, to the last digit, however they are put together."""

from __future__ import annotations

import math
from collections.abc import Callable
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.patterns import Pattern, hold, product, pulse, ramp, sequence, strongest, wave

LEVELS = st.floats(-1.0, 1.0)
SECONDS = st.floats(0.01, 100.0)
SHAPES = st.one_of(
    st.builds(hold, LEVELS, SECONDS),
    st.builds(ramp, LEVELS, LEVELS, SECONDS),
    st.builds(lambda level, on, off: pulse(level, on=on, off=off), LEVELS, SECONDS, SECONDS),
    st.builds(
        lambda low, high, period, seconds: wave(low, high, period=period, seconds=seconds), LEVELS, LEVELS, SECONDS, SECONDS
    ),
)
PATTERNS = st.recursive(
    SHAPES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: sequence(*parts)),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: strongest(*parts)),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: product(*parts)),
        st.tuples(inner, st.integers(1, 5)).map(lambda both: both[0].repeat(both[1])),
        st.tuples(inner, LEVELS).map(lambda both: both[0].scale(both[1])),
        st.tuples(inner, SECONDS).map(lambda both: both[0].cut(both[1])),
        st.tuples(inner, st.floats(0.1, 10)).map(lambda both: both[0].faster(both[1])),
    ),
    max_leaves=6,
)


def levels(pattern: Pattern, *times: float) -> list[float]:
    return [round(pattern.level(time), 6) for time in times]


def test_a_ramp_rises_evenly_to_its_end() -> None:
    assert levels(ramp(0.2, 0.6, 4), 0, 1, 2, 4) == [0.2, 0.3, 0.4, 0.6]


def test_a_wave_goes_from_low_over_high_to_low() -> None:
    assert levels(wave(0.2, 0.8, period=2), 0, 0.5, 1, 1.5, 2, 3) == [0.2, 0.5, 0.8, 0.5, 0.2, 0.8]
    assert wave(period=2).duration == inf


def test_a_pulse_has_edges_at_exact_times() -> None:
    one = pulse(0.8, on=0.2, off=0.3, low=0.1)
    assert levels(one, 0, 0.199, 0.2, 0.499) == [0.8, 0.8, 0.1, 0.1]
    assert one.next_change(0) == 0.2
    assert one.next_change(0.2) == inf


def test_a_sequence_is_one_behind_the_other() -> None:
    whole = sequence(hold(0.1, 1), ramp(0, 1, 2), hold(0.5, 1))
    assert whole.duration == 4
    assert levels(whole, 0, 0.99, 1, 2, 3, 4) == [0.1, 0.1, 0, 0.5, 0.5, 0.5]
    assert [whole.next_change(time) for time in (0, 1.5, 3)] == [1, 1.5, inf]
    assert levels(hold(0.1, 1).then(hold(0.2, 1)), 0.5, 1.5) == [0.1, 0.2]


def test_repeats_do_not_drift_in_a_day() -> None:
    beats = pulse(1.0, on=0.1, off=0.2).repeat()
    for count in (1, 1000, 288_000):
        start = count * 0.30000000000000004
        assert beats.level(start) == 1.0
        assert beats.next_change(start) == pytest.approx(start + 0.1, abs=1e-9)


def test_a_repeat_ends_after_its_last_round() -> None:
    twice = ramp(0, 1, 1).repeat(2)
    assert twice.duration == 2
    assert levels(twice, 0.5, 1, 1.5, 2) == [0.5, 0, 0.5, 1]


def test_combinations() -> None:
    assert levels(strongest(ramp(0, 1, 2), hold(0.5, 4)), 0, 1.5, 3) == [0.5, 0.75, 0.5]
    assert levels(strongest(hold(-0.8, 1), hold(0.5, 1)), 0) == [-0.8]
    assert levels(product(ramp(0, 1, 2), hold(0.5, 2)), 1, 2) == [0.25, 0.5]
    assert levels(hold(0.8, 1).scale(-0.5), 0) == [-0.4]
    assert product(wave(period=1), hold(1, 3)).duration == 3
    assert strongest(hold(0.9, 1), hold(0.1, 3)).next_change(0) == 1
    assert levels(strongest(hold(0.9, 1), hold(0.1, 3)), 0.5, 1, 1.5) == [0.9, 0.1, 0.1]


def test_cut_and_faster() -> None:
    assert hold(1.0).cut(3).duration == 3
    assert ramp(0, 1, 2).cut(5).duration == 2
    quick = ramp(0, 1, 2).faster(4)
    assert quick.duration == 0.5
    assert levels(quick, 0.25, 0.5) == [0.5, 1]


@pytest.mark.parametrize(
    "make",
    [
        lambda: hold(1.5),
        lambda: hold(math.nan),
        lambda: hold(True),
        lambda: hold(0.5, -1),
        lambda: ramp(0, 1, inf),
        lambda: wave(period=0),
        lambda: sequence(),
        lambda: strongest(),
        lambda: hold(1.0).repeat(2),
        lambda: hold(1.0, 0).repeat(),
        lambda: hold(1.0, 1).repeat(0),
        lambda: hold(1.0, 1).repeat(1.5),
        lambda: hold(1.0, 1).scale(2),
        lambda: hold(1.0, 1).faster(0),
        lambda: hold(1.0, 1).cut(-1),
    ],
)
def test_what_makes_no_sense_is_refused(make: Callable[[], Pattern]) -> None:
    with pytest.raises(ValueError, match=r"pattern|number|ramp|wave"):
        make()


@given(PATTERNS, st.floats(0, 1))
def test_a_level_is_always_in_range_and_no_change_is_missed(pattern: Pattern, share: float) -> None:
    time = share * pattern.duration
    level, change = pattern.level(time), pattern.next_change(time)
    assert -1.0 <= level <= 1.0
    assert change >= time
    if change > time + 1e-6:
        # Up to the next change nothing changes.
        until = min(change, pattern.duration)
        assert pattern.level(time + (until - time) * 0.999) == pytest.approx(level, abs=1e-9)
