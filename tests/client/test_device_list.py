"""Devices that come, go and change."""

from __future__ import annotations

import asyncio

import pytest

from buttplug import ButtplugClient, ButtplugDevice, ButtplugDeviceError, DeviceAdded, DeviceRemoved, OutputType
from buttplug.core import messages
from buttplug.core.messages import DeviceInfo, DeviceList, FeatureInfo, Ok, OutputLimits, RequestDeviceList, StopCmd
from tests.fakes.scripted_server import ScriptedServer, device_info, stroker, vibrator


async def test_a_device_is_what_the_list_says(stroking: ButtplugDevice) -> None:
    assert (stroking.index, stroking.name, stroking.display_name) == (2, "Demo Stroker", "blue one")
    assert stroking.message_timing_gap == 50
    assert stroking.connected
    assert [feature.index for feature in stroking.features.values()] == [0, 1, 2, 3, 4, 5, 6]
    assert stroking.features[0].description == "Shaft"
    assert stroking.features[0].device is stroking
    assert [feature.index for feature in stroking.get_features_with_output(OutputType.VIBRATE)] == [2, 3]
    assert [feature.index for feature in stroking.get_features_with_input("Pressure")] == [5, 6]
    assert stroking.has_output("Rotate")
    assert stroking.has_output("rotate")
    assert stroking.has_battery()
    assert not stroking.has_rssi()


async def test_removals_are_told_before_additions(client: ButtplugClient, server: ScriptedServer) -> None:
    gone = client.devices[2]
    events = client.events()
    server.show(vibrator(1), vibrator(7))
    assert [await anext(events), await anext(events)] == [DeviceRemoved(gone), DeviceAdded(client.devices[1])]


async def test_a_device_keeps_its_object_while_it_is_there(client: ButtplugClient, server: ScriptedServer) -> None:
    device = client.devices[7]
    server.show(vibrator(7), vibrator(9))
    assert client.devices[7] is device


@pytest.mark.parametrize(
    "other", [vibrator(7, "Another"), vibrator(7, steps=10), stroker(7)], ids=["name", "steps", "features"]
)
async def test_another_device_under_the_same_index_is_removed_and_added(
    client: ButtplugClient, server: ScriptedServer, other: DeviceInfo
) -> None:
    device = client.devices[7]
    events = client.events()
    server.show(stroker(2), other)
    assert [await anext(events), await anext(events)] == [DeviceRemoved(device), DeviceAdded(client.devices[7])]
    assert client.devices[7] is not device
    assert not device.connected


async def test_another_display_name_is_taken_over_without_a_word(client: ButtplugClient, server: ScriptedServer) -> None:
    device = client.devices[7]
    told: list[ButtplugDevice] = []
    client.on_device_added = client.on_device_removed = told.append
    motor = FeatureInfo(0, "", {"Vibrate": OutputLimits((0, 20))})
    server.show(stroker(2), device_info(7, "Demo Vibrator", motor, display_name="the red one"))
    await asyncio.sleep(1)
    assert device.display_name == "the red one"
    assert told == []


async def test_commands_to_a_removed_device_fail_without_being_sent(client: ButtplugClient, server: ScriptedServer) -> None:
    device = client.devices[7]
    server.show(stroker(2))
    sent = len(server.received)
    for command in (device.vibrate(1), device.features[0].vibrate(1), device.stop(), device.features[0].stop()):
        with pytest.raises(ButtplugDeviceError, match=r'no longer connected.*device 7 "Demo Vibrator"'):
            await command
    assert len(server.received) == sent


async def test_a_list_that_follows_the_reply_at_once_is_not_overwritten_by_it(server: ScriptedServer) -> None:
    def reply_and_change(message: RequestDeviceList) -> None:
        server.say(DeviceList(message.id, {7: vibrator(7)}))
        server.say(DeviceList(0, {8: vibrator(8)}))

    server.script(RequestDeviceList, reply_and_change)
    async with ButtplugClient("Tests") as client:
        await client.connect(server)
        assert set(client.devices) == {8}


async def test_a_list_that_answers_nothing_pending_is_an_event(client: ButtplugClient, server: ScriptedServer) -> None:
    server.say(DeviceList(4711, {8: vibrator(8)}))
    assert set(client.devices) == {8}


async def test_the_dict_of_devices_stays_the_same_one(client: ButtplugClient, server: ScriptedServer) -> None:
    devices = client.devices
    server.show(vibrator(1))
    assert client.devices is devices
    assert set(devices) == {1}


async def test_stopping_one_device_names_it(client: ButtplugClient, server: ScriptedServer) -> None:
    stroking = client.devices[2]
    await stroking.stop()
    await stroking.stop(inputs=False)
    await stroking.stop(outputs=False)
    await stroking.features[3].stop()
    await client.stop_all_devices()
    assert server.sent(StopCmd) == [
        StopCmd(3, 2, inputs=True, outputs=True),
        StopCmd(4, 2, inputs=False, outputs=True),
        StopCmd(5, 2, inputs=True, outputs=False),
        StopCmd(6, 2, 3, inputs=False, outputs=True),
        StopCmd(7, inputs=True, outputs=True),
    ]


async def test_the_flag_of_a_scan_follows_the_order_of_the_messages(client: ButtplugClient, server: ScriptedServer) -> None:
    """A scan may be finished right behind the reply to its start, before the program has seen that."""

    def finish_at_once(message: messages.StartScanning) -> None:
        server.say(Ok(message.id))
        server.say(messages.ScanningFinished(0))

    server.script(messages.StartScanning, finish_at_once)
    await client.start_scanning()
    assert not client.scanning
