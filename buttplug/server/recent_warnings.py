"""Warnings that strangers cause: each is told once for as long as it is remembered, and of many different ones only some."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict

#: Warnings that are remembered.
REMEMBERED = 64
#: Warnings that are told in as many seconds; of more only the number is told.
MOST = 20
SECONDS = 10.0


class RecentWarnings:
    """Logs warnings whose number others choose."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._recent: OrderedDict[str, None] = OrderedDict()
        self._since = 0.0
        self._count = 0
        self._left_out = 0

    def warn(self, warning: str) -> None:
        """Log a warning, unless the same was logged before or there are too many at this time."""
        if warning in self._recent:
            self._recent.move_to_end(warning)
            return
        now = asyncio.get_running_loop().time()
        if now - self._since >= SECONDS:
            self._since, self._count = now, 0
        if self._count >= MOST:
            self._left_out += 1
            return
        self._count += 1
        self._recent[warning] = None
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
        left_out, self._left_out = self._left_out, 0
        self._logger.warning("%s%s", warning, f" ({left_out} other warnings like it were left out)" if left_out else "")
