"""What the websocket library may say on the log: faults, and nothing of strangers."""

from __future__ import annotations

import logging


def _only_faults(record: logging.LogRecord) -> bool:
    """Whether a record tells of a fault, and not of a stranger that could not or would not shake hands."""
    return record.msg != "opening handshake failed"


# Below errors the library logs every request, with the token in its URL.
library_logger = logging.getLogger(f"{__package__}.library")
library_logger.setLevel(logging.ERROR)
library_logger.addFilter(_only_faults)
