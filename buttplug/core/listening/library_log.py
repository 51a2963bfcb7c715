"""What the websocket library may say on the log: faults, and nothing of strangers."""

from __future__ import annotations

import logging
import traceback
from types import FrameType

from buttplug.core.log import logger_of


def _is_fault(record: logging.LogRecord) -> bool:
    """Whether a record tells of a fault, and not of a stranger that could not or would not shake hands."""
    trace = record.exc_info[2] if record.exc_info else None
    if any(_is_ours(frame) for frame, _ in traceback.walk_tb(trace)):
        return True
    if record.msg == "opening handshake failed":
        return False
    # The library stumbles over a request that it refuses and that more came with, which breaks the protocol.
    return not any(frame.f_code.co_name == "handshake" for frame, _ in traceback.walk_tb(trace))


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith(f"{__package__.partition('.')[0]}.")


# Below errors the library logs every request, with the token in its URL.
library_logger: logging.Logger = logger_of(f"{__package__}.library")
library_logger.setLevel(logging.ERROR)
library_logger.addFilter(_is_fault)
