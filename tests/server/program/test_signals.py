"""Signals that come to the program: no device runs on when they end or suspend it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from buttplug.server.program.signals import STOPPING, TERMINAL_USE
from buttplug.server.signals import ENDING, SUSPENDING
from tests.server.launch import Program, Start, is_suspended, suspended
from tests.server.program.common import drive, packets, shake_hands

pytestmark = pytest.mark.real_time

#: What the program does on its own to Python's signals, and what its own tests send.
STOPPED = ["f1 09", "f1 00", "f2 00"]


async def running(start: Start, *words: str) -> tuple[Program, ClientConnection]:
    """Start the program with a device, and have that run."""
    server = await start("--ws-port", "0", "--simulate", "aneros", *words)
    wire, _ = await shake_hands(await server.listening())
    await drive(wire)
    return server, wire


def test_every_signal_that_ends_programs_is_handled_but_for_those_that_show_a_fault_of_the_program() -> None:
    known = {number for number in signal.valid_signals() if isinstance(number, signal.Signals)}
    no_end = "SIGPIPE SIGXFSZ SIGCHLD SIGURG SIGWINCH SIGCONT"
    cannot_be_handled = "SIGKILL SIGSTOP"
    faults = "SIGSEGV SIGBUS SIGFPE SIGILL SIGTRAP SIGSYS SIGSTKFLT SIGRTMIN SIGRTMAX"
    others = {number for number in known if number.name in f"{no_end} {cannot_be_handled} {faults}".split()}
    assert known - others == {signal.SIGINT, *ENDING, *SUSPENDING, *STOPPING, *TERMINAL_USE}


@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR2"])
async def test_a_signal_that_ends_programs_stops_the_devices_first(start: Start, name: str) -> None:
    number = signal.Signals[name]
    server, wire = await running(start)
    began = asyncio.get_running_loop().time()
    server.process.send_signal(number)
    code, err = await server.end()
    assert code == 0
    assert asyncio.get_running_loop().time() - began < 2
    assert packets(err) == STOPPED
    assert err.index(f"{name}: ending") < err.index("f1 00")
    assert "Traceback" not in err
    await wire.wait_closed()
    assert wire.close_code == 1001


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="this system has no such signal")
async def test_usr1_stops_every_device_and_the_server_goes_on(start: Start) -> None:
    server, wire = await running(start)
    server.process.send_signal(signal.SIGUSR1)
    err = await server.logged("SIGUSR1: every device has stopped")
    assert packets(err) == STOPPED
    await drive(wire)
    server.process.terminate()
    code, err = await server.end()
    assert (code, packets(err)) == (0, STOPPED)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs the state of a process")
async def test_ctrl_z_stops_every_device_and_only_then_suspends(start: Start) -> None:
    server, wire = await running(start)
    server.process.send_signal(signal.SIGTSTP)
    await suspended(server.process.pid)
    err = await server.logged("f2 00")
    assert packets(err) == STOPPED
    server.process.send_signal(signal.SIGCONT)
    await wire.wait_closed()
    assert (wire.close_code, wire.close_reason) == (1001, "the server is being suspended")
    wire, _ = await shake_hands(server.urls[0])
    await drive(wire)
    server.process.send_signal(signal.SIGTSTP)
    await suspended(server.process.pid)
    server.process.send_signal(signal.SIGCONT)
    server.process.terminate()
    code, err = await server.end()
    assert code == 0
    assert packets(err)[:3] == STOPPED


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs the state of a process")
async def test_what_clients_ask_for_around_a_suspension_moves_nothing(start: Start) -> None:
    server, wire = await running(start)

    async def flood() -> None:
        command = '[{"OutputCmd":{"Id":9,"DeviceIndex":0,"FeatureIndex":0,"Command":{"Vibrate":{"Value":7}}}}]'
        while True:
            await wire.send(command)
            await asyncio.sleep(0)

    async def read() -> None:
        async for _ in wire:
            pass

    flooding, reading = asyncio.create_task(flood()), asyncio.create_task(read())
    await asyncio.sleep(0.1)
    server.process.send_signal(signal.SIGTSTP)
    await suspended(server.process.pid)
    await asyncio.sleep(0.2)
    server.process.send_signal(signal.SIGCONT)
    with pytest.raises(ConnectionClosed):
        async with asyncio.timeout(3):
            await flooding
    await reading
    assert wire.close_code == 1001
    server.process.terminate()
    code, err = await server.end()
    assert code == 0
    sent = packets(err)
    assert "f1 07" in sent
    assert set(sent[sent.index("f1 00") :]) == {"f1 00", "f2 00"}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs the state of a process")
async def test_two_ctrl_z_suspend_once(start: Start) -> None:
    server, _ = await running(start)
    for _ in range(2):
        server.process.send_signal(signal.SIGTSTP)
    await suspended(server.process.pid)
    server.process.send_signal(signal.SIGCONT)
    server.process.terminate()
    assert (await server.end())[0] == 0


@pytest.mark.skipif(not hasattr(os, "openpty") or not Path("/proc/self/stat").exists(), reason="needs a terminal")
async def test_a_server_in_the_background_is_not_suspended_for_writing_to_its_terminal(start: Start) -> None:
    server = await start("--ws-port=0", "--simulate=aneros")
    await server.listening()
    for number in (signal.SIGTTOU, signal.SIGTTIN):
        server.process.send_signal(number)
    await asyncio.sleep(0.2)
    assert not is_suspended(server.process.pid)
    server.process.terminate()
    assert (await server.end())[0] == 0


async def test_what_nohup_and_shells_have_ignored_stays_ignored(start: Start) -> None:
    ignored = [signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP]
    server = await start(
        "--ws-port=0", "--simulate=aneros", preexec_fn=lambda: [signal.signal(n, signal.SIG_IGN) for n in ignored]
    )
    wire, _ = await shake_hands(await server.listening())
    await drive(wire)
    for number in ignored:
        server.process.send_signal(number)
    await drive(wire)
    server.process.terminate()
    code, err = await server.end()
    assert code == 0
    assert not re.search("SIGHUP|SIGQUIT|SIGTSTP", err)
