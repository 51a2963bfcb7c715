"""The limits of outputs: what cannot be read, or fits nowhere, is off."""

from __future__ import annotations

import pytest

from buttplug.core.enums import OutputType
from buttplug.server.devices.settings import DeviceSettings, OutputSettings
from tests.server.devices.user_configuration.helpers import (
    EDGE,
    VIBRATE_0,
    VIBRATE_1,
    Json,
    Load,
    device,
    feature,
    settings_of,
)

OFF = OutputSettings(disabled=True)


@pytest.mark.parametrize(
    ("features", "outputs", "warning"),
    [
        pytest.param(
            [feature(vibrate={"value": [0, 30]}), feature(vibrate={"value": [5, 10]})],
            {VIBRATE_0: OFF, VIBRATE_1: OutputSettings((5, 10))},
            "features[0].output.vibrate: this output is disabled until it is mended: the Vibrate limits 0..30 are not inside",
            id="beyond the range",
        ),
        pytest.param(
            [feature(vibrate={"value": [10, 5]})],
            {VIBRATE_0: OFF},
            "features[0].output.vibrate: this output is disabled until it is mended: the Vibrate limits 10..5 are not inside",
            id="the wrong way round",
        ),
        pytest.param([feature(vibrate={"value": [-5, 5]})], {VIBRATE_0: OFF}, "limits -5..5 are not inside", id="below 0"),
        pytest.param(
            [feature(vibrate={"value": "all"}), feature(vibrate={"disabled": True})],
            {VIBRATE_0: OFF, VIBRATE_1: OFF},
            "features[0].output.vibrate: this output is disabled until it is mended: value: Expected `array",
            id="text",
        ),
        pytest.param([feature(vibrate={"value": [5]})], {VIBRATE_0: OFF}, "Expected `array` of length 2", id="one number"),
        pytest.param([feature(vibrate={"value": [0, 5.5]})], {VIBRATE_0: OFF}, "Expected `int`, got `float`", id="parts"),
        pytest.param([feature(vibrate={"value": 5})], {VIBRATE_0: OFF}, "value: Expected `array | null`", id="a number"),
        pytest.param([feature(vibrate={"value": ["0", "5"]})], {VIBRATE_0: OFF}, "value: Expected `int`", id="digits as text"),
        pytest.param([feature(vibrate=5)], {VIBRATE_0: OFF}, "Expected `object`, got `int`", id="no object"),
        pytest.param([feature(vibrate={"duration": [0, 5]})], {VIBRATE_0: OFF}, "duration limits 0..5 ms", id="a duration"),
        pytest.param([feature(vibrate={"disabled": "yes"})], {VIBRATE_0: OFF}, "disabled: Expected `bool", id="yes"),
        pytest.param(
            [feature(vibrate={"value": [9, 30], "disabled": True})],
            {VIBRATE_0: OFF},
            "limits 9..30",
            id="disabled all the same",
        ),
        pytest.param(
            [feature(rotate={"disabled": True}), feature(vibrate={"value": [0, 5]})],
            {VIBRATE_0: OFF, VIBRATE_1: OutputSettings((0, 5))},
            "features[0].output.rotate: skipped: Lovense Edge has no such output there",
            id="another kind of output",
        ),
        pytest.param(
            [feature(vibrat={"value": [0, 5]})], {VIBRATE_0: OFF}, "features[0].output.vibrat: skipped", id="a misspelt output"
        ),
        pytest.param(
            [feature(vibrate={}), feature(), feature(), feature(vibrate={"value": [0, 5]})],
            {VIBRATE_1: OFF},
            "features[3].output.vibrate: until this is mended feature 1 Vibrate of Lovense Edge is disabled",
            id="more features than the model has",
        ),
        pytest.param(
            [{"index": 2, "output": {"vibrate": {"value": [0, 5]}}}],
            {VIBRATE_0: OFF, VIBRATE_1: OFF},
            "until this is mended feature 0 Vibrate, feature 1 Vibrate of Lovense Edge is disabled",
            id="the index of a feature that has no such output",
        ),
        pytest.param(
            [feature(vibrate={"value": [0, 5]}), feature(vibrate={"value": [0, 9]}) | {"index": 0}],
            {VIBRATE_0: OFF, VIBRATE_1: OFF},
            "features[1].output.vibrate: this output is disabled until it is mended: another entry says something else of it",
            id="two limits for one output",
        ),
        pytest.param(
            ["vibrate", feature(vibrate={"value": [0, 5]})],
            {VIBRATE_0: OFF, VIBRATE_1: OutputSettings((0, 5))},
            "features[0]: skipped: Expected `object`, got `str`",
            id="a text instead of a feature",
        ),
        pytest.param(
            [{"output": "vibrate"}], {VIBRATE_0: OFF}, "features[0].output: skipped: Expected `object`", id="a text as output"
        ),
        pytest.param(
            [{"outputs": {"vibrate": {"value": [0, 5]}}}],
            {VIBRATE_0: OFF},
            "features[0]: outputs is ignored: it means nothing here; did you mean output?",
            id="output is misspelt",
        ),
        pytest.param(
            [feature(vibrate={"vlaue": [0, 5]})],
            {VIBRATE_0: OFF},
            "features[0].output.vibrate: vlaue is ignored: it means nothing here; did you mean value?",
            id="value is misspelt",
        ),
        pytest.param(
            [feature(vibrate={"value": [0, 5], "step_limit": [0, 5]})],
            {VIBRATE_0: OutputSettings((0, 5))},
            "features[0].output.vibrate: step_limit is ignored: it means nothing here",
            id="what is not known beside what is",
        ),
    ],
)
def test_limits_that_cannot_be_read_never_leave_full_power(
    load: Load,
    caplog: pytest.LogCaptureFixture,
    features: list[Json],
    outputs: dict[tuple[int, OutputType], OutputSettings],
    warning: str,
) -> None:
    settings = settings_of(load(devices=[device(*features, index=4, display_name="Left one")]))
    assert settings == DeviceSettings(index=4, display_name="Left one", outputs=outputs)
    assert any(
        f"user.json: $.user_configs.devices[0] (lovense P at {EDGE.address}).config.features" in message and warning in message
        for message in caplog.messages
    ), caplog.messages


def test_whole_numbers_may_be_written_as_5_0(load: Load, caplog: pytest.LogCaptureFixture) -> None:
    assert settings_of(load(devices=[device(feature(vibrate={"value": [0, 5.0]}))])).outputs == {
        VIBRATE_0: OutputSettings((0, 5))
    }
    assert caplog.messages == []


@pytest.mark.parametrize("indexes", [(1, 0), (1,), (0, 1)])
def test_the_index_of_a_feature_counts_where_it_is_given(load: Load, indexes: tuple[int, ...]) -> None:
    features: list[Json] = [{"index": index, "output": {"vibrate": {"value": [0, 5 + index]}}} for index in indexes]
    expected = {(index, OutputType.VIBRATE): OutputSettings((0, 5 + index)) for index in indexes}
    assert settings_of(load(devices=[device(*features)])).outputs == expected


def test_limits_of_a_reversed_model_leave_it_reversed_unless_they_say_otherwise(load: Load) -> None:
    output: Json = {"position": {"value": [0, 99], "reverse_position": True}}
    model: Json = {"identifier": ["turned"], "name": "Turned", "features": [{"index": 0, "output": output}]}
    protocols: Json = {"tcode-v03": {"configurations": [model]}}
    for written_, reverse in (({}, False), ({"reverse": True}, False), ({"reverse": False}, True)):
        entry = device(feature(position={"value": [0, 50], **written_}), protocol="tcode-v03", identifier="turned")
        settings = settings_of(load(protocols=protocols, devices=[entry]))
        assert settings.outputs == {(0, OutputType.POSITION): OutputSettings((0, 50), reverse=reverse)}
