"""What decoding JSON that others wrote may raise."""

from __future__ import annotations

import msgspec

#: It is no JSON or has other fields; it is no UTF-8, which shows only where text is looked into; it is nested too deeply.
UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
