"""``python -m buttplug.docs``: the guide for who has only the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from buttplug import docs

DOCS = Path(__file__).parents[1] / "docs"


def test_without_a_name_it_lists_every_page_with_its_title(capsys: pytest.CaptureFixture[str]) -> None:
    assert docs.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split(maxsplit=1) == ["index", "Buttplug for Python"]
    assert lines[1].split(maxsplit=1) == ["guide/first-steps", "First steps"]
    listed = {line.split()[0] for line in lines}
    written = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")}
    assert listed == {name for name in written if not name.startswith("reference/")}


@pytest.mark.parametrize("name", ["guide/outputs", "outputs", "Outputs", "guide/outputs.md", "docs/guide/outputs.md"])
def test_a_page_is_printed_by_its_name_without_what_is_for_its_tests(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert docs.main([name]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("# Outputs\n\n|")
    assert "position(place, duration=" in printed
    assert "<!--" not in printed


def test_a_page_that_is_not_there_is_told_with_those_like_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert docs.main(["funscript"]) == 2
    assert capsys.readouterr().err == "python -m buttplug.docs: there is no page funscript; did you mean funscripts?\n"
    assert docs.main(["xyzzy"]) == 2
    assert "without a name all are listed" in capsys.readouterr().err
