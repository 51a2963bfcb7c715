"""``python -m buttplug.server``: the server as a program of its own."""

from __future__ import annotations

import sys

from buttplug.server.program.main import main

if __name__ == "__main__":
    sys.exit(main())
