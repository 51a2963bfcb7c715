"""The inputs, for whatever has some: a feature, or a device with all its features."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from buttplug.core.enums import InputType
from buttplug.core.messages import InputValue


class InputMethods(ABC):
    """Reading inputs. What a method raises is what :meth:`read` raises."""

    @abstractmethod
    def has_input(self, input_type: InputType | str) -> bool:
        """Return whether there is an input of this type."""

    @abstractmethod
    async def read(self, input_type: InputType | str) -> int:
        """Read an input of a type.

        Raises:
            ButtplugDeviceError: There is no such input, it cannot be read, or the device is gone or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """

    def has_battery(self) -> bool:
        """Return whether it can tell how full its battery is."""
        return self.has_input(InputType.BATTERY)

    async def battery(self) -> float:
        """Read how full the battery is, from 0.0 to 1.0.

        Raises:
            ButtplugDeviceError: It cannot tell, or the device is gone or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        return await self.read(InputType.BATTERY) / 100

    def has_rssi(self) -> bool:
        """Return whether it can tell how strong its radio signal is."""
        return self.has_input(InputType.RSSI)

    async def rssi(self) -> int:
        """Read the strength of the radio signal in dBm, about -10 (near) to -100 (far).

        Raises:
            ButtplugDeviceError: It cannot tell, or the device is gone or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        return await self.read(InputType.RSSI)


def value_of(reading: Mapping[str, InputValue], name: str) -> int | None:
    """Return the value of an input in a reading; upper and lower case do not matter."""
    return next((value.value for key, value in reading.items() if key.casefold() == name.casefold()), None)
