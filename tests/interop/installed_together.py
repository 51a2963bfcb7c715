"""The official Python client and this package in one environment: in both orders, and after uninstalling one of them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.interop.checks import Checks
from tests.interop.clients import LIMIT, PYTHON_CLIENT
from tests.interop.server import ROOT, environment

OURS, THEIRS = "buttplug-server", "buttplug"

#: What a program is told, and what the installation says of itself.
PROGRAMS = (
    "from buttplug import ButtplugClient; print('client of', ButtplugClient.__module__)",
    "from buttplug.core.installation import installation_problem; print(installation_problem())",
)

OURS_WORKS = "client of buttplug.client.client"
BESIDE = "The official client (distribution buttplug) is installed beside buttplug-server"
OVER = "ImportError: The official client (distribution buttplug) was installed over buttplug-server"
MISSING = "Files of buttplug-server are missing in"
RIDDLE = "ImportError: cannot import name 'ButtplugClient' from 'buttplug' (unknown location)"


class Environment:
    """An environment of its own."""

    def __init__(self, path: Path, wheel: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", path], check=True, timeout=LIMIT)
        self._python = path / "bin" / "python"
        self._what = {OURS: str(wheel), THEIRS: PYTHON_CLIENT}

    def pip(self, *words: str) -> None:
        command = [str(self._python), "-m", "pip", "--quiet", "--disable-pip-version-check", *words]
        subprocess.run(command, check=True, timeout=LIMIT, env=environment())

    def install(self, *names: str) -> None:
        for name in names:
            self.pip("install", self._what[name])

    def uninstall(self, *names: str) -> None:
        self.pip("uninstall", "--yes", *names)

    def says(self) -> list[str]:
        """Return the last line that each program prints, errors included."""
        lines = []
        for program in PROGRAMS:
            command = [str(self._python), "-W", "ignore", "-c", program]
            ran = subprocess.run(command, timeout=LIMIT, env=environment(), capture_output=True, text=True, cwd="/")
            lines.append((ran.stdout + ran.stderr).splitlines()[-1])
        return lines


STEPS: list[tuple[str, Callable[[Environment], None], list[str]]] = [
    ("this package after the official client", lambda env: env.install(THEIRS, OURS), [OURS_WORKS, BESIDE]),
    ("then the official one uninstalled", lambda env: env.uninstall(THEIRS), [RIDDLE, MISSING]),
    (
        "then repaired as it says",
        lambda env: env.pip("install", "--force-reinstall", "--no-deps", env._what[OURS]),
        [OURS_WORKS, "None"],
    ),
    ("then the official client over it", lambda env: env.install(THEIRS), [OVER, OVER]),
    ("then the official one uninstalled", lambda env: env.uninstall(THEIRS), [RIDDLE, MISSING]),
    ("then both", lambda env: env.install(THEIRS), [OVER, OVER]),
    ("then as the import says: both uninstalled", lambda env: env.uninstall(THEIRS, OURS), []),
    ("and this package installed", lambda env: env.install(OURS), [OURS_WORKS, "None"]),
]


def main() -> None:
    checks = Checks()
    with tempfile.TemporaryDirectory() as directory:
        build = [sys.executable, "-m", "pip", "--quiet", "wheel", "--no-deps", "--wheel-dir", directory, str(ROOT)]
        subprocess.run(build, check=True, timeout=LIMIT, env=environment())
        (wheel,) = Path(directory).glob("*.whl")
        env = Environment(Path(directory) / "environment", wheel)
        for title, step, wanted in STEPS:
            step(env)
            if wanted:
                said = env.says()
                checks.equal(title, [line[: len(text)] for line, text in zip(said, wanted, strict=True)], wanted)
    checks.exit()


if __name__ == "__main__":
    main()
