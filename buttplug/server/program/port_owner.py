"""Who listens on a port, where the system tells it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from buttplug.core.text import escaped

#: What the kernel calls the state of a socket that listens.
_LISTENS = "0A"


def port_owner(port: int, proc: Path = Path("/proc")) -> str | None:
    """Return the name and number of the process that listens on a TCP port; None where that cannot be seen, as on other
    systems than Linux, and for the processes of other users.
    """
    sockets = {f"socket:[{inode}]" for inode in _listening(port, proc)}
    if not sockets:
        return None
    for process in proc.glob("[0-9]*"):
        try:
            if any(str(link.readlink()) in sockets for link in (process / "fd").iterdir()):
                return f"{escaped((process / 'comm').read_text().strip())}, process {process.name}"
        except OSError:
            # It has ended, or is another user's.
            continue
    return None


def _listening(port: int, proc: Path) -> Iterator[str]:
    """Return the inodes of the sockets that listen on a port."""
    for table in ("tcp", "tcp6"):
        try:
            _, *lines = (proc / "net" / table).read_text().splitlines()
        except (OSError, ValueError):
            continue
        for line in lines:
            fields = line.split()
            if int(fields[1].rpartition(":")[2], 16) == port and fields[3] == _LISTENS:
                yield fields[9]
