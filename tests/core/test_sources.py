"""The sources of the package: nothing in them runs what comes from outside, and no input is checked by what ``-O`` drops."""

from __future__ import annotations

import ast
from pathlib import Path

import buttplug
from tests.cases import for_each

ROOT = Path(buttplug.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))
#: Modules that run what they read, and functions that do.
DANGEROUS_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle"}
DANGEROUS_FUNCTIONS = {"eval", "exec", "compile", "__import__"}


def _tells_a_type(test: ast.expr) -> bool:
    """Whether what is asserted is only what the type checker cannot see: a type, or that something is not None."""
    match test:
        case ast.Call(func=ast.Name(id="isinstance")):
            return True
        case ast.Compare(ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return True
    return False


@for_each("path", SOURCES, ids=lambda path: path.relative_to(ROOT))
def test_nothing_is_run_that_was_read_and_no_assert_checks_input(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assert):
            assert _tells_a_type(node.test), f"line {node.lineno}: raise an error where this can be false"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in DANGEROUS_FUNCTIONS, f"line {node.lineno}"
        elif isinstance(node, ast.Import):
            assert DANGEROUS_MODULES.isdisjoint(alias.name for alias in node.names), f"line {node.lineno}"
        elif isinstance(node, ast.ImportFrom):
            assert node.module not in DANGEROUS_MODULES, f"line {node.lineno}"
