"""``python -m buttplug`` as a program: from a pipe, at a terminal, with a server of its own or another one."""

from __future__ import annotations

import asyncio
import io
import os
import re
import signal
import sys
from collections.abc import AsyncIterator

import pytest

from buttplug.console.main import _read, _server
from buttplug.server import ButtplugServer
from buttplug.server.program.options import parse
from tests.fakes.fault_log import faults
from tests.server.launch import ROOT, Start

pytestmark = pytest.mark.real_time

SIMULATED = ["--simulate", "aneros", "--log-level", "info"]


async def run(*words: str, typed: str = "", stdin: int | None = None) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "buttplug", *words),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE if stdin is None else stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    if process.stdin is not None:
        process.stdin.write(typed.encode())
        process.stdin.close()
    return process


async def end(process: asyncio.subprocess.Process) -> tuple[int | None, str, list[str]]:
    """Wait for the end; return the exit code, what was told, and what the device was sent."""
    async with asyncio.timeout(20):
        out, err = await process.communicate()
    return process.returncode, out.decode(), re.findall(r" <- tx (.*)$", err.decode(), re.MULTILINE)


@pytest.fixture
async def terminal() -> AsyncIterator[tuple[int, int]]:
    """The end of a terminal that a person types at, and the end that a program reads."""
    if not hasattr(os, "openpty"):
        pytest.skip("this system has no such terminals")
    person, program = os.openpty()
    yield person, program
    os.close(person)
    os.close(program)


async def until(process: asyncio.subprocess.Process, text: bytes) -> None:
    assert process.stdout is not None
    read = b""
    async with asyncio.timeout(20):
        while text not in read:
            piece = await process.stdout.read(1000)
            assert piece, read
            read += piece


@pytest.mark.parametrize("last", ["quit\n", "", "stop\nquit\n"])
async def test_lines_of_a_pipe_are_done_one_after_the_other_and_at_the_end_everything_is_stopped(last: str) -> None:
    code, out, sent = await end(await run(*SIMULATED, typed="scan 0.3\nvibrate 0 50\n" + last))
    assert code == 0
    assert "found 0: Aneros Vivi\n" in out
    assert "\n0: Aneros Vivi\n   0.0: Vibrate" in out
    assert sent[:4] == ["f1 40", "f2 40", "f1 00", "f2 00"]


async def test_signals_wait_for_the_stops_at_the_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers = [signal.getsignal(signal.SIGTERM)]
    close = ButtplugServer.close

    async def noting(server: ButtplugServer) -> list[str]:
        handlers.append(signal.getsignal(signal.SIGTERM))
        return await close(server)

    monkeypatch.setattr(ButtplugServer, "close", noting)
    async with _server(parse(["--no-use-bluetooth-le"], {})):
        pass
    assert handlers[1] is not handlers[0]


async def test_the_devices_of_another_server_can_be_tried(start: Start) -> None:
    server = await start("--ws-port=0", "--simulate=aneros")
    url = await server.listening()
    code, out, _ = await end(await run("--connect", url, typed="scan 0.3\nvibrate 0 50\nquit\n"))
    assert code == 0
    assert "found 0: Aneros Vivi" in out
    server.process.terminate()
    _, err = await server.end()
    assert re.findall(r" <- tx (.*)$", err, re.MULTILINE)[:4] == ["f1 40", "f2 40", "f1 00", "f2 00"]


async def test_a_server_that_is_lost_is_told_with_what_to_do(start: Start, terminal: tuple[int, int]) -> None:
    server = await start("--ws-port=0", "--simulate=aneros")
    process = await run("--connect", await server.listening(), stdin=terminal[1])
    await until(process, b"scan looks for devices")
    server.process.terminate()
    await until(process, b"the server is lost, and stops the devices if it is still there; quit, and start this again")
    os.write(terminal[0], b"quit\n")
    assert (await end(process))[0] == 1


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--connect", "ws://127.0.0.1:1"], "127.0.0.1:1"),
        (["--simulate", "Lovense Norra"], "did you mean Lovense Nora"),
    ],
)
async def test_what_cannot_be_used_is_one_line_and_exit_code_1(words: list[str], complaint: str) -> None:
    process = await run(*words)
    async with asyncio.timeout(20):
        _, err = await process.communicate()
    assert process.returncode == 1
    assert complaint in err.decode()
    assert "Traceback" not in err.decode()


async def test_without_an_input_it_says_so() -> None:
    process = await asyncio.create_subprocess_shell(
        f'"{sys.executable}" -m buttplug --simulate aneros <&-',
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        _, err = await process.communicate()
    assert process.returncode == 1
    assert (
        err.decode().strip() == "there is no standard input to read commands from: run this at a terminal, or give it a pipe"
    )


async def test_at_a_terminal_an_empty_line_stops_what_is_being_tried(terminal: tuple[int, int]) -> None:
    process = await run(*SIMULATED, stdin=terminal[1])
    os.write(terminal[0], b"scan 0.3\n")
    await until(process, b"0.1: Vibrate")
    os.write(terminal[0], b"vibrate 0 50 60\n")
    await asyncio.sleep(0.3)
    os.write(terminal[0], b"\n")
    await until(process, b"everything has stopped")
    os.write(terminal[0], b"quit\n")
    code, _, sent = await end(process)
    assert code == 0
    assert sent[:2] == ["f1 40", "f2 40"]
    assert set(sent[2:]) == {"f1 00", "f2 00"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_everything(terminal: tuple[int, int], number: signal.Signals) -> None:
    process = await run(*SIMULATED, stdin=terminal[1])
    os.write(terminal[0], b"scan 0.3\n")
    await until(process, b"0.1: Vibrate")
    os.write(terminal[0], b"vibrate 0 50 60\n")
    await asyncio.sleep(0.3)
    process.send_signal(number)
    code, _, sent = await end(process)
    assert code == (130 if number is signal.SIGINT else -number)
    assert sent[:2] == ["f1 40", "f2 40"]
    assert set(sent[2:]) == {"f1 00", "f2 00"}


async def test_help_says_what_can_be_typed() -> None:
    code, out, _ = await end(await run("--help"))
    assert code == 0
    assert "vibrate 0 50" in out
    assert "--simulate" in out


async def test_lines_that_cannot_be_read_any_more_are_at_their_end_and_that_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lines = io.TextIOWrapper(io.BytesIO(b"stop\n\xff\xff\n"), "utf-8", errors="strict")
    typed = _read(lines, prompt=False)
    async with asyncio.timeout(5):
        assert await typed.get() is None
    assert len(faults(caplog)) == 1
    assert "can't decode byte 0xff" in faults(caplog)[0]
