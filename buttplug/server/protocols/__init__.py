"""One module per device family: values in, bytes out. :mod:`buttplug.server.protocols.base` says how one is added."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from buttplug.server.protocols.base import Protocol

#: The ids that are spelled with an underscore, which a module name cannot tell from a hyphen.
UNDERSCORED = frozenset({"htk_bm", "pink_punch"})


@cache
def available() -> frozenset[str]:
    """Return the ids of the protocols there is a module for. None is imported."""
    names = (module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg and module.name != "base")
    return frozenset(name if name in UNDERSCORED else name.replace("_", "-") for name in names)


def load(protocol_id: str) -> type[Protocol] | None:
    """Return the class of a protocol, importing its module now if need be; None where there is no such module."""
    if protocol_id not in available():
        return None
    name = protocol_id.replace("-", "_")
    protocol: type[Protocol] = getattr(
        import_module(f"{__name__}.{name}"), "".join(part.capitalize() for part in name.split("_"))
    )
    return protocol
