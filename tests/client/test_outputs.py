"""Outputs: fractions and steps, durations, and the methods by name on feature, device and client."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Awaitable, Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttplug import (
    ButtplugClient,
    ButtplugConnectorError,
    ButtplugDevice,
    ButtplugDeviceError,
    DeviceFeature,
    DeviceOutputCommand,
    ErrorCode,
    OutputType,
)
from buttplug.client.outputs import OutputMethods
from buttplug.core.messages import (
    Error,
    FeatureInfo,
    Ok,
    OutputArguments,
    OutputCmd,
    OutputLimits,
    Range,
)
from buttplug.core.steps import step_of
from tests.fakes.scripted_server import ScriptedServer, device_info, stroker, vibrator

LEVELS = [type_ for type_ in OutputType if not type_.is_position]


def outputs_sent(server: ScriptedServer) -> list[tuple[int, int, str, int | None, int | None]]:
    """Return device, feature, type, value and duration of each output command."""
    return [
        (message.device_index, message.feature_index, str(type_), arguments.value, arguments.duration)
        for message in server.sent(OutputCmd)
        for type_, arguments in message.command.items()
    ]


# Conversion


@pytest.mark.parametrize(
    ("limits", "value", "step"),
    [
        ((0, 20), 0.0, 0),
        ((0, 20), 1.0, 20),
        ((0, 20), 0.5, 10),
        ((0, 20), 0.51, 11),
        ((0, 20), 0.0001, 1),
        ((0, 20), 1e-12, 0),
        ((0, 100), 0.07, 7),
        ((0, 100), 0.29, 29),
        ((0, 100), 0.57, 57),
        ((0, 20), -0.0, 0),
        ((-6, 6), -1.0, -6),
        ((-6, 6), -0.5, -3),
        ((-6, 6), -0.01, -1),
        ((-6, 6), 0.01, 1),
        ((0, 20), 0, 0),
        ((0, 20), 1, 1),
        ((0, 20), 20, 20),
        ((-6, 6), -6, -6),
    ],
)
async def test_a_float_is_a_share_rounded_away_from_zero_and_an_int_is_a_step(
    client: ButtplugClient, server: ScriptedServer, limits: Range, value: float, step: int
) -> None:
    server.show(device_info(0, "X", FeatureInfo(0, "", {"Vibrate": OutputLimits(limits)})))
    result = client.devices[0].features[0].convert_to_step(OutputType.VIBRATE, value)
    assert (result, type(result)) == (step, int)


@pytest.mark.parametrize(
    ("limits", "value"),
    [
        ((0, 20), -0.1),
        ((0, 20), -0.0001),
        ((0, 20), 1.0001),
        ((-6, 6), -1.0001),
        ((0, 20), 21),
        ((0, 20), -1),
        ((-6, 6), -7),
        ((0, 20), math.nan),
        ((0, 20), math.inf),
        ((-6, 6), -math.inf),
        ((0, 20), True),
        ((0, 20), "10"),
        ((0, 20), None),
        ((0, 20), Fraction(1, 2)),
    ],
)
async def test_what_is_no_number_or_out_of_range_is_a_device_error_before_anything_is_sent(
    client: ButtplugClient, server: ScriptedServer, limits: Range, value: float
) -> None:
    server.show(device_info(3, "Toy", FeatureInfo(4, "Tip", {"Vibrate": OutputLimits(limits)})))
    with pytest.raises(ButtplugDeviceError, match='device 3 "Toy", feature 4 "Tip"'):
        await client.devices[3].vibrate(value)
    assert server.sent(OutputCmd) == []


@given(high=st.integers(1, 10_000), step=st.integers(-10_000, 10_000))
def test_every_step_is_reached_by_its_own_share(high: int, step: int) -> None:
    step = max(-high, min(step, high))
    assert step_of(step / high, high) == step


@given(high=st.integers(1, 10_000), share=st.floats(-1, 1))
def test_a_share_is_never_less_than_asked_and_never_a_whole_step_more(high: int, share: float) -> None:
    step = step_of(share, high)
    assert -2e-9 <= abs(step) - abs(share) * high < 1
    assert step * share >= 0


async def test_limits_can_be_looked_up(stroking: ButtplugDevice) -> None:
    shaft, twist, battery = stroking.features[0], stroking.features[1], stroking.features[4]
    assert twist.step_range(OutputType.ROTATE) == (-6, 6)
    assert twist.step_count("Rotate") == 6
    assert twist.duration_range(OutputType.ROTATE) is None
    assert shaft.duration_range(OutputType.POSITION_WITH_DURATION) == (20, 1000)
    assert shaft.step_range(OutputType.VIBRATE) is None
    assert shaft.step_count("Vibrate") is None
    assert shaft.duration_range("Led") is None
    assert shaft.outputs is not None
    assert shaft.outputs["HwPositionWithDuration"].value == (0, 100)
    assert shaft.outputs["HwPositionWithDuration"].duration == (20, 1000)
    assert shaft.inputs is None
    assert battery.outputs is None
    assert battery.inputs is not None
    assert (battery.inputs["Battery"].value, battery.inputs["Battery"].command) == ([(0, 100)], ["Read"])


# Commands


async def test_a_feature_is_commanded_alone(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    await stroking.features[3].run_output(DeviceOutputCommand(OutputType.VIBRATE, 0.5))
    assert outputs_sent(server) == [(2, 3, "Vibrate", 4, None)]


async def test_a_device_commands_all_its_features_that_can(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    await stroking.run_output(DeviceOutputCommand(OutputType.VIBRATE, 0.5))
    assert outputs_sent(server) == [(2, 2, "Vibrate", 10, None), (2, 3, "Vibrate", 4, None)]


async def test_nothing_is_sent_when_one_of_the_features_cannot(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    with pytest.raises(ButtplugDeviceError, match=r"outside its range of 0 to 7 .*feature 3"):
        await stroking.run_output(DeviceOutputCommand(OutputType.VIBRATE, 15))
    assert outputs_sent(server) == []


async def test_all_features_are_sent_their_command_before_the_first_answers(
    stroking: ButtplugDevice, server: ScriptedServer
) -> None:
    waiting: list[OutputCmd] = []

    def answer_both(message: OutputCmd) -> None:
        waiting.append(message)
        if len(waiting) == 2:
            for each in waiting:
                server.say(Ok(each.id))

    server.script(OutputCmd, answer_both)
    await stroking.vibrate(0.5)
    assert len(waiting) == 2


async def test_the_failures_of_several_features_are_told_together(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    server.script(OutputCmd, lambda message: Error(message.id, f"motor {message.feature_index} stuck", ErrorCode.DEVICE))
    with pytest.raises(ButtplugDeviceError) as raised:
        await stroking.vibrate(0.5)
    assert raised.value.message == (
        'motor 2 stuck (device 2 "Demo Stroker", feature 2); motor 3 stuck (device 2 "Demo Stroker", feature 3)'
    )


async def test_a_failing_feature_does_not_keep_the_others_from_running(client: ButtplugClient, server: ScriptedServer) -> None:
    def refuse_one(message: OutputCmd) -> Ok | Error:
        return Ok(message.id) if message.device_index == 7 else Error(message.id, "stuck", ErrorCode.DEVICE)

    server.script(OutputCmd, refuse_one)
    with pytest.raises(ButtplugDeviceError, match="stuck"):
        await client.vibrate(1.0)
    assert (7, 0, "Vibrate", 20, None) in outputs_sent(server)


async def test_what_a_device_cannot_do_is_a_device_error_that_names_it(
    client: ButtplugClient, stroking: ButtplugDevice, server: ScriptedServer
) -> None:
    with pytest.raises(ButtplugDeviceError, match=r'no Led features.*"Demo Stroker"'):
        await stroking.led(1.0)
    with pytest.raises(ButtplugDeviceError, match=r'not support Led.*"Demo Stroker", feature 2'):
        await stroking.features[2].led(1.0)
    server.show(stroker(2))
    with pytest.raises(ButtplugDeviceError, match="No connected device has Led"):
        await client.led(1.0)
    assert server.sent(OutputCmd) == []


async def test_a_client_without_a_connection_says_so() -> None:
    with pytest.raises(ButtplugConnectorError, match="Not connected"):
        await ButtplugClient("Tests").vibrate(1)


@pytest.mark.parametrize(("duration", "sent"), [(None, 20), (0, 20), (250, 250), (20, 20), (99_999, 1000), (99.6, 100)])
async def test_a_duration_is_moved_into_its_range(
    stroking: ButtplugDevice, server: ScriptedServer, duration: int | None, sent: int
) -> None:
    await stroking.run_output(DeviceOutputCommand(OutputType.POSITION_WITH_DURATION, 0.3, duration))
    assert outputs_sent(server) == [(2, 0, "HwPositionWithDuration", 30, sent)]


@pytest.mark.parametrize("duration", [math.nan, math.inf, -5, True, "250"])
async def test_a_duration_that_is_no_number_or_below_0_is_a_device_error(
    stroking: ButtplugDevice, server: ScriptedServer, duration: int
) -> None:
    with pytest.raises(ButtplugDeviceError, match="duration"):
        await stroking.run_output(DeviceOutputCommand(OutputType.POSITION_WITH_DURATION, 0.3, duration))
    assert server.sent(OutputCmd) == []


async def test_a_duration_is_ignored_where_there_is_none(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    await stroking.run_output(DeviceOutputCommand(OutputType.ROTATE, 0.5, 250))
    assert outputs_sent(server) == [(2, 1, "Rotate", 3, None)]


# Methods by name


@pytest.fixture
def server() -> ScriptedServer:
    everything = FeatureInfo(0, "", {type_: OutputLimits((-10, 10)) for type_ in LEVELS})
    return ScriptedServer([stroker(2), vibrator(7), device_info(9, "Everything", everything)])


METHODS: list[tuple[Callable[[OutputMethods, float], Awaitable[None]], OutputType]] = [
    (OutputMethods.vibrate, OutputType.VIBRATE),
    (OutputMethods.rotate, OutputType.ROTATE),
    (OutputMethods.oscillate, OutputType.OSCILLATE),
    (OutputMethods.constrict, OutputType.CONSTRICT),
    (OutputMethods.spray, OutputType.SPRAY),
    (OutputMethods.temperature, OutputType.TEMPERATURE),
    (OutputMethods.led, OutputType.LED),
]


def test_every_level_has_a_method() -> None:
    assert [type_ for _, type_ in METHODS] == LEVELS


@pytest.mark.parametrize(("method", "type_"), METHODS)
@pytest.mark.parametrize(("value", "step"), [(0.5, 5), (3, 3), (-0.3, -3), (0.0, 0)])
async def test_a_method_is_the_command_of_its_name(
    client: ButtplugClient,
    server: ScriptedServer,
    method: Callable[[OutputMethods, float], Awaitable[None]],
    type_: OutputType,
    value: float,
    step: int,
) -> None:
    device = client.devices[9]
    await method(device, value)
    await method(device.features[0], value)
    assert outputs_sent(server) == [(9, 0, type_.value, step, None)] * 2


async def test_a_client_commands_all_devices_at_once(client: ButtplugClient, server: ScriptedServer) -> None:
    await client.vibrate(1.0)
    assert [(device, feature, value) for device, feature, _, value, _ in outputs_sent(server)] == [
        (2, 2, 20),
        (2, 3, 7),
        (7, 0, 20),
        (9, 0, 10),
    ]


async def test_a_position_is_timed_when_it_has_a_duration_in_seconds(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    await stroking.position(0.8)
    await stroking.position(0.2, duration=0.4)
    await stroking.features[0].position(64, duration=0.3504)
    assert outputs_sent(server) == [
        (2, 0, "Position", 80, None),
        (2, 0, "HwPositionWithDuration", 20, 400),
        (2, 0, "HwPositionWithDuration", 64, 350),
    ]


@pytest.mark.parametrize("duration", [-0.1, math.nan, math.inf])
async def test_a_position_takes_no_impossible_duration(stroking: ButtplugDevice, duration: float) -> None:
    with pytest.raises(ButtplugDeviceError, match="duration"):
        await stroking.position(0.5, duration=duration)


async def test_a_command_in_words_is_the_same_as_one_in_enums(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    await stroking.run_output(DeviceOutputCommand("Rotate", 0.5))  # type: ignore[arg-type]
    assert server.sent(OutputCmd)[0].command == {"Rotate": OutputArguments(3)}


# The whole number 1


def hints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was said about steps."""
    return [record.getMessage() for record in caplog.records if "lowest of" in record.getMessage()]


async def test_a_1_that_is_one_of_many_steps_is_explained_once(
    client: ButtplugClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    device = client.devices[7]
    await device.vibrate(1)
    assert outputs_sent(server) == [(7, 0, "Vibrate", 1, None)]
    await asyncio.sleep(1)
    await device.vibrate(0)
    await device.vibrate(1)
    await asyncio.sleep(10)
    assert hints(caplog) == [
        'Vibrate of 1 is the lowest of 20 steps (device 7 "Demo Vibrator", feature 0): an int is a step, a float a share of '
        "the range. Full is 1.0."
    ]


async def test_a_minus_1_is_explained_too(stroking: ButtplugDevice, caplog: pytest.LogCaptureFixture) -> None:
    await stroking.rotate(-1)
    await asyncio.sleep(10)
    assert [hint.partition(" (")[0] for hint in hints(caplog)] == ["Rotate of -1 is the lowest of 6 steps"]
    assert hints(caplog)[0].endswith("Full is -1.0.")


@pytest.mark.parametrize(
    "values", [[1, 2, 1], [5, 1], [1, 0, 2, 1], [1.0, 0.05, 0], [0]], ids=["up", "down", "with a pause", "shares", "off"]
)
async def test_a_program_that_counts_in_steps_or_uses_shares_is_left_alone(
    client: ButtplugClient, caplog: pytest.LogCaptureFixture, values: list[float]
) -> None:
    for value in values:
        await client.devices[7].vibrate(value)
        await asyncio.sleep(0.3)
    await asyncio.sleep(10)
    assert hints(caplog) == []


async def test_a_1_that_is_full_needs_no_explanation(
    client: ButtplugClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.show(vibrator(3, steps=1))
    await client.devices[3].vibrate(1)
    await asyncio.sleep(10)
    assert hints(caplog) == []


async def test_looking_up_a_step_explains_nothing(stroking: ButtplugDevice, caplog: pytest.LogCaptureFixture) -> None:
    stroking.features[2].convert_to_step(OutputType.VIBRATE, 1)
    await asyncio.sleep(10)
    assert hints(caplog) == []


@pytest.mark.parametrize(
    "method",
    [*(method for method, _ in METHODS), OutputMethods.position],
    ids=lambda method: method.__name__,
)
def test_every_docstring_says_what_1_and_1_0_are(method: Callable[..., object]) -> None:
    text = inspect.getdoc(method) or ""
    assert "``1.0``" in text
    assert "``1``" in text


@pytest.mark.parametrize("class_", [ButtplugClient, ButtplugDevice, DeviceFeature])
def test_the_docstring_of_every_run_output_says_it_too(class_: type[OutputMethods]) -> None:
    text = inspect.getdoc(class_.run_output) or ""
    assert "``1.0``" in text
    assert "``1``" in text
