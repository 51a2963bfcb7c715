"""Patterns: levels over time, for :meth:`ButtplugDevice.play <buttplug.ButtplugDevice.play>`.

::

    from buttplug.patterns import hold, pulse, ramp, sequence

    await device.play(sequence(ramp(0.0, 0.6, 5), hold(0.6, 10), pulse(0.8, on=0.2, off=0.3).repeat(20)))

A pattern is pure: it knows levels, which are shares of an output's range (0.0 to 1.0, or from -1.0 for two directions), and
seconds from its beginning. docs/patterns.md says more.
"""

from __future__ import annotations

from buttplug.patterns.pattern import Pattern, product, sequence, strongest
from buttplug.patterns.shapes import hold, pulse, ramp, wave

__all__ = ["Pattern", "hold", "product", "pulse", "ramp", "sequence", "strongest", "wave"]
