"""A program for message spec version 0, by its document alone and without anybody's client: its argument is the URL.

It drives everything a simulated Lovense Nora, Lovense Edge and T-Code stroker have, and prints what it sees.
"""

import asyncio
import itertools
import json
import sys
from typing import Any

from websockets.asyncio.client import ClientConnection, connect


def show(*things: object) -> None:
    print(*things, flush=True)


class Client:
    def __init__(self, websocket: ClientConnection) -> None:
        self.devices: dict[int, dict[str, Any]] = {}
        self.finished, self.left = asyncio.Event(), asyncio.Event()
        self._websocket = websocket
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[tuple[str, dict[str, Any]]]] = {}

    async def read(self) -> None:
        async for frame in self._websocket:
            for message in json.loads(frame):
                ((name, body),) = message.items()
                if body["Id"]:
                    self._answers.pop(body["Id"]).set_result((name, body))
                elif name == "DeviceAdded":
                    self.devices[body["DeviceIndex"]] = body
                elif name == "DeviceRemoved":
                    show("left", self.devices.pop(body["DeviceIndex"])["DeviceName"])
                    self.left.set()
                elif name == "ScanningFinished":
                    self.finished.set()

    async def ask(self, name: str, **fields: object) -> tuple[str, dict[str, Any]]:
        id_ = next(self._ids)
        self._answers[id_] = asyncio.get_running_loop().create_future()
        await self._websocket.send(json.dumps([{name: {"Id": id_, **fields}}]))
        return await asyncio.wait_for(self._answers[id_], 10)

    async def use(self, device: dict[str, Any]) -> None:
        index, messages = device["DeviceIndex"], device["DeviceMessages"]
        show("device", device["DeviceName"], *messages)
        if "SingleMotorVibrateCmd" in messages:
            show("  vibrate", (await self.ask("SingleMotorVibrateCmd", DeviceIndex=index, Speed=0.5))[0])
        if "VorzeA10CycloneCmd" in messages:
            show("  turn", (await self.ask("VorzeA10CycloneCmd", DeviceIndex=index, Speed=25, Clockwise=True))[0])
            show("  turn", (await self.ask("VorzeA10CycloneCmd", DeviceIndex=index, Speed=25, Clockwise=False))[0])
        if "FleshlightLaunchFW12Cmd" in messages:
            show("  move", (await self.ask("FleshlightLaunchFW12Cmd", DeviceIndex=index, Position=99, Speed=99))[0])
            await asyncio.sleep(0.3)
        show("  read", (await self.ask("BatteryLevelCmd", DeviceIndex=index))[0])
        show("  stop", (await self.ask("StopDeviceCmd", DeviceIndex=index))[0])


async def main(url: str) -> None:
    async with connect(url, proxy=None) as websocket:
        client = Client(websocket)
        reader = asyncio.create_task(client.read())
        name, info = await client.ask("RequestServerInfo", ClientName="Oldest")
        show(name, info["MessageVersion"])
        show(*(await client.ask("Test", TestString="echo")))
        await client.ask("StartScanning")
        await asyncio.wait_for(client.finished.wait(), 10)
        devices = sorted(client.devices.values(), key=lambda device: str(device["DeviceName"]))
        for device in devices:
            await client.use(device)
        show("waiting for a device to leave")
        await asyncio.wait_for(client.left.wait(), 10)
        nora = devices[1]["DeviceIndex"]
        await client.ask("SingleMotorVibrateCmd", DeviceIndex=nora, Speed=1)
        await client.ask("StopAllDevices")
        await client.ask("SingleMotorVibrateCmd", DeviceIndex=nora, Speed=0.1)
    await reader


asyncio.run(main(sys.argv[1]))
