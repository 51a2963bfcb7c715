"""What is written for the outputs that are wanted: those whose values the device does not surely have."""

from __future__ import annotations

from buttplug.server.devices.pacing.batches import CommandBatch, Wanted
from buttplug.server.devices.pacing.moves import Moves
from buttplug.server.devices.pacing.outputs import Outputs
from buttplug.server.devices.pacing.slots import Slot, parts_first
from buttplug.server.protocols.base import Protocol


def begin_commands(
    wanted: dict[Slot, Wanted], outputs: Outputs, moves: Moves | None, protocol: Protocol, now: float
) -> CommandBatch:
    """Return the batch for outputs that are wanted. ``moves`` is None where the device has no part that moves."""
    told, unsure = outputs.told, outputs.unsure
    changed = {}
    # A comprehension would cost more than the rest of this: it is for every command.
    for slot, want in wanted.items():
        if slot in unsure or told.get(slot) != want.output:
            changed[slot] = want.output
    if moves is not None:
        changed = {slot: moves.started(output, now) for slot, output in changed.items()}
    if len(changed) > 1:
        changed = {slot: changed[slot] for slot in sorted(changed, key=parts_first)}
    return CommandBatch(wanted, changed, outputs.begin(changed), protocol)
