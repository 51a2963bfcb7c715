"""What must hold whatever happens, and the bookkeeping that tells whether it does.

A value at a device tells which command it is of. So what runs can be held against what was asked, by whom and when, and
against everything since that should have stopped it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from math import inf

from tests.simulation.spellings import levels
from tests.simulation.toys import COMMANDS, HIGHEST, Toy

#: Seconds from a reason to stop to the zero at a device that has had no trouble for :data:`CALM`, and at one that has or had.
AT_ONCE = 0.05
IN_TIME = 12.0
CALM = 15.0
#: Seconds in which every message is answered.
ANSWER_LIMIT = 40.0
#: Seconds by which what two clients say at the same time may overtake each other.
SAME_TIME = 0.03


class Violation(AssertionError):  # noqa: N818
    """A rule was broken. ``rule`` is its name."""

    def __init__(self, rule: str, what: str) -> None:
        super().__init__(f"{rule}: {what}")
        self.rule = rule


EARLIER = "after a stop's answer nothing earlier arrives"
STOPPED = "what a stop is answered for rests"
NOBODY = "what nobody drives rests"
OTHERS = "no client's departure touches what another drives"
ONCE = "each message is answered once"
LEFT = "nothing is left at the end"
BOUNDED = "what waits is bounded"
UNSEEN = "nothing goes wrong unseen"
LIMITED = "limits hold"
MEANT = "a command reaches the motor that is meant"
ENDED = "who is no client is not kept, and a client is"
TOLD = "a shutdown stops everything in time, or says what it did not"
SHOWN = "no device comes or goes twice to a client that is told of each"
RETURNS = "what comes back is connected"


class Party:
    """Whoever commands: when it is gone at the earliest, and at the latest."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.gone_from = inf
        self.gone_by = inf

    def goes(self, at: float, *, within: float = 0.0) -> None:
        """Note its departure, which the server can see within so many seconds; the first one counts."""
        self.gone_from = min(self.gone_from, at)
        self.gone_by = min(self.gone_by, at + within)


@dataclass
class _Command:
    number: int
    party: Party
    time: float


@dataclass
class Motor:
    """One output of one device."""

    toy: Toy
    feature: int
    commands: list[_Command] = field(default_factory=list)
    #: The newest stop that was answered: the number it had, who asked, and when.
    stop: tuple[int, Party | None, float] = (0, None, -inf)
    #: When something should have stopped it, and the numbers of commands up to which that holds.
    musts: list[tuple[float, int]] = field(default_factory=list)
    #: When something may have stopped it.
    mays: list[float] = field(default_factory=list)
    highest: float = inf
    limited_at: float = inf
    #: What was commanded by shares, the steps of which there were shares, and the values that the device is told for them.
    shares: dict[float, int] = field(default_factory=dict)
    steps: list[int] = field(default_factory=lambda: [HIGHEST])
    meanings: dict[int, int] = field(default_factory=dict)

    def means(self, share: float, number: int) -> None:
        """Note of which command the values are that the device is told for a share."""
        self.shares[share] = number
        self.meanings.update((value, number) for steps in self.steps for value in levels(share, steps))

    def since(self, number: int) -> list[_Command]:
        return [command for command in self.commands if command.number >= number]


class Watch:
    """Knows what was asked, and sees what arrives."""

    def __init__(self, toys: list[Toy]) -> None:
        self._loop = asyncio.get_running_loop()
        self.number = 0
        self.motors = [[Motor(toy, feature) for feature in (0, 1)] for toy in toys]
        self.good_since = [inf for _ in toys]
        self.trace: list[str] = []
        for index, toy in enumerate(toys):
            toy.command_of = lambda feature, value, index=index: self.motors[index][feature].meanings.get(value)  # type: ignore[misc]
            toy.on_told = lambda feature, command, value, index=index: self._told(index, feature, command, value)  # type: ignore[misc]
        self.found: Violation | None = None

    def next_number(self) -> int:
        """Number what happens, so that earlier and later can be told."""
        self.number += 1
        return self.number

    def note(self, what: str) -> None:
        """Write down what happened."""
        self.trace.append(f"{self._loop.time():.6f} {what}")

    # What is asked

    def commanded(self, motors: list[Motor], party: Party) -> int:
        """Note a command that reaches some motors of a device; return its number."""
        number = self.next_number()
        for motor in motors:
            motor.commands.append(_Command(number, party, self._loop.time()))
        return number

    def of(self, toys: list[int], feature: int | None) -> list[Motor]:
        """Return the motors of a stop's target."""
        return [motor for toy in toys for motor in self.motors[toy] if feature in (None, motor.feature)]

    def may_stop(self, motors: list[Motor]) -> None:
        """Note that from now on these may stop."""
        for motor in motors:
            motor.mays.append(self._loop.time())

    def must_stop(self, motors: list[Motor], number: int | None = None) -> None:
        """Note that what these were told up to a number has to end now."""
        for motor in motors:
            motor.mays.append(self._loop.time())
            motor.musts.append((self._loop.time(), self.number if number is None else number))

    def stop_answered(self, motors: list[Motor], number: int, asked_at: float, party: Party) -> None:
        """Note that a stop was answered with success."""
        for motor in motors:
            motor.stop = max(motor.stop, (number, party, asked_at), key=lambda stop: stop[0])
            running = motor.toy.running[motor.feature]
            if running and self._is_before(running, motor):
                self.find(STOPPED, f"{_name(motor)} runs by command {running}, stop {number} was answered")

    def limited(self, motor: Motor, highest: int) -> None:
        """Note that a limit holds from now on."""
        motor.highest, motor.limited_at = highest, self._loop.time()
        motor.steps.append(highest)
        for share, number in motor.shares.items():
            motor.means(share, number)

    # What is seen

    def refresh(self, toy: int, *, good: bool) -> None:
        """Note whether a device has any trouble."""
        if not good:
            self.good_since[toy] = inf
        elif self.good_since[toy] == inf:
            self.good_since[toy] = self._loop.time()

    def look(self) -> None:
        """Look at what runs, and whether it may."""
        now = self._loop.time()
        for index, motors in enumerate(self.motors):
            for motor in motors:
                running = motor.toy.running[motor.feature]
                if running and (since := self._should_rest_since(motor, running)) is not None:
                    from_then = now - max(since, self.good_since[index])
                    if from_then > IN_TIME or (self._is_calm(index, since) and now - since > AT_ONCE):
                        self.find(NOBODY, f"{_name(motor)} has run by command {running} since {since:.3f}")

    def ends_bad(self) -> list[Toy]:
        """Return the devices of which something runs."""
        return [motors[0].toy for motors in self.motors if any(motors[0].toy.running.values())]

    def _told(self, toy: int, feature: int, command: int, value: int) -> None:
        motor, now = self.motors[toy][feature], self._loop.time()
        before = motor.toy.running[feature]
        self.note(f"toy {toy} motor {feature}: {command}")
        if command:
            if self._is_before(command, motor):
                self.find(EARLIER, f"{_name(motor)} was told command {command} after stop {motor.stop[0]} was answered")
            if not any(given.number % COMMANDS == command % COMMANDS for given in motor.commands):
                self.find(MEANT, f"{_name(motor)} was told command {command}, which was for another one")
            if value > motor.highest and self._was_given_after(command, motor, motor.limited_at):
                self.find(LIMITED, f"{_name(motor)} was told {value}, over {motor.highest}")
        elif before:
            since = self._should_rest_since(motor, before)
            if since is not None and self._is_calm(toy, since) and now - since > AT_ONCE:
                self.find(NOBODY, f"{_name(motor)} was stopped {now - since:.3f} s late, command {before}")
            if since is None and self._is_calm(toy, now) and not self._may_rest(motor, before):
                self.find(OTHERS, f"{_name(motor)} was stopped, command {before}, though who drives it is there")

    def _is_before(self, command: int, motor: Motor) -> bool:
        """Whether a command was surely given before the stop that was answered last."""
        number, party, asked_at = motor.stop
        given = next((given for given in motor.commands if given.number == command), None)
        if given is None or command > number:
            return False
        return given.party is party or given.time < asked_at - SAME_TIME

    def _was_given_after(self, command: int, motor: Motor, time: float) -> bool:
        return any(given.number == command and given.time > time + SAME_TIME for given in motor.commands)

    def _should_rest_since(self, motor: Motor, running: int) -> float | None:
        since = motor.since(running)
        given = since[0].time if since else 0.0
        reasons = [time for time, number in motor.musts if number >= running and given < time - SAME_TIME]
        if since and all(command.party.gone_by < inf for command in since):
            reasons.append(max(command.party.gone_by for command in since))
        passed = [reason for reason in reasons if reason <= self._loop.time()]
        return min(passed, default=None)

    def _may_rest(self, motor: Motor, running: int) -> bool:
        since = motor.since(running)
        if not since:
            return True
        now = self._loop.time()
        gone = [command.party.gone_from for command in since if command.party.gone_from <= now]
        # Whose level it has is not known where another party's later command did not arrive.
        failed = [command for command in since if command.party is not since[0].party and command.time < now - SAME_TIME]
        return bool(gone or failed) or any(may >= since[0].time - SAME_TIME for may in motor.mays)

    def _is_calm(self, toy: int, at: float) -> bool:
        return max(self.good_since[toy], self.motors[toy][0].toy.late_at) <= at - CALM

    def find(self, rule: str, what: str) -> None:
        """Note a broken rule; the world raises it, since whoever sees it may be called by the server."""
        if self.found is None:
            self.found = Violation(rule, what)


class Answers:
    """Counts the answers to one client's messages."""

    def __init__(self, name: str, watch: Watch) -> None:
        self._name = name
        self._watch = watch
        self._asked: dict[int, float] = {}
        self._answers: Counter[int] = Counter()

    def asked(self, id_: int, now: float) -> None:
        self._asked[id_] = now

    def answered(self, id_: int) -> None:
        self._answers[id_] += 1
        if self._answers[id_] > 1 or id_ not in self._asked:
            self._watch.find(ONCE, f"{self._name}, message {id_}: answered {self._answers[id_]} times")

    def check(self, now: float, limit: float = ANSWER_LIMIT) -> None:
        """See whether an answer is overdue."""
        late = [id_ for id_, at in self._asked.items() if not self._answers[id_] and now - at > limit]
        if late:
            self._watch.find(ONCE, f"{self._name}: no answers to {late[:5]}")


def _name(motor: Motor) -> str:
    return f"motor {motor.feature} of {motor.toy.name}"
