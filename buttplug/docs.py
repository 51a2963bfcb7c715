"""The guide as text: ``python -m buttplug.docs`` lists its pages, ``python -m buttplug.docs settings`` prints one of them."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

#: Made by a generator from docstrings, which ``help()`` shows.
LEFT_OUT = "reference"
#: What is listed first.
FIRST = ("index", "guide/first-steps")
#: What is for the tests of a page.
COMMENT = re.compile(r"^<!--.*?-->\n+", re.MULTILINE | re.DOTALL)


def pages() -> dict[str, Path]:
    """Return the pages by their names, such as ``settings`` and ``guide/outputs``."""
    package = Path(__file__).parent
    inside = package / "pages"
    folder = inside if inside.is_dir() else package.parent / "docs"
    found = {path.relative_to(folder).with_suffix("").as_posix(): path for path in folder.rglob("*.md")}
    names = sorted(found, key=lambda name: (not name.startswith("guide/"), name))
    order = [*FIRST, *(name for name in names if name not in FIRST and not name.startswith(LEFT_OUT))]
    return {name: found[name] for name in order}


def find(name: str) -> Path:
    """Return a page by its name, or by the last part of it.

    Raises:
        LookupError: There is no such page; the text has those that may be meant.
    """
    known = pages()
    wanted = name.casefold().removesuffix(".md").removeprefix("docs/")
    matching = [each for each in known if each == wanted] or [each for each in known if each.endswith(f"/{wanted}")]
    if matching:
        return known[matching[0]]
    near = [each for each in known if wanted in each] or difflib.get_close_matches(wanted, known)
    raise LookupError(
        f"there is no page {name}" + (f"; did you mean {', '.join(near)}?" if near else "; without a name all are listed")
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """List the pages, or print those that are named; return the exit code."""
    names = sys.argv[1:] if arguments is None else arguments
    if any(name.startswith("-") for name in names):
        _write("usage: python -m buttplug.docs [PAGE …]\n\nPrints pages of the guide; without a name it lists them.\n")
        return 0
    try:
        found = [find(name) for name in names]
    except LookupError as error:
        sys.stderr.write(f"python -m buttplug.docs: {error.args[0]}\n")
        return 2
    if found:
        _write("\n\n".join(COMMENT.sub("", path.read_text(encoding="utf-8")) for path in found))
    else:
        width = max(map(len, pages()))
        _write("".join(f"{name:<{width}}  {_title(path)}\n" for name, path in pages().items()))
    return 0


def _title(path: Path) -> str:
    first, _, _ = path.read_text(encoding="utf-8").partition("\n")
    return first.removeprefix("# ")


def _write(text: str) -> None:
    # A console may not have every letter, and whoever reads by `head` or `less` may have read enough.
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
