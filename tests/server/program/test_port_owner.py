"""Who has a port is told, where the system tells it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from buttplug.server.program.port_owner import port_owner

pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="this system does not tell")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_process_that_listens_is_named(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as taken:
        port = taken.getsockname()[1]
        assert port_owner(port) == f"{Path('/proc/self/comm').read_text().strip()}, process {os.getpid()}"
    assert port_owner(port) is None


def test_a_system_that_does_not_tell_is_no_failure(tmp_path: Path) -> None:
    assert port_owner(12345, tmp_path) is None
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp").write_text("")
    assert port_owner(12345, tmp_path) is None
