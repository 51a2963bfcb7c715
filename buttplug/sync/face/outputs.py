"""The outputs by name, for whatever has some: a feature, a device, or a client with all its devices.

Made by python -m tools.sync_face from the asynchronous classes: change those instead.
"""

from __future__ import annotations

from buttplug.client import outputs
from buttplug.client.command import CommandValue, DeviceOutputCommand
from buttplug.sync.bridge import Bridge


class OutputMethods:
    """One method per output.

    A float is a share of the output's range, an int one of its steps: on an output with 20 steps ``vibrate(1.0)`` is full and
    ``vibrate(1)`` is the lowest step. When 1 is sent to an output that has more steps, and no higher step follows within a
    second, the log says so, once for each output: it is a legal command, so nothing else becomes of it.

    Each method waits until the command is done or a newer one took its place, and raises what :meth:`run_output` raises.
    """

    _bridge: Bridge
    _async: outputs.OutputMethods

    def run_output(self, command: DeviceOutputCommand) -> None:
        """Send an output command, and wait until it is done or a newer one took its place.

        In a command too a float is a share of the range (``1.0`` is full), and an int is a step (``1`` is the lowest).

        Raises:
            ButtplugDeviceError: There is no such output, the value is outside its range, or the device failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        self._bridge.run(self._async.run_output(command))

    def vibrate(self, level: CommandValue) -> None:
        """Vibrate.

        Args:
            level: A float is a share of full strength: 0.0 is off, ``1.0`` is full. An int is a step: 0 is off, ``1`` is the
                lowest step, the weakest that the device has.
        """
        self._bridge.run(self._async.vibrate(level))

    def rotate(self, speed: CommandValue) -> None:
        """Rotate: above zero clockwise, below zero counter-clockwise where the output can.

        Args:
            speed: A float is a share of full speed: 0.0 is off, ``1.0`` and ``-1.0`` are full. An int is a step: 0 is off,
                ``1`` and ``-1`` are the slowest.
        """
        self._bridge.run(self._async.rotate(speed))

    def oscillate(self, speed: CommandValue) -> None:
        """Move to and fro by itself.

        Args:
            speed: A float is a share of full speed: 0.0 is off, ``1.0`` is the fastest. An int is a step: 0 is off, ``1`` is
                the slowest.
        """
        self._bridge.run(self._async.oscillate(speed))

    def constrict(self, level: CommandValue) -> None:
        """Squeeze, or pump.

        Args:
            level: A float is a share of full strength: 0.0 is off, ``1.0`` is full. An int is a step: 0 is off, ``1`` is the
                lowest step, the weakest that the device has.
        """
        self._bridge.run(self._async.constrict(level))

    def spray(self, level: CommandValue) -> None:
        """Spray.

        Args:
            level: A float is a share of the full amount: 0.0 is off, ``1.0`` is full. An int is a step: 0 is off, ``1`` is the
                lowest step.
        """
        self._bridge.run(self._async.spray(level))

    def temperature(self, level: CommandValue) -> None:
        """Heat, or below zero cool where the output can.

        Args:
            level: A float is a share of full power: 0.0 is off, ``1.0`` is the warmest. An int is a step: 0 is off, ``1`` is
                the lowest step.
        """
        self._bridge.run(self._async.temperature(level))

    def led(self, level: CommandValue) -> None:
        """Light.

        Args:
            level: A float is a share of full brightness: 0.0 is off, ``1.0`` is full. An int is a step: 0 is off, ``1`` is the
                lowest step, the darkest.
        """
        self._bridge.run(self._async.led(level))

    def position(self, position: CommandValue, *, duration: float | None = None) -> None:
        """Move to a place.

        Args:
            position: A float is a share of the way: 0.0 is one end, ``1.0`` the other. An int is a step: 0 is one end, ``1``
                is one step away from it.
            duration: Be there after so many seconds, moving evenly (:attr:`OutputType.POSITION_WITH_DURATION`). Without it the
                move is as fast as the device can (:attr:`OutputType.POSITION`).
        """
        self._bridge.run(self._async.position(position, duration=duration))
