"""The writing of one device.

:mod:`.machine` decides what to write next: a pure state machine that is given commands, stops, the outcome of writes and the
time. It is made of :mod:`.outputs` (what the device was told), :mod:`.moves` (where its parts are), :mod:`.batches` (packets
that belong together), :mod:`.stops` (what stops the device), :mod:`.repeats` (what must be sent again) and :mod:`.faults`
(what is logged). :mod:`.pacer` is the thin loop that asks it and writes, with time limits kept by :mod:`.writer`.
"""

from buttplug.server.devices.pacing.batches import Done
from buttplug.server.devices.pacing.moves import Move
from buttplug.server.devices.pacing.pacer import Pacer
from buttplug.server.devices.pacing.slots import Limits, Slot, slot_of

__all__ = ["Done", "Limits", "Move", "Pacer", "Slot", "slot_of"]
