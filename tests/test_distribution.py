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
    scripts = {ROOT / name for name in re.findall(r"\b((?:examples|tests|docs)/[\w/-]+(?:\.\w+)?)\b", text)}
    return links | modules | scripts


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_is_there_and_in_the_source_distribution(page: Path) -> None:
    for path in named_files(page):
        assert path.exists(), f"{page.name} names {path}"
        assert path.resolve().relative_to(ROOT).parts[0] in SDIST, f"{path} is not in the source distribution"


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"], ids=lambda page: page.name)
def test_where_a_command_differs_on_windows_the_page_has_that_too(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for command, on_windows in (
        (".venv/bin/", ".venv\\Scripts\\"),
        ("python3 -m venv", "py -m venv"),
        ("sh tests/run", "-m pytest"),
    ):
        assert command not in text or on_windows in text, command


def test_pytest_finds_the_plugin_and_is_not_needed_to_run() -> None:
    assert PROJECT["project"]["entry-points"]["pytest11"] == {"buttplug": "buttplug.testing.plugin"}
    assert not [name for name in PROJECT["project"]["dependencies"] if name.startswith("pytest")]


# What an index shows is the README alone: a link to a file beside it leads nowhere there.

README = (ROOT / "README.md").read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_every_link_of_the_readme_leads_somewhere_wherever_it_is_read() -> None:
    links = re.findall(r"\]\(([^)\s]+)[^)]*\)|^\[[^\]]+\]: *(\S+)|(?:href|src)=\"([^\"]+)", README, re.MULTILINE)
    targets = ["".join(link) for link in links]
    assert targets
    for target in targets:
        assert target.startswith("https://") or target.removeprefix("#") in anchors(README), target


def test_the_metadata_has_no_address_but_that_of_the_protocol() -> None:
    assert PROJECT["project"]["urls"] == {"Buttplug": "https://buttplug.io"}
    assert "](https://buttplug.io)" in README


def test_the_readme_names_no_page_that_the_guide_has_not() -> None:
    from buttplug.docs import pages

    rows = README.partition("| page | about |\n|---|---|\n")[2].partition("\n\n")[0].splitlines()
    table = " ".join(row.split("|")[1] for row in rows)
    named = set(re.findall(r"`([\w-]+)`", table)) | set(re.findall(r"the page `([\w-]+)`", README, re.IGNORECASE))
    assert len(named) >= 10
    assert named <= set(pages())


def test_the_wheel_has_every_page_of_the_guide() -> None:
    included = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    for path in (ROOT / "docs").rglob("*.md"):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith("docs/reference/"):
            assert any(name == each or name.startswith(f"{each}/") for each in included), name
    for source, target in included.items():
        assert (ROOT / source).exists()
        assert target == f"buttplug/{source.replace('docs/', 'pages/')}"
