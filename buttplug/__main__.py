"""``python -m buttplug``: find devices and try them, by hand."""

from __future__ import annotations

import sys

from buttplug.console.main import main

if __name__ == "__main__":
    sys.exit(main())
