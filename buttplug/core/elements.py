"""The elements of the arrays in a frame, found by their brackets and strings alone.

What is inside of an element does not matter, so that one that is not JSON costs none of the others.
"""

from __future__ import annotations

import re
from collections.abc import Generator

#: Brackets, commas and strings that are looked at before others get their turn; and those that a frame may have for each
#: message that may be in it. An OutputCmd has 19.
STEP = 256
TOKENS = 32

_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},"]', re.DOTALL)
_SPACE = " \t\n\r"
_CLOSERS = {"[": "]", "{": "}"}


def split(text: str, limit: int) -> Generator[None, None, list[str]]:
    """Return the text of each element of each array, in steps: it yields whenever it has used some time.

    Raises:
        ValueError: The frame is not one array after the other, each with its elements between commas; or there are more than
            ``limit`` of either, or far more in them than as many messages have. The message says what is wrong.
    """
    elements: list[str] = []
    closers: list[str] = []
    arrays = 0
    #: Where the array's next element begins, or what is between two arrays.
    start = 0
    is_first = True
    for count, match in enumerate(_TOKEN.finditer(text)):
        if count % STEP == STEP - 1:
            if count > TOKENS * limit:
                raise ValueError("there is far more in it than messages have")
            yield
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
        elif token == '"':
            raise ValueError("a string in it has no end")
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
        raise ValueError(f'it ends before a "{closers[-1]}"')
    if not arrays or text[start:].strip(_SPACE):
        raise ValueError("it is no array")
    return elements


class TooManyElementsError(ValueError):
    """There are more elements than a frame may have."""
