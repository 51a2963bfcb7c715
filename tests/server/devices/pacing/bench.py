"""The pacing machine without a loop: a clock that is set, writes whose outcome is chosen, and a device that is words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from math import inf

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugError
from buttplug.core.messages import Range
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareError, HardwareTimeoutError
from buttplug.server.devices.definition import DeviceDefinition, FeatureDefinition, OutputDefinition
from buttplug.server.devices.pacing import Limits, Slot
from buttplug.server.devices.pacing.machine import Machine
from buttplug.server.devices.pacing.moves import Moves
from buttplug.server.protocols.base import Output, Protocol

VIBRATE = OutputType.VIBRATE
POSITION = OutputType.POSITION
MOVE = OutputType.POSITION_WITH_DURATION

MOTORS: dict[Slot, Range] = {(0, VIBRATE): (0, 100), (1, VIBRATE): (0, 100)}
STROKER: dict[Slot, Range] = {(0, POSITION): (0, 100), (1, VIBRATE): (0, 100)}

#: Packets that a machine may write in no time at all, and those more for each thing that it is asked in it (two motors, two
#: packets each, tried twice): more would be spinning.
PACKETS_AT_ONCE = 32
PACKETS_ASKED = 8

#: Batches that it may consider before it writes or waits: a stop, commands that change nothing, a repeat without packets.
BATCHES_AT_ONCE = 6

NO_LUCK = HardwareError("no luck")
TOO_LATE = HardwareTimeoutError("it took too long")


def limits_of(ranges: Mapping[Slot, Range]) -> Limits:
    """Return limits under which every place can be moved to in up to 10 seconds."""
    return Limits(ranges, {feature: (0, 10_000) for feature, type_ in ranges if type_.is_position})


class Asked:
    """What was asked of the machine, and how it was answered: with None, with an error, or not yet."""

    def __init__(self) -> None:
        self.answers: list[ButtplugError | None] = []
        self.when_ok: Callable[[], None] = lambda: None

    def done(self, error: ButtplugError | None) -> None:
        self.answers.append(error)
        if error is None:
            self.when_ok()

    @property
    def ok(self) -> bool:
        assert len(self.answers) <= 1, "nothing is answered twice"
        return self.answers == [None]

    @property
    def failed(self) -> bool:
        return bool(self.answers) and self.answers[0] is not None


class CountingMachine(Machine):
    """A machine that counts the batches it considers before it says what to do."""

    considered = 0

    def next(self, now: float) -> Packet | float:
        self.considered = 0
        return super().next(now)

    def _begin(self, now: float) -> float | None:
        self.considered += 1
        assert self.considered <= BATCHES_AT_ONCE, "it spins"
        return super()._begin(now)


class Bench:
    """A machine, and the packets it gave out with their times."""

    def __init__(
        self,
        protocol: type[Protocol],
        ranges: Mapping[Slot, Range] = MOTORS,
        *,
        gap: float = 0.0,
        spacing: float = 0.0,
        moves: Moves | None = None,
        features: Collection[int] = (),
    ) -> None:
        """``features`` are those of the model, with a vibrator each, where it has more than are driven."""
        self.now = 0.0
        vibrator = {VIBRATE: OutputDefinition((0, 100))}
        model = DeviceDefinition("test", None, "toy", tuple(FeatureDefinition(each, "", vibrator, {}) for each in features))
        self.protocol = protocol(model, name="toy", address="1")
        self.limits = limits_of(ranges)
        self.machine = CountingMachine(self.protocol, self.limits, moves or Moves(), gap=gap, spacing=spacing, now=self.now)
        self.sent: list[tuple[float, str]] = []
        self.under_way: Packet | None = None
        self.wait = inf
        self._asked_at: list[float] = []

    @property
    def words(self) -> list[str]:
        return [words for _, words in self.sent]

    # What is asked

    def want(self, feature: int, value: int, duration: int = 0, type_: OutputType | None = None) -> Asked:
        asked = self._asked()
        self.machine.want(Output(feature, type_ or (MOVE if duration else VIBRATE), value, duration), asked.done, self.now)
        return asked

    def stop(self, *slots: Slot) -> Asked:
        asked = self._asked()
        chosen: Collection[Slot] = slots or self.machine.slots
        self.machine.stop(chosen, asked.done)
        return asked

    # What happens

    def run(self, seconds: float = 0.0) -> None:
        """Let time pass; every write succeeds at once."""
        until = self.now + seconds
        while True:
            self.begin_write()
            if self.under_way is not None:
                self.finish_write()
            elif self.wait > until:
                break
            else:
                self.now = self.wait
        self.now = until

    def begin_write(self) -> Packet | None:
        """Ask for the next packet, if none is under way; what it is lies in ``under_way`` then."""
        if self.under_way is None:
            step = self.machine.next(self.now)
            if isinstance(step, Packet):
                self.under_way, self.wait = step, self.now
                self.sent.append((round(self.now, 6), step.data.decode()))
                self._count()
            else:
                assert step > self.now, "it waits or writes"
                self.wait = step
            self.answer()
        return self.under_way

    def finish_write(self, error: ButtplugError | None = None, *, may_arrive: bool = False, cut_off: bool = False) -> None:
        """Have the write that is under way end; ``cut_off``: for a stop that was asked for in the middle of it."""
        assert self.under_way is not None
        self.under_way = None
        if cut_off:
            self.machine.failed(None, self.now, may_arrive=may_arrive)
        elif error is None:
            self.machine.written(self.now)
        else:
            self.machine.failed(error, self.now, may_arrive=may_arrive)
        self.answer()

    def settle(self) -> None:
        """Nothing that was given up can arrive any more."""
        self.machine.settled(self.now)

    def answer(self) -> None:
        answers, self.machine.answers = self.machine.answers, []
        for done, error in answers:
            done(error)

    def _asked(self) -> Asked:
        self._asked_at.append(self.now)
        return Asked()

    def _count(self) -> None:
        most = PACKETS_AT_ONCE + PACKETS_ASKED * self._asked_at.count(self.now)
        assert [when for when, _ in self.sent[-most:]].count(round(self.now, 6)) < most, "it spins"
