"""Fixtures of the tests of every bus."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest

from buttplug.hardware.base import CommunicationManager
from buttplug.hardware.bluetooth import BluetoothManager
from tests.fakes.dbus import private_bus
from tests.hardware.helpers import Findings

if TYPE_CHECKING:
    from tests.fakes.bluez import FakeAdapter, FakeBlueZ
    from tests.hardware.bluetooth.helpers import Found

pytest.register_assert_rewrite("tests.hardware.scenario")

# BlueZ and D-Bus are Linux's.
collect_ignore = (
    []
    if sys.platform == "linux"
    else ["test_across_buses.py"]
    + [f"bluetooth/test_{part}.py" for part in ("adapter", "left", "link", "return", "scan", "server")]
)


@pytest.fixture
def no_thread_is_left() -> Iterator[None]:
    """Have the test fail when a thread it started is still running two seconds after its end."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(2)
        assert not thread.is_alive(), thread


@pytest.fixture
async def findings(manager: CommunicationManager) -> Findings:
    """What the test module's manager reports; it is scanning."""
    findings = Findings(manager)
    await manager.start_scanning()
    return findings


@pytest.fixture(scope="session")
def dbus() -> Iterator[str]:
    """The address of a D-Bus of our own."""
    with private_bus() as address:
        yield address


@pytest.fixture
async def system_bus(dbus: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The same, as the bus on which bleak looks for BlueZ."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", dbus)
    yield dbus
    from bleak.backends.bluezdbus import manager as bleak_bluez

    # bleak keeps one connection for each event loop, until the process ends.
    instance = bleak_bluez._global_instances.pop(asyncio.get_running_loop(), None)
    if instance is not None and instance._bus is not None:
        instance._bus.disconnect()
        assert instance._bus_watcher_task is not None
        await asyncio.wait({instance._bus_watcher_task})


@pytest.fixture
async def bluez(system_bus: str) -> AsyncIterator[FakeBlueZ]:
    """BlueZ, running, without an adapter."""
    from tests.fakes.bluez import FakeBlueZ

    bluez = FakeBlueZ(system_bus)
    await bluez.run()
    yield bluez
    await bluez.crash()


@pytest.fixture
def adapter(bluez: FakeBlueZ) -> FakeAdapter:
    """A Bluetooth adapter, on."""
    return bluez.add_adapter()


@pytest.fixture
async def bluetooth(bluez: FakeBlueZ) -> AsyncIterator[BluetoothManager]:
    """The communication manager, closed in the end."""
    manager = BluetoothManager()
    yield manager
    await manager.close()


@pytest.fixture
def found(bluetooth: BluetoothManager) -> Found:
    """What the manager reports."""
    from tests.hardware.bluetooth.helpers import Found

    return Found(bluetooth)
