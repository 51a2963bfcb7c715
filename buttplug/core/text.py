"""Text from outside, made fit for a line of a log or of an error message."""

from __future__ import annotations

#: Characters of a name, an origin or a word that are kept.
KEPT = 64


def printable(text: str, length: int = KEPT) -> str:
    """Return the beginning of a text, with a ``?`` for each character that is not printable.

    Control characters, line ends, escape sequences, marks that change the direction of writing, and halves of surrogate pairs
    are such: with them a stranger could forge lines of a log, or change what a terminal shows.
    """
    beginning = text[:length]
    if beginning.isprintable():
        return beginning
    return "".join(character if character.isprintable() else "?" for character in beginning)


def escaped(text: str) -> str:
    r"""Return a text with everything that is not printable escaped: ``\x1b``, ``\n``, ``\u202e``.

    What stays can neither begin a new line nor command a terminal, nor change the direction of what stands beside it.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii") for character in text
    )
