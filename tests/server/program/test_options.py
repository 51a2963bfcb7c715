"""The options of the program: how they are spelled, what they mean together, and what is said of those that mean nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from buttplug.hardware.registry import BUSES
from buttplug.server.program.options import parse
from tests.cases import for_each

ON_BY_DEFAULT = tuple(bus.option for bus in BUSES if bus.default)
EVERY_BUS = tuple(bus.option for bus in BUSES)
LOOPBACK = ("127.0.0.1", "::1")


@for_each(
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
        ([], "tls_cert", None),
        ([], "token_file", None),
        ([], "no_token", False),
        (["--token-file", "t"], "token_file", Path("t")),
        (["--ws-host=all", "--no-token"], "no_token", True),
        ([], "log_levels", {"buttplug": 20}),
        ([], "action", None),
        ([], "user_configuration", None),
        ([], "device_port", 54817),
        ([], "listens", True),
        ([], "connect", None),
        ([], "repeater", None),
        ([], "broadcast", False),
        ([], "log_format", "text"),
        ([], "log_file", None),
        ([], "ready_fd", None),
        (["--websocket-listen-address", "127.0.0.1:7"], "hosts", ("127.0.0.1",)),
        (["--websocket-listen-address", "[::1]:7"], "hosts", ("::1",)),
        (["--websocket-listen-address", "[::1]:7"], "port", 7),
        (["--websocket-listen-address=localhost:0"], "hosts", ("localhost",)),
        (["--websocket-client-address", "ws://192.168.0.2:12345"], "connect", "ws://192.168.0.2:12345"),
        (["--ws-connect", "wss://app.example/path?x=1"], "connect", "wss://app.example/path?x=1"),
        (["--ws-connect", "ws://a:1"], "listens", False),
        (["--ws-connect", "ws://a:1", "--ws-port", "7"], "listens", True),
        (["--ws-connect", "ws://a:1", "--websocket-use-all-interfaces"], "listens", True),
        (["--ws-connect", "ws://a:1", "--websocket-listen-address=[::1]:7"], "listens", True),
        (
            ["--ws-connect=ws://a:1", "--ws-connect-header=A: b", "--ws-connect-header", "C:d"],
            "connect_headers",
            (("A", "b"), ("C", "d")),
        ),
        (["--ws-connect", "wss://a:1", "--ws-connect-ca=f"], "connect_ca", Path("f")),
        ([], "rest_port", None),
        (["--rest-api-port", "0"], "rest_port", 0),
        (["--rest-api-port=3000"], "listens", False),
        (["--rest-api-port=3000", "--websocket-port=7"], "listens", True),
        (["--rest-api-port=3000", "--ws-connect=ws://a:1"], "listens", False),
        (["--broadcast-server-mdns"], "broadcast", True),
        (["--broadcast-server-mdns", "--mdns-suffix", "desk"], "broadcast_suffix", "desk"),
        (["--repeater", "--repeater-remote-address", "192.168.0.2:12345"], "repeater", "ws://192.168.0.2:12345"),
        (["--repeater", "--repeater-remote-address=wss://a.example"], "repeater", "wss://a.example"),
        (["--repeater", "--repeater-remote-address=phone"], "repeater", "ws://phone"),
        (["--repeater", "--repeater-remote-address=a", "--repeater-port=7"], "port", 7),
        (["--repeater", "--repeater-remote-address=a"], "port", 12345),
        (["--log-format", "json"], "log_format", "json"),
        (["--log-file", "server.log"], "log_file", Path("server.log")),
        (["--ready-fd", "3"], "ready_fd", 3),
        (["--log", "4"], "log_levels", {"buttplug": 10}),
        (["--list-models"], "action", "--list-models"),
        (["--list-known", "Nora"], "action", "--list-models"),
        (["--list-models", "Nora"], "search", "Nora"),
        (["--list-devices"], "action", "--list-devices"),
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
        (["--tls-cert", "c", "--tls-key", "k"], "tls_cert", Path("c")),
        (["--tls-cert", "c", "--tls-key", "k"], "tls_key", Path("k")),
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
        (["--server-version", "--version"], "action", "--server-version"),
        (["--version", "--server-version"], "action", "--server-version"),
        (["--check"], "action", "--check"),
        (["--udev-rules"], "action", "--udev-rules"),
        (["--user-device-config-file", "mine.json"], "user_configuration", Path("mine.json")),
    ],
)
def test_an_option_is_read_in_all_its_forms(words: list[str], field: str, value: object) -> None:
    options = parse(words, {})
    assert getattr(options, field) == value
    assert options.warnings == ()


@for_each(
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
        (["--use-simulated-devices"], ()),
        (["--use-simulated-devices", "--use-bluetooth-le"], ("bluetooth-le",)),
        (["--simulate", "x", "--use-usb"], ("usb",)),
        (["--use-xinput"], ("gamepad",)),
        (["--use-sdl-gamepad"], ("gamepad",)),
        (["--no-use-xinput", "--use-serial"], ("serial",)),
        (["--use-lovense-dongle"], ("lovense-dongle-hid", "lovense-dongle-serial")),
        (["--device-ws-port", "7"], ("device-websocket-server",)),
        ([f"--use-{bus}" for bus in EVERY_BUS], EVERY_BUS),
        ([f"--no-use-{bus}" for bus in EVERY_BUS], ()),
    ],
)
def test_the_buses_are_exactly_those_turned_on_else_the_usual_ones(words: list[str], buses: tuple[str, ...]) -> None:
    assert parse(words, {}).buses == buses


@for_each(
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


@for_each(
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
        *(({"BUTTPLUG_USE_SERIAL": word}, [], "buses", ("serial",)) for word in ("1", "true", "Yes", "on")),
        *(({"BUTTPLUG_USE_BLUETOOTH_LE": word}, ["--use-usb"], "buses", ("usb",)) for word in ("0", "false", "No", "off", "")),
        ({"BUTTPLUG_USE_SERIAL": "1"}, ["--no-use-serial", "--use-usb"], "buses", ("usb",)),
        ({"BUTTPLUG_LOG_LEVEL": "debug"}, [], "log_levels", {"buttplug": 10}),
        ({"BUTTPLUG_VERSION": "1"}, [], "action", None),
        ({"BUTTPLUG_HELP": "1"}, [], "port", 12345),
        ({"WS_PORT": "7"}, [], "port", 12345),
        ({"BUTTPLUG_TOKEN_FILE": "t"}, [], "token_file", Path("t")),
        ({"BUTTPLUG_NO_TOKEN": "yes"}, [], "no_token", True),
        ({"BUTTPLUG_NO_TOKEN": "no"}, [], "no_token", False),
        ({"BUTTPLUG_WEBSOCKET_PORT": "7"}, [], "port", 7),
        ({"BUTTPLUG_USE_XINPUT": "yes"}, [], "buses", ("gamepad",)),
        ({"BUTTPLUG_WEBSOCKET_LISTEN_ADDRESS": "[::1]:7"}, [], "hosts", ("::1",)),
        ({"BUTTPLUG_WS_CONNECT": "ws://a:1"}, ["--ws-connect", "ws://b:2"], "connect", "ws://b:2"),
    ],
)
def test_the_environment_sets_options_and_the_command_line_wins_without_a_warning(
    environment: dict[str, str], words: list[str], field: str, value: object
) -> None:
    options = parse(words, environment)
    assert getattr(options, field) == value
    assert options.warnings == ()


@for_each(
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
        (["--device-ws-tls"], {}, "--device-ws-tls needs --tls-cert and --tls-key"),
        (["--websocket-listen-address", "12345"], {}, '"12345" is no address with a port, such as 127.0.0.1:12345'),
        (["--websocket-listen-address", "::1:12345"], {}, '"::1:12345" is no address with a port'),
        (["--websocket-listen-address", "localhost:http"], {}, '"http" is no whole number from 0 to 65535'),
        (["--ws-connect", "127.0.0.1:12345"], {}, "is no address of a websocket; write it like ws://127.0.0.1:12345"),
        (["--websocket-client-address", "localhost:12345"], {}, "write it like ws://localhost:12345"),
        (["--ws-connect", "http://localhost"], {}, '"http://localhost" is no address of a websocket; write it like ws://'),
        (["--ws-connect", "ws://"], {}, '"ws://" is no address of a websocket'),
        (["--ws-connect", "ws://a:b"], {}, '"ws://a:b" is no address: '),
        (["--ws-connect-header", "Authorization"], {}, '"Authorization" is no header'),
        (["--ws-connect-header", "A: b\r\nC: d"], {}, "is no header"),
        (["--repeater"], {}, "--repeater needs --repeater-remote-address"),
        (["--log-format", "xml"], {}, "invalid choice: 'xml'"),
        (["--websocket-use-all-interface"], {}, "unknown option --websocket-use-all-interface; --help lists them"),
        (["--websocket-all-interfaces"], {}, "unknown option --websocket-all-interfaces; --help lists them"),
        (["--allow-origins=https://a.example"], {}, "unknown option --allow-origins; --help lists them"),
        (["--no-tokens"], {}, "unknown option --no-tokens; --help lists them"),
        (["--websocket-listen-addres", "a:1"], {}, "did you mean --websocket-listen-address?"),
        (["--websocket-client-adress", "ws://a"], {}, "did you mean --websocket-client-address?"),
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


@for_each("words", [["--help"], ["-h"], ["help"], ["--ws-port", "7", "--help"]])
def test_help_lists_every_option_and_is_no_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parse(words, {})
    assert end.value.code == 0
    out, err = capsys.readouterr()
    assert err == ""
    for option in (
        "--ws-port --ws-host --server-name --max-ping-time --max-clients --simulate --allow-origin --tls-cert --tls-key "
        "--log-level --version --check --udev-rules --[no-]use-bluetooth-le --ws-connect --broadcast-server-mdns --repeater "
        "--log-file --ready-fd --list-devices --list-models"
    ).split():
        assert f"  {option}" in out
    for title in ("clients", "devices", "buses", "network", "examples", "environment variables", "signals", "exit codes"):
        assert f"\n{title}" in out


@for_each(
    ("words", "environment", "warnings"),
    [
        (
            ["--frontend-websocket-port", "1", "--allow-raw", "--allow-v4-spec"],
            {},
            [
                "--frontend-websocket-port does nothing: there is no channel for front ends",
                "--allow-raw does nothing: devices cannot be sent raw bytes",
                "--allow-v4-spec does nothing: version 4 of the message spec is always allowed",
            ],
        ),
        (
            ["--lovense-connect-host", "phone", "--use-serial"],
            {},
            [
                "--lovense-connect-host does nothing: nothing looks for the Lovense Connect app; "
                "--use-lovense-connect turns that on"
            ],
        ),
        (["--lovense-connect-host", "phone", "--use-lovense-connect"], {}, []),
        (
            ["--use-serial"],
            {"BUTTPLUG_LOVENSE_CONNECT_DISCOVER": "yes"},
            [
                "BUTTPLUG_LOVENSE_CONNECT_DISCOVER does nothing: nothing looks for the Lovense Connect app; "
                "--use-lovense-connect turns that on"
            ],
        ),
        (
            ["--device-ws-port", "7", "--no-use-device-websocket-server"],
            {},
            [
                "--device-ws-port does nothing: nothing looks for devices that connect by websocket; "
                "--use-device-websocket-server turns that on"
            ],
        ),
        (["--device-websocket-server-port", "7"], {}, []),
        (
            ["--device-ws-tls", "--tls-cert", "c", "--tls-key", "k"],
            {},
            [
                "--device-ws-tls does nothing: nothing looks for devices that connect by websocket; "
                "--use-device-websocket-server turns that on"
            ],
        ),
        (
            ["--ws-connect", "ws://a", "--device-ws-port", "7", "--device-ws-tls", "--tls-cert", "c", "--tls-key", "k"],
            {},
            [],
        ),
        (["--mdns-suffix", "desk"], {}, ["--mdns-suffix does nothing: it needs --broadcast-server-mdns"]),
        (["--repeater-port", "7"], {}, ["--repeater-port does nothing: it needs --repeater"]),
        (["--ws-connect-ca", "f"], {}, ["--ws-connect-ca does nothing: it needs --ws-connect"]),
        (
            ["--ws-connect", "ws://a", "--ws-connect-ca", "f"],
            {},
            ["--ws-connect-ca does nothing: ws://a is not a wss address"],
        ),
        (
            ["--ws-connect", "ws://a", "--allow-origin", "https://a.example"],
            {},
            ["--allow-origin does nothing: with --ws-connect alone nothing listens for websockets; --ws-port turns that on"],
        ),
        (
            ["--rest-api-port", "1", "--ws-connect", "ws://a", "--max-clients", "2", "--tls-cert", "a", "--tls-key", "b"],
            {},
            [
                f"--tls-{what} does nothing: with --ws-connect and --rest-api-port alone nothing listens for websockets; "
                "--ws-port turns that on"
                for what in ("cert", "key")
            ],
        ),
        (
            ["--rest-api-port", "1", "--max-clients", "2"],
            {},
            ["--max-clients does nothing: with --rest-api-port alone nothing listens for websockets; --ws-port turns that on"],
        ),
        (
            ["--rest-api-port", "1", "--no-token", "--broadcast-server-mdns", "--allow-origin", "https://a.example"],
            {},
            [
                "--no-token does nothing: with --rest-api-port alone nothing listens for websockets; --ws-port turns that on",
                "--broadcast-server-mdns does nothing: with --rest-api-port alone nothing listens for websockets; "
                "--ws-port turns that on",
            ],
        ),
        (
            ["--websocket-listen-address", "[::1]:7", "--websocket-port", "8"],
            {},
            ["--websocket-port does nothing: --websocket-listen-address says where to listen"],
        ),
        (
            ["--repeater", "--repeater-remote-address=a", "--use-serial", "--simulate=x", "--ws-host=all"],
            {},
            [
                "--use-serial does nothing: a repeater has no devices, and serves what another server has",
                "--simulate does nothing: a repeater has no devices, and serves what another server has",
            ],
        ),
        (
            [],
            {"BUTTPLUG_WS_PROT": "7"},
            ["BUTTPLUG_WS_PROT sets nothing: there is no such option; did you mean BUTTPLUG_WS_PORT?"],
        ),
        ([], {"BUTTPLUG_XYZZY": "7"}, ["BUTTPLUG_XYZZY sets nothing: there is no such option"]),
        (
            [],
            {"BUTTPLUG_WEBSOCKET_USE_ALL_INTERFACE": "yes"},
            ["BUTTPLUG_WEBSOCKET_USE_ALL_INTERFACE sets nothing: there is no such option"],
        ),
        (
            [],
            {"BUTTPLUG_NO_USE_SERIAL": "yes"},
            ["BUTTPLUG_NO_USE_SERIAL sets nothing: there is no such option"],
        ),
    ],
)
def test_what_sets_nothing_or_does_nothing_is_told(words: list[str], environment: dict[str, str], warnings: list[str]) -> None:
    assert list(parse(words, environment).warnings) == warnings
