"""The README knows every option and every bus of the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from buttplug.hardware.registry import BUSES, Bus
from buttplug.server.program.options import parse

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_every_option_is_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    options = set(re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
    assert options
    assert {option for option in options if f"`{option}" not in README} == set()


@pytest.mark.parametrize("bus", BUSES, ids=lambda bus: bus.option)
def test_every_bus_is_in_the_table_of_buses(bus: Bus) -> None:
    assert f"`--use-{bus.option}`" in README
