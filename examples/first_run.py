"""Start the server with a simulated device and drive it for a few seconds: the log lines show what the device is sent."""

from __future__ import annotations

import asyncio
import sys

from buttplug import ButtplugClient

SERVER = ("-m", "buttplug.server", "--ws-port", "0", "--simulate", "Lovense Nora")


async def drive(address: str) -> None:
    async with ButtplugClient("First run") as client:
        await client.connect(address)
        nora = await client.wait_for_device("Nora", timeout=10)
        print(f"Found {nora.name}, battery {await nora.battery():.0%}")
        for level in (0.2, 0.5, 0.8):
            print(f"Vibrate and rotate at {level:.0%}")
            await nora.vibrate(level)
            await nora.rotate(level)
            await asyncio.sleep(0.7)
        print("Turn the other way")
        await nora.rotate(-0.5)
        await asyncio.sleep(0.7)
        print("Stop")
        await nora.stop()


async def main() -> None:
    server = await asyncio.create_subprocess_exec(sys.executable, *SERVER, stdout=asyncio.subprocess.PIPE)
    try:
        assert server.stdout is not None
        address = (await server.stdout.readline()).decode().split()[-1]
        print(f"The server listens on {address}")
        await drive(address)
    finally:
        server.terminate()
        code = await server.wait()
    print(f"The server has stopped every device and ended with code {code}")


asyncio.run(main())
