"""A program with a server inside: however it ends, its devices are stopped as far as a library can see to it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from buttplug.server import ButtplugServer, stop_on_signals
from buttplug.server.devices.configuration import DeviceConfiguration
from tests.server.conftest import BuildHouse
from tests.server.launch import ROOT, suspended

pytestmark = [pytest.mark.real_time, pytest.mark.skipif(os.name != "posix", reason="needs signals")]

#: The beginning of each program: a server with one device that runs, and that tells what it is sent.
PROGRAM = """
import asyncio, os, signal, sys, threading, time
from buttplug import ButtplugClient, ButtplugServer
from buttplug.hardware.simulated import SimulatedManager
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from buttplug.server import signals as server_signals

configuration = DeviceConfiguration.load()
device = simulate(configuration, "aneros")
device.on_packet = lambda packet: tell(packet.data.hex())
server = ButtplugServer(managers=[SimulatedManager([device], scan_time=0.01)], configuration=configuration)
client = ButtplugClient("test")
going = threading.Event()

def tell(text):
    os.write(1, (text + "\\n").encode())

async def go():
    await server.open()
    await client.connect(server)
    await client.start_scanning()
    while not client.devices:
        await asyncio.sleep(0.01)
    await client.devices[0].vibrate(9)
    going.set()

def in_a_thread():
    loop = asyncio.new_event_loop()
    loop.create_task(go())
    threading.Thread(target=loop.run_forever, daemon=True).start()
    going.wait()
    return loop
"""

RUN, STOPPED = ["f109", "f209"], ["f100", "f200"]


class Script:
    """A running program."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.told: list[str] = []

    async def until(self, text: str) -> None:
        """Wait until it has told something."""
        assert self.process.stdout is not None
        async with asyncio.timeout(20):
            while text not in self.told:
                line = await self.process.stdout.readline()
                assert line, "it ended"
                self.told.append(line.decode().strip())

    async def end(self) -> int:
        """Wait for its end; return its exit code."""
        async with asyncio.timeout(20):
            out, err = await self.process.communicate()
        self.told += out.decode().split()
        self.errors = err.decode()
        assert self.process.returncode is not None
        return self.process.returncode


Run = Callable[[str], Awaitable[Script]]


@pytest.fixture
async def run() -> Run:
    async def run_program(text: str) -> Script:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            PROGRAM + text,
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            process_group=0 if os.name == "posix" else None,
        )
        return Script(process)

    return run_program


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("in_a_thread()", 0),
        ("in_a_thread()\nraise SystemError", 1),
        ("in_a_thread()\nsignal.raise_signal(signal.SIGINT)", -signal.SIGINT),
        ("loop = asyncio.new_event_loop()\nloop.run_until_complete(go())\nsys.exit(7)", 7),
        ("asyncio.run(go())", 0),
    ],
    ids=[
        "loop in a daemon thread",
        "exception",
        "Ctrl-C",
        "loop that does not run any more, as in a notebook",
        "asyncio.run",
    ],
)
async def test_a_program_that_ends_stops_its_devices(run: Run, text: str, code: int) -> None:
    script = await run(text)
    assert await script.end() == code
    assert script.told == RUN + STOPPED


@pytest.mark.parametrize(
    "text",
    ["loop = asyncio.new_event_loop()\nloop.run_until_complete(go())", "asyncio.run(go())"],
    ids=["loop", "asyncio.run"],
)
@pytest.mark.parametrize(("interrupt", "code"), [("KeyboardInterrupt", -signal.SIGINT), ("SystemExit(7)", 7)])
async def test_an_interruption_that_comes_just_while_a_device_is_written_to_keeps_it_from_no_stop(
    run: Run, text: str, interrupt: str, code: int
) -> None:
    script = await run(
        "def interrupt(packet):\n    tell(packet.data.hex())\n"
        f"    if packet.data.hex() == 'f209':\n        raise {interrupt}\n"
        f"device.on_packet = interrupt\n{text}"
    )
    assert await script.end() == code
    assert (script.told[:2], script.told[-2:]) == (RUN, STOPPED)


#: From here on each write takes a while, and a signal comes behind the first packet of a stop: Ctrl-C, or another one.
AGAIN = """
again = signal.SIGINT

def press(packet):
    tell(packet.data.hex())
    if packet.data.hex() == "f100":
        os.kill(os.getpid(), again)

def slow_down():
    device.write_delay, device.on_packet = 0.1, press

async def main(ends):
    await go()
    slow_down()
    os.kill(os.getpid(), ends)
    await asyncio.sleep(60)

async def closing():
    async with server:
        await main(signal.SIGINT)

async def asking():
    with server_signals.stop_on_signals(server):
        await main(signal.SIGTERM)
"""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("asyncio.run(main(signal.SIGINT))", -signal.SIGINT),
        ("asyncio.run(closing())", -signal.SIGINT),
        ("asyncio.run(asking())", -signal.SIGTERM),
        ("in_a_thread()\nslow_down()", 0),
        ("loop = asyncio.new_event_loop()\nloop.run_until_complete(go())\nslow_down()", 0),
    ],
    ids=["asyncio.run", "async with", "stop_on_signals", "loop in a daemon thread", "loop that does not run any more"],
)
async def test_ctrl_c_once_more_does_not_break_off_the_stops(run: Run, text: str, code: int) -> None:
    script = await run(AGAIN + text)
    assert await script.end() == code
    assert sorted(script.told[-2:]) == STOPPED


async def test_ctrl_c_does_not_wait_for_ever_for_a_device_that_takes_no_stop(run: Run) -> None:
    script = await run(
        "import buttplug.core.interrupts as module\nmodule.LIMIT = 0.1\n"
        "async def main():\n    await go()\n    device.write_delay = 60\n    tell('ready')\n    await asyncio.sleep(60)\n"
        "asyncio.run(main())"
    )
    await script.until("ready")
    script.process.send_signal(signal.SIGINT)
    await asyncio.sleep(0.5)
    began = time.monotonic()
    script.process.send_signal(signal.SIGINT)
    assert await script.end() == -signal.SIGINT
    assert time.monotonic() - began < 3


async def test_afterwards_ctrl_c_does_what_it_did_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    async with ButtplugServer():
        pass
    assert signal.getsignal(signal.SIGINT) is before


async def test_a_program_that_closed_its_server_is_not_held_up_when_it_ends(run: Run) -> None:
    script = await run(
        "loop = in_a_thread()\nasyncio.run_coroutine_threadsafe(server.close(), loop).result()\n"
        "loop.call_soon_threadsafe(time.sleep, 60)"
    )
    began = time.monotonic()
    assert await script.end() == 0
    assert time.monotonic() - began < 10
    assert script.told == RUN + STOPPED


async def test_that_the_devices_cannot_be_stopped_any_more_is_told(run: Run) -> None:
    script = await run(
        "import buttplug.server.server as module\nmodule.OUTSIDE_LIMIT = 0.3\n"
        "loop = in_a_thread()\nloop.call_soon_threadsafe(time.sleep, 60)\ntime.sleep(0.1)"
    )
    assert await script.end() == 0
    assert script.told == RUN
    assert "its event loop is blocked: a device may be running" in script.errors


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
async def test_a_forked_process_that_ends_leaves_the_server_alone(run: Run) -> None:
    script = await run(
        "in_a_thread()\nbegan = time.monotonic()\nif not os.fork():\n    sys.exit()\n"
        "os.wait()\ntell('quick' if time.monotonic() - began < 2 else 'slow')"
    )
    assert await script.end() == 0
    assert script.told == [*RUN, "quick", *STOPPED]
    assert "could not be closed" not in script.errors


#: Forks off a process that is told to end, and tells how it ended, and how soon.
FORKED = """
import multiprocessing

def fork_and_end():
    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    process.start()
    time.sleep(0.2)
    began = time.monotonic()
    process.terminate()
    process.join()
    tell(f"{process.exitcode} {'soon' if time.monotonic() - began < 2 else 'late'}")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize(
    "text",
    [
        "async def main():\n    with server_signals.stop_on_signals(server):\n        await go()\n        fork_and_end()\n"
        "asyncio.run(main())",
        "loop = asyncio.new_event_loop()\nloop.run_until_complete(go())\n"
        "with server_signals.stop_on_signals(server):\n    fork_and_end()",
    ],
    ids=["main loop", "loop that does not run any more"],
)
async def test_a_signal_to_a_forked_process_ends_that_at_once_and_leaves_the_server_alone(run: Run, text: str) -> None:
    script = await run(FORKED + text)
    assert await script.end() == 0
    assert script.told == [*RUN, str(-signal.SIGTERM), "soon", *STOPPED]


async def test_that_an_event_loop_was_closed_before_its_devices_were_stopped_is_told(run: Run) -> None:
    script = await run("loop = asyncio.new_event_loop()\nloop.run_until_complete(go())\nloop.close()")
    assert await script.end() == 0
    assert script.told == RUN
    assert 'closed with the server open: Device 0 "Aneros Vivi" may be running' in script.errors


async def test_that_a_device_was_lost_while_it_ran_is_told_at_the_end_of_a_program_that_does_not_close_its_server(
    run: Run,
) -> None:
    script = await run(
        "async def main():\n    await go()\n    device.disconnect('out of range')\n    await asyncio.sleep(0.2)\n"
        "asyncio.run(main())"
    )
    assert await script.end() == 0
    assert script.told == RUN
    assert 'Device 0 "Aneros Vivi" was lost while it may have been running' in script.errors


MAIN_LOOP = """
async def main():
    with server_signals.stop_on_signals(server):
        await go()
        await asyncio.sleep(60)
asyncio.run(main())
"""
OTHER_LOOP = """
in_a_thread()
with server_signals.stop_on_signals(server):
    tell("ready")
    time.sleep(60)
"""
both_loops = pytest.mark.parametrize(
    ("text", "ready"), [(MAIN_LOOP, "f209"), (OTHER_LOOP, "ready")], ids=["main loop", "loop of a thread"]
)
ENDED = [signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize(
    ("text", "ready"), [(MAIN_LOOP, "f209"), (OTHER_LOOP, "ready")], ids=["main loop", "loop of a thread"]
)
@pytest.mark.parametrize("number", ENDED, ids=lambda number: number.name)
async def test_with_handlers_asked_for_a_signal_stops_the_devices_and_then_ends_the_program(
    run: Run, text: str, ready: str, number: signal.Signals
) -> None:
    script = await run(text)
    await script.until(ready)
    # Terminals and service managers send several at once.
    script.process.send_signal(number)
    script.process.send_signal(number)
    assert await script.end() == -number
    assert [told for told in script.told if told != "ready"] == RUN + STOPPED


async def test_a_signal_while_the_devices_are_stopped_at_the_end_waits_for_that_too(run: Run) -> None:
    script = await run(
        AGAIN + "again = signal.SIGTERM\n"
        "async def around():\n    with server_signals.stop_on_signals(server):\n        async with server:\n"
        "            await go()\n            slow_down()\nasyncio.run(around())"
    )
    assert await script.end() == -signal.SIGTERM
    assert sorted(script.told[-2:]) == STOPPED


async def test_without_asking_nothing_of_the_kind_is_done(run: Run) -> None:
    script = await run("in_a_thread()\ntell('ready')\ntime.sleep(60)")
    await script.until("ready")
    script.process.terminate()
    assert await script.end() == -signal.SIGTERM
    assert script.told == [*RUN, "ready"]


@both_loops
async def test_a_handler_that_was_there_before_decides_how_the_program_ends(run: Run, text: str, ready: str) -> None:
    script = await run("signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(7))\n" + text)
    await script.until(ready)
    script.process.terminate()
    assert await script.end() == 7
    assert [told for told in script.told if told != "ready"] == RUN + STOPPED


async def test_a_blocked_loop_does_not_keep_a_program_from_being_ended(run: Run) -> None:
    script = await run("server_signals.OUTSIDE_LIMIT = 0.3\n" + MAIN_LOOP.replace("await asyncio.sleep(60)", "time.sleep(60)"))
    await script.until("f209")
    script.process.terminate()
    await asyncio.sleep(0.5)
    script.process.terminate()
    assert await script.end() == -signal.SIGTERM


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs the state of a process")
@pytest.mark.parametrize(
    ("text", "ready"), [(MAIN_LOOP, "f209"), (OTHER_LOOP, "ready")], ids=["main loop", "loop of a thread"]
)
async def test_ctrl_z_stops_the_devices_before_it_suspends(run: Run, text: str, ready: str) -> None:
    script = await run(text)
    await script.until(ready)
    script.process.send_signal(signal.SIGTSTP)
    await suspended(script.process.pid)
    await script.until(STOPPED[-1])
    script.process.send_signal(signal.SIGCONT)
    script.process.terminate()
    assert await script.end() == -signal.SIGTERM
    assert [told for told in script.told if told != "ready"][:4] == RUN + STOPPED


@pytest.mark.parametrize(
    "text",
    [
        "async def asking():\n    with server_signals.stop_on_signals(server):\n        await main(signal.SIGTSTP)\n"
        "asyncio.run(asking())",
        "in_a_thread()\nslow_down()\nwith server_signals.stop_on_signals(server):\n"
        "    os.kill(os.getpid(), signal.SIGTSTP)\n    time.sleep(60)",
    ],
    ids=["main loop", "loop of a thread"],
)
async def test_what_ends_a_program_while_ctrl_z_stops_its_devices_does_so_at_once(run: Run, text: str) -> None:
    script = await run(AGAIN + "again = signal.SIGTERM\n" + text)
    assert await script.end() == -signal.SIGTERM
    assert sorted(script.told[-2:]) == STOPPED


async def test_handlers_are_for_the_main_thread_only() -> None:
    raised: list[Exception] = []

    def install() -> None:
        try:
            with stop_on_signals(ButtplugServer()):
                pass
        except Exception as error:  # noqa: BLE001 it is looked at
            raised.append(error)

    thread = threading.Thread(target=install)
    thread.start()
    thread.join()
    assert isinstance(raised[0], ValueError)


async def test_afterwards_the_handlers_are_those_that_were_there_before() -> None:
    before = [signal.getsignal(number) for number in ENDED]
    with stop_on_signals(ButtplugServer()):
        assert [signal.getsignal(number) for number in ENDED] != before
    assert [signal.getsignal(number) for number in ENDED] == before


async def test_closing_from_outside_is_refused_in_the_loop_itself(build: BuildHouse, bundled: DeviceConfiguration) -> None:
    house = await build("aneros")
    with pytest.raises(RuntimeError, match=r"await server.close\(\) instead"):
        house.server.close_from_outside()
    assert ButtplugServer(configuration=bundled).close_from_outside() == []
