"""The part of SDL 2 that game pads need, on a thread of its own.

SDL wants to be called from one thread. Its state is the process's, and it counts who uses it, so that several servers can.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Final

from msgspec import Struct

from buttplug.core.log import logger_of
from buttplug.hardware.common.nodes import denied, port_of
from buttplug.hardware.common.threads import Worker
from buttplug.hardware.errors import BusUnavailableError

logger: logging.Logger = logger_of(__package__)

#: Seconds between two updates, in which SDL notices what came and went, and ends what has rumbled for its time.
UPDATE_INTERVAL = 0.1

#: Seconds that starting and ending SDL may take, and any other call.
START_LIMIT = 10.0
CALL_LIMIT = 1.0

_HINTS: Final[dict[bytes, bytes]] = {
    # Ctrl-C is the server's.
    b"SDL_NO_SIGNAL_HANDLERS": b"1",
    # There is no window that could have the focus.
    b"SDL_JOYSTICK_ALLOW_BACKGROUND_EVENTS": b"1",
    # Windows reports what is plugged in to threads that have a message loop: let SDL have one.
    b"SDL_JOYSTICK_THREAD": b"1",
    # Over Bluetooth these rumble only in a mode that DirectInput does not know; they stay in it until they are switched off.
    b"SDL_JOYSTICK_HIDAPI_PS4_RUMBLE": b"1",
    b"SDL_JOYSTICK_HIDAPI_PS5_RUMBLE": b"1",
}
if sys.platform == "darwin":
    # Apple's framework for game controllers works on the main thread only.
    _HINTS[b"SDL_JOYSTICK_MFI"] = b"0"

#: SDL's battery levels as percentages: the highest that each stands for. Other levels mean that it is wired or
#: does not report its charge.
_BATTERY = {0: 5, 1: 20, 2: 70, 3: 100}


class Pad(Struct, frozen=True):
    """A pad that is plugged in, and what can rumble: its body, its triggers, both or nothing.

    ``instance`` is SDL's number for this appearance of it; ``address`` is the same every time. ``node`` is the device node on
    Linux, where there is one.
    """

    instance: int
    name: str
    address: str
    node: str
    body: bool
    triggers: bool

    @property
    def rumbles(self) -> bool:
        """Whether anything of it can rumble."""
        return self.body or self.triggers

    @property
    def locked(self) -> bool:
        """Whether nothing can because this process may not write to it."""
        return not self.rumbles and self.node != "" and denied(self.node)


class PadLink:
    """One use of a pad. ``on_gone`` is called once, on SDL's thread, when it is unplugged."""

    def __init__(self, pad: Pad, on_gone: Callable[[], None]) -> None:
        self.pad = pad
        self.on_gone = on_gone
        self.gone = False
        self.joystick: object = None


class Sdl:
    """One user of SDL."""

    def __init__(self) -> None:
        self._worker = Worker("SDL")
        self._library: ModuleType | None = None
        self._known: dict[int, Pad] = {}
        self._open: dict[int, PadLink] = {}
        self._ending = threading.Event()

    async def start(self) -> None:
        """Load and start SDL; once.

        Raises:
            BusUnavailableError: It is not installed or does not start.
        """
        started = False
        try:
            await self._worker.call(self._start, START_LIMIT)
            started = True
        except TimeoutError:
            raise BusUnavailableError(f"SDL did not start within {START_LIMIT:g} s") from None
        finally:
            if not started:
                self._end()
        threading.Thread(target=self._update_regularly, name="SDL clock", daemon=True).start()

    async def end(self) -> None:
        """End SDL, after the closing of the pads. Never raises."""
        ended = asyncio.wrap_future(self._end())
        await asyncio.wait({ended}, timeout=START_LIMIT)
        if not ended.done():
            logger.warning("SDL did not end within %g s", START_LIMIT)

    async def pads(self) -> list[Pad]:
        """Return what is plugged in.

        Raises:
            TimeoutError: SDL hangs.
        """
        return await self._worker.call(self._pads, START_LIMIT)

    async def open(self, link: PadLink) -> None:
        """Open a pad.

        Raises:
            OSError: It is gone, or open already.
            TimeoutError: SDL hangs.
        """
        await self._worker.call(partial(self._open_pad, link), CALL_LIMIT)

    async def rumble(self, link: PadLink, levels: Sequence[int], seconds: float) -> None:
        """Run the low and high frequency motors and the left and right trigger at ``levels``, each 0..65535.

        Raises:
            OSError: The pad is gone.
            TimeoutError: SDL hangs.
        """
        await self._worker.call(partial(self._rumble, link, levels, int(seconds * 1000)), CALL_LIMIT)

    async def battery(self, link: PadLink) -> int | None:
        """Return the charge in percent, roughly; None for a pad that is wired or does not report it.

        Raises:
            OSError: The pad is gone.
            TimeoutError: SDL hangs.
        """
        return await self._worker.call(partial(self._battery, link), CALL_LIMIT)

    def close(self, link: PadLink) -> Future[None]:
        """Stop the motors of a pad and close it, after all that was asked for before; nothing happens when it is not open."""
        return self._worker.post(partial(self._close, link))

    # On SDL's thread.

    def _start(self) -> None:
        sdl = sdl2()
        for name, value in _HINTS.items():
            sdl.SDL_SetHint(name, value)
        shared = sdl.SDL_WasInit(sdl.SDL_INIT_JOYSTICK)
        if sdl.SDL_InitSubSystem(sdl.SDL_INIT_JOYSTICK) < 0:
            raise BusUnavailableError(f"SDL did not start: {_error(sdl)}")
        if not shared:
            # Nobody fetches the events of buttons and sticks.
            sdl.SDL_JoystickEventState(sdl.SDL_IGNORE)
        self._library = sdl

    def _stop(self) -> None:
        sdl, self._library = self._library, None
        if sdl is not None:
            sdl.SDL_QuitSubSystem(sdl.SDL_INIT_JOYSTICK)

    def _pads(self) -> list[Pad]:
        sdl = self._running()
        with _locked(sdl):
            instances = [sdl.SDL_JoystickGetDeviceInstanceID(index) for index in range(sdl.SDL_NumJoysticks())]
            self._known = {instance: self._known[instance] for instance in instances if instance in self._known}
            for index, instance in enumerate(instances):
                if instance not in self._known:
                    taken = {pad.address for pad in self._known.values()}
                    pad = _probed(sdl, index, instance, taken)
                    if pad is not None:
                        self._known[instance] = pad
        return list(self._known.values())

    def _open_pad(self, link: PadLink) -> None:
        sdl, instance = self._running(), link.pad.instance
        if instance in self._open:
            raise OSError("it is open already")
        with _locked(sdl):
            for index in range(sdl.SDL_NumJoysticks()):
                if sdl.SDL_JoystickGetDeviceInstanceID(index) == instance:
                    link.joystick = sdl.SDL_JoystickOpen(index)
                    break
            else:
                raise OSError("it is gone")
        if not link.joystick:
            raise OSError(_error(sdl))
        self._open[instance] = link

    def _rumble(self, link: PadLink, levels: Sequence[int], milliseconds: int) -> None:
        sdl = self._running()
        low, high, left, right = levels
        failed = link.pad.body and sdl.SDL_JoystickRumble(link.joystick, low, high, milliseconds) < 0
        # The triggers have their turn whatever became of the body: this may be a stop.
        failed |= link.pad.triggers and sdl.SDL_JoystickRumbleTriggers(link.joystick, left, right, milliseconds) < 0
        if failed:
            raise OSError(_error(sdl))

    def _battery(self, link: PadLink) -> int | None:
        return _BATTERY.get(self._running().SDL_JoystickCurrentPowerLevel(link.joystick))

    def _close(self, link: PadLink) -> None:
        if self._library is None or self._open.get(link.pad.instance) is not link:
            return
        del self._open[link.pad.instance]
        try:
            self._rumble(link, (0, 0, 0, 0), 0)
        except OSError as error:
            logger.info("%s could not be stopped before it was closed: %s", link.pad.name, error)
        self._library.SDL_JoystickClose(link.joystick)
        link.joystick = None

    def _update(self) -> None:
        if self._library is None:
            return
        self._library.SDL_JoystickUpdate()
        for link in self._open.values():
            if not link.gone and not self._library.SDL_JoystickGetAttached(link.joystick):
                link.gone = True
                link.on_gone()

    def _running(self) -> ModuleType:
        if self._library is None:
            raise OSError("SDL has ended")
        return self._library

    # Anywhere.

    def _update_regularly(self) -> None:
        # A thread and no timer of the event loop: were that stuck, what rumbles would still end after its time.
        update: Future[None] | None = None
        fault: BaseException | None = None
        while not self._ending.wait(UPDATE_INTERVAL):
            if update is None or update.done():
                if fault is None and update is not None and (fault := update.exception()) is not None:
                    logger.error("SDL cannot be kept up to date", exc_info=fault)
                update = self._worker.post(self._update)

    def _end(self) -> Future[None]:
        self._ending.set()
        ended = self._worker.post(self._stop)
        self._worker.end()
        return ended


def sdl2() -> ModuleType:
    """Return the third-party library; blocks.

    Raises:
        BusUnavailableError: It, or SDL itself, is not installed.
    """
    try:
        with warnings.catch_warnings():
            # It warns that it uses the SDL that was installed with it.
            warnings.simplefilter("ignore")
            return importlib.import_module("sdl2")
    except ImportError as error:
        raise BusUnavailableError(f'Game pads need SDL: pip install "buttplug-server[gamepad]" ({error})') from error


@contextmanager
def _locked(sdl: ModuleType) -> Iterator[None]:
    """Keep another user of SDL in this process from changing the list of what is plugged in."""
    sdl.SDL_LockJoysticks()
    try:
        yield
    finally:
        sdl.SDL_UnlockJoysticks()


def _probed(sdl: ModuleType, index: int, instance: int, taken: set[str]) -> Pad | None:
    """Open a pad to see what it is; None when it cannot be opened."""
    joystick = sdl.SDL_JoystickOpen(index)
    if not joystick:
        logger.info("A game pad could not be opened: %s", _error(sdl))
        return None
    try:
        body = bool(sdl.SDL_JoystickHasRumble(joystick))
        triggers = bool(sdl.SDL_JoystickHasRumbleTriggers(joystick))
        model = f"{sdl.SDL_JoystickGetVendor(joystick):04x}:{sdl.SDL_JoystickGetProduct(joystick):04x}"
        name = _text(sdl.SDL_JoystickName(joystick)) or f"Game pad {model}"
        node = _text(sdl.SDL_JoystickPath(joystick))
        serial = _text(sdl.SDL_JoystickGetSerial(joystick)) or _hashed(port_of(node))
    finally:
        sdl.SDL_JoystickClose(joystick)
    address = first = f"sdl-gamepad-{model.replace(':', '-')}-{serial}"
    number = 1
    while address in taken:
        number += 1
        address = f"{first}-{number}"
    return Pad(instance, name, address, node, body, triggers)


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace").strip()


def _hashed(text: str) -> str:
    return hashlib.blake2s(text.encode(), digest_size=4).hexdigest()


def _error(sdl: ModuleType) -> str:
    return _text(sdl.SDL_GetError()) or "unknown error"
