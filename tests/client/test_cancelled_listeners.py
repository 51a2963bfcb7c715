"""Whoever listens to an input may be cancelled anywhere, twice, beside others: nothing is left, and nobody loses a reading."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable

import pytest

from buttplug import ButtplugClient, ButtplugDevice, Reading
from buttplug.core.messages import ClientMessage, DeviceInfo, InputCmd, InputReading, InputValue, Ok, StopCmd
from tests.fakes.scripted_server import ScriptedServer, stroker

#: Seconds that the server takes to read a message, and to answer one.
READ, ANSWER = 0.2, 0.4
#: When listeners come, go, and are cancelled: in the midst of every wait, and in between.
TIMES = [0.1 * step for step in range(14)]
SENSORS = (5, 6)


class Subscribing(ScriptedServer):
    """Reads and answers slowly, one message after the other, and knows which sensors it is subscribed to."""

    def __init__(self, *devices: DeviceInfo) -> None:
        super().__init__(devices)
        self.subscribed: set[int] = set()
        self._sending = asyncio.Lock()
        self.script(InputCmd, self._answer)
        self.script(StopCmd, self._stop)

    async def send(self, message: ClientMessage) -> None:
        async with self._sending:
            if isinstance(message, InputCmd):
                await asyncio.sleep(READ)
            await super().send(message)

    def _answer(self, message: InputCmd) -> None:
        change = self.subscribed.add if message.command == "Subscribe" else self.subscribed.discard
        change(message.feature_index)
        asyncio.get_running_loop().call_later(ANSWER, self.say, Ok(message.id))

    def _stop(self, message: StopCmd) -> Ok:
        if message.inputs:
            self.subscribed.clear()
        return Ok(message.id)

    def press(self, value: int) -> None:
        for sensor in self.subscribed:
            self.say(InputReading(0, 2, sensor, {"Pressure": InputValue(value)}))


async def play(*changes: tuple[float, Callable[[], object]]) -> None:
    """Do something at each time, in seconds from now."""
    began = asyncio.get_running_loop().time()
    for time, change in sorted(changes, key=lambda change: change[0]):
        await asyncio.sleep(max(began + time - asyncio.get_running_loop().time(), 0))
        change()


async def listen(readings: AsyncIterator[Reading], heard: list[int]) -> None:
    async for reading in readings:
        heard.append(reading.value)  # noqa: PERF401 it may be cancelled in between


def others() -> set[asyncio.Task[object]]:
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


async def check_end(server: Subscribing, device: ButtplugDevice, before: set[asyncio.Task[object]]) -> None:
    await asyncio.sleep(10)
    assert others() <= before
    assert server.subscribed == set()
    assert all(not known._listeners for sensor in SENSORS for known in device.features[sensor]._subscriptions.values())


@pytest.mark.parametrize("again", [None, 0.0, 0.1, 0.3, 0.5, 0.7])
async def test_a_listener_that_is_cancelled_anywhere_leaves_nothing(again: float | None) -> None:
    for time in TIMES:
        server = Subscribing(stroker())
        async with ButtplugClient("Tests") as client:
            await client.connect(server)
            before, device = others(), client.devices[2]
            listener = asyncio.create_task(listen(device.subscribe("Pressure"), []))
            cancels = [time] if again is None else [time, time + again]
            await play(*((at, listener.cancel) for at in cancels))
            await asyncio.wait([listener])
            await check_end(server, device, before)


@pytest.mark.parametrize("again", [None, 0.0, 0.3])
async def test_one_that_is_cancelled_anywhere_takes_no_reading_from_another(again: float | None) -> None:
    for joined, time in itertools.product(TIMES, TIMES):
        server = Subscribing(stroker())
        async with ButtplugClient("Tests") as client:
            await client.connect(server)
            before, device = others(), client.devices[2]
            heard: list[int] = []
            first = asyncio.create_task(listen(device.subscribe("Pressure"), []))
            second: list[asyncio.Task[None]] = []
            await play(
                (time, first.cancel),
                *([] if again is None else [(time + again, first.cancel)]),
                (joined, lambda: second.append(asyncio.create_task(listen(device.features[5].subscribe("Pressure"), heard)))),  # noqa: B023
            )
            await asyncio.sleep(10)
            assert server.subscribed == {5}, (joined, time)
            for value in range(3):
                server.press(value)
                await asyncio.sleep(0.1)
            assert heard == [0, 1, 2]
            second[0].cancel()
            await check_end(server, device, before)


async def test_a_stop_in_the_midst_of_it_leaves_nothing_either() -> None:
    for time, stopped in itertools.product(TIMES, TIMES):
        server = Subscribing(stroker())
        async with ButtplugClient("Tests") as client:
            await client.connect(server)
            before, device = others(), client.devices[2]
            listener = asyncio.create_task(listen(device.subscribe("Pressure"), []))
            stops: list[asyncio.Task[None]] = []

            await play((time, listener.cancel), (stopped, lambda: stops.append(asyncio.create_task(device.stop()))))  # noqa: B023
            await asyncio.wait([listener, *stops])
            await check_end(server, device, before)


async def test_a_client_that_leaves_in_the_midst_of_it_leaves_no_task() -> None:
    for time, left in itertools.product(TIMES, TIMES):
        before = others()
        server = Subscribing(stroker())
        client = ButtplugClient("Tests")
        await client.connect(server)
        listener = asyncio.create_task(listen(client.devices[2].subscribe("Pressure"), []))
        leaving: list[asyncio.Task[None]] = []
        await play((time, listener.cancel), (left, lambda: leaving.append(asyncio.create_task(client.disconnect()))))  # noqa: B023
        await asyncio.wait([listener, *leaving])
        await asyncio.sleep(1)
        assert others() <= before
