"""``--check``: the installation, the port for clients, and each bus with its state, the remedy for what is missing, and the
devices that are visible now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from platform import python_version

from msgspec import structs

from buttplug.core.errors import ButtplugError
from buttplug.core.text import escaped
from buttplug.core.version import __version__
from buttplug.hardware.base import BusReport, CommunicationManager, Discovery
from buttplug.hardware.registry import BUSES, Bus
from buttplug.server.buses import make_bus
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.ports import ALL_INTERFACES, LOOPBACK
from buttplug.server.program.options import Options
from buttplug.server.protocols import supports

#: The official client, which has the same import name.
OFFICIAL_CLIENT = "buttplug"

#: Seconds that a bus may take for each thing that is asked of it, and seconds that devices are then waited for.
CHECK_LIMIT = 10.0
SCAN_TIME = 5.0


async def check(options: Options, configuration: DeviceConfiguration, token: str | None = None) -> bool:
    """Print the state of everything that the server needs, of every bus, and what is visible on it.

    All buses are looked at side by side, and none is waited for without a limit. Returns whether what is needed, and the buses
    that are on, can be used.
    """
    results = await asyncio.gather(*(_look(bus, options, configuration, token) for bus in BUSES))
    well = True
    extras = [_extra()] if options.rest_port is not None else []
    for report in (_installation(), *extras, *[await _port(*port) for port in _ports(options)]):
        well = well and report.ok
        _tell_report(report, "ready" if report.ok else "NOT USABLE")
    for bus, (report, found) in zip(BUSES, results, strict=True):
        on = bus.option in options.buses
        well = well and (report.ok or not on)
        state = "ready" if report.ok else "NOT USABLE"
        report = structs.replace(report, bus=bus.title)
        _tell_report(report, state if on else f"{state} (off; --use-{bus.option} turns it on)")
        for discovery in found.values():
            name, address = discovery.name or "without a name", discovery.address
            _tell(f"    {name} at {address}: {_model(discovery, configuration)}")
    _tell("All is well." if well else "Not everything that is on can be used.")
    return well


def _installation() -> BusReport:
    """Return whether the official client, which has the same import name, is installed too."""
    try:
        official = metadata.version(OFFICIAL_CLIENT)
    except metadata.PackageNotFoundError:
        return BusReport("installation", ok=True, summary=f"buttplug-server {__version__}, Python {python_version()}")
    return BusReport(
        "installation",
        ok=False,
        summary=f"the distribution {OFFICIAL_CLIENT} {official} is installed too, and both have the import name buttplug",
        remedy=f"pip uninstall {OFFICIAL_CLIENT}, and then pip install --force-reinstall --no-deps buttplug-server",
    )


def _extra() -> BusReport:
    """Return whether the library is there that requests over HTTP need."""
    if find_spec("aiohttp") is not None:
        return BusReport("requests over HTTP", ok=True, summary="the extra rest is installed")
    remedy = 'pip install "buttplug-server[rest]"'
    return BusReport("requests over HTTP", ok=False, summary="the extra rest is not installed", remedy=remedy)


def _ports(options: Options) -> Iterator[tuple[str, str, int, str]]:
    """Return what listens where: a name, a host, a port, and the option for it."""
    if options.listens:
        # Of several addresses the first is the one that every machine has.
        yield "port for clients", (options.hosts or ALL_INTERFACES)[0], options.port, "--ws-port"
    if options.rest_port is not None:
        yield "port for requests", LOOPBACK[0], options.rest_port, "--rest-api-port"


async def _port(name: str, host: str, port: int, option: str) -> BusReport:
    """Return whether a port can be listened on."""
    try:
        probe = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port)
        probe.close()
    except OSError as error:
        remedy = f"end the program that has the port, or choose another one with {option}"
        summary = f"no listening on {host}, port {port}: {error.strerror or error}"
        return BusReport(name, ok=False, summary=summary, remedy=remedy)
    return BusReport(name, ok=True, summary=f"can listen on {host}, port {port}")


def _tell_report(report: BusReport, state: str) -> None:
    _tell(f"{report.bus}: {state}: {report.summary}")
    if report.remedy is not None:
        _tell(f"    remedy: {report.remedy}")


async def _look(
    bus: Bus, options: Options, configuration: DeviceConfiguration, token: str | None
) -> tuple[BusReport, dict[str, Discovery]]:
    found: dict[str, Discovery] = {}
    try:
        manager = make_bus(bus.option, options, configuration, token)
        async with asyncio.timeout(CHECK_LIMIT):
            report = await manager.check()
        if report.ok:
            await _scan(manager, found)
    except TimeoutError:
        report = BusReport(bus.title, ok=False, summary=f"no answer within {CHECK_LIMIT:g} s")
    except ButtplugError as error:
        report = BusReport(bus.title, ok=False, summary=error.message)
    except Exception as error:  # noqa: BLE001 one bus, one failure, and it is what is asked for
        report = BusReport(bus.title, ok=False, summary=f"{type(error).__name__}: {error}")
    return report, found


async def _scan(manager: CommunicationManager, found: dict[str, Discovery]) -> None:
    def note(discovery: Discovery) -> None:
        found[discovery.address] = discovery

    manager.on_found = note
    try:
        async with asyncio.timeout(CHECK_LIMIT):
            await manager.open()
            await manager.start_scanning()
        await asyncio.sleep(SCAN_TIME)
    finally:
        async with asyncio.timeout(CHECK_LIMIT):
            await manager.close()


def _model(discovery: Discovery, configuration: DeviceConfiguration) -> str:
    """Return what a device is taken for. Its exact model is known only once it is connected."""
    matches = configuration.match(discovery.advertisement)
    if not matches:
        return "no protocol knows it"
    protocol = matches[0].protocol
    definition = configuration.definition(protocol, discovery.name)
    model = definition.name if definition is not None else protocol
    return f"{model}, protocol {protocol}" + ("" if supports(protocol) else " (not supported yet)")


def _tell(line: str) -> None:
    print(escaped(line), flush=True)  # noqa: T201 it is what was asked for
