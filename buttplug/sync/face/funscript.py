"""The synchronous player of scripts.

Made by python -m tools.sync_face from the asynchronous classes: change those instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from buttplug.funscript import player
from buttplug.funscript.script import Funscript
from buttplug.sync.face.device import Device, Feature
from buttplug.sync.playing import axes_of, bridge_of, targets_of


class FunscriptPlayer:
    """Plays a script on devices: what can move moves (by timed positions), vibrators are as strong as the movement is fast.

    As a context manager it stops the devices at the end, however that comes. When a device is stopped by other
    means (``device.stop()``, ``client.stop_all_devices()``) the player pauses. After a pause and a jump a part is given half
    a second to come to where it should be.

    Args:
        script: What to play.
        targets: Devices or features to play it on.
        axes: The features for further axes, by the name of the axis: ``{"twist": device.features[1]}``.
        speed: How many seconds of the script pass in a second.
        offset: Seconds by which the devices are ahead of the script, to make up for slow ones; negative for behind.
        clock: Another clock to follow: a function that returns where the video is, in seconds, or None while it stands. The
            player then plays, pauses and jumps as it does; :meth:`play` begins that.
            It is asked in a thread, and may take its time: after 0.35 s without an answer the clock counts as standing.

    Raises:
        ButtplugDeviceError: None of the targets has an output for it.
        KeyError: The script has no such axis.
        ValueError: The speed is 0 or less.

    Attributes:
        script: What it plays.
    """

    def __init__(
        self,
        script: Funscript,
        *targets: Device | Feature,
        axes: Mapping[str, Feature] | None = None,
        speed: float = 1.0,
        offset: float = 0.0,
        clock: Callable[[], float | None] | None = None,
    ) -> None:
        self._bridge = bridge_of(targets, axes)
        self._async: player.FunscriptPlayer = self._bridge.in_loop(
            lambda: player.FunscriptPlayer(
                script,
                *targets_of(targets),
                axes=axes_of(axes),
                speed=speed,
                offset=offset,
                clock=self._bridge.in_thread(clock),
            )
        )

    def __repr__(self) -> str:
        return repr(self._async)

    def __enter__(self) -> Self:
        self._bridge.run(self._async.__aenter__())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._bridge.run_to_end(self._async.__aexit__(kind, error, traceback))

    @property
    def script(self) -> Funscript:
        """What it plays."""
        return self._async.script

    @property
    def time(self) -> float:
        """Where it is in the script, in seconds."""
        return self._async.time

    @property
    def playing(self) -> bool:
        """Whether the devices follow the script now."""
        return self._async.playing

    @property
    def speed(self) -> float:
        """How many seconds of the script pass in a second. May be set.

        Raises:
            ValueError: It is set to 0 or less.
        """
        return self._async.speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._bridge.in_loop(lambda: setattr(self._async, "speed", speed))

    @property
    def offset(self) -> float:
        """Seconds by which the devices are ahead of the script. May be set."""
        return self._async.offset

    @offset.setter
    def offset(self, offset: float) -> None:
        self._bridge.in_loop(lambda: setattr(self._async, "offset", offset))

    def play(self) -> None:
        """Play on from where it is, after the end from the beginning; nothing happens while it plays."""
        self._bridge.in_loop(lambda: self._async.play())

    def pause(self) -> None:
        """Stop the devices where they are, and stay in this place of the script. Return when they have stopped.

        A player that follows another clock no longer does so, until :meth:`play`.

        Raises:
            ButtplugDeviceError: A device could not be stopped.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        self._bridge.run(self._async.pause())

    def seek(self, seconds: float) -> None:
        """Go to another place in the script; whether it plays stays as it is.

        Raises:
            ValueError: It is no number.
        """
        self._bridge.in_loop(lambda: self._async.seek(seconds))

    def wait(self) -> None:
        """Wait until the script is over.

        Raises:
            ButtplugDeviceError: A device is gone, or failed; then it has paused.
            ButtplugConnectorError: There is no connection, or no answer.
        """
        self._bridge.run(self._async.wait())
