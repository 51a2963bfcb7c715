"""The callbacks of a client are attributes: one that is misspelt, or no function, would never be called."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING


class CallbackAttributes:
    """Whose attributes ``on_…`` are callbacks. One that looks like a misspelt one cannot be set, nor what cannot be called.

    A class made from this one may have callbacks of its own.
    """

    # A type checker that sees this takes every attribute for one that may be set.
    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: object) -> None:
            if name.startswith("on_"):
                known = [each for each in dir(type(self)) if each.startswith("on_")]
                if name in known:
                    if value is not None and not callable(value):
                        raise TypeError(f"{name} takes a function, or None, not {value!r}")
                elif near := difflib.get_close_matches(name, known, n=1, cutoff=0.8):
                    raise AttributeError(f"{type(self).__name__} has no callback {name}; did you mean {near[0]}?")
            super().__setattr__(name, value)
