"""Which feature of a model an entry of a user configuration file is for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, repeat

from buttplug.server.devices.user_configuration.ids import Ids


def paired(entries: Sequence[object], ids: Ids) -> list[int | None]:
    """Return the index of the feature that each entry is for; None where there is no such feature.

    An entry's own index counts, then the id of the feature that it names, then its position among the entries: the features
    of a model in the order of their indexes.
    """
    by_position = chain(sorted(ids.features), repeat(None))
    return [_paired(entry, index, ids) for entry, index in zip(entries, by_position, strict=False)]


def _paired(entry: object, by_position: int | None, ids: Ids) -> int | None:
    if not isinstance(entry, dict):
        return by_position
    if "index" in entry:
        index = entry["index"]
        return index if type(index) is int and index in ids.features else None
    by_id = ids.index_of(entry.get("base_id"))
    return by_position if by_id is None else by_id
