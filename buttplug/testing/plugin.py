"""The fixtures for pytest, which finds them by itself (entry point ``pytest11``). docs/testing.md shows how they are used.

Those for asynchronous tests need a plugin that runs such tests: pytest-asyncio, or anyio.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from buttplug.client import ButtplugClient
    from buttplug.hardware.simulated import SimulatedDevice
    from buttplug.server import ButtplugServer
    from buttplug.sync import Client
    from buttplug.testing import Clock, Simulation

#: What is simulated where the test does not say.
DEFAULT_MODELS = ("Lovense Nora",)


def _asynchronous_fixture() -> Callable[..., Any]:
    try:
        import pytest_asyncio
    except ImportError:
        # anyio takes the fixtures of pytest itself.
        return pytest.fixture
    return pytest_asyncio.fixture


_async_fixture = _asynchronous_fixture()


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest of the marker."""
    config.addinivalue_line(
        "markers", "buttplug(*models): the devices that the buttplug fixtures simulate, by the names of their models"
    )


@pytest.fixture
def buttplug_simulation(request: pytest.FixtureRequest) -> Simulation:
    """The simulation that the other fixtures are parts of, of the models that ``@pytest.mark.buttplug("…", "…")`` names."""
    from buttplug.testing import Simulation

    marker = request.node.get_closest_marker("buttplug")
    models = DEFAULT_MODELS if marker is None else marker.args
    if not models or not all(isinstance(model, str) for model in models):
        pytest.fail('the marker takes the names of models: @pytest.mark.buttplug("Lovense Nora", "The Handy")', pytrace=False)
    return Simulation(*models)


@pytest.fixture
def buttplug_devices(buttplug_simulation: Simulation) -> list[SimulatedDevice]:
    """The simulated devices, in the order of the marker."""
    return buttplug_simulation.devices


@pytest.fixture
def buttplug_device(buttplug_devices: list[SimulatedDevice]) -> SimulatedDevice:
    """The first simulated device."""
    return buttplug_devices[0]


@_async_fixture
async def buttplug_server(request: pytest.FixtureRequest, buttplug_simulation: Simulation) -> AsyncIterator[ButtplugServer]:
    """A server with the devices, in the event loop of the test: ``await client.connect(buttplug_server)``."""
    _require_asynchronous(request, "buttplug_server")
    async with buttplug_simulation as simulation:
        yield simulation.server


@_async_fixture
async def buttplug_client(buttplug_server: ButtplugServer, buttplug_simulation: Simulation) -> ButtplugClient:
    """A client that is connected and has found the devices, in the event loop of the test."""
    return await buttplug_simulation.connect()


@_async_fixture
async def buttplug_clock(request: pytest.FixtureRequest) -> AsyncIterator[Clock]:
    """The clock of the test's event loop, which is on virtual time: nothing waits, and times are exact."""
    from buttplug.testing import virtual_time

    _require_asynchronous(request, "buttplug_clock")
    if "buttplug_url" in request.fixturenames:
        pytest.fail(
            "buttplug_clock is for what lives in the event loop of the test; buttplug_url is in real time", pytrace=False
        )
    with virtual_time() as clock:
        yield clock


@pytest.fixture
def buttplug_url(buttplug_simulation: Simulation) -> Iterator[str]:
    """The URL of a server with the devices, which runs in a thread of its own: for any program under test."""
    with buttplug_simulation as simulation:
        yield simulation.url


@pytest.fixture
def buttplug_sync_client(buttplug_url: str, buttplug_simulation: Simulation) -> Client:
    """A synchronous client that is connected to that server and has found the devices."""
    return buttplug_simulation.client()


def _require_asynchronous(request: pytest.FixtureRequest, fixture: str) -> None:
    if not inspect.iscoroutinefunction(getattr(request, "function", None)):
        pytest.fail(
            f"{fixture} is for tests that are coroutine functions (async def); for others there are buttplug_url and "
            "buttplug_sync_client",
            pytrace=False,
        )
