"""Makes a schedule that breaks a rule as short as it can be, and prints it as a script."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.simulation.schedule import Step

#: Schedules to play at the most.
MOST_TRIES = 600


def shrink(steps: Sequence[Step], breaks: Callable[[Sequence[Step]], bool]) -> list[Step]:
    """Return steps that still break the same rule: none of them can be left out, and few wait without need."""
    tries = 0

    def still(candidate: Sequence[Step]) -> bool:
        nonlocal tries
        tries += 1
        return tries <= MOST_TRIES and breaks(candidate)

    shortest = list(steps)
    size = max(len(shortest) // 2, 1)
    while True:
        before = len(shortest)
        start = 0
        while start < len(shortest):
            candidate = shortest[:start] + shortest[start + size :]
            if still(candidate):
                shortest = candidate
            else:
                start += size
        if size == 1 and len(shortest) == before:
            break
        size = max(size // 2, 1)
    for position, (pause, *rest) in enumerate(shortest):
        candidate = [*shortest[:position], (0.0, *rest), *shortest[position + 1 :]]
        if pause and still(candidate):
            shortest = candidate
    return shortest


def script(steps: Sequence[Step], seed: int) -> str:
    """Return a program that plays these steps, says which rule they break, and what happened."""
    lines = "\n".join(f"    {step!r}," for step in steps)
    return f"""from tests.simulation.__main__ import replay

replay(seed={seed}, steps=[
{lines}
])
"""
