"""What programs that start this one are told: where it listens, that it is ready, alive and ending."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from buttplug.server.program.systemd import ServiceManager
from tests.server.launch import Start
from tests.server.program.common import drive, shake_hands


@pytest.mark.real_time
async def test_in_json_one_line_of_standard_output_says_where_it_listens(start: Start) -> None:
    server = await start("--ws-port=0", "--simulate=aneros", "--log-format=json")
    assert server.process.stdout is not None
    async with asyncio.timeout(10):
        ready = json.loads(await server.process.stdout.readline())
    assert (ready["event"], ready["pid"]) == ("listening", server.process.pid)
    assert ready["addresses"][0].startswith("ws://127.0.0.1:")
    wire, _ = await shake_hands(ready["addresses"][0])
    await drive(wire)
    server.process.terminate()
    code, err = await server.end()
    records = [json.loads(line) for line in err.splitlines()]
    assert code == 0
    assert {record["level"] for record in records} == {"info"}
    assert "simulated devices" in records[1]["msg"]


@pytest.mark.real_time
async def test_the_descriptor_of_a_launcher_gets_the_same_line_and_is_closed(start: Start) -> None:
    reading, writing = os.pipe()
    server = await start("--ws-port=0", "--simulate=aneros", f"--ready-fd={writing}", pass_fds=[writing])
    os.close(writing)
    await server.listening()
    with os.fdopen(reading) as pipe:
        # To the end: it is closed.
        line = pipe.read()
    assert line.endswith("}\n")
    assert json.loads(line)["addresses"][0] == server.urls[0]
    server.process.terminate()
    assert (await server.end())[0] == 0


@pytest.mark.real_time
async def test_a_descriptor_that_is_not_open_is_told_and_exit_code_1(start: Start) -> None:
    server = await start("--ws-port=0", "--simulate=aneros", "--ready-fd=77")
    assert await server.end() == (1, "buttplug-server: --ready-fd 77 is not open: Bad file descriptor\n")


@pytest.mark.real_time
async def test_the_log_file_has_the_log_and_standard_error_is_empty(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "server.log"
    server = await start("--ws-port=0", "--simulate=aneros", "--log-file", str(file), BUTTPLUG_WS_PROT="7")
    await server.listening()
    server.process.terminate()
    assert await server.end() == (0, "")
    lines = file.read_text().splitlines()
    assert lines[0].endswith(
        "WARNING main: BUTTPLUG_WS_PROT sets nothing: there is no such option; did you mean BUTTPLUG_WS_PORT?"
    )
    assert "listens on ws://127.0.0.1:" in lines[1]
    assert lines[-1].endswith("SIGTERM: ending")


@pytest.mark.real_time
async def test_a_log_file_that_cannot_be_written_is_told_and_exit_code_1(start: Start, tmp_path: Path) -> None:
    server = await start("--ws-port=0", "--simulate=aneros", "--log-file", str(tmp_path))
    assert await server.end() == (1, f"buttplug-server: {tmp_path} cannot be written: Is a directory\n")


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket of a service manager."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.setblocking(False)
        yield channel


def told(manager: socket.socket) -> list[str]:
    messages = []
    try:
        while True:
            messages.append(manager.recv(100).decode())
    except BlockingIOError:
        return messages


@pytest.mark.real_time
async def test_a_service_manager_is_told_of_the_beginning_and_the_end(start: Start, manager: socket.socket) -> None:
    server = await start("--ws-port=0", "--simulate=aneros", NOTIFY_SOCKET=manager.getsockname())
    await server.logged("looking for devices")
    assert told(manager) == ["READY=1"]
    server.process.terminate()
    assert (await server.end())[0] == 0
    assert told(manager) == ["STOPPING=1"]


async def test_a_watchdog_is_told_twice_as_often_as_it_looks(manager: socket.socket) -> None:
    service = ServiceManager({"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "10000000"})
    service.ready()
    await asyncio.sleep(21)
    assert told(manager) == ["READY=1", *["WATCHDOG=1"] * 5]
    service.stopping()
    await asyncio.sleep(60)
    assert told(manager) == ["STOPPING=1"]


@pytest.mark.parametrize(
    "environment",
    [{}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}],
)
async def test_a_watchdog_that_does_not_watch_this_process_is_not_told(
    manager: socket.socket, environment: dict[str, str]
) -> None:
    service = ServiceManager({"NOTIFY_SOCKET": manager.getsockname()} | environment)
    service.ready()
    await asyncio.sleep(60)
    assert told(manager) == ["READY=1"]


async def test_a_service_manager_that_is_gone_is_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    service = ServiceManager({"NOTIFY_SOCKET": "/no/such/socket"})
    service.ready()
    assert "the service manager could not be told READY=1" in caplog.text
    ServiceManager({}).ready()
