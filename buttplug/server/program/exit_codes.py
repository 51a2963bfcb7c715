"""How the program ends."""

from __future__ import annotations

OK = 0
#: A file or an address cannot be used.
FAILED = 1
#: The command line is not understood.
USAGE = 2
PORT_IN_USE = 3
#: A device did not confirm its stop.
NOT_STOPPED = 4
INTERNAL_ERROR = 70
