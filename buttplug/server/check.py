"""``--check``: each bus with its state and the remedy for what is missing, and the devices that are visible now."""

from __future__ import annotations

import asyncio

from buttplug.core.errors import ButtplugError
from buttplug.hardware.base import BusReport, CommunicationManager, Discovery
from buttplug.hardware.registry import BUSES, Bus
from buttplug.server.buses import make_bus
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.options import Options
from buttplug.server.protocols import supports

#: Seconds that a bus may take for each thing that is asked of it, and seconds that devices are then waited for.
CHECK_LIMIT = 10.0
SCAN_TIME = 5.0


async def check(options: Options, configuration: DeviceConfiguration) -> bool:
    """Print the state of every bus and what is visible on it; return whether those that are on can be used.

    All buses are looked at side by side, and none is waited for without a limit.
    """
    results = await asyncio.gather(*(_look(bus, options, configuration) for bus in BUSES))
    well = True
    for bus, (report, found) in zip(BUSES, results, strict=True):
        on = bus.option in options.buses
        well = well and (report.ok or not on)
        state = "ready" if report.ok else "NOT USABLE"
        _tell(f"{bus.title}: {state}{'' if on else f' (off; --use-{bus.option} turns it on)'}: {report.summary}")
        if report.remedy is not None:
            _tell(f"    remedy: {report.remedy}")
        for discovery in found.values():
            _tell(f"    {discovery.name or 'without a name'} at {discovery.address}: {_model(discovery, configuration)}")
    _tell("All is well." if well else "Not every bus that is on can be used.")
    return well


async def _look(bus: Bus, options: Options, configuration: DeviceConfiguration) -> tuple[BusReport, dict[str, Discovery]]:
    found: dict[str, Discovery] = {}
    try:
        manager = make_bus(bus.option, options, configuration)
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
    print(line, flush=True)  # noqa: T201 it is what was asked for
