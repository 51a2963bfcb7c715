"""From a discovery to a device that is ready: opening its link, and the hand-shake of its protocol."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import NamedTuple

from buttplug.core.errors import ButtplugError
from buttplug.core.log import logger_of
from buttplug.hardware.base import Discovery, Hardware
from buttplug.hardware.errors import HardwareDisconnectedError, HardwareError, HardwareTimeoutError
from buttplug.server import protocols
from buttplug.server.devices.abilities import without_lacking_outputs
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.definition import DeviceDefinition, with_battery, with_signal_strength
from buttplug.server.devices.device import disconnect
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.identity import identify
from buttplug.server.devices.indexes import Indexes
from buttplug.server.devices.limits import limit_protocol, output_ranges
from buttplug.server.devices.matching import Match
from buttplug.server.devices.settings import DeviceKey
from buttplug.server.protocols.base import Protocol
from buttplug.server.supervision import finish

logger: logging.Logger = logger_of(__name__)

#: Seconds that opening a link may take, whatever the bus itself allows.
CONNECT_LIMIT = 60.0


class Identified(NamedTuple):
    """What a hand-shake has found out."""

    key: DeviceKey
    definition: DeviceDefinition
    protocol: Protocol


def supported(discovery: Discovery, matches: Sequence[Match]) -> list[Match]:
    """Return the matches whose protocols are here; where there are others only, it is logged why."""
    here = [match for match in matches if protocols.supports(match.protocol)]
    if matches and not here:
        protocol = matches[0].protocol
        reason = protocols.UNSUPPORTED.get(protocol, f"protocol {protocol} is not supported")
        logger.warning("%s cannot be used: %s", discovery.label, reason)
    return here


async def open_link(discovery: Discovery, matches: Sequence[Match]) -> Hardware:
    """Open the link to a device that was found.

    Raises:
        HardwareError: It could not be opened, or not in time.
    """
    connecting = asyncio.ensure_future(discovery.connect([match.specifier for match in matches]))
    is_open = False
    try:
        # The limit is for connecting, and not for the devices whose turn it is before.
        while not (await asyncio.wait({connecting}, timeout=CONNECT_LIMIT))[0]:
            if not discovery.waits_for_turn():
                raise HardwareTimeoutError(f"no link within {CONNECT_LIMIT:g} s")
        hardware = connecting.result()
        is_open = True
    except ButtplugError:
        raise
    except Exception as error:
        logger.exception("%s: opening it failed", discovery.label)
        raise HardwareError(f"opening it failed: {error}") from error
    finally:
        if not is_open:
            await finish(_give_up(connecting, discovery.label))
    return hardware


async def _give_up(connecting: asyncio.Future[Hardware], label: str) -> None:
    """End the opening of a link; one that was there in that moment is closed."""
    connecting.cancel()
    await asyncio.wait({connecting})
    if not connecting.cancelled() and connecting.exception() is None:
        await disconnect(connecting.result(), label)


async def shake_hands(
    hardware: Hardware, match: Match, configuration: DeviceConfiguration, indexes: Indexes, *, only_to_stop: bool = False
) -> Identified:
    """Find out which model a device is, and do what it needs before its first output.

    With ``only_to_stop`` a device that its user's settings refuse is accepted too, as the model that it says it is.

    Raises:
        HardwareError: It does not answer as it should, or not in time.
        ConfigurationError: Its user's settings do not let it be used.
    """
    family = _family(match.protocol)
    try:
        async with asyncio.timeout(family.handshake_timeout):
            identifier = await family.identify(hardware)
            protocol_id = family.other_protocol(identifier) or match.protocol
            family = _family(protocol_id)
            found = DeviceKey(protocol_id, identifier, hardware.address)
            try:
                key, definition, settings = identify(configuration, found, indexes.seen(found))
                # One that may not connect is here to be stopped.
                ranges = output_ranges(definition, settings) if configuration.allows(hardware.address) is None else {}
            except ConfigurationError:
                known = configuration.definition(protocol_id, identifier)
                if not only_to_stop or known is None:
                    raise
                # What it may do is not known, so the hand-shake has it do nothing.
                key, definition, ranges = found, known, {}
            if hardware.knows_battery:
                definition = with_battery(definition)
            if hardware.knows_signal_strength:
                definition = with_signal_strength(definition)
            protocol = family(definition, name=hardware.name, address=hardware.address)
            limit_protocol(protocol, definition, ranges)
            await protocol.initialise(hardware)
            definition = without_lacking_outputs(definition, protocol)
    except TimeoutError:
        raise HardwareTimeoutError(f"no answer to the hand-shake within {family.handshake_timeout:g} s") from None
    if not hardware.connected:
        raise HardwareDisconnectedError("it was disconnected during the hand-shake")
    return Identified(key, definition, protocol)


def _family(protocol_id: str) -> type[Protocol]:
    family = protocols.load(protocol_id)
    if family is None:
        raise HardwareError(f"protocol {protocol_id} is not supported")
    return family
