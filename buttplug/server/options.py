"""The grammar of the command line.

Options are spelled out, ``--option value`` or ``--option=value``; of one given twice the last counts, with a warning. Each can
be set by an environment variable too, ``BUTTPLUG_WS_PORT`` for ``--ws-port``; the command line wins.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from buttplug.hardware.registry import BUSES
from buttplug.server.log import levels_of
from buttplug.server.websocket import DEFAULT_PORT, LOOPBACK

USAGE_ERROR = 2
DEVICE_SERVER = "device-websocket-server"
#: The ecosystem's port for devices that connect by websocket.
DEVICE_PORT = 54817
ENVIRONMENT_PREFIX = "BUTTPLUG_"


@dataclass(frozen=True)
class Options:
    """What the server is asked to do."""

    hosts: tuple[str, ...]
    port: int
    server_name: str
    max_ping_time: int
    max_clients: int
    simulate: tuple[str, ...]
    user_configuration: str | None
    device_configuration: str | None
    device_port: int
    lovense_connect_hosts: tuple[str, ...]
    lovense_connect_discover: bool
    buses: tuple[str, ...]
    allow_origins: tuple[str, ...]
    token_file: str | None
    no_token: bool
    tls_cert: str | None
    tls_key: str | None
    log_levels: Mapping[str, int]
    action: str | None
    warnings: tuple[str, ...]


def parse(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Options:
    """Return the options of a command line; print help, or what is wrong with it, and exit where that is called for."""
    parser = _parser()
    given = argparse.Namespace()
    for variable, words in _from_environment(parser, environment):
        parser.source = f"{variable}: "
        parser.parse_args(words, given)
    parser.source = ""
    given.seen = set()
    parser.parse_args(_expanded(arguments), given)
    if (given.tls_cert is None) != (given.tls_key is None):
        parser.error("--tls-cert and --tls-key go together")
    switches = {bus.option: getattr(given, _name(f"use-{bus.option}")) for bus in BUSES}
    if given.device_ws_port is not None and switches[DEVICE_SERVER] is None:
        switches[DEVICE_SERVER] = True
    return Options(
        hosts=_hosts(given.ws_host),
        port=given.ws_port,
        server_name=given.server_name,
        max_ping_time=given.max_ping_time,
        max_clients=given.max_clients,
        simulate=given.simulate,
        user_configuration=given.user_device_config_file,
        device_configuration=given.device_config_file,
        device_port=DEVICE_PORT if given.device_ws_port is None else given.device_ws_port,
        lovense_connect_hosts=given.lovense_connect_host,
        lovense_connect_discover=given.lovense_connect_discover,
        buses=_buses(switches, simulating=bool(given.simulate)),
        allow_origins=given.allow_origin,
        token_file=given.token_file,
        no_token=given.no_token,
        tls_cert=given.tls_cert,
        tls_key=given.tls_key,
        log_levels=given.log_level,
        action=given.action,
        warnings=tuple(dict.fromkeys(given.repeated)),
    )


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m buttplug.server",
        description="A Buttplug server: games, apps and scripts drive intimate hardware through it.",
        allow_abbrev=False,
    )
    parser.set_defaults(repeated=[], seen=set())
    add = parser.add_argument
    add(
        "--ws-port",
        "--websocket-port",
        "--websocketport",
        type=_port,
        default=DEFAULT_PORT,
        action=_Once,
        metavar="PORT",
        help=f"listen for clients on this port, 0 for any free one (default: {DEFAULT_PORT})",
    )
    add(
        "--ws-host",
        default="loopback",
        action=_Once,
        metavar="ADDR",
        help='listen on this address; "all" for every interface (default: this machine only)',
    )
    add("--websocket-use-all-interfaces", dest="ws_host", action="store_const", const="all", help=argparse.SUPPRESS)
    add("--server-name", default="Buttplug Server", action=_Once, metavar="TEXT", help="the name clients are told")
    add(
        "--max-ping-time",
        type=_count,
        default=0,
        action=_Once,
        metavar="MS",
        help="milliseconds without a ping after which a client counts as gone (default: 0, never)",
    )
    add("--max-clients", type=_positive, default=8, action=_Once, metavar="N", help="clients at a time (default: 8)")
    add(
        "--simulate",
        action=_Collect,
        default=(),
        metavar="NAME[@ADDRESS]",
        help="offer a simulated device, by a model's name or a protocol's id; may repeat",
    )
    add(
        "--user-device-config-file",
        action=_Once,
        metavar="FILE",
        help="settings and own devices of the user, in the ecosystem's formats 4 and 5; changes are saved in it",
    )
    add(
        "--device-config-file",
        action=_Once,
        metavar="FILE",
        help="the devices that exist, in the ecosystem's formats 4 and 5 (default: those of this package)",
    )
    for bus in BUSES:
        words = (bus.option, *bus.aliases)
        destination = _name(f"use-{bus.option}")
        add(
            *(f"--use-{word}" for word in words),
            dest=destination,
            action="store_true",
            default=None,
            help=f"look for {bus.title}" + (" (on by default)" if bus.default else ""),
        )
        add(
            *(f"--no-use-{word}" for word in words),
            dest=destination,
            action="store_false",
            default=None,
            help=f"do not look for {bus.title}",
        )
    add(
        "--device-ws-port",
        "--device-websocket-server-port",
        type=_port,
        action=_Once,
        metavar="PORT",
        help=f"wait for devices that connect by websocket on this port (default when they are looked for: {DEVICE_PORT})",
    )
    add(
        "--lovense-connect-host",
        action=_Collect,
        default=(),
        metavar="HOST[:PORT]",
        help="where the Lovense Connect app runs; may repeat",
    )
    add(
        "--lovense-connect-discover",
        action="store_true",
        help="ask the maker's web service where the Lovense Connect app runs",
    )
    add(
        "--allow-origin",
        action=_Collect,
        default=(),
        metavar="ORIGIN",
        help="let web pages from this origin connect, * for any, null for files; may repeat (default: those of this machine)",
    )
    add(
        "--token-file",
        action=_Once,
        metavar="FILE",
        help="let in only who shows the token in this file: ws://…/?token=TOKEN, or Authorization: Bearer TOKEN",
    )
    add("--no-token", action="store_true", help="let in everybody in the network without a token, where --ws-host opens it")
    add("--tls-cert", action=_Once, metavar="FILE", help="serve wss with this certificate; needs --tls-key")
    add("--tls-key", action=_Once, metavar="FILE", help="the certificate's private key")
    add(
        "--log-level",
        "--log",
        type=_log_levels,
        default="info",
        action=_Once,
        metavar="LEVEL",
        help="error, warn, info, debug, trace or off; for a part: info,bluetooth=debug (default: info)",
    )
    for option, what in (
        ("--check", "look at every bus, say what is missing and what is visible, and exit"),
        ("--import-central", "bring over what was set in Intiface Central, and exit"),
        ("--udev-rules", "print the rules that HID and USB devices need on Linux, and exit"),
        ("--version", "print the version and exit"),
        ("--server-version", argparse.SUPPRESS),
    ):
        add(option, dest="action", action="store_const", const=option, help=what)
    return parser


class _Parser(argparse.ArgumentParser):
    """Answers what it does not understand with one line, which begins with where it stands, if not on the command line."""

    source = ""

    def error(self, message: str) -> NoReturn:
        unknown = message.removeprefix("unrecognized arguments: ").split()
        if len(unknown) and message.startswith("unrecognized"):
            word = unknown[0].partition("=")[0]
            near = difflib.get_close_matches(word, self._option_string_actions, n=1)
            message = f"unknown option {word}" + (f"; did you mean {near[0]}?" if near else "; --help lists them")
        sys.stderr.write(f"{self.prog}: {self.source}{message}\n")
        raise SystemExit(USAGE_ERROR)


class _Once(argparse.Action):
    """Keeps the last value, and notes an option that was given before."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        if self.dest in namespace.seen:
            namespace.repeated = [*namespace.repeated, f"{option_string} is given more than once; the last one counts"]
        namespace.seen = {*namespace.seen, self.dest}
        setattr(namespace, self.dest, values)


class _Collect(argparse.Action):
    """Keeps all values. Those of the command line take the place of those in the environment."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        before = getattr(namespace, self.dest) if self.dest in namespace.seen else ()
        namespace.seen = {*namespace.seen, self.dest}
        setattr(namespace, self.dest, (*before, values))


def _expanded(arguments: Sequence[str]) -> list[str]:
    return ["--help"] if list(arguments) == ["help"] else list(arguments)


def _from_environment(parser: _Parser, environment: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Return the variables that set options, each with the words of a command line that say the same."""
    for action in parser._actions:
        option = next((word for word in action.option_strings if word.startswith("--")), "")
        variable = ENVIRONMENT_PREFIX + option[2:].replace("-", "_").upper()
        value = environment.get(variable)
        turns_off = option.startswith("--no-") and f"--{option[5:]}" in parser._option_string_actions
        if value is None or turns_off or action.dest in ("help", "action"):
            continue
        if isinstance(action, _Collect):
            yield variable, [f"{option}={part.strip()}" for part in value.split(",")]
        elif action.nargs != 0:
            yield variable, [f"{option}={value}"]
        elif value.lower() in ("1", "true", "yes", "on"):
            yield variable, [option]
        elif value.lower() not in ("0", "false", "no", "off", ""):
            parser.error(f'{variable}: "{value}" is neither yes nor no')
        elif f"--no-{option[2:]}" in parser._option_string_actions:
            yield variable, [f"--no-{option[2:]}"]


def _buses(switches: Mapping[str, bool | None], *, simulating: bool) -> tuple[str, ...]:
    """Return the buses to use: exactly those turned on, else the usual ones, or none beside simulated devices."""
    chosen = any(switches.values()) or simulating
    return tuple(
        bus.option for bus in BUSES if (switches[bus.option] if chosen else switches[bus.option] is not False and bus.default)
    )


def _hosts(text: str) -> tuple[str, ...]:
    if text == "loopback":
        return LOOPBACK
    return () if text == "all" else (text,)


def _name(option: str) -> str:
    return option.replace("-", "_")


def _port(text: str) -> int:
    return _whole(text, 0, 65535)


def _count(text: str) -> int:
    return _whole(text, 0, 0xFFFF_FFFF)


def _positive(text: str) -> int:
    return _whole(text, 1, 10_000)


def _whole(text: str, low: int, high: int) -> int:
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise argparse.ArgumentTypeError(f'"{text}" is no whole number from {low} to {high}')
    return int(text)


def _log_levels(text: str) -> dict[str, int]:
    try:
        return levels_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
