"""What stops a device: gentle, and output by output."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import partial

from msgspec import structs

from buttplug.core.enums import OutputType
from buttplug.core.log import logger_of
from buttplug.hardware.base import Packet
from buttplug.server.devices.pacing.batches import Done
from buttplug.server.devices.pacing.moves import Moves
from buttplug.server.devices.pacing.outputs import Outputs
from buttplug.server.devices.pacing.slots import Limits, Slot, parts_first
from buttplug.server.devices.pacing.stop_batch import StopBatch
from buttplug.server.protocols.base import Output, Protocol

logger: logging.Logger = logger_of(__name__)

#: Milliseconds in which a part that knows no halt is told to be where it is estimated to be now: the estimate may be off by
#: what a move covers until its packet arrives, and that way is not to be gone any faster than before. Which it would be from a
#: packet that is written later than that.
HALT_TIME = 200


def begin_stop(
    protocol: Protocol, slots: set[Slot], dones: list[Done], outputs: Outputs, moves: Moves, limits: Limits, now: float
) -> StopBatch:
    """Return the packets that stop outputs, and note what these are told."""
    outputs.begin_stop(slots)
    stopped = stop_outputs(slots, outputs, moves, limits, now, halts=protocol.halts)
    outputs.note(stopped)
    packets, failure = stop_packets(protocol, list(stopped.values()), outputs.values)
    slower = None
    if any(output.start is not None for output in stopped.values()):
        slower = partial(_stop_slower, protocol, stopped, outputs, limits)
    return StopBatch(slots, stopped, packets, dones, failure, protocol, slower=slower, slower_after=now + HALT_TIME / 1000)


def _stop_slower(
    protocol: Protocol, stopped: Mapping[Slot, Output], outputs: Outputs, limits: Limits
) -> tuple[Mapping[Slot, Output], Sequence[Packet]]:
    """Return the same stop with parts that go to where they were, if they are not there, in the longest time they take."""
    slower = {
        slot: output
        if output.start is None
        else structs.replace(output, duration=limits.durations.get(slot[0], (0, 0))[1], start=None)
        for slot, output in stopped.items()
    }
    return slower, stop_packets(protocol, list(slower.values()), outputs.values)[0]


def stop_outputs(
    slots: Set[Slot], outputs: Outputs, moves: Moves, limits: Limits, now: float, *, halts: bool
) -> dict[Slot, Output]:
    """Return a zero for every level, and for every part that may be moving what ends its move.

    For a part whose place is known that is this place. Else it is the target that it is on its way to, in the longest time
    that the device takes: it goes no further, and slower. ``halts``: the device knows a halt, so that a stop of everything
    includes parts of which nothing is known; and with them those at rest, for one halt may be for all.
    """
    everything = slots >= limits.values.keys()
    ordered = sorted(sorted(slots), key=parts_first)
    stopped = {slot: _stop_output(slot, outputs, moves, limits, now, halts=halts, everything=everything) for slot in ordered}
    if halts and everything and any(output is not None for (_, type_), output in stopped.items() if type_.is_position):
        for slot, output in stopped.items():
            stopped[slot] = output or _resting(slot, outputs, moves, limits, now)
    return {slot: output for slot, output in stopped.items() if output is not None}


def _stop_output(
    slot: Slot, outputs: Outputs, moves: Moves, limits: Limits, now: float, *, halts: bool, everything: bool
) -> Output | None:
    feature, type_ = slot
    if not type_.is_position:
        return Output(feature, type_, 0)
    shortest, longest = limits.durations.get(feature, (0, 0))
    kind = _kind(feature, limits)
    move = moves.under_way(feature, now)
    if move is None:
        unknown = halts and everything and moves.place(feature, now) is None
        return Output(feature, kind, outputs.inside(slot, outputs.values[feature]), longest) if unknown else None
    place = move.place(now)
    if place is None:
        if not halts and kind is OutputType.POSITION:
            return None  # It can be told nothing but to go there as fast as it can.
        return Output(feature, kind, outputs.inside(slot, move.target), longest)
    inside = outputs.inside(slot, place)
    # Outside limits that were set meanwhile it has a way to go, which nobody asked for.
    duration = min(max(HALT_TIME, shortest), longest) if inside == place else longest
    return Output(feature, kind, inside, duration, start=place)


def _resting(slot: Slot, outputs: Outputs, moves: Moves, limits: Limits, now: float) -> Output:
    """Return what tells a part at rest to be where it is."""
    feature, place = slot[0], moves.place(slot[0], now)
    longest = limits.durations.get(feature, (0, 0))[1]
    return Output(feature, _kind(feature, limits), outputs.inside(slot, place or 0), longest, start=place)


def _kind(feature: int, limits: Limits) -> OutputType:
    return OutputType.POSITION_WITH_DURATION if feature in limits.durations else OutputType.POSITION


def stop_packets(protocol: Protocol, stopped: list[Output], values: Mapping[int, int]) -> tuple[list[Packet], str | None]:
    """Return the packets of a stop, and why some output has none.

    Where the protocol cannot make them together, each output is stopped by itself.
    """
    try:
        return list(protocol.stop(stopped, values)), None
    except Exception as error:  # noqa: BLE001 then the outputs are stopped one by one
        logger.debug("%s: no packets could be made for a stop of everything at once: %r", protocol.name, error)
    packets: list[Packet] = []
    failure = None
    for output in stopped:
        try:
            packets += protocol.stop([output], values)
        except Exception as error:  # noqa: BLE001 the others are to be stopped all the same
            failure = f"no packet could be made to stop {output.type} of feature {output.feature}: {error}"
    return list(_without_repetitions(packets)), failure


def _without_repetitions(packets: Iterable[Packet]) -> Iterator[Packet]:
    """Leave out packets that equal the one before: outputs that share a packet each made it."""
    last = None
    for packet in packets:
        if packet != last:
            yield packet
        last = packet
