"""What is distributed has all that its pages name."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SDIST = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]


def named_files(page: Path) -> set[Path]:
    """Return the files of this repository that a page links to, or has run as modules or scripts."""
    text = page.read_text()
    links = {page.parent / link for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)}
    modules = set()
    for name in re.findall(r"python -m ([a-z_.]+)", text):
        path = ROOT / name.replace(".", "/")
        if (ROOT / path.relative_to(ROOT).parts[0]).is_dir():
            modules.add(path if path.is_dir() else path.with_suffix(".py"))
    scripts = {ROOT / name for name in re.findall(r"\b((?:examples|tests)/\w+(?:\.py)?)\b", text)}
    return links | modules | scripts


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_is_there_and_in_the_source_distribution(page: Path) -> None:
    for path in named_files(page):
        assert path.exists(), f"{page.name} names {path}"
        assert path.resolve().relative_to(ROOT).parts[0] in SDIST, f"{path} is not in the source distribution"


def test_pytest_finds_the_plugin_and_is_not_needed_to_run() -> None:
    assert PROJECT["project"]["entry-points"]["pytest11"] == {"buttplug": "buttplug.testing.plugin"}
    assert not [name for name in PROJECT["project"]["dependencies"] if name.startswith("pytest")]
