"""Why a device refused or failed, read from what a server answers.

A server's error has a code, which says only that it is about a device, and a text for people. What else can be known: what was
asked, and the words that servers use. Those of this package's server are its own; the Rust engine (release 5.0) sends the
names of its error types as JSON, listed in the table of errors of the message specification.
"""

from __future__ import annotations

import re

from buttplug.core.errors import DeviceErrorReason
from buttplug.core.messages import ClientMessage, InputCmd

_Reason = DeviceErrorReason

#: The first that is found in the text counts.
_WORDS: tuple[tuple[re.Pattern[str], DeviceErrorReason], ...] = tuple(
    (re.compile(words, re.IGNORECASE), reason)
    for words, reason in (
        # The names of the engine
        (r"\bDeviceNotAvailable\b|\bDeviceNotConnected\b", _Reason.GONE),
        (r"\bDeviceFeatureIndexError\b", _Reason.NO_SUCH_FEATURE),
        (r"\bDeviceStepRangeError\b|\bDeviceCommandSignError\b", _Reason.OUT_OF_RANGE),
        # The words of this package's server
        (r"\bthere is no feature\b", _Reason.NO_SUCH_FEATURE),
        (r"\bthere is no \S+ output\b|\bis no output type\b|\bis disabled in\b", _Reason.NO_SUCH_OUTPUT),
        (r"\bthere is no \S+ input\b|\bis no input type\b", _Reason.NO_SUCH_INPUT),
        (r"\bdoes not know (Read|Subscribe|Unsubscribe)\b", _Reason.NO_SUCH_INPUT),
        (r"\bvalue -?\d+ is outside\b", _Reason.OUT_OF_RANGE),
        (
            r"\bwithin [\d.]+ m?s\b|\bdid not (answer|tell)\b|\bsent nothing for\b|\bin time\b|\btime(d |-)?out\b",
            _Reason.TIMED_OUT,
        ),
        (r"\b(is|was) (not connected|no longer connected|disconnected|gone|lost)\b|\bis out of range\b", _Reason.GONE),
    )
)
#: The engine's names for "it cannot", whatever was asked.
_NOT_SUPPORTED = re.compile(r"\b(MessageNotSupported|UnhandledCommand)\b")


def reason_of(text: str, request: ClientMessage) -> DeviceErrorReason:
    """Return the reason for the text of a device error, which is the answer to a request."""
    about_input = isinstance(request, InputCmd)
    for words, reason in _WORDS:
        if words.search(text):
            return reason
    if _NOT_SUPPORTED.search(text):
        return _Reason.NO_SUCH_INPUT if about_input else _Reason.NO_SUCH_OUTPUT
    return _Reason.READ_FAILED if about_input else _Reason.WRITE_FAILED
