"""However a program ends that uses the synchronous face, its devices are stopped: what they were sent is in a file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

#: Vibrates at full power, with a server inside; every packet goes to the file that the first argument names.
BEGINNING = """
import os, signal, sys, threading, time
from buttplug.hardware.simulated import SimulatedManager
from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.simulation import simulate
from buttplug.sync import ButtplugConnectorError, Client, Server

toy, log = simulate(DeviceConfiguration.load(), "Lovense Nora"), open(sys.argv[1], "w")
taken = toy.received

def write_down(packet):
    taken(packet)
    print(packet.data.decode(), file=log, flush=True)

toy.received = write_down

def begin(client, server):
    client.connect(server)
    nora = client.wait_for_device("Nora")
    nora.vibrate(1.0)
    return nora

def interrupt(signum=signal.SIGINT):
    threading.Timer(0.2, lambda: os.kill(os.getpid(), signum)).start()
"""

OPENED = """
server = Server(managers=[SimulatedManager([toy])])
server.open()
client = Client("Script")
nora = begin(client, server)
"""

PROGRAMS = {
    "the end is simply reached": OPENED,
    "an exception": OPENED + "raise ZeroDivisionError",
    "sys.exit": OPENED + "sys.exit(3)",
    "Ctrl-C while the program does something else": OPENED + "interrupt(); time.sleep(30)",
    "Ctrl-C while a call waits": OPENED + "interrupt(); client.wait_for_device('Hush')",
    "Ctrl-C twice while the devices are stopped at the end": OPENED
    + """
server._bridge.loop.call_soon_threadsafe(setattr, toy, "write_delay", 0.3)
def press():
    for _ in range(2):
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=press, daemon=True).start()
""",
    "Ctrl-C in a with": """
with Server(managers=[SimulatedManager([toy])]) as server, Client("Script") as client:
    begin(client, server)
    interrupt()
    client.wait_for_device("Hush")
""",
    "Ctrl-C in a loop over events": OPENED + "interrupt()\nfor event in client.events(): pass",
    "Ctrl-C in a pattern": OPENED + "from buttplug.patterns import wave\ninterrupt()\nnora.play(wave(0.6, 1.0, period=1))",
    "callbacks are set": OPENED + "client.on_server_disconnect = lambda: client.connect(server)",
    "a callback that never ends": OPENED
    + "client.on_device_removed = lambda device: time.sleep(60)\nserver._bridge.loop.call_soon_threadsafe(toy.disconnect)\n"
    + "time.sleep(0.1)\nserver._bridge.loop.call_soon_threadsafe(toy.come_back)\nclient.wait_for_device('Nora').vibrate(1.0)",
    "a thread that still drives": OPENED
    + """
def drive():
    try:
        while True: nora.vibrate(1.0); nora.vibrate(0.9)
    except ButtplugConnectorError: pass
threading.Thread(target=drive, daemon=True).start()
time.sleep(0.1)
""",
}

THREADS = """
from buttplug.patterns import wave

def drive():
    while True: nora.vibrate(1.0); nora.vibrate(0.9)

def make_clients():
    while True:
        own = Client("Thread")
        own.connect(server)

def make_servers():
    while True:
        with Server(simulate=["Lovense Nora"]) as own_server, Client("Thread") as own:
            own.connect(own_server)
            own.wait_for_device("Nora").vibrate(1.0)

def wait(): client.wait_for_device("Hush")
def listen():
    for event in client.events(): pass
def play(): nora.play(wave(0.6, 1.0, period=1))

for work in (drive, drive, make_clients, make_servers, wait, listen, play, lambda: client.scan(60)):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.2)
"""


def run(program: str, log: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", BEGINNING + program, str(log)]
    return subprocess.run(command, timeout=30, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="sends itself the signal of Ctrl-C")
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_the_devices_are_stopped_at_the_end_of_the_program(program: str, tmp_path: Path) -> None:
    log = tmp_path / "packets"
    ran = run(program, log)
    packets = log.read_text().split()
    assert "Vibrate:20;" in packets, ran.stderr
    assert [packet for packet in packets if packet.startswith("Vibrate")][-1] == "Vibrate:0;"
    assert "never" not in ran.stderr
    assert "Traceback" not in ran.stderr.replace("Traceback", "", 1), "one exception is told at most once"


@pytest.mark.parametrize("end", ["", "sys.exit(3)"])
def test_calls_of_other_threads_end_with_the_program_without_a_word_and_the_devices_are_stopped(
    end: str, tmp_path: Path
) -> None:
    log = tmp_path / "packets"
    ran = run(OPENED + THREADS + end, log)
    assert [packet for packet in log.read_text().split() if packet.startswith("Vibrate")][-1] == "Vibrate:0;"
    assert ran.returncode == (3 if "exit" in end else 0)
    assert "Traceback" not in ran.stderr
    assert "never" not in ran.stderr
    assert "destroyed" not in ran.stderr


def test_a_thread_that_is_no_daemon_is_served_to_its_end_and_then_the_devices_are_stopped(tmp_path: Path) -> None:
    log = tmp_path / "packets"
    program = """
def drive():
    time.sleep(0.3)
    for step in range(1, 21): nora.vibrate(step)
    print("done")
threading.Thread(target=drive).start()
"""
    ran = run(OPENED + program, log)
    assert (ran.returncode, ran.stdout) == (0, "done\n"), ran.stderr
    levels = [packet for packet in log.read_text().split() if packet.startswith("Vibrate")]
    assert levels[-2:] == ["Vibrate:20;", "Vibrate:0;"]
    assert "Traceback" not in ran.stderr


def test_a_lock_that_such_a_thread_holds_is_free_again_in_time(tmp_path: Path) -> None:
    program = """
import atexit
from buttplug.sync import loop
loop.HOLD_LIMIT = 0.3
lock = threading.Lock()

def drive():
    while True:
        with lock: nora.vibrate(1.0); nora.vibrate(0.9)

def tidy_up():
    time.sleep(0.1)
    with lock: print("tidy")

threading.Thread(target=drive, daemon=True).start()
atexit.register(tidy_up)
time.sleep(0.1)
"""
    ran = run(OPENED + program, tmp_path / "packets")
    assert ran.stdout == "tidy\n", ran.stderr
    assert (tmp_path / "packets").read_text().split()[-1] in ("Vibrate:0;", "Rotate:0;")


def test_an_event_loop_that_is_blocked_holds_the_end_up_for_so_long_and_that_is_told(tmp_path: Path) -> None:
    program = """
from buttplug.server import server as server_module
from buttplug.sync import loop
server_module.OUTSIDE_LIMIT = loop.EXIT_LIMIT = 0.2
loop.event_loop_thread().begin(block)
"""
    block = "async def block(): time.sleep(60)\n"
    began = time.monotonic()
    ran = run(OPENED + block + program, tmp_path / "packets")
    assert time.monotonic() - began < 10
    told = "the program ends, and its event loop is blocked: a device may be running"
    assert ran.stderr.splitlines().count(told) == 2, ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="sends itself the signal of Ctrl-C")
def test_ctrl_c_at_a_prompt_stops_the_devices_and_gives_the_prompt_back(tmp_path: Path) -> None:
    program = f"""{OPENED}
interrupt()
try:
    client.wait_for_device("Hush")
except KeyboardInterrupt:
    last = [packet.data for packet in toy.packets if packet.data.startswith(b"Vibrate")][-1]
    print(last, client.connected, client.scanning)
    nora.vibrate(0.5)
"""
    ran = run(program, tmp_path / "packets")
    assert ran.stdout.strip() == "b'Vibrate:0;' True False", ran.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="sends itself the signal of Ctrl-C")
def test_a_device_that_ctrl_c_could_not_stop_is_told(tmp_path: Path) -> None:
    program = f"""{OPENED}
toy.fail()
interrupt()
try:
    client.wait_for_device("Hush")
except KeyboardInterrupt:
    toy.recover()
"""
    ran = run(program, tmp_path / "packets")
    assert "Ctrl-C could not stop every device: Device 0" in ran.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_process_is_refused_the_client_of_its_parent_and_may_have_its_own(tmp_path: Path) -> None:
    program = f"""{OPENED}
if os.fork() == 0:
    try:
        nora.vibrate(0.5)
    except ButtplugConnectorError as error:
        print("refused:", error)
    with Server() as own, Client("Child") as child:
        child.connect(own)
        print("own:", child.connected)
    sys.exit()
os.wait()
print("parent:", client.connected)
"""
    ran = run(program, tmp_path / "packets")
    lines = sorted(ran.stdout.splitlines())
    assert [line.split(":")[0] for line in lines] == ["own", "parent", "refused"], ran.stderr
    assert lines[0] == "own: True"
    assert lines[1] == "parent: True"


def test_ending_signals_can_be_had_to_stop_the_devices_too(tmp_path: Path) -> None:
    program = f"""{OPENED}
from buttplug.sync import stop_on_signals
with stop_on_signals(server):
    interrupt(signal.SIGTERM)
    time.sleep(30)
"""
    ran = run(program, tmp_path / "packets")
    assert ran.returncode == -signal.SIGTERM, ran.stderr
    assert (tmp_path / "packets").read_text().split()[-1].endswith(":0;")
