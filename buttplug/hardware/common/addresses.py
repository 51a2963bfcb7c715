"""Addresses of devices, which people and programs spell in several ways."""

from __future__ import annotations

import re
import unicodedata
from collections import UserDict
from functools import lru_cache
from typing import TypeVar

Value = TypeVar("Value")

_BLUETOOTH_ADDRESS = re.compile("[0-9a-f]{2}(?:[:_. -]?[0-9a-f]{2}){5}")


@lru_cache(maxsize=1024)
def folded_address(address: str) -> str:
    """Return an address for comparing: in lower case, a Bluetooth address with ``:``, a port of macOS by one of its names."""
    folded = unicodedata.normalize("NFKC", address).strip().casefold()
    if _BLUETOOTH_ADDRESS.fullmatch(folded):
        return ":".join(re.findall("[0-9a-f]{2}", folded))
    return re.sub("^/dev/cu[.]", "/dev/tty.", folded)


class ByAddress(UserDict[str, Value]):
    """Something for each address, however that is spelled."""

    def __getitem__(self, address: str) -> Value:
        return super().__getitem__(folded_address(address))

    def __setitem__(self, address: str, value: Value) -> None:
        super().__setitem__(folded_address(address), value)

    def __delitem__(self, address: str) -> None:
        super().__delitem__(folded_address(address))

    def __contains__(self, address: object) -> bool:
        return isinstance(address, str) and super().__contains__(folded_address(address))
