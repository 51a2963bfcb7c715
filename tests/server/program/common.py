"""What the tests of the program share: a client that speaks JSON, and what the log tells of simulated devices."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

HELLO = '[{"RequestServerInfo":{"Id":1,"ClientName":"wire","ProtocolVersionMajor":4,"ProtocolVersionMinor":0}}]'


async def shake_hands(url: str, **options: Any) -> tuple[ClientConnection, str]:
    """Connect to a server; return the connection and the answer."""
    wire = await connect(url, proxy=None, **options)
    await wire.send(HELLO)
    return wire, str(await wire.recv())


async def drive(wire: ClientConnection, devices: int = 1) -> None:
    """Find the simulated devices and have their first motors run."""
    await wire.send('[{"StartScanning":{"Id":2}},{"RequestDeviceList":{"Id":3}}]')
    async with asyncio.timeout(10):
        while str(await wire.recv()).count('"DeviceName"') < devices:
            pass
    for device in range(devices):
        body = f'"Id":9,"DeviceIndex":{device},"FeatureIndex":0,"Command":{{"Vibrate":{{"Value":9}}}}'
        await wire.send(f'[{{"OutputCmd":{{{body}}}}}]')
    async with asyncio.timeout(10):
        while devices:
            devices -= str(await wire.recv()) == '[{"Ok":{"Id":9}}]'


def packets(err: str) -> list[str]:
    """Return what the log says that simulated devices were sent."""
    return re.findall(r" <- tx (.*)$", err, re.MULTILINE)
