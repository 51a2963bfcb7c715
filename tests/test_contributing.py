"""What CONTRIBUTING.md shows is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cases import for_each

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")

#: What is shown of a file, all of it or a part.
SHOWN = re.findall(r"<!-- (file|from): (\S+) -->\n```\w+\n(.*?)```\n", PAGE, re.DOTALL)

#: Paths in running text, those of the example that is any bus left out, and names of modules without their folder.
PATHS = sorted(set(re.findall(r"(?:buttplug|tests|docs|device-config)/[\w./-]*\w", PAGE)))


@pytest.mark.parametrize(("how", "path", "text"), SHOWN)
def test_what_is_shown_is_in_the_file(how: str, path: str, text: str) -> None:
    content = (ROOT / path).read_text("utf-8")
    assert text in content if how == "from" else text == content


def test_a_whole_family_is_shown() -> None:
    whole = {path for how, path, _ in SHOWN if how == "file"}
    assert {
        "device-config/meese.json",
        "buttplug/server/protocols/meese.py",
        "tests/server/protocols/test_meese.py",
    } <= whole


@for_each("path", PATHS)
def test_every_path_is_there(path: str) -> None:
    assert (ROOT / path).exists()
