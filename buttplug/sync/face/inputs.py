"""The inputs, for whatever has some: a feature, or a device with all its features.

Made by python -m tools.sync_face from the asynchronous classes: change those instead.
"""

from __future__ import annotations

from buttplug.client import inputs
from buttplug.core.enums import InputType
from buttplug.sync.bridge import Bridge


class InputMethods:
    """Reading inputs. What a method raises is what :meth:`read` raises."""

    _bridge: Bridge
    _async: inputs.InputMethods

    def has_input(self, input_type: InputType | str) -> bool:
        """Return whether there is an input of this type."""
        return self._bridge.call(self._async.has_input, input_type)

    def read(self, input_type: InputType | str) -> int:
        """Read an input of a type.

        Raises:
            ButtplugDeviceError: There is no such input, it cannot be read, or the device is gone or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        return self._bridge.run(self._async.read(input_type))

    def has_battery(self) -> bool:
        """Return whether it can tell how full its battery is."""
        return self._bridge.call(self._async.has_battery)

    def battery(self) -> float:
        """Read how full the battery is, from 0.0 to 1.0.

        Raises:
            ButtplugDeviceError: It cannot tell, or the device is gone or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        return self._bridge.run(self._async.battery())

    def has_rssi(self) -> bool:
        """Return whether it can tell how strong its radio signal is."""
        return self._bridge.call(self._async.has_rssi)

    def rssi(self) -> int:
        """Read the strength of the radio signal in dBm, about -10 (near) to -100 (far).

        Raises:
            ButtplugDeviceError: It cannot tell, or the device is gone or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        return self._bridge.run(self._async.rssi())
