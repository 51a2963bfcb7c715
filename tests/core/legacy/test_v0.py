"""Version 0: the names of commands, and nothing about parts."""

from __future__ import annotations

from tests.core.legacy.helpers import EVERYTHING, NOTHING, Client, device, feature


def test_a_device_is_listed_with_the_names_of_commands() -> None:
    assert Client(0, EVERYTHING, NOTHING).listed() == [
        {
            "DeviceName": "Toy",
            "DeviceIndex": 0,
            "DeviceMessages": [
                *("FleshlightLaunchFW12Cmd", "SingleMotorVibrateCmd", "StopDeviceCmd", "VorzeA10CycloneCmd"),
            ],
        },
        {"DeviceName": "Lamp", "DeviceIndex": 3, "DeviceMessages": ["StopDeviceCmd"]},
    ]


def test_a_vibrator_is_listed_with_one_speed_and_a_stop() -> None:
    two_motors = device(feature(0, Vibrate=(0, 127)), feature(1, Vibrate=(0, 127)))
    assert Client(0, two_motors).messages_of() == ["SingleMotorVibrateCmd", "StopDeviceCmd"]


def test_what_has_no_command_in_this_version_can_be_stopped_only() -> None:
    assert Client(0, device(feature(0, Oscillate=(0, 5), Rotate=(0, 5)))).messages_of() == ["StopDeviceCmd"]
