"""The official client in the same folder: what an import says then, in whatever order the two came."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import buttplug

PACKAGE = Path(buttplug.__file__).parent

#: What the official client's ``buttplug/__init__.py`` and its siblings come down to here.
OFFICIAL = {
    "__init__.py": (
        "__version__ = '1.0.0'\n"
        "from buttplug.client import ButtplugClient\n"
        "from buttplug.errors import ButtplugError\n"
        "__all__ = ['ButtplugClient', 'ButtplugError']\n"
    ),
    "errors.py": "class ButtplugError(Exception): pass\n",
    "client.py": "class ButtplugClient: pass\n",
    "connector.py": "",
}

REMEDY = "pip uninstall -y buttplug buttplug-server, then pip install buttplug-server"


def install_ours(folder: Path) -> None:
    """Put this package's files where pip would put them; links will do."""
    for file in PACKAGE.iterdir():
        if file.name != "__pycache__":
            (folder / file.name).unlink(missing_ok=True)
            (folder / file.name).symlink_to(file)


def install_theirs(folder: Path) -> None:
    for name, text in OFFICIAL.items():
        (folder / name).unlink(missing_ok=True)
        (folder / name).write_text(text)


def uninstall_theirs(folder: Path) -> None:
    for name in OFFICIAL:
        (folder / name).unlink()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "buttplug").mkdir()
    return tmp_path / "buttplug"


def run(folder: Path, program: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a program that finds the package in this folder."""
    # Without the module site nothing is found where this package is being worked on.
    found = os.pathsep.join((str(folder.parent), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    environment = {**os.environ, "PYTHONPATH": found, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-S", *options, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder.parent)


PROBLEM = "from buttplug.core.installation import installation_problem\nprint(installation_problem())"


def test_this_package_alone_is_fine(folder: Path) -> None:
    install_ours(folder)
    ran = run(folder, PROBLEM, "-W", "error")
    assert (ran.stdout, ran.stderr, ran.returncode) == ("None\n", "", 0)


def test_this_package_over_the_official_one_works_and_warns_of_the_trap(folder: Path) -> None:
    install_theirs(folder)
    install_ours(folder)
    ran = run(folder, f"from buttplug import ButtplugClient, ButtplugServer\n{PROBLEM}")
    assert ran.returncode == 0
    for text in (ran.stdout, ran.stderr):
        assert "is installed beside buttplug-server" in text
        assert "uninstalling the one breaks the other" in text
        assert REMEDY in text
    assert ran.stderr.count("RuntimeWarning") == 1


@pytest.mark.parametrize(
    "program", ["import buttplug", "from buttplug import ButtplugClient", "import buttplug.client", "import buttplug.server"]
)
def test_the_official_one_over_this_package_is_refused_in_words(folder: Path, program: str) -> None:
    """Half of the modules are the one's, half the other's: errors that are raised would not be those that are caught."""
    install_ours(folder)
    install_theirs(folder)
    ran = run(folder, program)
    last = ran.stderr.splitlines()[-1]
    assert ran.returncode == 1
    assert last.startswith("ImportError: The official client (distribution buttplug) was installed over buttplug-server.")
    assert REMEDY in last


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_what_an_uninstalled_official_client_leaves_can_be_told(folder: Path, first: str) -> None:
    """Its files were those of both. No code runs on ``import buttplug`` any more, but the server starts, and can say so."""
    installs = [install_ours, install_theirs] if first == "ours" else [install_theirs, install_ours]
    for install in installs:
        install(folder)
    uninstall_theirs(folder)
    ran = run(folder, f"import buttplug.server\n{PROBLEM}")
    assert ran.returncode == 0
    assert f"Files of buttplug-server are missing in {folder}" in ran.stdout
    assert "pip install --force-reinstall --no-deps buttplug-server" in ran.stdout
