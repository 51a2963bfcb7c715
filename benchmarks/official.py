"""The official client 1.0.0, in an environment of its own, against our server: what in process is judged by."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.over_websocket import serving

PACKAGE = "buttplug==1.0.0"

PROGRAM = """
import asyncio, statistics, sys, time
from buttplug import ButtplugClient, DeviceOutputCommand, OutputType

async def main():
    client = ButtplugClient("benchmark")
    await client.connect(sys.argv[1])
    feature = client.devices[0].features[0]
    commands = [DeviceOutputCommand(OutputType.VIBRATE, level) for level in range(1, 101)]
    times = []
    for number in range(2000):
        began = time.perf_counter()
        await feature.run_output(commands[number % 100])
        times.append(time.perf_counter() - began)
    await client.disconnect()
    print(statistics.median(times))

asyncio.run(main())
"""


def latency() -> float:
    """Return the median time of one command, one after the other. Installs the official client for it."""
    with TemporaryDirectory() as folder, serving("buttplug", "1") as server:
        venv.create(folder, with_pip=True)
        python = Path(folder) / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", PACKAGE], check=True)
        command = [str(python), "-c", PROGRAM, f"ws://127.0.0.1:{server.port}"]
        # Elsewhere than here: the official client has the same import name as this package.
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, env={"PATH": ""})
        return float(done.stdout)
