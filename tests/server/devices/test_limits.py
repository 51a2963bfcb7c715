"""What a client's value becomes for the device, with every kind of limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.core.messages import Range
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.definition import DeviceDefinition, FeatureDefinition, OutputDefinition
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.limits import OutputRange, output_ranges
from buttplug.server.devices.settings import DeviceSettings, OutputSettings
from tests.cases import for_each

POSITIONS = [OutputType.POSITION, OutputType.POSITION_WITH_DURATION]
LEVELS = [type_ for type_ in OutputType if type_ not in POSITIONS]

SHIPPED = [
    (type_, output)
    for definition in DeviceConfiguration.load()
    for feature in definition.features
    for type_, output in feature.outputs.items()
]


@st.composite
def limited_outputs(draw: st.DrawFn) -> tuple[OutputDefinition, OutputRange]:
    """Any output of a shipped model, with any limits its user may set."""
    type_, definition = draw(st.sampled_from(SHIPPED))
    limit = definition.value[1]
    lowest = draw(st.integers(0, limit))
    value = draw(st.none() | st.tuples(st.just(lowest), st.integers(lowest, limit)))
    return definition, OutputRange.of(type_, definition, OutputSettings(value=value, reverse=draw(st.booleans())))


@st.composite
def limited_levels(draw: st.DrawFn) -> tuple[OutputDefinition, Range | None, OutputRange]:
    """A level that begins above 0, with any limits its user may set."""
    first = draw(st.integers(1, 100))
    definition = OutputDefinition((first, draw(st.integers(first, 120))))
    limit = definition.value[1]
    lowest = draw(st.integers(0, limit))
    user = draw(st.none() | st.tuples(st.just(lowest), st.integers(lowest, limit)))
    return definition, user, OutputRange.of(draw(st.sampled_from(LEVELS)), definition, OutputSettings(value=user))


def values_of(shown: Range) -> st.SearchStrategy[int]:
    return st.integers(*shown)


def output_range(
    type_: OutputType, value: Range, user: Range | None = None, *, reverse: bool = False, base_reverse: bool = False
) -> OutputRange:
    definition = OutputDefinition(value, reverse_position=base_reverse)
    return OutputRange.of(type_, definition, OutputSettings(value=user, reverse=reverse))


@for_each("type_", LEVELS)
@for_each(
    ("base", "user", "shown", "expected"),
    [
        ((0, 20), None, (0, 20), {0: 0, 1: 1, 20: 20}),
        ((0, 100), (20, 80), (0, 60), {0: 0, 1: 21, 60: 80}),
        ((0, 20), (0, 12), (0, 12), {0: 0, 1: 1, 12: 12}),
        ((0, 20), (20, 20), (0, 1), {0: 0, 1: 20}),
        ((0, 20), (0, 0), (0, 1), {0: 0, 1: 0}),
        ((-20, 20), None, (-20, 20), {-20: -20, -1: -1, 0: 0, 20: 20}),
        ((-20, 20), (5, 15), (-10, 10), {-10: -15, -1: -6, 0: 0, 1: 6, 10: 15}),
        ((-20, 20), (7, 7), (-1, 1), {-1: -7, 0: 0, 1: 7}),
        ((37, 42), None, (0, 42), {0: 0, 1: 37, 36: 37, 37: 37, 38: 38, 42: 42}),
        ((37, 42), (0, 40), (0, 40), {0: 0, 1: 37, 37: 37, 38: 38, 40: 40}),
        ((37, 42), (37, 42), (0, 5), {0: 0, 1: 38, 5: 42}),
        ((37, 42), (36, 39), (0, 3), {0: 0, 1: 37, 2: 38, 3: 39}),
        ((37, 42), (40, 40), (0, 1), {0: 0, 1: 40}),
        ((37, 42), (0, 20), (0, 20), {0: 0, 1: 0, 20: 0}),
        ((37, 42), (0, 0), (0, 1), {0: 0, 1: 0}),
        ((5, 5), None, (0, 5), {0: 0, 1: 5, 5: 5}),
    ],
)
def test_levels_count_from_the_lower_limit_and_zero_is_off(
    type_: OutputType, base: Range, user: Range | None, shown: Range, expected: dict[int, int]
) -> None:
    limits = output_range(type_, base, user)
    assert limits.shown == shown
    assert {value: limits.to_device(value) for value in expected} == expected


@for_each("type_", POSITIONS)
@for_each(
    ("user", "reverse", "shown", "expected"),
    [
        (None, False, (0, 100), {0: 0, 1: 1, 100: 100}),
        (None, True, (0, 100), {0: 100, 1: 99, 100: 0}),
        ((20, 80), False, (0, 60), {0: 20, 1: 21, 60: 80}),
        ((20, 80), True, (0, 60), {0: 80, 1: 79, 60: 20}),
        ((50, 50), False, (0, 1), {0: 50, 1: 50}),
        ((50, 50), True, (0, 1), {0: 50, 1: 50}),
    ],
)
def test_positions_keep_inside_the_limits_zero_included(
    type_: OutputType, user: Range | None, reverse: bool, shown: Range, expected: dict[int, int]
) -> None:
    limits = output_range(type_, (0, 100), user, reverse=reverse)
    assert limits.shown == shown
    assert {value: limits.to_device(value) for value in expected} == expected


@for_each(("reverse", "base_reverse", "device_value"), [(False, True, 100), (True, True, 0), (True, False, 100)])
def test_reversing_a_reversed_output_turns_it_back(reverse: bool, base_reverse: bool, device_value: int) -> None:
    limits = output_range(OutputType.POSITION, (0, 100), reverse=reverse, base_reverse=base_reverse)
    assert limits.to_device(0) == device_value


@for_each(
    ("type_", "base", "user", "value", "message"),
    [
        (OutputType.VIBRATE, (0, 100), None, 120, "value 120 is outside 0..100"),
        (OutputType.VIBRATE, (0, 20), None, -5, "value -5 is outside 0..20"),
        (OutputType.VIBRATE, (0, 100), (20, 80), 61, "value 61 is outside 0..60"),
        (OutputType.ROTATE, (-20, 20), (5, 15), -11, "value -11 is outside -10..10"),
        (OutputType.POSITION, (0, 100), (20, 80), 61, "value 61 is outside 0..60"),
        (OutputType.POSITION_WITH_DURATION, (0, 100), None, -1, "value -1 is outside 0..100"),
    ],
)
def test_a_value_outside_the_shown_range_is_refused(
    type_: OutputType, base: Range, user: Range | None, value: int, message: str
) -> None:
    with pytest.raises(ButtplugDeviceError, match=f"^{message}$"):
        output_range(type_, base, user).to_device(value)


@for_each("user", [(-1, 10), (10, 5), (0, 21), (21, 21)])
def test_limits_outside_the_range_are_refused(user: Range) -> None:
    with pytest.raises(ConfigurationError, match=r"Vibrate limits .* are not inside 0\.\.20"):
        output_range(OutputType.VIBRATE, (-20, 20), user)


@given(st.data(), limited_outputs())
def test_the_device_value_is_inside_the_limits_or_off(
    data: st.DataObject, output: tuple[OutputDefinition, OutputRange]
) -> None:
    definition, limits = output
    value = limits.to_device(data.draw(values_of(limits.shown)))
    assert value == 0 or definition.value[0] <= value <= definition.value[1]
    assert limits.lowest <= abs(value) <= limits.highest or (value == 0 and not limits.is_position)


@given(st.data(), limited_outputs())
def test_a_greater_value_never_means_less(data: st.DataObject, output: tuple[OutputDefinition, OutputRange]) -> None:
    _, limits = output
    smaller, greater = sorted(data.draw(st.tuples(values_of(limits.shown), values_of(limits.shown))))
    first, second = limits.to_device(smaller), limits.to_device(greater)
    assert first >= second if limits.reverse else first <= second


@given(limited_outputs())
def test_the_ends_of_the_shown_range_are_the_limits(output: tuple[OutputDefinition, OutputRange]) -> None:
    definition, limits = output
    low, high = (limits.to_device(value) for value in limits.shown)
    if limits.is_position:
        assert {low, high} == {limits.lowest, limits.highest}
    else:
        assert high == limits.highest
        assert low == (-limits.highest if definition.value[0] < 0 else 0)


@given(st.data(), limited_levels())
def test_where_a_level_begins_above_zero_the_device_is_told_off_or_one_of_its_own_levels_inside_the_limits(
    data: st.DataObject, output: tuple[OutputDefinition, Range | None, OutputRange]
) -> None:
    definition, user, limits = output
    first, last = definition.value
    lowest, highest = user or definition.value
    smaller, greater = sorted(data.draw(st.tuples(values_of(limits.shown), values_of(limits.shown))))
    low, high = limits.to_device(smaller), limits.to_device(greater)
    assert low <= high
    assert high == 0 or max(first, lowest) <= high <= min(last, highest)
    assert limits.to_device(0) == 0
    assert limits.to_device(limits.shown[1]) == limits.highest_level == (highest if highest >= first else 0)


@given(limited_levels())
def test_where_a_level_begins_above_zero_clients_are_shown_what_they_would_be_if_it_did_not(
    output: tuple[OutputDefinition, Range | None, OutputRange],
) -> None:
    definition, user, limits = output
    from_zero = OutputRange.of(OutputType.VIBRATE, OutputDefinition((0, definition.value[1])), OutputSettings(value=user))
    assert limits.shown == from_zero.shown
    values = range(limits.shown[1] + 1)
    told = {from_zero.to_device(value): limits.to_device(value) for value in values}
    assert all(device == plain for plain, device in told.items() if plain >= definition.value[0])


@given(st.data(), st.sampled_from(POSITIONS), st.integers(1, 10_000))
def test_reversed_positions_mirror_the_others(data: st.DataObject, type_: OutputType, limit: int) -> None:
    lowest = data.draw(st.integers(0, limit))
    user = lowest, data.draw(st.integers(lowest, limit))
    plain, reverse = (output_range(type_, (0, limit), user, reverse=reverse) for reverse in (False, True))
    value = data.draw(values_of(plain.shown))
    assert plain.to_device(value) + reverse.to_device(value) == sum(user)


@for_each(
    ("base", "user", "shown", "expected"),
    [
        ((0, 100_000), None, (0, 100_000), {0: 0, 500: 500, 200_000: 100_000}),
        ((0, 100_000), (200, 2000), (200, 2000), {0: 200, 500: 500, 5000: 2000}),
        (None, None, None, {0: 0, 500: 500}),
    ],
)
def test_durations_are_clamped_in_milliseconds(
    base: Range | None, user: Range | None, shown: Range | None, expected: dict[int, int]
) -> None:
    definition = OutputDefinition((0, 100), duration=base)
    limits = OutputRange.of(OutputType.POSITION_WITH_DURATION, definition, OutputSettings(duration=user))
    assert limits.shown_duration == shown
    assert {duration: limits.clamp_duration(duration) for duration in expected} == expected


@for_each(("base", "user"), [((0, 1000), (0, 1001)), ((0, 1000), (5, 4)), (None, (0, 10))])
def test_duration_limits_outside_the_range_are_refused(base: Range | None, user: Range) -> None:
    definition = OutputDefinition((0, 100), duration=base)
    with pytest.raises(ConfigurationError, match="duration limits"):
        OutputRange.of(OutputType.POSITION_WITH_DURATION, definition, OutputSettings(duration=user))


@for_each(("limited", "other"), [tuple(POSITIONS), tuple(reversed(POSITIONS))])
@for_each("own", [None, (0, 100)])
def test_places_of_a_part_are_limited_for_both_commands_that_move_it(
    limited: OutputType, other: OutputType, own: Range | None
) -> None:
    outputs = {type_: OutputDefinition((0, 100)) for type_ in POSITIONS}
    definition = DeviceDefinition("p", None, "Stroker", (FeatureDefinition(0, "", outputs, {}),))
    settings = {(0, limited): OutputSettings((20, 80), disabled=True), (0, other): OutputSettings(own, reverse=True)}
    ranges = output_ranges(definition, DeviceSettings(outputs=settings))
    assert ranges.keys() == {(0, other)}
    assert (ranges[0, other].lowest, ranges[0, other].highest) == ((20, 80) if own is None else own)
