"""The servers that are measured, each a process of its own: ``python -m benchmarks.servers KIND``.

``echo`` is the floor: the websocket library and the codec, and nothing else. ``buttplug COUNT`` is the real thing, with so
many devices; ``timed`` has it note delays, which costs time itself, ``stuck`` has its first device never end a write,
``sensing`` has devices with sensors. Both print their port, and answer a line on their standard input with what they noted
since the last one. ``program COUNT [OPTION …]`` is the whole program, which tells when a zero is
written to its first device.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import time
from collections.abc import Collection, Iterator

import msgspec
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.devices import MODEL, SENSOR_MODEL, Bench
from benchmarks.table import resident
from buttplug.core.codec import Frame, Malformed, encode
from buttplug.core.legacy.translator import Translator
from buttplug.core.legacy.versions import decode_client_frame
from buttplug.core.messages import ClientMessage, Ok, OutputCmd
from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices import simulation
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.program.main import main
from buttplug.server.websocket import WebsocketListener


class Report(msgspec.Struct):
    """What a server noted since its last report: CPU seconds, and the delays from frame to bytes at the device, per device.

    ``memory`` is what it has now, in megabytes.
    """

    cpu: float
    memory: float
    delays: dict[int, list[float]]


async def _echo() -> None:
    async def answer(connection: ServerConnection) -> None:
        async for frame in connection:
            for message in decode_client_frame(frame):
                await connection.send(encode(Ok(message.id)), text=True)

    async with serve(answer, "127.0.0.1", 0, compression=None, server_header=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await _report({})


async def _buttplug(count: int, *, timed: bool, stuck: bool, sensing: bool) -> None:
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    bench = Bench(count, model=SENSOR_MODEL if sensing else MODEL)
    delays = _note_delays(bench) if timed else {}
    await bench.open()
    if stuck:
        bench.devices[0].write_delay = 1e6
    listener = WebsocketListener(bench.server, hosts=("127.0.0.1",), port=0)
    await listener.open()
    # As the program does.
    gc.collect()
    gc.freeze()
    print(listener.addresses[0].rpartition(":")[2], flush=True)
    await _report(delays)
    await bench.server.close()
    await listener.close()


async def _report(delays: dict[int, list[float]]) -> None:
    """Answer each line of the standard input with a report, until it ends."""
    loop = asyncio.get_running_loop()
    cpu = time.process_time()
    while await loop.run_in_executor(None, sys.stdin.readline):
        now = time.process_time()
        print(msgspec.json.encode(Report(now - cpu, resident(), delays)).decode(), flush=True)
        for values in delays.values():
            values.clear()
        cpu = now


def _note_delays(bench: Bench) -> dict[int, list[float]]:
    """Note for every command the time from its frame's arrival at the codec to its bytes at the device."""
    arrived: dict[int, float] = {}
    delays: dict[int, list[float]] = {index: [] for index in range(len(bench.devices))}

    def decode(translator: Translator, frame: Frame) -> Iterator[ClientMessage | Malformed | None]:
        now = time.perf_counter()
        messages = decode_client_frame(frame)
        for message in messages:
            if isinstance(message, OutputCmd):
                arrived.setdefault(message.device_index, now)
        return iter(messages)

    def note(index: int, packet: Packet) -> None:
        began = arrived.pop(index, None)
        if began is not None:
            delays[index].append(time.perf_counter() - began)

    Translator.read = decode  # type: ignore[method-assign, assignment]
    for index, device in enumerate(bench.devices):
        device.on_packet = lambda packet, index=index: note(index, packet)  # type: ignore[misc]
    return delays


def _program(count: int, words: list[str]) -> int:
    """Run the program with simulated devices; print the time of every zero that the first one gets."""
    simulate = simulation.simulate

    def simulated(configuration: DeviceConfiguration, name: str, taken: Collection[str]) -> SimulatedDevice:
        device = simulate(configuration, name, taken)
        if not taken:
            device.on_packet = tell
        return device

    def tell(packet: Packet) -> None:
        if packet.data.endswith(b"\0"):
            print("zero", time.perf_counter(), file=sys.stderr, flush=True)

    simulation.simulate = simulated  # type: ignore[assignment]
    return main(["--ws-port=0", "--log-level=off", *[f"--simulate={SENSOR_MODEL}"] * count, *words])


if __name__ == "__main__":
    if sys.argv[1] == "echo":
        asyncio.run(_echo())
    elif sys.argv[1] == "program":
        sys.exit(_program(int(sys.argv[2]), sys.argv[3:]))
    else:
        words = sys.argv[3:]
        asyncio.run(_buttplug(int(sys.argv[2]), timed="timed" in words, stuck="stuck" in words, sensing="sensing" in words))
