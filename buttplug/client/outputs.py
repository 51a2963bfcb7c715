"""The outputs by name, for whatever has some: a feature, a device, or a client with all its devices."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

from buttplug.client.command import CommandValue, DeviceOutputCommand
from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError


class OutputMethods(ABC):
    """One method per output. A float is a share of the output's range, an int a step in it.

    Each raises what :meth:`run_output` raises.
    """

    @abstractmethod
    async def run_output(self, command: DeviceOutputCommand) -> None:
        """Send an output command, and wait until it is done or a newer one took its place.

        Raises:
            ButtplugDeviceError: There is no such output, the value is outside its range, or the device failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """

    async def vibrate(self, level: CommandValue) -> None:
        """Vibrate: 0.0 is off, 1.0 is full."""
        await self.run_output(DeviceOutputCommand(OutputType.VIBRATE, level))

    async def rotate(self, speed: CommandValue) -> None:
        """Rotate: above zero clockwise, below zero counter-clockwise where the output can."""
        await self.run_output(DeviceOutputCommand(OutputType.ROTATE, speed))

    async def oscillate(self, speed: CommandValue) -> None:
        """Move to and fro by itself: 0.0 is off, 1.0 is the fastest."""
        await self.run_output(DeviceOutputCommand(OutputType.OSCILLATE, speed))

    async def constrict(self, level: CommandValue) -> None:
        """Squeeze, or pump: 0.0 is off, 1.0 is full."""
        await self.run_output(DeviceOutputCommand(OutputType.CONSTRICT, level))

    async def spray(self, level: CommandValue) -> None:
        """Spray: 0.0 is off, 1.0 is full."""
        await self.run_output(DeviceOutputCommand(OutputType.SPRAY, level))

    async def temperature(self, level: CommandValue) -> None:
        """Heat, or below zero cool where the output can: 0.0 is off."""
        await self.run_output(DeviceOutputCommand(OutputType.TEMPERATURE, level))

    async def led(self, level: CommandValue) -> None:
        """Light: 0.0 is off, 1.0 is full."""
        await self.run_output(DeviceOutputCommand(OutputType.LED, level))

    async def position(self, position: CommandValue, *, duration: float | None = None) -> None:
        """Move to a place between 0.0 and 1.0.

        ``duration`` is in seconds: be there after that time, moving evenly (:attr:`OutputType.POSITION_WITH_DURATION`).
        Without it the move is as fast as the device can (:attr:`OutputType.POSITION`).
        """
        if duration is None:
            command = DeviceOutputCommand(OutputType.POSITION, position)
        elif not (0 <= duration < math.inf):
            raise ButtplugDeviceError(f"A duration is a number of seconds, 0 or more, not {duration}")
        else:
            command = DeviceOutputCommand(OutputType.POSITION_WITH_DURATION, position, round(duration * 1000))
        await self.run_output(command)
