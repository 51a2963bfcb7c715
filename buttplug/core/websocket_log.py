"""What of the websocket library's log is logged: its faults, and not what strangers do."""

from __future__ import annotations

import logging
import traceback


def library_logger(name: str) -> logging.Logger:
    """Return a logger for the library's servers. Below errors they log every request, with the token in its URL."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.ERROR)
    logger.addFilter(_is_fault)
    return logger


def _is_fault(record: logging.LogRecord) -> bool:
    """Whether a record tells of a fault, and not of a stranger that could not or would not shake hands."""
    if record.msg == "opening handshake failed":
        return False
    trace = record.exc_info[2] if record.exc_info else None
    # The library stumbles over a request that it refuses and that more came with, which breaks the protocol.
    return not any(frame.f_code.co_name == "handshake" for frame, _ in traceback.walk_tb(trace))
