"""The examples run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.interop.server import ROOT, running_server

pytestmark = pytest.mark.real_time

EXAMPLES = ROOT / "examples"


def run(*command: str | Path) -> list[str]:
    """Run a Python program to its good end and return the lines it prints."""
    ran = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.splitlines()


def test_embedded() -> None:
    printed = run("-m", "examples.embedded")
    assert printed[:2] == ["found Lovense Nora", "the battery of Lovense Nora is at 85%"]
    assert "  Vibrate:10;" in printed
    assert {"  Vibrate:0;", "  Rotate:0;"} <= set(printed[-2:])


def test_remote_client() -> None:
    with running_server(["Lovense Nora"]) as server:
        printed = run("-m", "examples.remote_client", server.url)
    assert "Found Lovense Nora" in printed
    assert [packet for packet in server.sent("Lovense Nora") if packet.startswith("Vibrate")][:4] == [
        "Vibrate:4;",
        "Vibrate:10;",
        "Vibrate:20;",
        "Vibrate:0;",
    ]


def test_test_with_simulated_device() -> None:
    assert "2 passed" in run("-m", "pytest", EXAMPLES / "test_with_simulated_device.py")[-1]


def test_synchronous() -> None:
    printed = run("-m", "examples.synchronous")
    assert printed[0] == "found Lovense Nora, battery at 85%"
    assert "  Vibrate:10;" in printed
    assert {"  Vibrate:0;", "  Rotate:0;"} <= set(printed[-2:])
