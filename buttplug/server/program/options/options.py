"""What the server is asked to do."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from buttplug.server.ports import LOOPBACK
from buttplug.server.program.log import LogFormat
from buttplug.server.program.options.buses import DEVICE_SERVER, buses_on
from buttplug.server.program.options.environment import from_environment, misspelt
from buttplug.server.program.options.parser import Given
from buttplug.server.program.options.pointless import pointless
from buttplug.server.program.options.table import DEVICE_PORT, make_parser
from buttplug.server.websocket import DEFAULT_PORT

#: Destinations of the options that say where to listen.
LISTENING = frozenset({"ws_port", "ws_host", "websocket_listen_address"})


@dataclass(frozen=True)
class Options:
    """What the server is asked to do.

    Attributes:
        listens: Whether clients can connect to ``hosts``, all interfaces where there are none, and ``port``.
        rest_port: The port for requests over HTTP.
        connect: The address of an app to connect to.
        repeater: The address of the server for which to be a repeater, instead of a server.
        action: What is to be printed, instead of all that, by the option that asks for it; and ``search``, the text behind it.
        warnings: What is to be told about the options.
    """

    listens: bool
    hosts: tuple[str, ...]
    port: int
    rest_port: int | None
    connect: str | None
    connect_headers: tuple[tuple[str, str], ...]
    connect_ca: Path | None
    server_name: str
    max_ping_time: int
    max_clients: int
    simulate: tuple[str, ...]
    use_simulated_devices: bool
    user_configuration: Path | None
    device_configuration: Path | None
    device_port: int
    device_tls: bool
    lovense_connect_hosts: tuple[str, ...]
    lovense_connect_discover: bool
    buses: tuple[str, ...]
    allow_origins: tuple[str, ...]
    token_file: Path | None
    no_token: bool
    tls_cert: Path | None
    tls_key: Path | None
    broadcast: bool
    broadcast_suffix: str
    repeater: str | None
    log_levels: Mapping[str, int]
    log_format: LogFormat
    log_file: Path | None
    ready_fd: int | None
    action: str | None
    search: str
    warnings: tuple[str, ...]


def parse(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Options:
    """Return the options of a command line; print help, or what is wrong with it, and exit where that is called for."""
    parser = make_parser()
    given = Given()
    for variable, words in from_environment(parser, environment):
        parser.source = f"{variable}: "
        parser.parse_args(words, given)
        given.options = {
            destination: variable if option in {word.partition("=")[0] for word in words} else option
            for destination, option in given.options.items()
        }
    parser.source = ""
    given.seen.clear()
    parser.parse_args(["--help"] if list(arguments) == ["help"] else arguments, given)
    if (given.tls_cert is None) != (given.tls_key is None):
        parser.error("--tls-cert and --tls-key go together")
    if given.device_ws_tls and given.tls_cert is None:
        parser.error("--device-ws-tls needs --tls-cert and --tls-key")
    if given.repeater and given.repeater_remote_address is None:
        parser.error("--repeater needs --repeater-remote-address: the server to which everything is passed on")
    hosts, port = _hosts(given.ws_host), given.ws_port
    if given.websocket_listen_address is not None:
        hosts, port = (given.websocket_listen_address[0],), given.websocket_listen_address[1]
    elsewhere = given.ws_connect is not None or given.rest_api_port is not None
    listens = not elsewhere or not given.options.keys().isdisjoint(LISTENING)
    if given.device_ws_port is not None and given.switches[DEVICE_SERVER] is None:
        given.switches = given.switches | {DEVICE_SERVER: True}
    buses = buses_on(given.switches, simulating=bool(given.simulate) or given.use_simulated_devices)
    action, search = given.action or (None, "")
    warnings = [*given.warnings, *misspelt(parser, environment)]
    warnings += pointless(given, buses=buses, listens=listens)
    if given.repeater:
        port = given.repeater_port
    return Options(
        listens=listens,
        hosts=hosts,
        port=DEFAULT_PORT if port is None else port,
        rest_port=given.rest_api_port,
        connect=given.ws_connect,
        connect_headers=given.ws_connect_header,
        connect_ca=given.ws_connect_ca,
        server_name=given.server_name,
        max_ping_time=given.max_ping_time,
        max_clients=given.max_clients,
        simulate=given.simulate,
        use_simulated_devices=given.use_simulated_devices,
        user_configuration=given.user_device_config_file,
        device_configuration=given.device_config_file,
        device_port=DEVICE_PORT if given.device_ws_port is None else given.device_ws_port,
        device_tls=given.device_ws_tls,
        lovense_connect_hosts=given.lovense_connect_host,
        lovense_connect_discover=given.lovense_connect_discover,
        buses=buses,
        allow_origins=given.allow_origin,
        token_file=given.token_file,
        no_token=given.no_token,
        tls_cert=given.tls_cert,
        tls_key=given.tls_key,
        broadcast=given.broadcast_server_mdns,
        broadcast_suffix=given.mdns_suffix or "",
        repeater=given.repeater_remote_address if given.repeater else None,
        log_levels=given.log_level,
        log_format=given.log_format,
        log_file=given.log_file,
        ready_fd=given.ready_fd,
        action=action,
        search=search,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _hosts(text: str) -> tuple[str, ...]:
    if text == "loopback":
        return LOOPBACK
    return () if text == "all" else (text,)
