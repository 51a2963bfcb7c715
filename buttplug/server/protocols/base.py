"""What device families share, and how one is added.

A family is one module here, named as its protocol id with ``-`` as ``_``, and one class in it, a :class:`Protocol` named as
the id in CapWords (``nexus-revo``: ``nexus_revo.NexusRevo``). Its facts are ``device-config/<id>.json``. The module is
imported when the first such device connects. Its docstring shows the packet as a byte table; what differs between models is
a table; what several families have in common is in ``shared``.

Encoding is pure. The class is given values in device units, inside the definition's ranges, user limits applied, and returns
packets. It has no task, no clock, and no part in pacing: the pacer calls it at the moment of sending. Pick what fits:

- a packet per feature: :meth:`Protocol.output`;
- one packet with all values: :meth:`Protocol.encode` (``bytes(values.values())`` is often all there is to it);
- what a hand-shake needs: :meth:`Protocol.identify` and :meth:`Protocol.initialise`, small coroutines over the hardware;
- packets that must be repeated, or sent in steps: set ``repeat_after``, and :meth:`Protocol.repeat` if it is not the last one;
- a halt for timed moves: :meth:`Protocol.stop`;
- sensors: :meth:`Protocol.read`, :meth:`Protocol.subscribe`, :meth:`Protocol.unsubscribe` and :meth:`Protocol.notified`.

Every method that returns packets may be a generator. It then goes on after a ``yield`` only when that packet was written, so
what the device is known to have been told (a position, a direction) is stored behind the ``yield``.

A family whose devices answer a hand-shake has a second module in ``peers``: the device's side of it, for simulated devices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import ClassVar

from msgspec import Struct

from buttplug.core.enums import InputType, OutputType
from buttplug.core.errors import ButtplugDeviceError
from buttplug.core.messages import Range
from buttplug.hardware.base import Hardware, Packet
from buttplug.server.devices.definition import DeviceDefinition

__all__ = ["Hardware", "InputType", "Output", "OutputType", "Packet", "Protocol", "Reading"]


class Output(Struct, frozen=True, gc=False):
    """A value for one output, in device units.

    ``duration`` is in milliseconds and counts for timed positions only. ``start`` counts for positions: where the part is
    estimated to be when it sets out, None where that is not known.
    """

    feature: int
    type: OutputType
    value: int
    duration: int = 0
    start: int | None = None


class Reading(Struct, frozen=True):
    """A value a sensor reported."""

    feature: int
    type: InputType
    value: int


class Protocol:
    """The protocol of one connected device.

    ``values`` everywhere below: every feature that has an output, in index order, with the value it has, changes included.
    Where nothing was sent yet this is 0, for a position the lowest place it may have.
    """

    #: Seconds after the last packet at which :meth:`repeat` is due; None for never. May be set on the instance at any time: it
    #: is looked at after every packet. When it is set from the start, :meth:`repeat` is called once on connection.
    repeat_after: float | None = None

    #: Whether repeats come regularly, ``repeat_after`` from one to the next whatever else is sent: for steps and ramps. False
    #: where any packet makes a repeat needless: for devices that stop by themselves when they are told nothing.
    repeats_regularly: ClassVar[bool] = False

    #: Whether the device knows a real halt of its moving parts. Then :meth:`stop` is given parts of whose place and way
    #: nothing is known too.
    halts: ClassVar[bool] = False

    #: Whether the packets of a stop have their effect only in their order: a button that is pressed and released, a mode and
    #: then the levels in it. Then one that was not written is tried again before those behind it; else behind them, so that
    #: an output that does not answer delays no other's stop.
    stops_in_order: ClassVar[bool] = False

    #: Packets of a stop that would undo themselves: a button that switches on and off. Where one may have arrived and may not,
    #: it is not sent again, and :meth:`stop_unsure` is called.
    stops_once: ClassVar[Sequence[Packet]] = ()

    #: Where the part of each feature may be that has a position, in device units. The device keeps the user's limits in it,
    #: for a protocol that makes up places of its own, on the way to one that it is given.
    places: Mapping[int, Range]

    #: The highest level that each output may have, either way, in device units: 0 for one that is disabled. The device keeps
    #: the user's limits in it, for a protocol whose outputs cannot have different levels: what they all get must not be above
    #: the limit of any that runs.
    highest_levels: Mapping[tuple[int, OutputType], int]

    #: The milliseconds that timed moves of each feature may take, users' limits applied, for a protocol that makes up moves
    #: of its own. A feature that is disabled is not in it, and not to be moved at all.
    durations: Mapping[int, Range]

    #: Whether nobody has driven a real device with it yet: it is written from notes, and the documentation says so.
    experimental: ClassVar[bool] = False

    #: Whether :meth:`notified` is called also while no client has subscribed to anything: for what the device tells of itself.
    follows_notifications: ClassVar[bool] = False

    #: Seconds that identification and initialisation together may take.
    handshake_timeout: ClassVar[float] = 15.0

    #: The endpoint whose value is the battery level: one byte, in percent.
    battery_endpoint: ClassVar[str] = "rxblebattery"

    def __init__(self, definition: DeviceDefinition, *, name: str, address: str) -> None:
        """``name`` and ``address`` are the hardware's: what it advertised, and what tells it from others like it."""
        self.definition = definition
        self.name = name
        self.address = address
        self.places = {
            feature.index: output.value
            for feature in definition.features
            for type_, output in feature.outputs.items()
            if type_.is_position
        }
        self.highest_levels = {
            (feature.index, type_): 0 if output.disabled else output.value[1]
            for feature in definition.features
            for type_, output in feature.outputs.items()
            if not type_.is_position
        }
        self.durations = {
            feature.index: output.duration
            for feature in definition.features
            for output in feature.outputs.values()
            if output.duration is not None and not output.disabled
        }

    @classmethod
    async def identify(cls, hardware: Hardware) -> str | None:
        """Return the identifier of the device's model in the configuration; None for the protocol's default.

        Raises:
            HardwareError: The device cannot be used.
        """
        return hardware.name

    @classmethod
    def other_protocol(cls, identifier: str | None) -> str | None:
        """Return the protocol of a model that is found like one of this protocol, and driven by another; None for others."""
        return None

    async def initialise(self, hardware: Hardware) -> None:
        """Do what the device needs before its first output: with no level, place or speed beyond its user's limits.

        Raises:
            HardwareError: The device cannot be used.
        """

    def output(self, output: Output) -> Iterable[Packet]:
        """Return the packets for one changed output."""
        raise ButtplugDeviceError(f"{self.definition.name} has no {output.type} output")

    def encode(self, changed: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        """Return the packets for all outputs that changed, by feature index."""
        if len(changed) == 1:
            return self.output(changed[0])
        return chain.from_iterable(map(self.output, changed))

    def stop(self, stopped: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        """Return the packets that stop outputs: a real halt where the device knows one, and nothing else before it.

        ``stopped`` has a zero for every level, driven or not. For every part that may be moving it has the gentlest command
        that ends its move: to the place where the part is estimated to be, which is ``start`` too; or, where that is not known
        (``start`` is None), to the target it is on its way to, in the longest time the device takes.
        """
        return self.encode(stopped, values)

    def stop_packet_written(self, packet: Packet) -> None:
        """Note that a packet of a stop was written. Others of it may still fail, and then :meth:`stop` is called again."""

    def stop_unsure(self) -> str:
        """Note that a packet of :attr:`stops_once` may have arrived, and may not; return what its user is to do."""
        return "it may be running"

    def stop_written(self) -> None:
        """Note that all packets of the last stop were written: what :meth:`stop` returns is made before."""

    def travel_time(self, output: Output) -> int:
        """Return how many milliseconds the device takes for a move it was sent: here the time that was asked for.

        To be given where a speed that has a lowest or highest value makes it another. ``output.start`` is where it set out;
        where that is not known, the longest time counts.
        """
        return output.duration

    def repeat(self, current: Sequence[Output], values: Mapping[int, int]) -> Iterable[Packet]:
        """Return what is due ``repeat_after`` seconds after the last packet; ``current`` is what each output was last sent."""
        return self.encode(current, values)

    async def read(self, hardware: Hardware, feature: int, type: InputType) -> int:  # noqa: A002
        """Read a sensor: here the battery level in percent, and the bus's signal strength.

        Raises:
            ButtplugDeviceError: There is no answer, or none that can be understood.
        """
        if type is InputType.RSSI:
            return await hardware.read_rssi()
        if type is not InputType.BATTERY:
            raise ButtplugDeviceError(f"{self.definition.name} has no {type} that can be read")
        level = await hardware.read(self.battery_endpoint)
        if not level:
            raise ButtplugDeviceError(f"{self.definition.name} sent an empty battery level")
        return level[0]

    async def subscribe(self, hardware: Hardware, feature: int, type: InputType) -> None:  # noqa: A002
        """Have the device send a sensor's readings; called when the first client subscribes.

        Raises:
            ButtplugDeviceError: It cannot.
        """
        raise ButtplugDeviceError(f"{self.definition.name} does not send {type} by itself")

    async def unsubscribe(self, hardware: Hardware, feature: int, type: InputType) -> None:  # noqa: A002
        """End a sensor's readings; called when the last client unsubscribes.

        Raises:
            ButtplugDeviceError: It cannot.
        """

    def notified(self, endpoint: str, data: bytes) -> Iterable[Reading]:
        """Return the readings in bytes that the device sent by itself; none for bytes that are not understood."""
        return ()
