"""Patterns, for whatever can play them: a feature, or a device with all its features.

Made by python -m tools.sync_face from the asynchronous classes: change those instead.
"""

from __future__ import annotations

from buttplug.client import playing
from buttplug.core.enums import OutputType
from buttplug.patterns import Pattern
from buttplug.sync.bridge import Bridge


class PatternMethods:
    """Patterns, for whatever can play them: a feature, or a device with all its features."""

    _bridge: Bridge
    _async: playing.PatternMethods

    def has_output(self, output_type: OutputType | str) -> bool:
        """Return whether there is an output of this type."""
        return self._bridge.call(self._async.has_output, output_type)

    def play(self, pattern: Pattern, output_type: OutputType | str | None = None) -> None:
        """Play a pattern: levels over time, see :mod:`buttplug.patterns`. Return when it is over and the output has stopped.

        It is sent on time, and no more often than the device can take. To cancel this stops the output; a stop by other means
        lets this return. A pattern that is played on the same features later takes its place.

        Args:
            pattern: What to play.
            output_type: Which output; without it vibration where there is some, else the first of oscillation, rotation,
                timed positions, constriction and positions that there is. Of positions 0.0 is one end and 1.0 the other.

        Raises:
            ButtplugDeviceError: There is no such output, a level is outside its range, or the device is gone or failed.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        self._bridge.run(self._async.play(pattern, output_type))
