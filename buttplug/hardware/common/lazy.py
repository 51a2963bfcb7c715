"""Packages whose parts are imported when they are used first."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module


def import_on_use(package: str, **modules: str) -> Callable[[str], object]:
    """Return the ``__getattr__`` of a package: ``modules`` has the module in it that defines each name."""

    def get(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{modules[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return get
