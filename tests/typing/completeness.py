"""How much of the package's types a type checker knows from the wheel alone: ``python -m tests.typing.completeness``.

Every public name is to have a type that does not depend on what a type checker infers. Ends with 1 where one has not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.interop.checks import Checks
from tests.interop.clients import LIMIT
from tests.interop.server import ROOT, environment


def incomplete(directory: Path) -> list[str]:
    """Return the public names without a complete type. The directory is for an environment."""
    python = directory / "environment" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True, timeout=LIMIT)
    install = "-m pip install --quiet --disable-pip-version-check"
    # With the extra whose library has a base class of ours: types that are not there are not known.
    subprocess.run([python, *install.split(), f"{ROOT}[rest]", "pyright"], check=True, timeout=LIMIT, env=environment())
    # What it verifies is what an active environment has installed.
    active = {
        **environment(),
        "VIRTUAL_ENV": str(python.parents[1]),
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
    }
    command = [str(python), "-m", "pyright", "--verifytypes", "buttplug", "--ignoreexternal", "--outputjson"]
    ran = subprocess.run(command, timeout=LIMIT, env=active, capture_output=True, text=True, cwd=directory)
    symbols = json.loads(ran.stdout)["typeCompleteness"]["symbols"]
    if not symbols:
        raise RuntimeError(ran.stdout)
    return sorted({symbol["name"] for symbol in symbols if symbol["isExported"] and not symbol["isTypeKnown"]})


def main() -> None:
    checks = Checks()
    with tempfile.TemporaryDirectory() as directory:
        names = incomplete(Path(directory))
    checks.equal("public names without a complete type", names, [])
    checks.exit()


if __name__ == "__main__":
    main()
