"""Other people's clients, each installed as its documentation says, into a directory of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.interop.server import environment

PYTHON_CLIENT = "buttplug==1.0.0"
JAVASCRIPT_CLIENT = "buttplug@5.0.2"

#: Seconds that an installation may take, and that of a client which has to be built.
LIMIT = 300
RUST_LIMIT = 1800


@contextmanager
def directory(name: str) -> Iterator[Path]:
    """Make a directory for a client, which stays if ``BUTTPLUG_INTEROP_CACHE`` says where."""
    cache = os.environ.get("BUTTPLUG_INTEROP_CACHE")
    if cache:
        path = Path(cache) / name
        path.mkdir(parents=True, exist_ok=True)
        yield path
    else:
        with tempfile.TemporaryDirectory() as temporary:
            yield Path(temporary)


@contextmanager
def python_client(requirement: str) -> Iterator[Path]:
    """Install a Python client, and give the interpreter that finds it and nothing else."""
    with directory(f"python-{requirement}") as path:
        python = path / "bin" / "python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", path], check=True, timeout=LIMIT)
        pip = [sys.executable, "-m", "pip", "--python", str(python), "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", requirement], check=True, timeout=LIMIT, env=environment())
        yield python


@contextmanager
def javascript_client(package: str) -> Iterator[Path]:
    """Install a JavaScript client, and give the directory whose programs find it."""
    with directory(f"javascript-{package}") as path:
        (path / "package.json").write_text('{"private": true}\n')
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", package]
        subprocess.run(install, check=True, timeout=LIMIT, cwd=path)
        yield path


@contextmanager
def rust_client(project: Path) -> Iterator[Path]:
    """Build a Rust program with the client it depends on, and give what was built."""
    with directory("rust") as path:
        build = ["cargo", "build", "--quiet", "--manifest-path", str(project / "Cargo.toml"), "--target-dir", str(path)]
        subprocess.run(build, check=True, timeout=RUST_LIMIT)
        yield path / "debug" / "rust-client"
