"""Funscripts: what a stroker does to a video, read from files and played on devices.

::

    from buttplug.funscript import FunscriptPlayer, load

    async with FunscriptPlayer(load("video.funscript"), device) as player:
        player.play()
        await player.wait()

docs/funscripts.md says more.
"""

from __future__ import annotations

from buttplug.funscript.player import FunscriptPlayer
from buttplug.funscript.reading import FunscriptError, load, parse
from buttplug.funscript.script import Action, Axis, Funscript

__all__ = ["Action", "Axis", "Funscript", "FunscriptError", "FunscriptPlayer", "load", "parse"]
