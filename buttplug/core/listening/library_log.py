"""What the websocket library may say on the log: faults, and nothing of strangers."""

from __future__ import annotations

import logging
import traceback


def _is_fault(record: logging.LogRecord) -> bool:
    """Whether a record tells of a fault, and not of a stranger that could not or would not shake hands."""
    if record.msg == "opening handshake failed":
        return False
    trace = record.exc_info[2] if record.exc_info else None
    # The library stumbles over a request that it refuses and that more came with, which breaks the protocol.
    return not any(frame.f_code.co_name == "handshake" for frame, _ in traceback.walk_tb(trace))


# Below errors the library logs every request, with the token in its URL.
library_logger: logging.Logger = logging.getLogger(f"{__package__}.library")
library_logger.setLevel(logging.ERROR)
library_logger.addFilter(_is_fault)
