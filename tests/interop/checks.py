"""One line per check, and an exit code at the end."""

from __future__ import annotations

import sys


class Checks:
    """Collects what held and what did not."""

    def __init__(self) -> None:
        self._failures = 0

    def equal(self, title: str, found: object, wanted: object) -> None:
        """Check that something is what it should be."""
        if found == wanted:
            print(f"ok    {title}")
        else:
            self._failures += 1
            print(f"FAIL  {title}\n      wanted {wanted!r}\n      found  {found!r}")

    def exit(self) -> None:
        """End the program: with 1 if a check failed."""
        sys.exit(1 if self._failures else 0)
