"""All options, in the groups in which ``--help`` shows them."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from buttplug.hardware.registry import BUSES
from buttplug.server.program.options import values
from buttplug.server.program.options.parser import Ask, Collect, Ignore, Once, Parser, Switch
from buttplug.server.websocket import DEFAULT_PORT

#: The ecosystem's port for devices that connect by websocket.
DEVICE_PORT = 54817

EXAMPLES = """\
examples:
  python -m buttplug.server
      Bluetooth devices, for programs on this machine, at ws://127.0.0.1:12345
  python -m buttplug.server --use-serial --use-hid --server-name "Desk"
      exactly these two buses
  python -m buttplug.server --simulate "Lovense Nora" --log-level debug
      no hardware: a device that only tells what it is sent
  python -m buttplug.server --rest-api-port 3000
      requests over HTTP, no websockets: curl -X POST http://127.0.0.1:3000/api/v1/devices/0/outputs/Vibrate/0.5
  python -m buttplug.server --check
      what works on this machine, and how to mend the rest

the guide: python -m buttplug.docs

environment variables:
  Each option can be set by one: BUTTPLUG_WS_PORT=12346 for --ws-port 12346, BUTTPLUG_USE_SERIAL=yes for --use-serial,
  BUTTPLUG_SIMULATE="Lovense Nora,aneros" for an option that may repeat. The command line wins. NO_COLOR turns colours off.

signals (not on Windows):
  INT, TERM, HUP, QUIT  stop every device, then end; a second one does not wait for devices that do not answer
  TSTP (Ctrl-Z)         stop every device, end the sessions of the clients, then suspend
  USR1                  stop every device and go on

exit codes:
  0   ended as asked, and every device has stopped
  1   a file or an address cannot be used
  2   wrong options
  3   the port is in use
  4   a device did not confirm its stop; the log names it
  70  internal error
"""


def make_parser() -> Parser:
    """Return the parser of the server's command line."""
    parser = Parser(
        prog="python -m buttplug.server",
        usage="%(prog)s [option …]",
        description="A Buttplug server: games, apps and scripts drive intimate hardware through it.",
        epilog=EXAMPLES,
        formatter_class=_Help,
        allow_abbrev=False,
        add_help=False,
    )
    parser.set_defaults(switches=dict.fromkeys((bus.option for bus in BUSES), None), action=None)
    for add_group in (_add_clients, _add_devices, _add_buses, _add_network, _add_log, _add_questions):
        add_group(parser)
    _add_what_does_nothing(parser)
    return parser


def _add_clients(parser: Parser) -> None:
    add = parser.add_argument_group("clients").add_argument
    add(
        "--ws-port",
        *("--websocket-port", "--websocketport"),
        type=values.port,
        action=Once,
        metavar="PORT",
        help=f"listen for clients on this port, 0 for any free one (default: {DEFAULT_PORT})",
    )
    add(
        "--ws-host",
        default="loopback",
        action=Once,
        metavar="ADDR",
        help='listen on this address; "all" for every interface (default: this machine only)',
    )
    add(
        "--websocket-listen-address",
        type=values.host_and_port,
        action=Once,
        metavar="ADDR:PORT",
        help="both in one, for instance [::1]:12345",
    )
    add("--websocket-use-all-interfaces", dest="ws_host", const="all", nargs=0, action=Once, help=argparse.SUPPRESS)
    add(
        "--ws-connect",
        "--websocket-client-address",
        type=values.url,
        action=Once,
        metavar="URL",
        help="connect to an app that waits for servers, instead of listening; with --ws-port do both",
    )
    add(
        "--ws-connect-header",
        type=values.header,
        action=Collect,
        default=(),
        metavar="NAME:VALUE",
        help="send this header to that app; may repeat",
    )
    add(
        "--ws-connect-ca",
        type=values.file,
        action=Once,
        metavar="FILE",
        help="trust the certificates in this file, and no others, when that app is a wss address",
    )
    add(
        "--rest-api-port",
        type=values.port,
        action=Once,
        metavar="PORT",
        help="serve requests over HTTP too, for programs on this machine, on this port, 0 for any free one; without an option "
        "that says where to listen, instead of websockets; needs the extra rest",
    )
    add("--server-name", default="Buttplug Server", action=Once, metavar="TEXT", help="the name clients are told")
    add("--max-clients", type=values.clients, default=8, action=Once, metavar="N", help="clients at a time (default: 8)")
    add(
        "--max-ping-time",
        type=values.milliseconds,
        default=0,
        action=Once,
        metavar="MS",
        help="milliseconds without a ping after which a client counts as gone (default: 0, never)",
    )
    add(
        "--allow-origin",
        action=Collect,
        default=(),
        metavar="ORIGIN",
        help="let web pages from this origin connect, * for any, null for files; may repeat (default: those of this machine)",
    )
    add(
        "--token-file",
        type=values.file,
        action=Once,
        metavar="FILE",
        help="let in only clients and devices that show the token in this file: ws://…/?token=TOKEN, or Authorization: "
        "Bearer TOKEN",
    )
    add(
        "--no-token",
        const=True,
        default=False,
        nargs=0,
        action=Once,
        help="let in everybody in the network without a token, where --ws-host opens it",
    )
    add("--tls-cert", action=Once, type=values.file, metavar="FILE", help="serve wss with this certificate; needs --tls-key")
    add("--tls-key", action=Once, type=values.file, metavar="FILE", help="the certificate's private key")


def _add_devices(parser: Parser) -> None:
    add = parser.add_argument_group("devices").add_argument
    add(
        "--simulate",
        action=Collect,
        default=(),
        metavar="NAME[@ADDRESS]",
        help="offer a simulated device, by a model's name or a protocol's id; may repeat",
    )
    add(
        "--user-device-config-file",
        type=Path,
        action=Once,
        metavar="FILE",
        help="settings and own devices of the user, in the ecosystem's formats 4 and 5; changes are saved in it",
    )
    add(
        "--device-config-file",
        type=Path,
        action=Once,
        metavar="FILE",
        help="the devices that exist, in the ecosystem's formats 4 and 5 (default: those of this package)",
    )


def _add_buses(parser: Parser) -> None:
    add = parser.add_argument_group(
        "buses", "With any --use-… exactly those are on, with none of them the usual ones."
    ).add_argument
    for bus in BUSES:
        words = (bus.option, *bus.aliases)
        for word in words:
            add(
                f"--use-{word}",
                f"--no-use-{word}",
                dest="switches",
                const=(bus.option,),
                nargs=0,
                action=Switch,
                help=bus.title + (" (on by default)" if bus.default else "") if word == bus.option else argparse.SUPPRESS,
            )
    add(
        "--use-lovense-dongle",
        "--no-use-lovense-dongle",
        dest="switches",
        const=("lovense-dongle-hid", "lovense-dongle-serial"),
        nargs=0,
        action=Switch,
        help=argparse.SUPPRESS,
    )
    add(
        "--use-simulated-devices",
        const=True,
        default=False,
        nargs=0,
        action=Once,
        help="the simulated devices of the user's settings",
    )
    add(
        "--device-ws-port",
        "--device-websocket-server-port",
        type=values.port,
        action=Once,
        metavar="PORT",
        help=f"port for devices that connect by websocket; turns that bus on (default: {DEVICE_PORT})",
    )
    add(
        "--device-ws-tls",
        const=True,
        default=False,
        nargs=0,
        action=Once,
        help="devices that connect by websocket do so by wss, all of them; needs --tls-cert",
    )
    add(
        "--lovense-connect-host",
        action=Collect,
        default=(),
        metavar="HOST[:PORT]",
        help="where the Lovense Connect app runs; may repeat",
    )
    add(
        "--lovense-connect-discover",
        const=True,
        default=False,
        nargs=0,
        action=Once,
        help="ask the maker's web service where the Lovense Connect app runs",
    )


def _add_network(parser: Parser) -> None:
    add = parser.add_argument_group("network").add_argument
    add(
        "--broadcast-server-mdns",
        const=True,
        default=False,
        nargs=0,
        action=Once,
        help="let apps on other machines find this server by mDNS; needs the extra mdns",
    )
    add("--mdns-suffix", action=Once, metavar="TEXT", help="what follows the server's name there")
    add(
        "--repeater",
        const=True,
        default=False,
        nargs=0,
        action=Once,
        help="be no server: pass everything on between local clients and the server at --repeater-remote-address",
    )
    add(
        "--repeater-remote-address", type=values.remote, action=Once, metavar="URL", help="for instance ws://192.168.0.2:12345"
    )
    add(
        "--repeater-port",
        type=values.port,
        action=Once,
        metavar="PORT",
        help=f"where the repeater listens (default: {DEFAULT_PORT})",
    )


def _add_log(parser: Parser) -> None:
    add = parser.add_argument_group("log, and programs that start this one").add_argument
    add(
        "--log-level",
        "--log",
        type=values.log_levels,
        default="info",
        action=Once,
        metavar="LEVEL",
        help="error, warn, info, debug, trace or off; for a part: info,bluetooth=debug (default: info)",
    )
    add(
        "--log-format",
        choices=("text", "json"),
        default="text",
        action=Once,
        metavar="FORMAT",
        help="text (the default), or json: a line of it for each record, and one on standard output when the server is ready",
    )
    add("--log-file", type=values.file, action=Once, metavar="FILE", help="append the log to a file (default: standard error)")
    add(
        "--ready-fd",
        type=values.descriptor,
        action=Once,
        metavar="N",
        help="write a line of JSON with the addresses to this file descriptor when the server is ready, and close it",
    )


def _add_questions(parser: Parser) -> None:
    add = parser.add_argument_group("print something and exit").add_argument
    for words, what in (
        (("--check",), "look at every bus: what is missing, what is visible; exit code 1 if one that is on cannot be used"),
        (("--list-devices",), "the devices of the user's configuration, with their settings"),
        (("--udev-rules",), "the rules that HID and USB devices need on Linux"),
        (("--version",), "the version, for people"),
        (("--server-version",), "the bare version, for programs"),
    ):
        add(*words, dest="action", nargs=0, action=Ask, help=what)
    add(
        "--import-central",
        dest="action",
        nargs="?",
        action=Ask,
        metavar="FILE",
        help="bring over what was set in Intiface Central, or in a file of its formats 2 to 5",
    )
    add(
        "--list-models",
        "--list-known",
        dest="action",
        nargs="?",
        action=Ask,
        metavar="TEXT",
        help="the models that have this text in their name or protocol, or all of them",
    )
    add("-h", "--help", action="help", help="this text")


def _add_what_does_nothing(parser: Parser) -> None:
    """Add options of other versions of the ecosystem's engine, so that a script written for it still starts."""
    for option, takes_value, reason in (
        ("--frontend-websocket-port", True, "there is no channel for front ends"),
        ("--allow-raw", False, "devices cannot be sent raw bytes"),
        ("--allow-v4-spec", False, "version 4 of the message spec is always allowed"),
    ):
        parser.add_argument(
            option, nargs=None if takes_value else 0, const=reason, dest="ignored", action=Ignore, help=argparse.SUPPRESS
        )


class _Help(argparse.RawDescriptionHelpFormatter):
    """Shows a bus as ``--[no-]use-serial``, and of other options all spellings with the value once."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=34, width=110)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if isinstance(action, Switch):
            return re.sub("^--", "--[no-]", action.option_strings[0])
        spellings = ", ".join(action.option_strings[:2])
        return f"{spellings} {action.metavar}" if action.metavar else spellings
