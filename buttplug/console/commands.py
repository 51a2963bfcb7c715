"""What can be typed at the prompt, and what it does."""

from __future__ import annotations

import asyncio
import difflib
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import NamedTuple

from buttplug.client import ButtplugClient, ButtplugDevice, DeviceFeature, DeviceOutputCommand
from buttplug.core.enums import InputCommandType, InputType, OutputType
from buttplug.core.errors import ButtplugError
from buttplug.core.log import logger_of
from buttplug.core.text import escaped

logger: logging.Logger = logger_of(__name__)

HELP = """\
scan [SECONDS]                      look for devices, for 5 seconds
list                                the devices, and what they can do
try DEVICE                          every output of a device, gently, one after the other
OUTPUT DEVICE[.FEATURE] PERCENT [SECONDS]
                                    for instance: vibrate 0 50, rotate 0.1 -30, position 2 80 1.5
read DEVICE                         its battery and other sensors
stop, or an empty line              stop everything
help                                this text
quit                                stop everything and end
DEVICE and FEATURE are the numbers that list shows."""

SCAN_TIME = 5.0
#: Digits that a device and a feature have at most, with the point.
LONGEST_TARGET = 21
#: What a device is tried with: percent of each output's range, and for how many seconds.
TRY_PERCENT = 20
TRY_TIME = 1.0

_OUTPUTS: Mapping[str, OutputType] = {
    output.value.lower(): output for output in OutputType if output is not OutputType.POSITION_WITH_DURATION
}


class UsageError(Exception):
    """What was typed is not understood; the text says what would be."""


class Target(NamedTuple):
    """A device, and one of its features or all of them."""

    device: ButtplugDevice
    feature: int | None

    def features(self) -> list[DeviceFeature]:
        return [feature for feature in self.device.features.values() if self.feature is None or feature.index == self.feature]


class Commands:
    """Does what is typed, with one client; ``tell`` gets what is to be printed."""

    def __init__(self, client: ButtplugClient, tell: Callable[[str], None]) -> None:
        self._client = client
        self._tell = tell
        self._words: Mapping[str, Callable[[list[str]], Awaitable[None]]] = {
            "scan": self._scan,
            "list": self._list,
            "try": self._try,
            "read": self._read,
            "stop": self._stop,
            "help": self._help,
        }

    async def do(self, line: str) -> None:
        """Do what a line says, and tell what went wrong with it; of what is cut off, who cuts it off tells that."""
        word, *rest = line.split() or ["stop"]
        try:
            if word.lower() in _OUTPUTS:
                await self._output(_OUTPUTS[word.lower()], rest)
            elif word.lower() in self._words:
                await self._words[word.lower()](rest)
            else:
                near = difflib.get_close_matches(word.lower(), [*self._words, *_OUTPUTS, "quit"], n=1)
                raise UsageError(f"{word} is no command" + (f"; did you mean {near[0]}?" if near else "; help lists them"))
        except (UsageError, ButtplugError) as error:
            task = asyncio.current_task()
            if task is None or not task.cancelling():
                self._tell(str(error))
        except Exception:
            logger.exception("%s failed", escaped(line))

    async def stop_all(self) -> None:
        """Stop everything.

        Raises:
            ButtplugError: Something could not be stopped.
        """
        await self._client.stop_all_devices()

    async def _scan(self, words: list[str]) -> None:
        seconds = _seconds(words[0]) if words else SCAN_TIME
        await self._client.start_scanning()
        try:
            await asyncio.sleep(seconds)
        finally:
            if self._client.scanning:
                await self._client.stop_scanning()
        await self._list([])

    async def _list(self, words: list[str]) -> None:
        for line in _device_lines(self._client):
            self._tell(line)

    async def _try(self, words: list[str]) -> None:
        target = self._target(words)
        try:
            for feature in target.features():
                for output in feature.outputs or ():
                    self._tell(f"{output} of feature {feature.index} at {TRY_PERCENT} %")
                    await self._run(feature, OutputType(output), TRY_PERCENT, TRY_TIME)
                    await asyncio.sleep(TRY_TIME)
                    await feature.stop()
        finally:
            await target.device.stop()

    async def _output(self, output: OutputType, words: list[str]) -> None:
        if not 2 <= len(words) <= 3:
            raise UsageError(
                f"{output.value.lower()} DEVICE[.FEATURE] PERCENT [SECONDS], for instance: {output.value.lower()} 0 50"
            )
        target = self._target(words[:1])
        percent = _number(words[1].removesuffix("%"), "a number of percent")
        if 0 < abs(percent) < 1:
            self._tell(f"that is {percent:g} of 100; for half type 50")
        seconds = _seconds(words[2]) if len(words) == 3 else None
        kinds = [OutputType.POSITION_WITH_DURATION] if output is OutputType.POSITION else []
        kinds = [*kinds, output] if seconds is not None else [output, *kinds]
        able = [(feature, kind) for feature in target.features() for kind in kinds if feature.has_output(kind)]
        if not able:
            raise UsageError(f"there is no {output} there; list shows what there is")
        done = set()
        for feature, kind in able:
            if feature.index not in done:
                done.add(feature.index)
                await self._run(feature, kind, percent, seconds or TRY_TIME)
        if seconds is not None and output is not OutputType.POSITION:
            try:
                await asyncio.sleep(seconds)
            finally:
                for index in done:
                    await target.device.features[index].stop()

    async def _run(self, feature: DeviceFeature, output: OutputType, percent: float, seconds: float) -> None:
        duration = round(seconds * 1000) if output is OutputType.POSITION_WITH_DURATION else None
        await feature.run_output(DeviceOutputCommand(output, float(percent) / 100, duration))

    async def _read(self, words: list[str]) -> None:
        target = self._target(words)
        told = False
        for feature in target.features():
            for name in feature.inputs or ():
                # One sensor goes by two names.
                if name != "RSSI" and feature.supports_input_command(name, InputCommandType.READ):
                    value = await feature.read(name)
                    self._tell(f"{name}: {value}{' %' if name == InputType.BATTERY else ''}")
                    told = True
        if not told:
            self._tell("it has no sensors that can be read")

    async def _stop(self, words: list[str]) -> None:
        await self.stop_all()
        self._tell("everything has stopped")

    async def _help(self, words: list[str]) -> None:
        self._tell(HELP)

    def _target(self, words: list[str]) -> Target:
        text = words[0] if words else ""
        device, _, feature = text.partition(".")
        if not text.replace(".", "", 1).isdecimal() or not device or len(text) > LONGEST_TARGET:
            raise UsageError("name a device by its number, as list shows it")
        found = self._client.devices.get(int(device))
        if found is None:
            raise UsageError(f"there is no device {device}; scan looks for devices, list shows them")
        if feature and int(feature) not in found.features:
            raise UsageError(f"device {device} has no feature {feature}; list shows them")
        return Target(found, int(feature) if feature else None)


def _device_lines(client: ButtplugClient) -> Iterator[str]:
    if not client.devices:
        yield "no devices; switch one on, and scan"
    for device in list(client.devices.values()):
        yield f"{device.index}: {escaped(device.display_name or device.name)}"
        for feature in device.features.values():
            able = [*(feature.outputs or ()), *(name for name in feature.inputs or () if name != "RSSI")]
            description = f" ({escaped(feature.description)})" if feature.description else ""
            yield f"   {device.index}.{feature.index}: {', '.join(able)}{description}"


def _seconds(text: str) -> float:
    seconds = _number(text, "a number of seconds")
    if seconds < 0:
        raise UsageError(f"{text} seconds is before now: type a number from 0 on")
    return seconds


def _number(text: str, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise UsageError(f"{text} is not {what}") from None
    if not -1000 <= number <= 1000:
        raise UsageError(f"{text} is not {what} that is of use here")
    return number
