"""Whether what a device was sent is what was recorded, with the freedoms that a recording leaves and no other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from buttplug.hardware.base import Packet
from buttplug.hardware.simulated import Command

#: The parts of a packet: its bytes, or in ASCII protocols its characters, with a number as one.
_Parts: TypeAlias = Sequence[bytes] | bytes


class _Kind(Struct):
    endpoint: str
    members: list[_Parts]

    def like(self, endpoint: str, parts: _Parts) -> bool:
        return endpoint == self.endpoint and len(parts) == len(self.members[0])

    def nearness(self, parts: _Parts) -> tuple[int, int]:
        """Rank by how far a packet is the same from its start, where commands are told apart, then by how much is the same."""
        equal = [[part == known for part, known in zip(parts, member, strict=True)] for member in self.members]
        return max(([*same, False].index(False), sum(same)) for same in equal)

    def has(self, endpoint: str, parts: _Parts) -> bool:
        return self.like(endpoint, parts) and all(
            len(set(known)) > 1 or part in known for part, *known in zip(parts, *self.members, strict=True)
        )

    @property
    def constants(self) -> int:
        return sum(len(set(column)) == 1 for column in zip(*self.members, strict=True))


class Kinds:
    """Which packets are of one kind: on the same endpoint, with the same constant bytes.

    This is learned from what was recorded: packets expected together are of different kinds, any other is of the kind that it
    is nearest to, and constant is what the packets of a kind have in common.
    """

    def __init__(self, recorded: Iterable[Sequence[Command]] = ()) -> None:
        groups = [[command for command in group if isinstance(command, Packet)] for group in recorded]
        packets = [packet for group in groups for packet in group]
        self._binary = {packet.endpoint for packet in packets if not re.fullmatch(rb"[ -~\n]*", packet.data)}
        self._kinds: list[_Kind] = []
        for group in sorted(groups, key=len, reverse=True):
            self._learn(group)

    def of(self, command: Command) -> object:
        """Return what two packets have in common if they are of the same kind. Of an unknown kind there is only the one."""
        if not isinstance(command, Packet):
            return command
        parts = self._parts(command)
        fitting = [kind for kind in self._kinds if kind.has(command.endpoint, parts)]
        return id(max(fitting, key=lambda kind: kind.constants)) if fitting else command

    def _learn(self, group: Sequence[Packet]) -> None:
        free = list(self._kinds)
        for packet in group:
            parts = self._parts(packet)
            near = [kind for kind in free if kind.like(packet.endpoint, parts)]
            if near:
                kind = max(near, key=lambda kind: kind.nearness(parts))
                kind.members.append(parts)
                free.remove(kind)
            else:
                self._kinds.append(_Kind(packet.endpoint, [parts]))

    def _parts(self, packet: Packet) -> _Parts:
        return packet.data if packet.endpoint in self._binary else re.findall(rb"\d+|[^\d]", packet.data)


class Standing:
    """What a device was sent last of each kind."""

    def __init__(self, kinds: Kinds, packets: Mapping[object, Packet] | None = None) -> None:
        self.kinds = kinds
        self._packets = dict(packets or {})

    def copy(self) -> Standing:
        """Return one to go on with, leaving this as it is."""
        return Standing(self.kinds, self._packets)

    def note(self, *commands: Command) -> None:
        """Take in what the device was sent."""
        for command in commands:
            if isinstance(command, Packet):
                self._packets[self.kinds.of(command)] = command

    def has(self, packet: Packet) -> bool:
        """Return whether a packet tells the device only what it was told last."""
        return self._packets.get(self.kinds.of(packet)) == packet


class Freedom(Struct, frozen=True):
    """What may differ from the recording.

    Attributes:
        several: Several outputs were changed at once: of each kind of packet only the last counts.
        timed: From this number on, what came was not caused by a command but by time: packets may be repeated.
        halts: Moves under way that were stopped: so many packets may halt them.
        zeros: Packets that stop outputs, each of which may come.
        repeated: What was recorded has packets in it that were not caused by a command but by time.
        ends: What tells the device that all is off: of packets that end one output after the other the last is enough.
    """

    several: bool = False
    timed: int = 0
    halts: int = 0
    zeros: Sequence[Packet] = ()
    repeated: bool = False
    ends: Sequence[Packet] = ()


class _Extras:
    """Tells which commands may come though they are not expected."""

    def __init__(self, standing: Standing, freedom: Freedom) -> None:
        self._standing = standing.copy()
        self._timed = freedom.timed
        self._halts = freedom.halts
        self._zeros = list(freedom.zeros)

    def allow(self, number: int, command: Command) -> bool:
        if not isinstance(command, Packet):
            return False
        if number >= self._timed and self._standing.has(command):
            return True
        if command in self._zeros:
            self._zeros.remove(command)
            return True
        self._halts -= 1
        return self._halts >= 0

    def note(self, command: Command) -> None:
        self._standing.note(command)


def fits(expected: Sequence[Command], came: Sequence[Command], standing: Standing, freedom: Freedom) -> bool:
    """Return whether all that was expected came, in this order, and nothing else that the freedom does not cover."""
    return any(
        _in_order(wanted, came, _Extras(standing, freedom))
        or (freedom.several and _last_of_each_kind(wanted, came, standing.kinds, _Extras(standing, freedom)))
        for wanted in _readings(expected, standing, freedom)
    )


def _readings(expected: Sequence[Command], standing: Standing, freedom: Freedom) -> Iterator[Sequence[Command]]:
    """Return in which ways what was recorded may be read."""
    yield expected
    if freedom.repeated:
        yield _without_repeats(expected, standing)
    if freedom.ends:
        yield _without_steps_to_the_end(expected, freedom.ends)


def _without_repeats(expected: Sequence[Command], standing: Standing) -> list[Command]:
    """Return what was expected without the packets that tell the device only what it was told last."""
    told, caused = standing.copy(), []
    for command in expected:
        if not (isinstance(command, Packet) and told.has(command)):
            caused.append(command)
        told.note(command)
    return caused


def _in_order(expected: Sequence[Command], came: Sequence[Command], extras: _Extras) -> bool:
    found = 0
    for number, command in enumerate(came):
        if found < len(expected) and command == expected[found]:
            found += 1
        elif not extras.allow(number, command):
            return False
        extras.note(command)
    return found == len(expected)


def _without_steps_to_the_end(expected: Sequence[Command], ends: Sequence[Packet]) -> list[Command]:
    """Return what was expected without the packets that end outputs and are followed by one, as long, that ends all."""
    return [
        command
        for number, command in enumerate(expected)
        if command in ends
        or not isinstance(command, Packet)
        or not any(end in expected[number + 1 :] and len(end.data) == len(command.data) for end in ends)
    ]


def _last_of_each_kind(expected: Sequence[Command], came: Sequence[Command], kinds: Kinds, extras: _Extras) -> bool:
    """Compare the last packets of each kind, in the order in which the kinds came first or came last."""
    wanted = {kinds.of(command): command for command in expected}
    if len(wanted) < len(expected):
        return False
    by_first: dict[object, Command] = {}
    by_last: dict[object, Command] = {}
    for number, command in enumerate(came):
        kind = kinds.of(command)
        if kind in wanted:
            by_first[kind] = command
            by_last.pop(kind, None)
            by_last[kind] = command
        elif not extras.allow(number, command):
            return False
        extras.note(command)
    return list(wanted.items()) in (list(by_first.items()), list(by_last.items()))


def describe(commands: Iterable[Command]) -> str:
    """Return commands for people: ``tx 01 40, tx 02 (with response), subscribe rx``."""
    return ", ".join(map(_describe, commands)) or "nothing"


def _describe(command: Command) -> str:
    if isinstance(command, Packet):
        return f"{command.endpoint} {command.data.hex(' ')}{' (with response)' if command.response else ''}"
    return f"{type(command).__name__.lower()} {command.endpoint}"
