"""Warnings that strangers cause: what is the same is told once in a while, and of many different ones only some are told."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict

#: Warnings that are remembered, and seconds after which one of them is told again.
REMEMBERED = 64
AGAIN_AFTER = 600.0
#: Warnings that are told in as many seconds; of more only the number is told.
MOST = 20
SECONDS = 10.0


class RecentWarnings:
    """Logs warnings whose number others choose."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._recent: OrderedDict[str, float] = OrderedDict()
        self._since = 0.0
        self._count = 0
        self._left_out = 0

    def warn(self, warning: str) -> None:
        """Log a warning, unless the same was logged not long ago or there are too many at this time."""
        now = asyncio.get_running_loop().time()
        if now < self._recent.get(warning, -AGAIN_AFTER) + AGAIN_AFTER:
            return
        if now - self._since >= SECONDS:
            self._since, self._count = now, 0
        if self._count >= MOST:
            self._left_out += 1
            return
        self._count += 1
        self._recent[warning] = now
        self._recent.move_to_end(warning)
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
        left_out, self._left_out = self._left_out, 0
        self._logger.warning("%s%s", warning, f" ({left_out} other warnings like it were left out)" if left_out else "")
