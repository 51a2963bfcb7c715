"""The command line of the server.

Options are spelled out, ``--option value`` or ``--option=value``; of one given twice the last counts, with a warning. Each can
be set by an environment variable too, ``BUTTPLUG_WS_PORT`` for ``--ws-port``; the command line wins.
"""

from buttplug.server.program.options.options import Options, parse

__all__ = ["Options", "parse"]
