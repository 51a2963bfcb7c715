"""The elements of the arrays in a frame, found by their brackets and strings alone.

What is inside of an element does not matter, so that one that is not JSON costs none of the others.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

#: Characters that are looked at before others get their turn; and such pieces that a frame may have with nothing in them but
#: blanks and the like.
PIECE = 512
BLANK_PIECES = 128
#: Brackets, commas and strings that a frame may have for each message that may be in it. An OutputCmd has 19.
TOKENS = 32

_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},"]', re.DOTALL)
#: What may follow in a string, up to its end.
_IN_STRING = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL)
_SPACE = " \t\n\r"
_CLOSERS = {"[": "]", "{": "}"}


def split(text: str, limit: int, elements: list[str]) -> Iterator[None]:
    """Add the text of each element of each array to ``elements``, in steps: it yields whenever it has used some time.

    Raises:
        ValueError: The frame is not one array after the other, each with its elements between commas; or there are more than
            ``limit`` of either, or far more in them than as many messages have. The message says what is wrong, and the
            elements before that are there.
    """
    closers: list[str] = []
    arrays = 0
    #: Where the array's next element begins, or what is between two arrays.
    start = 0
    is_first = True
    left = TOKENS * limit
    for match in _tokens(text):
        if match is None:
            if left < 0:
                raise ValueError(_FAR_MORE)
            yield
            continue
        left -= 1
        token = match[0]
        if closer := _CLOSERS.get(token):
            if not closers:
                if token == "{" or text[start : match.start()].strip(_SPACE):
                    raise ValueError("it is no array")
                if arrays == limit:
                    raise ValueError(f"it has more than {limit} of them")
                arrays += 1
                start, is_first = match.end(), True
            closers.append(closer)
        elif not closers:
            raise ValueError("it is no array")
        elif token[0] == '"' or (token == "," and len(closers) > 1):
            continue
        else:
            if token != "," and closers.pop() != token:
                raise ValueError(f'a "{token}" in it closes nothing')
            if len(closers) > (token == ","):
                continue
            element = text[start : match.start()].strip(_SPACE)
            if element:
                if len(elements) == limit:
                    raise TooManyElementsError
                elements.append(element)
            elif token == "," or not is_first:
                raise ValueError("a message is missing between two commas or at the end")
            start, is_first = match.end(), False
    if closers:
        if len(closers) == 1 and (element := text[start:].strip(_SPACE)) and len(elements) < limit:
            elements.append(element)
        raise ValueError(f'it ends before a "{closers[-1]}"')
    if not arrays or text[start:].strip(_SPACE):
        raise ValueError("it is no array")


def _tokens(text: str) -> Iterator[re.Match[str] | None]:
    """Go through the brackets, commas and strings, without strings of several pieces; None stands for the end of a piece.

    Raises:
        ValueError: A string has no end, or there are too many pieces with nothing in them.
    """
    position = blank = 0
    while position < len(text):
        end = position + PIECE
        match = None
        for match in _TOKEN.finditer(text, position, end):
            if match[0] == '"':
                end = yield from _end_of_string(text, match.end())
                break
            yield match
        if match is None:
            blank += 1
            if blank > BLANK_PIECES:
                raise ValueError(_FAR_MORE)
        position = end
        yield None


def _end_of_string(text: str, position: int) -> Generator[None, None, int]:
    """Return where a string ends that began in this piece and does not end in it."""
    while True:
        found = _IN_STRING.match(text, position, position + PIECE)
        assert found is not None
        if text[found.end() : found.end() + 1] == '"':
            return found.end() + 1
        if found.end() == position:
            raise ValueError("a string in it has no end")
        position = found.end()
        yield


_FAR_MORE = "there is far more in it than messages have"


class TooManyElementsError(ValueError):
    """There are more elements than a frame may have."""
