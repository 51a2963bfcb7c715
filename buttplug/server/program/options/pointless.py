"""Options that do nothing, because of what was asked for beside them: they are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from buttplug.hardware.registry import BUSES
from buttplug.server.program.options.buses import DEVICE_SERVER, LOVENSE_CONNECT
from buttplug.server.program.options.parser import Given

#: What a repeater uses.
REPEATER = frozenset(
    "repeater repeater_remote_address repeater_port ws_host allow_origin token_file no_token tls_cert tls_key "
    "log_level log_format log_file ready_fd".split()
)


def pointless(given: Given, *, buses: tuple[str, ...], listens: bool) -> Iterator[str]:
    """Return a sentence about each option that was given and does nothing."""
    if given.repeater:
        for destination, option in given.options.items():
            if destination not in REPEATER:
                yield f"{option} does nothing: a repeater has no devices, and serves what another server has"
        return
    for needed, destinations in _reasons(given, buses, listens=listens).items():
        for destination in destinations:
            if destination in given.options:
                yield f"{given.options[destination]} does nothing: {needed}"


def _reasons(given: Given, buses: tuple[str, ...], *, listens: bool) -> Mapping[str, tuple[str, ...]]:
    reasons: dict[str, tuple[str, ...]] = {"it needs --repeater": ("repeater_port", "repeater_remote_address")}
    for bus, destinations in (
        (LOVENSE_CONNECT, ("lovense_connect_host", "lovense_connect_discover")),
        (DEVICE_SERVER, ("device_ws_port", "device_ws_tls")),
    ):
        if bus not in buses:
            title = next(known.title for known in BUSES if known.option == bus)
            reasons[f"nothing looks for {title}; --use-{bus} turns that on"] = destinations
    if given.websocket_listen_address is not None:
        reasons[f"{given.options['websocket_listen_address']} says where to listen"] = ("ws_port", "ws_host")
    if not given.broadcast_server_mdns:
        reasons["it needs --broadcast-server-mdns"] = ("mdns_suffix",)
    if given.ws_connect is None:
        reasons["it needs --ws-connect"] = ("ws_connect_header", "ws_connect_ca")
    elif not given.ws_connect.startswith("wss:"):
        reasons[f"{given.ws_connect} is not a wss address"] = ("ws_connect_ca",)
    if not listens:
        # Devices that connect by themselves, and requests over HTTP, need what lets clients in, too.
        access = () if DEVICE_SERVER in buses or given.rest_api_port is not None else ("allow_origin", "token_file")
        ways = " and ".join(given.options[way] for way in ("ws_connect", "rest_api_port") if way in given.options)
        reasons[f"with {ways} alone nothing listens for websockets; --ws-port turns that on"] = (
            *access,
            *(() if given.ws_connect is not None else ("max_ping_time", "max_clients")),
            "no_token",
            *(() if given.device_ws_tls and DEVICE_SERVER in buses else ("tls_cert", "tls_key")),
            "broadcast_server_mdns",
        )
    return reasons
