"""The program's REST interface: alone, beside websockets, and where it cannot be had."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.server.launch import Program, Start
from tests.server.program.common import packets, shake_hands

pytestmark = pytest.mark.real_time

STOPPED = ["f1 40", "f1 00", "f2 00"]


async def post(url: str, path: str) -> str:
    """Send a request; return the first line of its answer."""
    parts = urlsplit(url + path)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"POST {parts.path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    async with asyncio.timeout(10):
        answer = (await reader.read()).decode()
    writer.close()
    return answer.partition("\r\n")[0]


async def drive(url: str) -> None:
    """Find the simulated device and have its first motor run."""
    assert await post(url, "/start-scanning") == "HTTP/1.1 200 OK"
    async with asyncio.timeout(10):
        while await post(url, "/devices/0/features/0/outputs/Vibrate/0.5") != "HTTP/1.1 200 OK":
            await asyncio.sleep(0.01)


async def end(server: Program) -> tuple[int, str]:
    server.process.terminate()
    return await server.end()


async def test_alone_it_serves_requests_and_no_websockets_and_its_end_stops_the_devices(start: Start) -> None:
    server = await start("--rest-api-port=0", "--simulate=aneros", "--log-format=json", stdout=-1)
    assert server.process.stdout is not None
    ready = json.loads(await server.process.stdout.readline())
    assert ready["addresses"] == []
    url = ready["rest"][0]
    assert url.startswith("http://127.0.0.1:")
    assert url.endswith("/api/v1")
    await drive(url)
    parts = urlsplit(url)
    # A stream that is open holds up no end.
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    began = asyncio.get_running_loop().time()
    code, err = await end(server)
    writer.close()
    assert code == 0
    assert packets("\n".join(f" {json.loads(line)['msg']}" for line in err.splitlines())) == STOPPED
    assert asyncio.get_running_loop().time() - began < 2


async def test_beside_websockets_both_drive_the_same_devices(start: Start) -> None:
    server = await start("--rest-api-port=0", "--ws-port=0", "--simulate=aneros")
    url = await server.listening()
    assert url.startswith("ws://")
    assert server.process.stdout is not None
    while not (line := (await server.process.stdout.readline()).decode()).startswith("Listening on http://"):
        pass
    await drive(line.split()[-1])
    wire, _ = await shake_hands(url)
    await wire.send('[{"RequestDeviceList":{"Id":2}}]')
    async with asyncio.timeout(5):
        while "Aneros Vivi" not in str(await wire.recv()):
            pass
    await wire.close()
    code, err = await end(server)
    assert (code, packets(err)) == (0, STOPPED)


async def test_a_port_that_is_taken_is_exit_code_3(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = await start("--rest-api-port", str(port))
        code, err = await server.end()
    assert code == 3
    assert f"port {port} is in use by another program; choose another one with --rest-api-port" in err


async def test_without_its_library_the_extra_is_named(start: Start, tmp_path: Path) -> None:
    (tmp_path / "aiohttp.py").write_text('raise ImportError("not installed")')
    server = await start("--rest-api-port=0", PYTHONPATH=str(tmp_path))
    code, err = await server.end()
    assert code == 1
    assert (
        err == 'buttplug-server: --rest-api-port needs the extra rest: pip install "buttplug-server[rest]" (not installed)\n'
    )
