"""Device nodes of Linux: the port a device is plugged into, and who may open its node.

On other systems, and for other paths, the path itself is returned, and nothing is raised.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

#: Directories of sysfs by the names of the nodes that have an entry there.
_CLASSES = (("hidraw", Path("/sys/class/hidraw")), ("event", Path("/sys/class/input")), ("js", Path("/sys/class/input")))

#: Parts of a path in sysfs that are numbered anew each time a device is plugged in: the HID core's name of a
#: device, and what is below it.
_COUNTED = re.compile(r"/([0-9A-F]{4}:[0-9A-F]{4}:[0-9A-F]{4}\.[0-9A-F]{4,}|hidraw|input)(/.*)?$")


def port_of(node: str) -> str:
    """Return what stays the same when a device is plugged into the same port again: ``/dev/hidraw3`` is just a number."""
    name = node.removeprefix("/dev/").removeprefix("input/")
    for prefix, directory in _CLASSES:
        entry = directory / name
        if name.startswith(prefix) and entry.exists():
            return _COUNTED.sub("", str(entry.resolve()))
    return node


def denied(node: str) -> bool:
    """Return whether this process may not open a node that is there."""
    return os.name == "posix" and Path(node).exists() and not os.access(node, os.R_OK | os.W_OK)


def ownership(node: str) -> str:
    """Return the node with its owner, group and mode, for people."""
    try:
        path = Path(node)
        return f"{node} (owner {path.owner()}, group {path.group()}, mode {path.stat().st_mode & 0o777:04o})"
    except (OSError, KeyError, NotImplementedError):
        return node
