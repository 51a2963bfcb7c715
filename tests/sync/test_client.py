"""A synchronous client with a server inside: everything in the order of the lines."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable

import pytest

from buttplug import ButtplugServer
from buttplug.core.messages import InputCmd, InputReading, InputValue
from buttplug.hardware.errors import HardwareError
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.sync import (
    ButtplugConnectorError,
    ButtplugDeviceError,
    Client,
    Device,
    DeviceAdded,
    DeviceErrorReason,
    DeviceOutputCommand,
    DeviceRemoved,
    Feature,
    InputType,
    OutputType,
    Reading,
    Server,
    ServerDisconnected,
)
from tests.fakes.scripted_server import ScriptedServer, vibrator

InLoop = Callable[[Callable[[], object]], object]


def eventually(condition: Callable[[], bool]) -> bool:
    """Wait for another thread."""
    end = time.monotonic() + 5
    while not condition() and time.monotonic() < end:
        time.sleep(0.001)
    return condition()


def last(toy: SimulatedDevice, word: bytes) -> bytes:
    """Return the last command of a kind that the toy was sent."""
    return [packet.data for packet in toy.packets if packet.data.startswith(word)][-1]


def test_a_command_has_reached_the_device_when_the_call_returns(nora: Device, toy: SimulatedDevice) -> None:
    nora.vibrate(0.5)
    assert last(toy, b"Vibrate") == b"Vibrate:10;"
    nora.run_output(DeviceOutputCommand(OutputType.ROTATE, -0.25))
    assert last(toy, b"Rotate") == b"Rotate:5;"
    nora.stop()
    assert last(toy, b"Vibrate") == b"Vibrate:0;"


def test_values_are_read(nora: Device) -> None:
    assert nora.battery() == 0.85
    assert nora.read(InputType.BATTERY) == 85


def test_devices_and_features_are_the_same_objects_wherever_they_come_from(client: Client, nora: Device) -> None:
    assert client.devices == {0: nora}
    assert client.devices[0] is nora
    assert client.scan(1) == [nora]
    feature = nora.get_features_with_output(OutputType.VIBRATE)[0]
    assert isinstance(feature, Feature)
    assert feature is nora.features[0]
    assert feature.device is nora
    assert feature.step_range(OutputType.VIBRATE) == (0, 20)


def test_a_loop_over_devices_goes_on_while_they_come_and_go(
    scripted: ScriptedServer, scripted_client: Client, in_loop: InLoop
) -> None:
    seen = []
    for device in scripted_client.devices.values():
        in_loop(lambda: scripted.show(vibrator(9)))
        seen.append(device.index)
    assert seen == [2, 7]
    assert list(scripted_client.devices) == [9]


def test_leaving_the_with_stops_the_devices(server: Server, toy: SimulatedDevice) -> None:
    with Client("Short") as client:
        client.connect(server)
        client.wait_for_device("Nora").vibrate(1.0)
    assert last(toy, b"Vibrate") == b"Vibrate:0;"
    assert not client.connected


def test_leaving_it_by_an_exception_stops_them_too(server: Server, toy: SimulatedDevice) -> None:
    def fail() -> None:
        with Client("Short") as client:
            client.connect(server)
            client.wait_for_device("Nora").vibrate(1.0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert last(toy, b"Vibrate") == b"Vibrate:0;"


def test_a_client_that_nobody_holds_any_more_stops_what_it_drove(server: Server, toy: SimulatedDevice) -> None:
    client = Client("Dropped")
    client.connect(server)
    device = client.wait_for_device("Nora")
    device.vibrate(1.0)
    del client
    gc.collect()
    device.vibrate(0.5)  # who holds a device still has the client
    assert last(toy, b"Vibrate") == b"Vibrate:10;"
    del device
    gc.collect()
    assert eventually(lambda: last(toy, b"Vibrate") == b"Vibrate:0;")


def test_closing_the_server_stops_the_devices(toy: SimulatedDevice, server: Server, nora: Device) -> None:
    nora.vibrate(1.0)
    assert server.close() == []
    assert last(toy, b"Vibrate") == b"Vibrate:0;"
    with pytest.raises(ButtplugConnectorError):
        nora.vibrate(0.5)


def test_settings_of_the_server_take_effect(server: Server, client: Client, nora: Device, toy: SimulatedDevice) -> None:
    server.limit_output(0, 0, OutputType.VIBRATE, value=(0, 10))
    assert not nora.connected  # whose range is another one is another device
    client.devices[0].vibrate(1.0)
    assert last(toy, b"Vibrate") == b"Vibrate:10;"


# Errors


def test_an_error_has_the_device_and_feature_that_can_be_used(nora: Device, toy: SimulatedDevice) -> None:
    toy.write_error = HardwareError("the battery is empty")
    with pytest.raises(ButtplugDeviceError, match="the battery is empty") as raised:
        nora.vibrate(0.5)
    toy.write_error = None
    assert raised.value.reason is DeviceErrorReason.WRITE_FAILED
    assert raised.value.device is nora
    assert raised.value.feature is nora.features[0]
    raised.value.device.stop()
    assert last(toy, b"Vibrate") == b"Vibrate:0;"


def test_errors_of_what_is_not_even_sent_have_them_too(nora: Device) -> None:
    with pytest.raises(ButtplugDeviceError) as raised:
        nora.features[0].convert_to_step(OutputType.VIBRATE, 5.0)
    assert raised.value.feature is nora.features[0]
    with pytest.raises(ButtplugDeviceError) as raised:
        nora.subscribe(InputType.PRESSURE)
    assert raised.value.device is nora


def test_what_the_asynchronous_client_raises_catches_it(nora: Device) -> None:
    from buttplug import ButtplugDeviceError as ButtplugDeviceErrorOfBoth

    with pytest.raises(ButtplugDeviceErrorOfBoth):
        nora.vibrate(7.0)


def test_an_asynchronous_server_is_refused_with_what_to_use() -> None:
    async def try_it() -> None:
        async with ButtplugServer() as server:
            with Client("Tests") as client, pytest.raises(ButtplugConnectorError, match=r"use buttplug\.sync\.Server"):
                client.connect(server)  # type: ignore[arg-type]

    asyncio.run(try_it())


# Callbacks


def test_callbacks_run_in_a_thread_of_their_own_and_may_use_the_client(server: Server, toy: SimulatedDevice) -> None:
    threads: list[str] = []

    def greet(device: Device) -> None:
        threads.append(threading.current_thread().name)
        device.vibrate(0.25)
        done.set()

    done = threading.Event()
    with Client("Tests") as client:
        client.on_device_added = greet
        assert client.on_device_added is greet
        client.connect(server)
        client.wait_for_device("Nora")
        assert done.wait(5)
        assert last(toy, b"Vibrate") == b"Vibrate:5;"
    assert threads == ["buttplug callback"]


def test_callbacks_are_called_one_after_the_other(scripted: ScriptedServer, scripted_client: Client, in_loop: InLoop) -> None:
    told: list[str] = []

    def slow(device: Device) -> None:
        told.append(f"{device.index} begins")
        time.sleep(0.02)
        told.append(f"{device.index} ends")

    scripted_client.on_device_added = slow
    scripted_client.on_device_removed = lambda device: told.append(f"{device.index} gone")
    in_loop(lambda: scripted.show(vibrator(8), vibrator(9)))
    assert eventually(lambda: len(told) == 6)
    assert told == ["2 gone", "7 gone", "8 begins", "8 ends", "9 begins", "9 ends"]


@pytest.mark.parametrize("error", [ZeroDivisionError("oh"), SystemExit(3), KeyboardInterrupt(), StopIteration(4)])
def test_a_callback_that_raises_breaks_nothing_and_is_reported(
    scripted: ScriptedServer, scripted_client: Client, in_loop: InLoop, error: BaseException
) -> None:
    reported: list[Exception] = []

    def fail(device: Device) -> None:
        raise error

    scripted_client.on_error = reported.append
    scripted_client.on_device_added = fail
    in_loop(lambda: scripted.show(vibrator(8)))
    assert eventually(lambda: len(reported) == 1)
    assert error in (reported[0], reported[0].__cause__)
    scripted_client.devices[8].vibrate(0.5)


def test_errors_that_are_reported_have_the_device_that_can_be_used(
    scripted: ScriptedServer, scripted_client: Client, in_loop: InLoop
) -> None:
    reported: list[Exception] = []
    scripted_client.on_error = reported.append
    scripted_client.on_device_added = lambda device: device.vibrate(9.0)
    in_loop(lambda: scripted.show(vibrator(8)))
    assert eventually(lambda: len(reported) == 1)
    assert isinstance(reported[0], ButtplugDeviceError)
    assert reported[0].device is scripted_client.devices[8]


def test_a_coroutine_function_is_no_callback() -> None:
    async def wrong(device: Device) -> None: ...

    with pytest.raises(TypeError, match="plain functions"):
        Client("Tests").on_device_added = wrong


def test_a_callback_can_be_taken_away(scripted: ScriptedServer, scripted_client: Client, in_loop: InLoop) -> None:
    told: list[Device] = []
    scripted_client.on_device_added = told.append
    scripted_client.on_device_added = None
    in_loop(lambda: scripted.show(vibrator(8)))
    scripted_client.stop_all_devices()
    assert told == []


# Iterators


def test_events_are_iterated_over_in_order(scripted: ScriptedServer, scripted_client: Client, in_loop: InLoop) -> None:
    old, events = scripted_client.devices, scripted_client.events()
    in_loop(lambda: scripted.show(vibrator(8)))
    assert next(events) == DeviceRemoved(old[2])
    assert next(events) == DeviceRemoved(old[7])
    assert next(events) == DeviceAdded(scripted_client.devices[8])
    in_loop(lambda: scripted.lose("cable cut"))
    assert [type(event) for event in events] == [DeviceRemoved, ServerDisconnected]
    assert events.poll() is None


def test_a_program_with_a_loop_of_its_own_asks_for_what_there_is(
    scripted: ScriptedServer, scripted_client: Client, in_loop: InLoop
) -> None:
    events = scripted_client.events()
    assert events.poll() is None
    in_loop(lambda: scripted.show(vibrator(8)))
    polled = [events.poll() for _ in range(4)]
    assert [type(event) for event in polled] == [DeviceRemoved, DeviceRemoved, DeviceAdded, type(None)]
    began = time.monotonic()
    assert events.poll(0.02) is None
    assert time.monotonic() - began >= 0.02


def say(scripted: ScriptedServer, value: int) -> Callable[[], object]:
    return lambda: scripted.say(InputReading(0, 2, 5, {"Pressure": InputValue(value)}))


def subscriptions(scripted: ScriptedServer) -> list[str]:
    return [message.command for message in scripted.sent(InputCmd)]


def test_readings_come_with_their_feature_and_leaving_the_loop_ends_the_subscription(
    scripted: ScriptedServer, scripted_client: Client, in_loop: InLoop
) -> None:
    feature = scripted_client.devices[2].features[5]
    readings = feature.subscribe(InputType.PRESSURE)
    assert readings.poll() is None
    in_loop(say(scripted, 700))
    for reading in readings:
        assert reading == Reading(feature, 700)
        break
    del readings
    gc.collect()
    assert subscriptions(scripted) == ["Subscribe", "Unsubscribe"]


def test_a_subscription_used_as_a_context_has_ended_before_the_next_line(
    scripted: ScriptedServer, scripted_client: Client, in_loop: InLoop
) -> None:
    with scripted_client.devices[2].features[5].subscribe(InputType.PRESSURE) as readings:
        readings.poll()
        in_loop(say(scripted, 3))
        assert next(readings).value == 3
    assert subscriptions(scripted) == ["Subscribe", "Unsubscribe"]
    assert list(readings) == []


def test_a_loop_over_readings_raises_when_the_device_is_lost(
    scripted: ScriptedServer, scripted_client: Client, in_loop: InLoop
) -> None:
    device = scripted_client.devices[2]
    readings = device.features[5].subscribe(InputType.PRESSURE)
    readings.poll()
    in_loop(lambda: scripted.show(vibrator(7)))
    with pytest.raises(ButtplugDeviceError) as raised:
        next(readings)
    assert raised.value.device is device


# Threads and loops


def test_it_works_inside_a_running_event_loop(server: Server, toy: SimulatedDevice) -> None:
    async def cell_of_a_notebook() -> None:
        with Client("Notebook") as client:
            client.connect(server)
            client.wait_for_device("Nora").vibrate(0.5)

    asyncio.run(cell_of_a_notebook())
    assert b"Vibrate:10;" in [packet.data for packet in toy.packets]


def test_many_threads_use_one_client(nora: Device) -> None:
    failures: list[Exception] = []

    def drive(share: float) -> None:
        try:
            for _ in range(20):
                nora.vibrate(share)
                nora.battery()
        except Exception as error:  # noqa: BLE001 told below
            failures.append(error)

    threads = [threading.Thread(target=drive, args=(number / 8,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []


def test_a_call_in_the_thread_of_the_event_loop_is_refused_instead_of_waiting_for_itself(client: Client) -> None:
    async def in_the_loop() -> str:
        with pytest.raises(RuntimeError, match="thread of the event loop"):
            client.stop_all_devices()
        return "refused"

    assert client._bridge.run(in_the_loop()) == "refused"
