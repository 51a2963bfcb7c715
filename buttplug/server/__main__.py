"""``python -m buttplug.server``: the server as a program of its own."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

from buttplug.core.access import read_token
from buttplug.core.errors import ButtplugConnectorError
from buttplug.core.version import __version__
from buttplug.hardware.registry import BUSES
from buttplug.hardware.simulated import SimulatedDevice, SimulatedManager
from buttplug.server import log
from buttplug.server.buses import make_buses, udev_rules
from buttplug.server.check import check
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.simulation import simulate
from buttplug.server.devices.user_configuration.opening import open_user_file
from buttplug.server.devices.user_configuration.places import default_path
from buttplug.server.options import Options, parse
from buttplug.server.server import ButtplugServer
from buttplug.server.websocket import PortInUseError, WebsocketListener

logger = logging.getLogger("buttplug.server.main")

OK = 0
FAILED = 1
PORT_IN_USE = 3
NOT_STOPPED = 4
INTERNAL_ERROR = 70

#: Seconds that stopping goes on after a second signal: what starts and ends programs often sends two at once.
LAST_GRACE = 0.3

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server until a signal ends it; return the exit code."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    if options.action in ("--version", "--server-version"):
        print(_version(bare=options.action == "--server-version"))  # noqa: T201 it is what was asked for
        return OK
    log.set_up(options.log_levels)
    for warning in options.warnings:
        logger.warning("%s", warning)
    try:
        user = None if options.user_configuration is None else Path(options.user_configuration)
        base = None if options.device_configuration is None else Path(options.device_configuration)
        configuration = DeviceConfiguration.load(base)
        if options.action == "--import-central":
            from buttplug.server.devices.user_configuration.central import import_central

            print(import_central(user or default_path(), configuration))  # noqa: T201 it is what was asked for
            return OK
        open_user_file(user, configuration)
        simulated = _simulated(configuration, options.simulate)
        tls = _tls(options)
        token = _token(options)
    except ConfigurationError as error:
        return _fail(error.message, FAILED)
    if options.action == "--udev-rules":
        print(udev_rules(configuration), end="")  # noqa: T201 it is what was asked for
        return OK
    if options.action == "--check":
        return OK if asyncio.run(check(options, configuration)) else FAILED
    return asyncio.run(_serve(options, configuration, simulated, tls, token))


async def _serve(
    options: Options,
    configuration: DeviceConfiguration,
    simulated: Sequence[SimulatedDevice],
    tls: ssl.SSLContext | None,
    token: str | None = None,
) -> int:
    signals = _Signals()
    managers = make_buses(options, configuration)
    if simulated:
        managers.append(SimulatedManager(simulated))
    server = ButtplugServer(
        options.server_name,
        managers=managers,
        configuration=configuration,
        max_ping_time=options.max_ping_time,
        max_clients=options.max_clients,
    )
    listener = WebsocketListener(
        server,
        hosts=options.hosts,
        port=options.port,
        allow_origins=options.allow_origins,
        tls=tls,
        token=token,
        without_token=options.no_token,
    )
    code = OK
    try:
        await _run(server, listener, options, signals)
    except PortInUseError as error:
        code = _fail(error.message, PORT_IN_USE)
    except ButtplugConnectorError as error:
        code = _fail(error.message, FAILED)
    except Exception:
        logger.exception("the server failed; every device is stopped")
        code = INTERNAL_ERROR
    try:
        return await _close(server, listener, signals) or code
    except Exception:
        logger.exception("the server failed while it was ending")
        return INTERNAL_ERROR


async def _run(server: ButtplugServer, listener: WebsocketListener, options: Options, signals: _Signals) -> None:
    """Open everything and return when a signal comes, be it before all is open."""
    opening = asyncio.create_task(_open(server, listener, options))
    ending = asyncio.create_task(signals.next())
    try:
        await asyncio.wait([opening, ending], return_when=asyncio.FIRST_COMPLETED)
        if opening.done():
            await opening
            await ending
        else:
            opening.cancel()
            await asyncio.wait([opening], timeout=LAST_GRACE)
    finally:
        ending.cancel()


async def _open(server: ButtplugServer, listener: WebsocketListener, options: Options) -> None:
    await server.open()
    await listener.open()
    for address in listener.addresses:
        _tell(f"Listening on {address}")
    _tell_buses(options, simulated=bool(options.simulate or server.configuration.simulated_devices))
    # What exists by now stays: a stop must not wait for the collector to go through all of it again.
    gc.collect()
    gc.freeze()
    await server.devices.survey()


async def _close(server: ButtplugServer, listener: WebsocketListener, signals: _Signals) -> int:
    """Shut down, but do not wait for it much longer when a second signal comes."""

    async def close() -> list[str]:
        unstopped = await server.close()
        await listener.close()
        return unstopped

    listener.stop_accepting()
    closing = asyncio.create_task(close())
    again = asyncio.create_task(signals.next())
    await asyncio.wait([closing, again], return_when=asyncio.FIRST_COMPLETED)
    again.cancel()
    if not closing.done():
        await asyncio.wait([closing], timeout=LAST_GRACE)
    if not closing.done():
        closing.cancel()
        logger.error("asked again to end while stopping: not every device has confirmed its stop")
        return NOT_STOPPED
    return NOT_STOPPED if closing.result() else OK


class _Signals:
    """The signals that end the server, one after the other."""

    def __init__(self) -> None:
        self._came: asyncio.Queue[int] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            if signal.getsignal(number) is signal.SIG_IGN and number is not signal.SIGINT:
                # nohup wants it so.
                continue
            # Not on every system can the loop itself handle signals.
            signal.signal(number, lambda number, _: loop.call_soon_threadsafe(self._came.put_nowait, number))

    async def next(self) -> None:
        logger.info("%s: ending", signal.Signals(await self._came.get()).name)


def _simulated(configuration: DeviceConfiguration, names: Sequence[str]) -> list[SimulatedDevice]:
    devices: dict[str, SimulatedDevice] = {}
    for name in names:
        device = simulate(configuration, name, devices)
        devices[device.address] = device
    return list(devices.values())


def _tls(options: Options) -> ssl.SSLContext | None:
    if options.tls_cert is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(options.tls_cert, options.tls_key)
    except OSError as error:
        raise ConfigurationError(
            f"{options.tls_cert} and {options.tls_key} cannot be used as certificate and key: {error.strerror or error}"
        ) from error
    return context


def _token(options: Options) -> str | None:
    if options.token_file is None:
        return None
    try:
        return read_token(Path(options.token_file))
    except OSError as error:
        raise ConfigurationError(f"{options.token_file} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def _tell(line: str) -> None:
    """Print a line for people, and for programs that start this one; whether they still listen does not matter."""
    try:
        print(line, flush=True)  # noqa: T201 it is what they wait for
    except OSError:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 it stands in until the program ends


def _tell_buses(options: Options, *, simulated: bool) -> None:
    used = [bus.title for bus in BUSES if bus.option in options.buses]
    used += ["simulated devices"] if simulated else []
    unused = [f"--use-{bus.option}" for bus in BUSES if bus.option not in options.buses]
    more = f"; more with {' '.join(unused)}" if unused else ""
    logger.info("looking for devices on: %s%s", ", ".join(used) or "nothing", more)


def _version(*, bare: bool) -> str:
    if bare:
        return __version__
    configuration = DeviceConfiguration.load()
    version = f"{configuration.version.major}.{configuration.version.minor}"
    python = ".".join(map(str, sys.version_info[:3]))
    return f"buttplug-server {__version__} (Python {python}, device configuration {version}, {len(configuration)} models)"


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"buttplug-server: {message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
