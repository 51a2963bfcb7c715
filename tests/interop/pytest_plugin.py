"""The pytest plugin from a wheel in a clean environment: with each plugin that runs asynchronous tests, and in parallel."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.documentation import python_blocks
from tests.interop.checks import Checks
from tests.interop.clients import LIMIT
from tests.interop.server import ROOT, environment

GAME, TESTS_OF_GAME, TESTS_IN_LOOP = python_blocks("testing.md")

#: Tests for anyio, which wants a marker and a backend of its own.
TESTS_WITH_ANYIO = (
    TESTS_IN_LOOP.replace("@pytest.mark.asyncio", "@pytest.mark.anyio")
    + """
@pytest.fixture
def anyio_backend():
    return "asyncio"
"""
)


class Environment:
    """An environment with the wheel and pytest, and the tests of the page in a directory."""

    def __init__(self, directory: Path) -> None:
        self._python = directory / "environment" / "bin" / "python"
        self._tests = directory / "tests"
        self._tests.mkdir()
        subprocess.run([sys.executable, "-m", "venv", self._python.parents[1]], check=True, timeout=LIMIT)
        build = [sys.executable, "-m", "pip", "--quiet", "wheel", "--no-deps", "--wheel-dir", str(directory), str(ROOT)]
        subprocess.run(build, check=True, timeout=LIMIT, env=environment())
        (wheel,) = directory.glob("*.whl")
        self.pip("install", str(wheel))

    def pip(self, *words: str) -> None:
        command = [str(self._python), "-m", "pip", "--quiet", "--disable-pip-version-check", *words]
        subprocess.run(command, check=True, timeout=LIMIT, env=environment())

    def says(self, program: str) -> str:
        command = [str(self._python), "-c", program]
        ran = subprocess.run(command, timeout=LIMIT, capture_output=True, text=True, env=environment(), cwd="/", check=False)
        return (ran.stdout + ran.stderr).strip()

    def passed(self, files: dict[str, str], *words: str) -> str:
        """Run tests; return how many passed, or all that was said."""
        for old in self._tests.iterdir():
            if old.suffix == ".py":
                old.unlink()
        for name, text in files.items():
            (self._tests / name).write_text(text)
        command = [str(self._python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
        ran = subprocess.run(
            command, timeout=LIMIT, capture_output=True, text=True, env=environment(), cwd=self._tests, check=False
        )
        last = ran.stdout.splitlines()[-1] if ran.stdout else ran.stderr
        return last.partition(" in ")[0] if ran.returncode == 0 else ran.stdout + ran.stderr


def main() -> None:
    checks = Checks()
    game, loop = {"game.py": GAME, "test_game.py": TESTS_OF_GAME}, {"test_in_loop.py": TESTS_IN_LOOP}
    with tempfile.TemporaryDirectory() as directory:
        env = Environment(Path(directory))
        checks.equal("pytest is not installed with it", env.says("import pytest").splitlines()[-1:], [_NO_PYTEST])
        import_it = "from buttplug.testing import Simulation\nwith Simulation('aneros') as it: print(it.client().devices)"
        checks.equal("and not needed", env.says(import_it).startswith("{0: <Device 0"), True)
        env.pip("install", "pytest")
        checks.equal("with pytest alone", env.passed(game), "5 passed")
        env.pip("install", "pytest-xdist")
        checks.equal("in parallel", env.passed(game, "-n", "2"), "5 passed")
        env.pip("install", "anyio")
        checks.equal("with anyio", env.passed({"test_with_anyio.py": TESTS_WITH_ANYIO}), "2 passed")
        env.pip("install", "pytest-asyncio")
        checks.equal("with pytest-asyncio", env.passed(loop), "2 passed")
        automatic = ("-o", "asyncio_mode=auto", "-n", "2")
        checks.equal("in its automatic mode, in parallel", env.passed(game | loop, *automatic), "7 passed")
    checks.exit()


_NO_PYTEST = "ModuleNotFoundError: No module named 'pytest'"

if __name__ == "__main__":
    main()
