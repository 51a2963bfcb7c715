"""The outputs by name, for whatever has some: a feature, a device, or a client with all its devices."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

from buttplug.client.command import CommandValue, DeviceOutputCommand
from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugDeviceError, DeviceErrorReason


class OutputMethods(ABC):
    """One method per output.

    A float is a share of the output's range, an int one of its steps: on an output with 20 steps ``vibrate(1.0)`` is full and
    ``vibrate(1)`` is the lowest step. When 1 is sent to an output that has more steps, and no higher step follows within a
    second, the log says so, once for each output: it is a legal command, so nothing else becomes of it.

    Each method waits until the command is done or a newer one took its place, and raises what :meth:`run_output` raises.
    """

    @abstractmethod
    async def run_output(self, command: DeviceOutputCommand) -> None:
        """Send an output command, and wait until it is done or a newer one took its place.

        In a command too a float is a share of the range (``1.0`` is full), and an int is a step (``1`` is the lowest).

        Raises:
            ButtplugDeviceError: There is no such output, the value is outside its range, or the device failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """

    async def vibrate(self, level: CommandValue) -> None:
        """Vibrate.

        Args:
            level: A float is a share of full strength: 0.0 is off, ``1.0`` is full. An int is a step: 0 is off, ``1`` is the
                lowest step, the weakest that the device has.
        """
        await self.run_output(DeviceOutputCommand(OutputType.VIBRATE, level))

    async def rotate(self, speed: CommandValue) -> None:
        """Rotate: above zero clockwise, below zero counter-clockwise where the output can.

        Args:
            speed: A float is a share of full speed: 0.0 is off, ``1.0`` and ``-1.0`` are full. An int is a step: 0 is off,
                ``1`` and ``-1`` are the slowest.
        """
        await self.run_output(DeviceOutputCommand(OutputType.ROTATE, speed))

    async def oscillate(self, speed: CommandValue) -> None:
        """Move to and fro by itself.

        Args:
            speed: A float is a share of full speed: 0.0 is off, ``1.0`` is the fastest. An int is a step: 0 is off, ``1`` is
                the slowest.
        """
        await self.run_output(DeviceOutputCommand(OutputType.OSCILLATE, speed))

    async def constrict(self, level: CommandValue) -> None:
        """Squeeze, or pump.

        Args:
            level: A float is a share of full strength: 0.0 is off, ``1.0`` is full. An int is a step: 0 is off, ``1`` is the
                lowest step, the weakest that the device has.
        """
        await self.run_output(DeviceOutputCommand(OutputType.CONSTRICT, level))

    async def spray(self, level: CommandValue) -> None:
        """Spray.

        Args:
            level: A float is a share of the full amount: 0.0 is off, ``1.0`` is full. An int is a step: 0 is off, ``1`` is the
                lowest step.
        """
        await self.run_output(DeviceOutputCommand(OutputType.SPRAY, level))

    async def temperature(self, level: CommandValue) -> None:
        """Heat, or below zero cool where the output can.

        Args:
            level: A float is a share of full power: 0.0 is off, ``1.0`` is the warmest. An int is a step: 0 is off, ``1`` is
                the lowest step.
        """
        await self.run_output(DeviceOutputCommand(OutputType.TEMPERATURE, level))

    async def led(self, level: CommandValue) -> None:
        """Light.

        Args:
            level: A float is a share of full brightness: 0.0 is off, ``1.0`` is full. An int is a step: 0 is off, ``1`` is the
                lowest step, the darkest.
        """
        await self.run_output(DeviceOutputCommand(OutputType.LED, level))

    async def position(self, position: CommandValue, *, duration: float | None = None) -> None:
        """Move to a place.

        Args:
            position: A float is a share of the way: 0.0 is one end, ``1.0`` the other. An int is a step: 0 is one end, ``1``
                is one step away from it.
            duration: Be there after so many seconds, moving evenly (:attr:`OutputType.POSITION_WITH_DURATION`). Without it the
                move is as fast as the device can (:attr:`OutputType.POSITION`).
        """
        if duration is None:
            command = DeviceOutputCommand(OutputType.POSITION, position)
        elif not (0 <= duration < math.inf):
            text = f"A duration is a number of seconds, 0 or more, not {duration}"
            raise ButtplugDeviceError(text, reason=DeviceErrorReason.INVALID_VALUE)
        else:
            command = DeviceOutputCommand(OutputType.POSITION_WITH_DURATION, position, round(duration * 1000))
        await self.run_output(command)
