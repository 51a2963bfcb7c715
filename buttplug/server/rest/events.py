"""The stream of events: server-sent events with JSON, the first of which tells what there is."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from buttplug.core.log import logger_of
from buttplug.core.messages import DeviceInfo

logger: logging.Logger = logger_of(__name__)

#: Streams at a time.
MAX_STREAMS = 16
#: Events that wait for a stream which is read slowly. Then the oldest readings are dropped; where there are none, it ends.
WAITING_LIMIT = 256
#: Seconds without an event after which a comment is sent, by which both sides notice that the other is gone.
COMMENT_INTERVAL = 15.0
COMMENT = b": still here\n\n"
#: Milliseconds after which a page whose stream has ended opens it again.
RETRY = b"retry: 2000\n\n"

READING = "InputReading"


class Stream:
    """The events that one reader has not read yet."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._news = asyncio.Event()
        self._is_over = False

    def put(self, type_: str, event: bytes) -> None:
        """Add an event."""
        if len(self._waiting) >= WAITING_LIMIT and not self._drop_oldest_reading():
            logger.warning("a stream of events is read too slowly, and ends")
            self.end()
        if not self._is_over:
            self._waiting.append((type_, event))
            self._news.set()

    def end(self) -> None:
        """Let it end when all that waits was read."""
        self._is_over = True
        self._news.set()

    async def read(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        """Send all events, until the end."""
        while True:
            while self._waiting:
                await send(self._waiting.popleft()[1])
            if self._is_over:
                return
            self._news.clear()
            try:
                async with asyncio.timeout(COMMENT_INTERVAL):
                    await self._news.wait()
            except TimeoutError:
                await send(COMMENT)

    def _drop_oldest_reading(self) -> bool:
        for position, (type_, _) in enumerate(self._waiting):
            if type_ == READING:
                del self._waiting[position]
                return True
        return False


class Events:
    """What happens, for all streams that are open, each event with an id that is higher than the one before."""

    def __init__(self) -> None:
        self._streams: set[Stream] = set()
        self._last_id = 0
        self._known: Mapping[int, DeviceInfo] = {}

    @property
    def is_full(self) -> bool:
        """Whether as many streams are open as may be."""
        return len(self._streams) >= MAX_STREAMS

    def open(self, *, scanning: bool) -> Stream:
        """Return a stream that begins with what there is now."""
        stream = Stream()
        devices = {index: device_as_json(device) for index, device in self._known.items()}
        stream.put("Snapshot", RETRY + self._event({"type": "Snapshot", "devices": devices, "scanning": scanning}))
        self._streams.add(stream)
        return stream

    def close(self, stream: Stream) -> None:
        """Forget a stream."""
        self._streams.discard(stream)

    def end_all(self) -> None:
        """Let every stream end when it was read."""
        for stream in self._streams:
            stream.end()

    def tell(self, type_: str, **fields: object) -> None:
        """Tell of something that has happened."""
        event = self._event({"type": type_, **fields})
        for stream in self._streams:
            stream.put(type_, event)

    def devices_are(self, devices: Mapping[int, DeviceInfo]) -> None:
        """Tell of the devices that came and went since the last time; one that has changed does both."""
        before, self._known = self._known, devices
        for index, device in before.items():
            if devices.get(index) != device:
                self.tell("DeviceRemoved", device=device_as_json(device))
        for index, device in devices.items():
            if before.get(index) != device:
                self.tell("DeviceAdded", device=device_as_json(device))

    def _event(self, event: Mapping[str, object]) -> bytes:
        self._last_id += 1
        return b"id: %d\ndata: %s\n\n" % (self._last_id, msgspec.json.encode(event))


def device_as_json(device: DeviceInfo) -> Mapping[str, object]:
    """Return a device as requests and events tell it; its features are as on the websocket."""
    return {
        "index": device.device_index,
        "name": device.device_name,
        "display_name": device.device_display_name,
        "features": device.device_features,
    }
