"""Whether this package is whole: the official client, the distribution ``buttplug``, has the same import name.

Both distributions install into one folder, and pip does not keep them apart (tried with its release 1.0.0):

- The official client first, this package after it: every file is this package's. It works, until the other is uninstalled.
- This package first, the official client after it: ``buttplug/__init__.py``, ``errors.py`` and others are the official ones,
  ``buttplug.client`` is this package's. What is raised is then not what a program catches.
- Uninstalling the official client after either takes ``buttplug/__init__.py`` along: ``import buttplug`` gives an empty
  namespace, and every name in it is missing. No code of this package runs then unless a module inside is imported.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType

#: The distribution of this package, and the mark of its ``buttplug/__init__.py``.
DISTRIBUTION = "buttplug-server"

_REMEDY = (
    "The two cannot be installed together. To use this one: pip uninstall -y buttplug buttplug-server, then "
    "pip install buttplug-server. It has all that the official client has."
)
_REINSTALL = "To repair it: pip install --force-reinstall --no-deps buttplug-server"
#: A module that the official client has and this package has not.
_OFFICIAL_MODULE = "buttplug.connector"


def installation_problem() -> str | None:
    """Return what is wrong with the installation and what to do about it, None when nothing is. It is found out anew."""
    package = sys.modules["buttplug"]
    if package.__file__ is None:
        return (
            f"Files of {DISTRIBUTION} are missing in {' and '.join(package.__path__)}, so that programs find no name in "
            f"buttplug: the official client was uninstalled, and took them along. {_REINSTALL}"
        )
    if _is_other(package):
        return f"The official client (distribution buttplug) was installed over {DISTRIBUTION}. {_REMEDY}"
    if find_spec(_OFFICIAL_MODULE) is not None:
        return (
            f"The official client (distribution buttplug) is installed beside {DISTRIBUTION}, in the same place. It works, "
            f"but uninstalling the one breaks the other. {_REMEDY}"
        )
    return None


def refuse_other_package() -> None:
    """End the import when ``buttplug/__init__.py`` is not this package's.

    Raises:
        ImportError: It is not; the text says what to do.
    """
    package = sys.modules["buttplug"]
    if package.__file__ is not None and _is_other(package):
        raise ImportError(installation_problem())


def _is_other(package: ModuleType) -> bool:
    return getattr(package, "__distribution__", None) != DISTRIBUTION
