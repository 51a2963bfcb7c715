"""The server, or the repeater, that the options ask for."""

from __future__ import annotations

import asyncio
import gc
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING

from buttplug.core.errors import ButtplugConnectorError
from buttplug.core.urls import without_secrets
from buttplug.core.version import __version__
from buttplug.hardware.registry import BUSES
from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.server.buses import make_buses
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.dialling import WebsocketDialler
from buttplug.server.outside import run_from_outside
from buttplug.server.program.console import before_console_closes
from buttplug.server.program.lifecycle import live, logger
from buttplug.server.program.mdns import Broadcast
from buttplug.server.program.options import Options
from buttplug.server.program.ready import tell_ready
from buttplug.server.program.repeater import Repeater
from buttplug.server.program.signals import Signals
from buttplug.server.program.systemd import ServiceManager
from buttplug.server.server import OUTSIDE_LIMIT, ButtplugServer
from buttplug.server.websocket import ListenerOptions, WebsocketListener

if TYPE_CHECKING:
    from buttplug.server.rest.listener import RestListener


async def serve(
    options: Options,
    configuration: DeviceConfiguration,
    simulated: Sequence[SimulatedDevice],
    tls: ssl.SSLContext | None,
    token: str | None = None,
) -> int:
    """Run the server until a signal ends it; return the exit code."""
    managers = make_buses(options, configuration, token, tls)
    if simulated:
        managers.append(SimulatedManager(simulated))
    server = ButtplugServer(
        options.server_name,
        managers=managers,
        configuration=configuration,
        max_ping_time=options.max_ping_time,
        max_clients=options.max_clients,
    )
    listener = WebsocketListener(server, **_listening(options, tls, token))
    dialler = _dialler(options, server)
    rest: RestListener | None = None
    broadcast: Broadcast | None = None
    service = ServiceManager()

    async def open_all() -> None:
        nonlocal broadcast, rest
        # Its library takes a while to load: by now signals are listened to.
        rest = _rest(options, server, token)
        await server.open()
        if options.listens:
            await listener.open()
            logger.info("buttplug-server %s listens on %s", __version__, ", ".join(listener.addresses))
        if rest is not None:
            await rest.open()
            logger.info("buttplug-server %s serves requests on %s", __version__, ", ".join(rest.addresses))
        if options.broadcast and options.listens:
            suffix, full = options.broadcast_suffix, server.why_full
            broadcast = Broadcast(listener.addresses, server.name, suffix, is_full=lambda: full() is not None)
            broadcast.open()
        if dialler is not None:
            dialler.open()
        tell_ready(options, listener.addresses, [] if rest is None else rest.addresses)
        service.ready()
        _tell_buses(options, simulated=bool(options.simulate or configuration.simulated_devices))
        # What exists by now stays: a stop must not wait for the collector to go through all of it again.
        gc.collect()
        gc.freeze()
        await server.devices.survey()

    async def close_all() -> list[str]:
        listener.stop_accepting()
        if dialler is not None:
            dialler.stop_connecting()
        if rest is not None:
            rest.stop_accepting()
        unstopped = await server.close()
        parts = [part.close() for part in (listener, rest, dialler, broadcast) if part is not None]
        await asyncio.gather(*parts)
        return unstopped

    with before_console_closes(server.close_from_outside):
        return await live(open_all(), close_all, Signals(server), service)


async def repeat(options: Options, remote: str, tls: ssl.SSLContext | None, token: str | None = None) -> int:
    """Run a repeater until a signal ends it; return the exit code."""
    repeater = Repeater(remote, **_listening(options, tls, token))
    service = ServiceManager()
    loop = asyncio.get_running_loop()
    reason = "the repeater is shutting down"

    async def open_all() -> None:
        await repeater.open()
        logger.info("buttplug-server %s repeats %s on %s", __version__, without_secrets(remote), ", ".join(repeater.addresses))
        tell_ready(options, repeater.addresses)
        service.ready()

    async def close_all() -> list[str]:
        repeater.stop_accepting()
        unstopped = await repeater.pause(reason)
        await repeater.close()
        return unstopped

    with before_console_closes(lambda: run_from_outside(loop, lambda: repeater.pause(reason), OUTSIDE_LIMIT)):
        return await live(open_all(), close_all, Signals(repeater), service)


def _listening(options: Options, tls: ssl.SSLContext | None, token: str | None) -> ListenerOptions:
    return {
        "hosts": options.hosts,
        "port": options.port,
        "allow_origins": options.allow_origins,
        "tls": tls,
        "token": token,
        "without_token": options.no_token,
    }


def _rest(options: Options, server: ButtplugServer, token: str | None) -> RestListener | None:
    if options.rest_port is None:
        return None
    try:
        from buttplug.server.rest.listener import RestListener
    except ImportError as error:
        raise ButtplugConnectorError(
            f'--rest-api-port needs the extra rest: pip install "buttplug-server[rest]" ({error})'
        ) from error
    return RestListener(server, port=options.rest_port, allow_origins=options.allow_origins, token=token)


def _dialler(options: Options, server: ButtplugServer) -> WebsocketDialler | None:
    if options.connect is None:
        return None
    tls = None
    if options.connect_ca is not None and options.connect.startswith("wss:"):
        try:
            tls = ssl.create_default_context(cafile=options.connect_ca)
        except OSError as error:
            raise ConfigurationError(
                f"{options.connect_ca} has no certificates that can be used: {error.strerror or error}"
            ) from error
    return WebsocketDialler(server, options.connect, headers=options.connect_headers, tls=tls)


def _tell_buses(options: Options, *, simulated: bool) -> None:
    used = [bus.title for bus in BUSES if bus.option in options.buses]
    used += ["simulated devices"] if simulated else []
    if used:
        logger.info("looking for devices on: %s (--help tells how to turn on others)", ", ".join(used))
    else:
        logger.warning("no bus is turned on, so no device will be found; --help tells how to turn them on")
