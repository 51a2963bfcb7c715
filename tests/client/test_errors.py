"""What a device error tells a program: the device, the feature and the reason, whoever found it out and however it came."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from buttplug import (
    ButtplugClient,
    ButtplugDevice,
    ButtplugDeviceError,
    ButtplugError,
    ButtplugServer,
    ButtplugUnknownError,
    DeviceErrorReason,
    DeviceFeature,
    ErrorCode,
    InputType,
)
from buttplug.core.messages import (
    Error,
    FeatureInfo,
    InputCmd,
    InputLimits,
    OutputCmd,
    OutputLimits,
    StopCmd,
)
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from tests.fakes.json_connector import JsonConnector
from tests.fakes.scripted_server import ScriptedServer, device_info

Reason = DeviceErrorReason


def facts(error: ButtplugDeviceError) -> tuple[DeviceErrorReason, object, object]:
    return error.reason, error.device, error.feature


# What the client finds out by itself


async def test_what_is_not_even_sent_has_its_reason(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    shaft, battery, pressure = stroking.features[0], stroking.features[4], stroking.features[6]
    sent = len(server.received)
    for call, reason, feature in (
        (stroking.led(1.0), Reason.NO_SUCH_OUTPUT, None),
        (shaft.led(1.0), Reason.NO_SUCH_OUTPUT, shaft),
        (stroking.rssi(), Reason.NO_SUCH_INPUT, None),
        (shaft.battery(), Reason.NO_SUCH_INPUT, shaft),
        (pressure.read(InputType.PRESSURE), Reason.NO_SUCH_INPUT, pressure),
        (shaft.position(1.1), Reason.OUT_OF_RANGE, shaft),
        (stroking.position(-0.1), Reason.OUT_OF_RANGE, shaft),
        (stroking.position(101), Reason.OUT_OF_RANGE, shaft),
        (stroking.vibrate(15), Reason.OUT_OF_RANGE, stroking.features[3]),
        (shaft.position(True), Reason.INVALID_VALUE, shaft),
        (shaft.position("1.0"), Reason.INVALID_VALUE, shaft),  # type: ignore[arg-type]
    ):
        with pytest.raises(ButtplugDeviceError) as raised:
            await call
        assert facts(raised.value) == (reason, stroking, feature)
    with pytest.raises(ButtplugDeviceError) as raised:
        battery.subscribe(InputType.BATTERY)
    assert facts(raised.value) == (Reason.NO_SUCH_INPUT, stroking, battery)
    assert len(server.received) == sent


async def test_what_no_device_can_do_names_none(client: ButtplugClient) -> None:
    with pytest.raises(ButtplugDeviceError) as raised:
        await client.led(1.0)
    assert facts(raised.value) == (Reason.NO_SUCH_OUTPUT, None, None)
    with pytest.raises(ButtplugDeviceError) as raised:
        await client.position(0.5, duration=-1)
    assert raised.value.reason is Reason.INVALID_VALUE


async def test_a_device_that_is_gone_says_so(client: ButtplugClient, server: ScriptedServer) -> None:
    device = client.devices[7]
    server.show()
    for call, feature in ((device.stop(), None), (device.vibrate(0.5), device.features[0])):
        with pytest.raises(ButtplugDeviceError) as raised:
            await call
        assert facts(raised.value) == (Reason.GONE, device, feature)


async def test_readings_end_with_the_device_that_is_gone(
    client: ButtplugClient, stroking: ButtplugDevice, server: ScriptedServer
) -> None:
    asyncio.get_running_loop().call_later(1, server.show)
    with pytest.raises(ButtplugDeviceError) as raised:
        async for _ in stroking.subscribe(InputType.PRESSURE):
            pass
    assert facts(raised.value) == (Reason.GONE, stroking, None)


async def test_several_failures_are_one_error_that_has_each(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    server.script(OutputCmd, lambda message: Error(message.id, f"motor {message.feature_index} stuck", ErrorCode.DEVICE))
    with pytest.raises(ButtplugDeviceError) as raised:
        await stroking.vibrate(0.5)
    assert facts(raised.value) == (Reason.WRITE_FAILED, stroking, stroking.features[2])
    assert [facts(each) for each in raised.value.errors if isinstance(each, ButtplugDeviceError)] == [
        (Reason.WRITE_FAILED, stroking, stroking.features[2]),
        (Reason.WRITE_FAILED, stroking, stroking.features[3]),
    ]


async def test_an_error_of_which_only_the_code_is_known_has_a_reason_too() -> None:
    error = ButtplugDeviceError("something")
    assert facts(error) == (Reason.OTHER, None, None)
    assert error.errors == ()


# What other servers answer


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ({"ButtplugDeviceError": {"DeviceNotAvailable": 10}}, Reason.GONE),
        ({"ButtplugDeviceError": {"DeviceNotConnected": "Demo Stroker"}}, Reason.GONE),
        ({"ButtplugDeviceError": {"DeviceFeatureIndexError": [4, 3]}}, Reason.NO_SUCH_FEATURE),
        ({"ButtplugDeviceError": {"DeviceStepRangeError": [20, 21]}}, Reason.OUT_OF_RANGE),
        ({"ButtplugDeviceError": "DeviceCommandSignError"}, Reason.OUT_OF_RANGE),
        ({"ButtplugDeviceError": {"MessageNotSupported": "OutputCmd"}}, Reason.NO_SUCH_OUTPUT),
        ({"ButtplugDeviceError": {"DeviceCommunicationError": "GATT"}}, Reason.WRITE_FAILED),
        ({"ButtplugDeviceError": {"ProtocolSpecificError": ["lovense", "?"]}}, Reason.WRITE_FAILED),
    ],
    ids=str,
)
async def test_the_names_of_the_engine_are_understood(
    stroking: ButtplugDevice, server: ScriptedServer, text: object, reason: DeviceErrorReason
) -> None:
    server.script(OutputCmd, lambda message: Error(message.id, json.dumps(text), ErrorCode.DEVICE))
    with pytest.raises(ButtplugDeviceError) as raised:
        await stroking.rotate(0.5)
    assert facts(raised.value) == (reason, stroking, stroking.features[1])


async def test_what_was_asked_decides_where_the_text_does_not(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    unsupported = json.dumps({"ButtplugDeviceError": {"UnhandledCommand": "Read"}})
    for text, reason in ((unsupported, Reason.NO_SUCH_INPUT), ("nope", Reason.READ_FAILED)):
        server.script(InputCmd, lambda message, text=text: Error(message.id, text, ErrorCode.DEVICE))  # type: ignore[misc]
        with pytest.raises(ButtplugDeviceError) as raised:
            await stroking.battery()
        assert facts(raised.value) == (reason, stroking, stroking.features[4])
    server.script(StopCmd, lambda message: Error(message.id, "nope", ErrorCode.DEVICE))
    with pytest.raises(ButtplugDeviceError) as raised:
        await stroking.stop()
    assert facts(raised.value) == (Reason.WRITE_FAILED, stroking, None)


async def test_the_name_of_a_device_is_no_reason(client: ButtplugClient, server: ScriptedServer) -> None:
    motor = FeatureInfo(0, "", {"Vibrate": OutputLimits((0, 20))}, {"Battery": InputLimits([(0, 100)], ["Read"])})
    server.show(device_info(0, "It was lost in time", motor, display_name="there is no Vibrate output"))
    server.script(OutputCmd, lambda message: Error(message.id, 'Device 0 "It was lost in time": jammed', ErrorCode.DEVICE))
    with pytest.raises(ButtplugDeviceError) as raised:
        await client.vibrate(0.5)
    assert raised.value.reason is Reason.WRITE_FAILED


async def test_an_error_of_another_code_is_no_device_error(stroking: ButtplugDevice, server: ScriptedServer) -> None:
    server.script(OutputCmd, lambda message: Error(message.id, "shutting down", ErrorCode.UNKNOWN))
    with pytest.raises(ButtplugUnknownError, match=r'shutting down \(device 2 "Demo Stroker", feature 1 "Twist"\)'):
        await stroking.rotate(0.5)


# What this package's server answers, in process and over the wire


@pytest.fixture(scope="module")
def configuration() -> DeviceConfiguration:
    return DeviceConfiguration.load()


@pytest.fixture
def toy(configuration: DeviceConfiguration) -> SimulatedDevice:
    return simulate(configuration, "Lovense Nora")


@pytest.fixture(params=["in process", "over the wire"])
async def nora(
    request: pytest.FixtureRequest, configuration: DeviceConfiguration, toy: SimulatedDevice
) -> AsyncIterator[ButtplugDevice]:
    """A Lovense Nora of a real server. It may misbehave in the test and is well again after it."""
    managers = [SimulatedManager([toy])]
    async with ButtplugServer(managers=managers, configuration=configuration) as server, ButtplugClient("Tests") as client:
        await client.connect(server if request.param == "in process" else JsonConnector(server))
        await client.scan()
        yield client.devices[0]
        toy.write_delay, toy.write_error = 0.0, None


def motor_of(nora: ButtplugDevice) -> DeviceFeature:
    return nora.features[0]


async def test_a_failed_write(nora: ButtplugDevice, toy: SimulatedDevice) -> None:
    toy.write_error = HardwareError("the battery is empty")
    with pytest.raises(ButtplugDeviceError, match="the battery is empty") as raised:
        await nora.vibrate(0.5)
    assert facts(raised.value) == (Reason.WRITE_FAILED, nora, motor_of(nora))
    with pytest.raises(ButtplugDeviceError) as raised:
        await nora.stop()
    assert facts(raised.value) == (Reason.WRITE_FAILED, nora, None)


async def test_a_write_that_does_not_end(nora: ButtplugDevice, toy: SimulatedDevice) -> None:
    toy.write_delay = 3600
    with pytest.raises(ButtplugDeviceError) as raised:
        await nora.vibrate(0.5)
    assert facts(raised.value) == (Reason.TIMED_OUT, nora, motor_of(nora))


async def test_a_sensor_that_does_not_answer(nora: ButtplugDevice, toy: SimulatedDevice) -> None:
    toy.answer = lambda packet: None
    with pytest.raises(ButtplugDeviceError) as raised:
        await nora.battery()
    assert raised.value.reason is Reason.TIMED_OUT
    assert raised.value.feature is next(feature for feature in nora.features.values() if feature.has_battery())


async def test_a_device_that_is_switched_off(nora: ButtplugDevice, toy: SimulatedDevice) -> None:
    toy.write_delay = 1
    vibrating = asyncio.create_task(nora.vibrate(0.5))
    await asyncio.sleep(0.5)
    toy.disconnect("switched off")
    with pytest.raises(ButtplugDeviceError) as raised:
        await vibrating
    assert facts(raised.value) == (Reason.GONE, nora, motor_of(nora))


async def raises_when_the_list_is_old(nora: ButtplugDevice, change: FeatureInfo) -> ButtplugDeviceError:
    """Have the client send what the server must refuse, as when its list of the device is not the current one."""
    motor_of(nora)._info = change
    with pytest.raises(ButtplugDeviceError) as raised:
        await (nora.vibrate(40) if nora.has_output("Vibrate") else nora.led(1.0))
    return raised.value


async def test_a_value_that_only_the_server_knows_to_be_out_of_range(nora: ButtplugDevice) -> None:
    error = await raises_when_the_list_is_old(nora, FeatureInfo(0, "", {"Vibrate": OutputLimits((0, 100))}))
    assert facts(error) == (Reason.OUT_OF_RANGE, nora, motor_of(nora))


async def test_an_output_that_only_the_server_knows_not_to_be_there(nora: ButtplugDevice) -> None:
    error = await raises_when_the_list_is_old(nora, FeatureInfo(0, "", {"Led": OutputLimits((0, 100))}))
    assert facts(error) == (Reason.NO_SUCH_OUTPUT, nora, motor_of(nora))


async def test_a_feature_that_only_the_server_knows_not_to_be_there(nora: ButtplugDevice) -> None:
    error = await raises_when_the_list_is_old(nora, FeatureInfo(77, "", {"Vibrate": OutputLimits((0, 100))}))
    assert facts(error) == (Reason.NO_SUCH_FEATURE, nora, motor_of(nora))


async def test_an_input_that_only_the_server_knows_not_to_be_there(nora: ButtplugDevice) -> None:
    motor_of(nora)._info = FeatureInfo(0, "", {}, {"Pressure": InputLimits([(0, 9)], ["Read"])})
    with pytest.raises(ButtplugDeviceError) as raised:
        await nora.read(InputType.PRESSURE)
    assert facts(raised.value) == (Reason.NO_SUCH_INPUT, nora, motor_of(nora))


async def test_a_program_can_act_on_what_an_error_tells(nora: ButtplugDevice, toy: SimulatedDevice) -> None:
    toy.write_error = HardwareError("the battery is empty")
    try:
        await nora.vibrate(0.5)
    except ButtplugError as error:
        assert isinstance(error, ButtplugDeviceError)
        toy.write_error = None
        match error.reason:
            case DeviceErrorReason.WRITE_FAILED if error.device is not None:
                assert (error.device.index, error.device.name, error.device.connected) == (0, "Lovense Nora", True)
                await error.device.stop()
            case _:
                pytest.fail("another reason")
    assert toy.packets[-1].data == b"Rotate:0;"
