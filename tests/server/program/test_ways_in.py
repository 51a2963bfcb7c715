"""The program's ways for clients: an app that it connects to, a repeater, and mDNS; and that each ends well."""

from __future__ import annotations

import asyncio
import re
import signal
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.server.launch import Start
from tests.server.program.common import HELLO, drive, packets, shake_hands

pytestmark = pytest.mark.real_time

VIBRATE = '[{"OutputCmd":{"Id":9,"DeviceIndex":0,"FeatureIndex":0,"Command":{"Vibrate":{"Value":9}}}}]'
STOPPED = ["f1 09", "f1 00", "f2 00"]


@pytest.mark.parametrize("option", ["--websocket-client-address", "--ws-connect"])
async def test_the_program_connects_to_an_app_and_listens_nowhere(start: Start, option: str) -> None:
    ended: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    async def talk(connection: ServerConnection) -> None:
        await connection.send(HELLO)
        await connection.send('[{"StartScanning":{"Id":2}}]')
        while '"DeviceName"' not in str(await connection.recv()):
            pass
        await connection.send(VIBRATE)
        async for _ in connection:
            pass
        ended.set_result(connection.close_code)

    async with serve(talk, "127.0.0.1", 0) as app:
        port = next(iter(app.sockets)).getsockname()[1]
        server = await start(option, f"ws://127.0.0.1:{port}", "--simulate=aneros", "--log-format=json")
        assert server.process.stdout is not None
        assert b'"addresses": []' in await server.process.stdout.readline()
        await server.logged("f1 09")
        server.process.send_signal(signal.SIGTERM)
        code, err = await server.end()
        async with asyncio.timeout(5):
            assert await ended == 1001
    assert code == 0
    assert re.findall(r" <- tx ([0-9a-f ]*)", err) == STOPPED[1:]


async def test_an_app_that_is_not_there_holds_up_neither_the_start_nor_the_end(start: Start) -> None:
    server = await start("--ws-connect", "ws://127.0.0.1:1", "--ws-port=0", "--simulate=aneros")
    wire, _ = await shake_hands(await server.listening())
    await drive(wire)
    began = asyncio.get_running_loop().time()
    server.process.terminate()
    code, err = await server.end()
    assert (code, packets(err)) == (0, STOPPED)
    assert asyncio.get_running_loop().time() - began < 2
    assert err.count("ws://127.0.0.1:1 cannot be connected to: ") == 1


async def test_certificates_that_cannot_be_used_are_exit_code_1(start: Start) -> None:
    server = await start("--ws-connect", "wss://127.0.0.1:1", "--ws-connect-ca", "README.md")
    code, err = await server.end()
    assert code == 1
    assert err.splitlines()[-1].startswith("buttplug-server: README.md has no certificates that can be used")


async def test_a_repeater_passes_on_to_a_server_and_stops_its_devices_when_it_ends(start: Start) -> None:
    server = await start("--ws-port=0", "--simulate=aneros")
    url = await server.listening()
    repeater = await start("--repeater", "--repeater-remote-address", url.removeprefix("ws://"), "--repeater-port=0")
    wire, welcome = await shake_hands(await repeater.listening())
    assert "Buttplug Server" in welcome
    await drive(wire)
    for number in (signal.SIGUSR1, signal.SIGTERM):
        repeater.process.send_signal(number)
        await server.logged("f2 00")
    code, err = await repeater.end()
    assert code == 0
    assert "SIGUSR1: every device has stopped" in err
    await wire.wait_closed()
    assert (wire.close_code, wire.close_reason) == (1001, "the repeater is shutting down")
    server.process.terminate()
    assert (await server.end())[0] == 0


async def test_a_repeater_whose_server_does_not_answer_the_last_stop_ends_with_exit_code_4(start: Start) -> None:
    async def be_silent(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async with serve(be_silent, "127.0.0.1", 0) as silent:
        port = next(iter(silent.sockets)).getsockname()[1]
        repeater = await start("--repeater", f"--repeater-remote-address=127.0.0.1:{port}", "--repeater-port=0")
        from websockets.asyncio.client import connect

        wire = await connect(await repeater.listening(), proxy=None)
        await wire.send(HELLO)
        await asyncio.sleep(0.1)
        repeater.process.terminate()
        code, err = await repeater.end()
    assert code == 4
    assert "the server did not say that it has stopped the devices of a client at 127.0.0.1: no answer within 1.7 s" in err


async def test_mdns_for_this_machine_only_is_one_warning(start: Start) -> None:
    server = await start("--ws-port=0", "--simulate=aneros", "--broadcast-server-mdns", "--mdns-suffix=desk")
    err = await server.logged("not broadcast by mDNS: the server can be reached from this machine only (--ws-host)")
    assert "WARNING mdns: " in err
    server.process.terminate()
    assert (await server.end())[0] == 0


async def test_a_start_script_of_the_engine_works(start: Start, tmp_path: Path) -> None:
    server = await start(
        *("--server-name", "Buttplug Server", "--websocket-port", "0", "--max-ping-time", "0", "--log", "info"),
        *("--use-device-websocket-server", "--device-websocket-server-port", "0", "--frontend-websocket-port", "0"),
        *("--allow-raw", "--mdns-suffix", "x"),
    )
    wire, _ = await shake_hands(await server.listening())
    await wire.close()
    server.process.terminate()
    code, err = await server.end()
    assert code == 0
    assert [line.partition(" main: ")[2] for line in err.splitlines() if " WARNING main: " in line] == [
        "--frontend-websocket-port does nothing: there is no channel for front ends",
        "--allow-raw does nothing: devices cannot be sent raw bytes",
        "--mdns-suffix does nothing: it needs --broadcast-server-mdns",
    ]
