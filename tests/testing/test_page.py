"""The tests of the page about testing and of the README, run by a pytest of their own as somebody else would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documentation import python_blocks

GAME, TESTS_OF_GAME, TESTS_IN_LOOP = python_blocks("testing.md")
(TEST_OF_README,) = [block for block in python_blocks("../README.md") if "def test_" in block]

#: Without it pytest-asyncio warns.
LOOP_SCOPE = "asyncio_default_fixture_loop_scope=function"

#: With one of them set, pytest repeats whole messages in its summary.
NAMES_OF_CI = ("CI", "BUILD_NUMBER")

pytestmark = pytest.mark.real_time


def write(directory: Path) -> None:
    """Write the page's files."""
    (directory / "game.py").write_text(GAME)
    (directory / "test_game.py").write_text(TESTS_OF_GAME)
    (directory / "test_in_loop.py").write_text(TESTS_IN_LOOP)
    (directory / "test_readme.py").write_text(TEST_OF_README)


def run(directory: Path, *words: str) -> str:
    """Run pytest there, and return what it prints."""
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-o", LOOP_SCOPE, *words]
    env = {name: value for name, value in os.environ.items() if name not in NAMES_OF_CI}
    ran = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=60, check=False, env=env)
    return ran.stdout + ran.stderr


def test_all_tests_of_the_page_pass(tmp_path: Path) -> None:
    write(tmp_path)
    assert "8 passed" in run(tmp_path, "-p", "no:cacheprovider")


def test_the_tests_of_the_page_can_fail(tmp_path: Path) -> None:
    write(tmp_path)
    game = tmp_path / "game.py"
    game.write_text(GAME.replace("damage / 50", "damage / 25").replace("self.client.stop_all_devices()", "pass"))
    printed = run(tmp_path, "-p", "no:cacheprovider", "test_game.py")
    failed = [line.partition("::")[2].partition(" ")[0] for line in printed.splitlines() if line.startswith("FAILED")]
    assert failed == [
        "test_a_hit_rumbles_as_hard_as_it_hurts",
        "test_nothing_rumbles_on_when_the_game_is_over",
        "test_all_toys_rumble",
    ]


MISTAKES = """
import pytest

def test_sync_with_client(buttplug_client): pass
def test_sync_with_clock(buttplug_clock): pass
@pytest.mark.asyncio
async def test_clock_with_url(buttplug_clock, buttplug_url): pass
@pytest.mark.asyncio
async def test_client_with_url(buttplug_client, buttplug_url): pass
@pytest.mark.buttplug("Lovense Norra")
def test_no_such_model(buttplug_url): pass
@pytest.mark.buttplug
def test_no_model(buttplug_url): pass
@pytest.mark.buttplug(["Lovense Nora", "Lovense Edge"])
def test_a_list_of_models(buttplug_url): pass
"""


def test_fixtures_that_do_not_fit_say_which_do(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(MISTAKES)
    printed = run(tmp_path)
    assert "7 errors" in printed
    assert printed.count('takes the names of models: @pytest.mark.buttplug("Lovense Nora", "The Handy")') >= 2
    assert printed.count("for others there are buttplug_url and buttplug_sync_client") == 2
    assert "buttplug_url is in real time" in printed
    assert "use one or the other" in printed
    assert "Lovense Nora" in printed


def test_the_plugin_costs_other_peoples_tests_nothing() -> None:
    program = (
        "import sys, buttplug.testing.plugin\n"
        "print([name for name in sys.modules if name.startswith(('buttplug.client', 'buttplug.server', 'buttplug.hardware'))])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
