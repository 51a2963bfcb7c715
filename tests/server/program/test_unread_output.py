"""A log or a standard output that nobody reads holds up nothing."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.server.launch import Program, Start
from tests.server.program.common import HELLO

pytestmark = pytest.mark.real_time

STOP = '[{"StopCmd":{"Id":9}}]'
#: More commands than a pipe has room for lines about them.
COMMANDS = 1500


@pytest.fixture
def full_pipe() -> Iterator[int]:
    """The end of a pipe to write to, with no room left and nobody who reads."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, bytes(4096))
    except BlockingIOError:
        os.set_blocking(writing, True)
    yield writing
    os.close(reading)
    os.close(writing)


async def stopped_after_a_flood_of_log_lines(url: str) -> None:
    """Have a device do so much that the log cannot all be written, and then stop."""
    async with connect(url, proxy=None) as wire, asyncio.timeout(15):
        await wire.send(HELLO)
        await wire.recv()
        await wire.send('[{"StartScanning":{"Id":2}}]')
        while '"DeviceName"' not in str(await wire.recv()):
            pass
        for number in range(COMMANDS):
            vibrate = f'"Id":5,"DeviceIndex":0,"FeatureIndex":0,"Command":{{"Vibrate":{{"Value":{1 + number % 2}}}}}'
            await wire.send(f'[{{"OutputCmd":{{{vibrate}}}}}]')
            while str(await wire.recv()) != '[{"Ok":{"Id":5}}]':
                pass
        await wire.send(STOP)
        while '"Id":9' not in str(await wire.recv()):
            pass


async def ends_well(server: Program) -> None:
    server.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(4):
        # Waiting for the process would be waiting for its pipes, too.
        while server.process.returncode is None:
            await asyncio.sleep(0.01)
    assert server.process.returncode == 0


async def test_a_stop_is_answered_and_the_program_ends_while_nobody_reads_its_log(start: Start) -> None:
    server = await start("--ws-port=0", "--simulate=aneros", "--log-level=debug")
    assert server.process.stderr is not None
    log = server.process.stderr._transport  # type: ignore[attr-defined]
    log.pause_reading()
    try:
        await stopped_after_a_flood_of_log_lines(await server.listening())
        await ends_well(server)
    finally:
        log.resume_reading()


async def test_it_starts_and_ends_while_nobody_reads_its_standard_output(start: Start, full_pipe: int) -> None:
    server = await start("--ws-port=0", "--simulate=aneros", stdout=full_pipe)
    assert server.process.stderr is not None
    async with asyncio.timeout(10):
        while b"looking for devices on" not in await server.process.stderr.readline():
            pass
    await ends_well(server)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs the files of a process")
async def test_without_standard_files_no_connection_gets_their_numbers(start: Start) -> None:
    def close() -> None:
        os.close(0)
        os.close(2)

    server = await start("--ws-port", "0", preexec_fn=close)
    await server.listening()
    files = Path(f"/proc/{server.process.pid}/fd")
    assert [(files / number).readlink() for number in "02"] == [Path(os.devnull)] * 2
    server.process.terminate()
    assert (await server.end())[0] == 0
