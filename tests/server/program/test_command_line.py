"""The server as a program: its exit codes, and that no way to end it leaves a motor running."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from buttplug.core.version import __version__
from buttplug.hardware.registry import BUSES, Bus, BusSettings
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from buttplug.server.program import serve as program
from buttplug.server.program.lifecycle import LAST_GRACE
from buttplug.server.program.main import main
from buttplug.server.program.options import Options, parse
from buttplug.server.program.signals import STOPPING, TERMINAL_USE, Signals
from buttplug.server.server import MAKE_ROOM, ButtplugServer
from buttplug.server.signals import ENDING, SUSPENDING
from tests.fakes.fault_log import faults
from tests.fakes.managers import FakeManager
from tests.server.launch import ROOT, Start
from tests.server.program.common import drive, packets, shake_hands

pytestmark = pytest.mark.real_time

EVERY_BUS = tuple(bus.option for bus in BUSES)


async def test_the_versions_are_printed_for_people_and_for_launchers(start: Start) -> None:
    long, bare = await start("--version"), await start("--server-version")
    out, err = await long.process.communicate()
    pattern = rf"buttplug-server {re.escape(__version__)} \(Python [\d.]+, device configuration \d+\.\d+, \d\d\d+ models\)\n"
    assert re.fullmatch(pattern, out.decode())
    assert err == b""
    out, err = await bare.process.communicate()
    assert (out.decode(), err) == (f"{__version__}\n", b"")
    assert long.process.returncode == bare.process.returncode == 0


async def test_what_the_options_say_reaches_clients(start: Start) -> None:
    server = await start(
        "--ws-port=0",
        "--server-name",
        "Desk server",
        "--max-ping-time=60000",
        "--simulate",
        "Lovense Nora@N1",
        "--simulate=aneros",
        "--allow-origin=https://a.example",
        BUTTPLUG_MAX_CLIENTS="1",
    )
    url = await server.listening()
    with pytest.raises(InvalidStatus):
        await connect(url, proxy=None, origin="https://b.example")  # type: ignore[arg-type]
    wire, welcome = await shake_hands(url, origin="https://a.example")
    assert '"ServerName":"Desk server","MaxPingTime":60000' in welcome
    late = await connect(url, proxy=None)
    await late.wait_closed()
    assert (late.close_code, late.close_reason) == (1013, f"1 clients connected: wire; {MAKE_ROOM}")
    await drive(wire, devices=2)
    await wire.close()
    server.process.terminate()
    code, err = await server.end()
    assert code == 0
    assert "the page at https://b.example is not allowed to connect" in err
    assert "looking for devices on: simulated devices (--help tells how to turn on others)" in err
    assert "Lovense Nora" in err


async def test_both_loopback_addresses_are_listened_on_with_one_port(start: Start) -> None:
    server = await start("--ws-port", "0", *(f"--no-use-{bus}" for bus in EVERY_BUS))
    port = (await server.listening()).rpartition(":")[2]
    assert server.process.stdout is not None
    if socket.has_ipv6:
        line = (await server.process.stdout.readline()).decode()
        assert line == f"Listening on ws://[::1]:{port}\n"
    server.process.terminate()
    assert (await server.end())[0] == 0


async def test_a_port_in_use_is_one_line_and_exit_code_3(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = await start("--ws-port", str(port), "--simulate", "aneros", "--log-level", "warn")
        code, err = await server.end()
    assert code == 3
    assert err.count("\n") == 1
    assert err.startswith(f"buttplug-server: port {port} is in use by another program; choose another one with --ws-port")
    assert f"process {os.getpid()})" in err or sys.platform != "linux"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--simulate", "Lovense Norra"], "there is no device called 'Lovense Norra'; did you mean Lovense Nora"),
        (["--simulate", "xyzzyxyzzy"], "there is no device called 'xyzzyxyzzy'"),
        (["--simulate", "aneros@A", "--simulate", "aneros@A"], "address A is given to two simulated devices"),
        (
            ["--tls-cert", "no.pem", "--tls-key", "no.key"],
            "no.pem and no.key cannot be used as certificate and key: No such file",
        ),
        (
            ["--tls-cert", "README.md", "--tls-key", "README.md"],
            "README.md and README.md cannot be used as certificate and key",
        ),
        (["--user-device-config-file", "README.md"], "README.md: "),
        (["--token-file", "no.txt"], "no.txt cannot be read: No such file"),
        (["--token-file", "README.md"], "README.md: a token is one line of letters, digits and signs, without spaces"),
        (
            ["--ws-host", "all", "--simulate", "aneros"],
            "choose a token (--token-file), or say that none is wanted (--no-token",
        ),
        (
            ["--ws-host", "192.0.2.1", "--simulate", "aneros"],
            "choose a token (--token-file), or say that none is wanted (--no-token",
        ),
        (["--ws-host", "192.0.2.1", "--no-token", "--simulate", "aneros"], "cannot listen on 192.0.2.1, port 12345: "),
    ],
)
@pytest.mark.usefixtures("own_signals")
def test_what_cannot_be_used_is_one_line_and_exit_code_1(
    words: list[str], complaint: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(words) == 1
    _, err = capsys.readouterr()
    assert err.startswith("buttplug-server: ")
    assert err.count("\n") == 1
    assert complaint in err


async def test_with_a_certificate_it_listens_by_tls(start: Start, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*make.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)  # noqa: ASYNC221
    server = await start("--ws-port=0", "--simulate=aneros", f"--tls-cert={certificate}", f"--tls-key={key}")
    url = await server.listening()
    assert url.startswith("wss://127.0.0.1:")
    wire, _ = await shake_hands(url, ssl=ssl.create_default_context(cafile=str(certificate)))
    await drive(wire)
    server.process.terminate()
    code, err = await server.end()
    assert code == 0
    assert packets(err)[1:] == ["f1 00", "f2 00"]


async def test_a_reader_of_its_first_line_may_go(start: Start) -> None:
    server = await start("--ws-port=0", "--simulate=aneros")
    assert server.process.stdout is not None
    url = await server.listening()
    server.process.stdout._transport.close()  # type: ignore[attr-defined]
    wire, _ = await shake_hands(url)
    await wire.close()
    server.process.terminate()
    assert (await server.end())[0] == 0


@pytest.mark.parametrize(("level", "lines"), [("off", 0), ("error", 0)])
async def test_the_log_is_as_quiet_as_it_is_told_to_be(start: Start, level: str, lines: int) -> None:
    server = await start("--ws-port=0", "--simulate=aneros", "--log-level", level)
    wire, _ = await shake_hands(await server.listening())
    await drive(wire)
    server.process.terminate()
    code, err = await server.end()
    assert (code, err.count("\n")) == (0, lines)


# What cannot be had from outside: devices and buses that hang, and faults of ours


class Inside:
    """The server program in this process, with a simulated device that a test can trouble."""

    def __init__(self, options: Options, device: SimulatedDevice, configuration: DeviceConfiguration) -> None:
        self.device = device
        self.task = asyncio.create_task(program.serve(options, configuration, [device], None))

    async def client(self, capsys: pytest.CaptureFixture[str]) -> ClientConnection:
        """Connect to it and have its device run."""
        out = ""
        async with asyncio.timeout(10):
            while "Listening" not in out:
                await asyncio.sleep(0.01)
                out = capsys.readouterr().out
        url = re.findall(r"ws://127\S*", out)[0]
        wire, _ = await shake_hands(url)
        await drive(wire)
        return wire


@pytest.fixture
def own_signals() -> Iterator[None]:
    """Put the handlers of signals back that the server takes over."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, *ENDING, *STOPPING, *SUSPENDING, *TERMINAL_USE)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
async def inside(bundled: DeviceConfiguration, own_signals: None) -> AsyncIterator[Inside]:
    running = Inside(parse(["--ws-port", "0", "--simulate", "aneros"], {}), simulate(bundled, "aneros"), bundled)
    yield running
    if not running.task.done():
        os.kill(os.getpid(), signal.SIGTERM)
        await running.task


def sent(device: SimulatedDevice) -> Sequence[bytes]:
    return [packet.data for packet in device.packets]


async def test_a_device_that_does_not_confirm_its_stop_is_named_and_the_exit_code_is_4(
    inside: Inside, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    wire = await inside.client(capsys)
    inside.device.write_delay = 1e6
    began = asyncio.get_running_loop().time()
    os.kill(os.getpid(), signal.SIGINT)
    assert await inside.task == 4
    assert asyncio.get_running_loop().time() - began < 2.2
    assert 'Device 0 "Aneros Vivi" did not confirm its stop within 1.7 s' in caplog.text
    await wire.close()


async def test_a_second_signal_ends_the_waiting_but_not_before_a_stop_had_its_chance(
    inside: Inside, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    wire = await inside.client(capsys)
    inside.device.write_delay = 1e6
    began = asyncio.get_running_loop().time()
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGINT)
    assert await inside.task == 4
    assert asyncio.get_running_loop().time() - began == pytest.approx(LAST_GRACE, abs=0.2)
    assert "asked again to end while stopping" in caplog.text
    inside.device.write_delay = 0.0
    await wire.close()


async def test_two_signals_at_once_end_it_well_where_the_devices_stop_at_once(
    inside: Inside, capsys: pytest.CaptureFixture[str]
) -> None:
    wire = await inside.client(capsys)
    inside.device.write_delay = 0.05
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    assert await inside.task == 0
    assert sent(inside.device) == [b"\xf1\x09", b"\xf1\x00", b"\xf2\x00"]
    await wire.close()


async def test_a_fault_of_the_server_stops_the_devices_and_is_exit_code_70(
    bundled: DeviceConfiguration,
    own_signals: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    fault = asyncio.Event()

    async def fail(signals: object) -> None:
        await fault.wait()
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(Signals, "next", fail)
    inside = Inside(parse(["--ws-port", "0", "--simulate", "aneros"], {}), simulate(bundled, "aneros"), bundled)
    wire = await inside.client(capsys)

    async def wait(signals: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(Signals, "next", wait)
    fault.set()
    assert await inside.task == 70
    assert sent(inside.device) == [b"\xf1\x09", b"\xf1\x00", b"\xf2\x00"]
    assert "the server failed; every device is stopped" in caplog.text
    assert "ZeroDivisionError: a bug" in caplog.text
    await wire.close()


async def test_a_fault_at_the_end_is_told_and_exit_code_70(
    bundled: DeviceConfiguration,
    own_signals: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    real = ButtplugServer.close

    async def fails(self: ButtplugServer) -> list[str]:
        await real(self)
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(ButtplugServer, "close", fails)
    inside = Inside(parse(["--ws-port", "0", "--simulate", "aneros"], {}), simulate(bundled, "aneros"), bundled)
    wire = await inside.client(capsys)
    os.kill(os.getpid(), signal.SIGTERM)
    assert await inside.task == 70
    assert sent(inside.device) == [b"\xf1\x09", b"\xf1\x00", b"\xf2\x00"]
    assert faults(caplog) == ["a bug"]
    await wire.close()


async def test_a_signal_is_obeyed_while_a_bus_hangs_at_the_start(
    bundled: DeviceConfiguration, own_signals: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hanging = FakeManager()
    hanging.delays = {"open": 1e6}
    monkeypatch.setattr(program, "make_buses", lambda options, configuration, token, tls: [hanging])
    inside = Inside(parse(["--ws-port", "0"], {}), simulate(bundled, "aneros"), bundled)
    await asyncio.sleep(0.1)
    began = asyncio.get_running_loop().time()
    os.kill(os.getpid(), signal.SIGTERM)
    assert await inside.task == 0
    assert asyncio.get_running_loop().time() - began < 2
    assert hanging.calls == ["open", "close"]
    assert "Listening" not in capsys.readouterr().out


async def test_a_bus_that_cannot_even_be_made_is_one_warning(
    bundled: DeviceConfiguration, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from buttplug.server import buses

    def fail(settings: BusSettings) -> FakeManager:
        raise OSError("a library is broken")

    rows = (Bus("serial", "ports", fail), Bus("bluetooth-le", "Bluetooth", lambda settings: FakeManager()))
    monkeypatch.setattr(buses, "BUSES", rows)
    managers = buses.make_buses(parse(["--use-serial", "--use-bluetooth-le"], {}), bundled)
    assert [type(manager) for manager in managers] == [FakeManager]
    assert [record.getMessage() for record in caplog.records] == ["serial cannot be used: a library is broken"]
