"""What docs/safety.md says is shown by tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHOWN_BY = re.findall(r"`(tests/[^`:]+)(?:::(\w+))?`", (ROOT / "docs/safety.md").read_text("utf-8"))


def test_it_names_tests() -> None:
    assert len(SHOWN_BY) > 20


@pytest.mark.parametrize(("path", "name"), sorted(set(SHOWN_BY)))
def test_each_test_is_there(path: str, name: str) -> None:
    assert (ROOT / path).exists()
    if name:
        assert re.search(rf"def {name}\b", (ROOT / path).read_text("utf-8"))
