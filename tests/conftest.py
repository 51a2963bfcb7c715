"""What all tests share: async tests run on virtual time unless they are marked ``real_time``, and the server as a program."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.fakes.clock import VirtualTimeLoop
from tests.server.launch import Program, Start, launch

# Half of the usual number, so that the whole suite stays short; what needs more says so. How long an example takes says
# more of the machine than of what is tested.
settings.register_profile("suite", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# The tests start Python a few hundred times, and each start would compile the package again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "model(name): the simulated model that a test is about")
    config.addinivalue_line("markers", "real_time: needs sockets, processes or threads, and so the real clock")


def pytest_collection_finish() -> None:
    """Keep ten thousand tests out of every look for garbage, which would be a tenth of the time."""
    gc.collect()
    gc.freeze()


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.get_closest_marker("real_time"):
        return {"real": asyncio.new_event_loop}
    return {"virtual": VirtualTimeLoop}


@pytest.fixture(scope="session", autouse=True)
def no_settings_of_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have the places where settings are read from, and those of other programs, empty, and no option set; no width either."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("BUTTPLUG_") or name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
                patch.delenv(name)
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "APPDATA", "LOCALAPPDATA"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name)))
        yield


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts the server as a program with these options; ends it at the end, if it has not ended."""
    programs: list[Program] = []

    async def start_program(*words: str, **options: Any) -> Program:
        programs.append(await launch(*words, **options))
        return programs[-1]

    yield start_program
    for started in programs:
        if started.process.returncode is None:
            started.process.kill()
        await started.process.communicate()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this machine, signed by itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*make.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key
