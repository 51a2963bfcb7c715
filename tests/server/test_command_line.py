"""The server as a program: its options, its exit codes, and that no way to end it leaves a motor running."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from buttplug.core.version import __version__
from buttplug.hardware.registry import BUSES, Bus, BusSettings
from buttplug.hardware.simulated import SimulatedDevice
from buttplug.server import __main__ as program
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from buttplug.server.options import Options, parse
from tests.fakes.managers import FakeManager
from tests.server.program import ROOT, Start

pytestmark = pytest.mark.real_time

HELLO = '[{"RequestServerInfo":{"Id":1,"ClientName":"wire","ProtocolVersionMajor":4,"ProtocolVersionMinor":0}}]'
DEFAULTS = parse([], {})
ON_BY_DEFAULT = tuple(bus.option for bus in BUSES if bus.default)
EVERY_BUS = tuple(bus.option for bus in BUSES)


# Options


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        ([], "port", 12345),
        ([], "hosts", ("127.0.0.1", "::1")),
        ([], "server_name", "Buttplug Server"),
        ([], "max_ping_time", 0),
        ([], "max_clients", 8),
        ([], "simulate", ()),
        ([], "buses", ON_BY_DEFAULT),
        ([], "allow_origins", ()),
        ([], "token_file", None),
        ([], "no_token", False),
        (["--token-file", "t"], "token_file", "t"),
        (["--ws-host=all", "--no-token"], "no_token", True),
        ([], "tls_cert", None),
        ([], "log_levels", {"buttplug": 20}),
        ([], "action", None),
        ([], "user_configuration", None),
        ([], "device_port", 54817),
        (["--ws-port", "0"], "port", 0),
        (["--ws-port=65535"], "port", 65535),
        (["--websocket-port", "7"], "port", 7),
        (["--websocketport", "7"], "port", 7),
        (["--ws-host", "192.168.1.2"], "hosts", ("192.168.1.2",)),
        (["--ws-host", "all"], "hosts", ()),
        (["--ws-host", "loopback"], "hosts", ("127.0.0.1", "::1")),
        (["--websocket-use-all-interfaces"], "hosts", ()),
        (["--server-name", "Desk server"], "server_name", "Desk server"),
        (["--server-name="], "server_name", ""),
        (["--server-name=--ws-port=5"], "server_name", "--ws-port=5"),
        (["--max-ping-time", "1000"], "max_ping_time", 1000),
        (["--max-clients", "1"], "max_clients", 1),
        (["--simulate", "Lovense Nora", "--simulate=The Handy@H1"], "simulate", ("Lovense Nora", "The Handy@H1")),
        (["--allow-origin", "https://a.example", "--allow-origin=*"], "allow_origins", ("https://a.example", "*")),
        (["--tls-cert", "c", "--tls-key", "k"], "tls_cert", "c"),
        (["--tls-cert", "c", "--tls-key", "k"], "tls_key", "k"),
        (["--log-level", "debug"], "log_levels", {"buttplug": 10}),
        (["--log", "Warning"], "log_levels", {"buttplug": 30}),
        (["--log-level", "off"], "log_levels", {"buttplug": 51}),
        (
            ["--log-level", "warn,bluetooth=trace,device=debug"],
            "log_levels",
            {"buttplug": 30, "buttplug.hardware.bluetooth": 5, "buttplug.server.devices": 10},
        ),
        (["--version"], "action", "--version"),
        (["--server-version"], "action", "--server-version"),
        (["--check"], "action", "--check"),
        (["--udev-rules"], "action", "--udev-rules"),
        (["--user-device-config-file", "mine.json"], "user_configuration", "mine.json"),
    ],
)
def test_an_option_is_read_in_all_its_forms(words: list[str], field: str, value: object) -> None:
    options = parse(words, {})
    assert getattr(options, field) == value
    assert options.warnings == ()


@pytest.mark.parametrize(
    ("words", "buses"),
    [
        ([], ON_BY_DEFAULT),
        (["--no-use-bluetooth-le"], tuple(bus for bus in ON_BY_DEFAULT if bus != "bluetooth-le")),
        (["--no-use-serial"], ON_BY_DEFAULT),
        (["--use-serial"], ("serial",)),
        (["--use-hid", "--use-serial"], ("serial", "hid")),
        (["--use-serial", "--no-use-hid"], ("serial",)),
        (["--use-bluetooth-le", "--use-serial", "--no-use-serial"], ("bluetooth-le",)),
        (["--no-use-serial", "--use-serial"], ("serial",)),
        (["--simulate", "x"], ()),
        (["--simulate", "x", "--use-usb"], ("usb",)),
        (["--use-xinput"], ("gamepad",)),
        (["--use-sdl-gamepad"], ("gamepad",)),
        (["--device-ws-port", "7"], ("device-websocket-server",)),
        ([f"--use-{bus}" for bus in EVERY_BUS], EVERY_BUS),
        ([f"--no-use-{bus}" for bus in EVERY_BUS], ()),
    ],
)
def test_the_buses_are_exactly_those_turned_on_else_the_usual_ones(words: list[str], buses: tuple[str, ...]) -> None:
    assert parse(words, {}).buses == buses


@pytest.mark.parametrize(
    ("words", "field", "value", "warnings"),
    [
        (["--ws-port", "1", "--ws-port", "2"], "port", 2, ("--ws-port is given more than once; the last one counts",)),
        (
            ["--ws-port", "1", "--websocket-port=2"],
            "port",
            2,
            ("--websocket-port is given more than once; the last one counts",),
        ),
        (["--server-name", "a"] * 3, "server_name", "a", ("--server-name is given more than once; the last one counts",)),
        (["--simulate", "a", "--simulate", "b"], "simulate", ("a", "b"), ()),
    ],
)
def test_of_an_option_given_twice_the_last_counts_with_a_warning(
    words: list[str], field: str, value: object, warnings: tuple[str, ...]
) -> None:
    options = parse(words, {})
    assert (getattr(options, field), options.warnings) == (value, warnings)


@pytest.mark.parametrize(
    ("environment", "words", "field", "value"),
    [
        ({"BUTTPLUG_WS_PORT": "7"}, [], "port", 7),
        ({"BUTTPLUG_WS_PORT": "7"}, ["--ws-port", "8"], "port", 8),
        ({"BUTTPLUG_WS_HOST": "all"}, [], "hosts", ()),
        ({"BUTTPLUG_WEBSOCKET_USE_ALL_INTERFACES": "yes"}, [], "hosts", ()),
        ({"BUTTPLUG_SERVER_NAME": "--help"}, [], "server_name", "--help"),
        ({"BUTTPLUG_SIMULATE": "aneros, Lovense Nora@N1"}, [], "simulate", ("aneros", "Lovense Nora@N1")),
        ({"BUTTPLUG_SIMULATE": "aneros"}, ["--simulate", "lovense"], "simulate", ("lovense",)),
        ({"BUTTPLUG_ALLOW_ORIGIN": "*"}, ["--allow-origin", "https://a.example"], "allow_origins", ("https://a.example",)),
        ({"BUTTPLUG_TOKEN_FILE": "t"}, [], "token_file", "t"),
        ({"BUTTPLUG_NO_TOKEN": "yes"}, [], "no_token", True),
        ({"BUTTPLUG_NO_TOKEN": "no"}, [], "no_token", False),
        *(({"BUTTPLUG_USE_SERIAL": word}, [], "buses", ("serial",)) for word in ("1", "true", "Yes", "on")),
        *(({"BUTTPLUG_USE_BLUETOOTH_LE": word}, ["--use-usb"], "buses", ("usb",)) for word in ("0", "false", "No", "off", "")),
        ({"BUTTPLUG_USE_SERIAL": "1"}, ["--no-use-serial", "--use-usb"], "buses", ("usb",)),
        ({"BUTTPLUG_LOG_LEVEL": "debug"}, [], "log_levels", {"buttplug": 10}),
        ({"BUTTPLUG_VERSION": "1"}, [], "action", None),
        ({"BUTTPLUG_HELP": "1"}, [], "port", 12345),
        ({"WS_PORT": "7", "BUTTPLUG_NONSENSE": "7"}, [], "port", 12345),
    ],
)
def test_the_environment_sets_options_and_the_command_line_wins_without_a_warning(
    environment: dict[str, str], words: list[str], field: str, value: object
) -> None:
    options = parse(words, environment)
    assert getattr(options, field) == value
    assert options.warnings == ()


@pytest.mark.parametrize(
    ("words", "environment", "complaint"),
    [
        (["--ws-prot", "1"], {}, "unknown option --ws-prot; did you mean --ws-port?"),
        (["--ws-prot=1"], {}, "unknown option --ws-prot; did you mean --ws-port?"),
        (["--simulated", "x"], {}, "unknown option --simulated; did you mean --simulate?"),
        (["--use-bluetooth"], {}, "unknown option --use-bluetooth; did you mean --use-bluetooth-le?"),
        (["--ws-p", "1"], {}, "unknown option --ws-p; did you mean --ws-port?"),
        (["--xyzzy"], {}, "unknown option --xyzzy; --help lists them"),
        (["12345"], {}, "unknown option 12345; --help lists them"),
        (["help", "me"], {}, "unknown option help"),
        (["--ws-port"], {}, "expected one argument"),
        (["--ws-port", "65536"], {}, '"65536" is no whole number from 0 to 65535'),
        (["--ws-port", "-1"], {}, '"-1" is no whole number from 0 to 65535'),
        (["--ws-port=1.5"], {}, '"1.5" is no whole number from 0 to 65535'),
        (["--ws-port=٣"], {}, '"٣" is no whole number from 0 to 65535'),
        (["--max-clients", "0"], {}, '"0" is no whole number from 1 to 10000'),
        (["--max-ping-time", "soon"], {}, '"soon" is no whole number from 0 to 4294967295'),
        (["--tls-cert", "c"], {}, "--tls-cert and --tls-key go together"),
        (["--tls-key", "k"], {}, "--tls-cert and --tls-key go together"),
        (
            ["--log-level", "loud"],
            {},
            '"loud" is no log level; there are off, critical, error, warning, warn, info, debug, trace',
        ),
        (["--log-level", "info,tree=debug"], {}, '"tree" has no log of its own; there are client, device, '),
        ([], {"BUTTPLUG_WS_PORT": "x"}, "BUTTPLUG_WS_PORT: argument --ws-port"),
        ([], {"BUTTPLUG_USE_SERIAL": "maybe"}, 'BUTTPLUG_USE_SERIAL: "maybe" is neither yes nor no'),
    ],
)
def test_what_is_not_understood_is_one_line_and_exit_code_2(
    words: list[str], environment: dict[str, str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        parse(words, environment)
    assert end.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("python -m buttplug.server: ")
    assert complaint in err


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["help"], ["--ws-port", "7", "--help"]])
def test_help_lists_every_option_and_is_no_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parse(words, {})
    assert end.value.code == 0
    out, err = capsys.readouterr()
    assert err == ""
    for option in (
        "--ws-port --ws-host --server-name --max-ping-time --max-clients --simulate --allow-origin --tls-cert --tls-key "
        "--log-level --version --check --udev-rules --use-bluetooth-le --no-use-bluetooth-le"
    ).split():
        assert option in out


# The program


async def shake_hands(url: str, **options: Any) -> tuple[ClientConnection, str]:
    wire = await connect(url, proxy=None, **options)
    await wire.send(HELLO)
    return wire, str(await wire.recv())


async def drive(wire: ClientConnection, devices: int = 1) -> None:
    """Find the simulated devices and have their first motors run."""
    await wire.send('[{"StartScanning":{"Id":2}}]')
    async with asyncio.timeout(10):
        while str(await wire.recv()).count('"DeviceName"') < devices:
            pass
    for device in range(devices):
        body = f'"Id":9,"DeviceIndex":{device},"FeatureIndex":0,"Command":{{"Vibrate":{{"Value":9}}}}'
        await wire.send(f'[{{"OutputCmd":{{{body}}}}}]')
    async with asyncio.timeout(10):
        while devices:
            devices -= str(await wire.recv()) == '[{"Ok":{"Id":9}}]'


def packets(err: str) -> list[str]:
    """Return what the log says that simulated devices were sent."""
    return re.findall(r" <- tx (.*)$", err, re.MULTILINE)


async def test_the_versions_are_printed_for_people_and_for_launchers(start: Start) -> None:
    long, bare = await start("--version"), await start("--server-version")
    out, err = await long.process.communicate()
    pattern = rf"buttplug-server {re.escape(__version__)} \(Python [\d.]+, device configuration \d+\.\d+, \d\d\d+ models\)\n"
    assert re.fullmatch(pattern, out.decode())
    assert err == b""
    out, err = await bare.process.communicate()
    assert (out.decode(), err) == (f"{__version__}\n", b"")
    assert long.process.returncode == bare.process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
async def test_a_signal_stops_the_devices_and_ends_the_program_well(start: Start, number: signal.Signals) -> None:
    server = await start("--ws-port", "0", "--simulate", "aneros")
    wire, _ = await shake_hands(await server.listening())
    await drive(wire)
    began = asyncio.get_running_loop().time()
    server.process.send_signal(number)
    code, err = await server.end()
    assert code == 0
    assert asyncio.get_running_loop().time() - began < 2
    assert packets(err) == ["f1 09", "f1 00", "f2 00"]
    assert err.index(f"{number.name}: ending") < err.index("f1 00")
    assert "Traceback" not in err
    await wire.wait_closed()
    assert wire.close_code == 1001


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
    assert (late.close_code, late.close_reason) == (1013, "1 clients connected: wire")
    await drive(wire, devices=2)
    await wire.close()
    server.process.terminate()
    code, err = await server.end()
    assert code == 0
    assert "the page at https://b.example is not allowed to connect" in err
    assert "looking for devices on: simulated devices; more with --use-bluetooth-le --use-serial" in err
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
        assert await server.end() == (
            3,
            f"buttplug-server: port {port} is in use by another program; choose another one with --ws-port\n",
        )


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
    monkeypatch.setattr("buttplug.server.log.set_up", lambda levels: None)
    monkeypatch.chdir(ROOT)
    assert program.main(words) == 1
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
        self.task = asyncio.create_task(program._serve(options, configuration, [device], None))

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
    handlers = {number: signal.getsignal(number) for number in program.SIGNALS}
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
    assert 'Device 0 "Aneros Vivi" did not confirm its stop within 1 s' in caplog.text
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
    assert asyncio.get_running_loop().time() - began == pytest.approx(program.LAST_GRACE, abs=0.2)
    assert "asked again to end while stopping" in caplog.text
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

    monkeypatch.setattr(program._Signals, "next", fail)
    inside = Inside(parse(["--ws-port", "0", "--simulate", "aneros"], {}), simulate(bundled, "aneros"), bundled)
    wire = await inside.client(capsys)

    async def wait(signals: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(program._Signals, "next", wait)
    fault.set()
    assert await inside.task == 70
    assert sent(inside.device) == [b"\xf1\x09", b"\xf1\x00", b"\xf2\x00"]
    assert "the server failed; every device is stopped" in caplog.text
    assert "ZeroDivisionError: a bug" in caplog.text
    await wire.close()


async def test_a_signal_is_obeyed_while_a_bus_hangs_at_the_start(
    bundled: DeviceConfiguration, own_signals: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hanging = FakeManager()
    hanging.delays = {"open": 1e6}
    monkeypatch.setattr(program, "make_buses", lambda options, configuration: [hanging])
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
