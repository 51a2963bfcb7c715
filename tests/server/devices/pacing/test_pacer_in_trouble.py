"""Writes fail and hang while commands and stops come in any order: what must hold for the motors all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from buttplug.core.enums import OutputType
from buttplug.core.errors import ButtplugError
from buttplug.hardware.base import Packet
from buttplug.hardware.errors import HardwareError
from buttplug.server.protocols.base import Protocol
from tests.fakes.clock import VirtualTimeLoop
from tests.fakes.protocols import OnePacket, PacketPerFeature, Repeating, TwoPackets
from tests.server.devices.pacing.test_pacer import MOTORS, Bench, state_of

steps = st.lists(
    st.one_of(
        st.tuples(st.just("want"), st.integers(0, 1), st.integers(0, 100)),
        st.tuples(st.just("want"), st.integers(0, 1), st.integers(0, 100)),
        st.tuples(st.just("stop"), st.sampled_from([(0, 1), (0,), (1,)])),
        st.tuples(st.just("fail"), st.integers(1, 6)),
        st.tuples(st.just("slow"), st.sampled_from([0.0, 0.01, 0.4, 0.99, 1.5, 1e6])),
        st.tuples(st.just("wait"), st.sampled_from([0.0, 0.005, 0.1, 0.5, 1.0, 1.2, 5.1])),
    ),
    max_size=25,
)


class Trouble:
    """A pacer whose writes fail and hang, the answers it gave, and what is wanted of each motor."""

    def __init__(self, protocol: type[Protocol], gap: float) -> None:
        self.bench = Bench(protocol, MOTORS, gap)
        self.failures = 0
        self.answers: list[asyncio.Future[ButtplugError | None]] = []
        self.wanted: dict[int, tuple[int, asyncio.Future[ButtplugError | None] | None]] = {0: (0, None), 1: (0, None)}
        self.broken: list[str] = []

    async def write(self, packet: Packet) -> None:
        await asyncio.sleep(self.bench.device.write_delay)
        if self.failures:
            self.failures -= 1
            raise HardwareError("no luck")
        self.bench.device.received(packet)

    def want(self, feature: int, value: int) -> None:
        self.answers.append(self.bench.want(feature, value))
        self.wanted[feature] = value, self.answers[-1]

    def stop(self, features: Sequence[int]) -> None:
        answer = self.bench.stop(*((feature, OutputType.VIBRATE) for feature in features))
        self.answers.append(answer)
        for feature in features:
            self.wanted[feature] = 0, None
        count = len(self.answers)
        answer.add_done_callback(lambda answer: self.stopped(features, answer.result(), count))

    def stopped(self, features: Sequence[int], error: ButtplugError | None, count: int) -> None:
        running = [feature for feature in features if state_of(self.bench.words)[feature]]
        if error is None and running and len(self.answers) == count:
            self.broken.append(f"{running} ran when their stop was answered with success")

    async def play(self, script: Sequence[tuple[object, ...]]) -> None:
        await self.bench.open()
        self.bench.hardware.write = self.write  # type: ignore[method-assign]
        for step in script:
            match step:
                case "want", int(feature), int(value):
                    self.want(feature, value)
                case "stop", tuple(features):
                    self.stop(features)
                case "fail", int(count):
                    self.failures = count
                case "slow", float(seconds):
                    self.bench.device.write_delay = seconds
                case "wait", float(seconds):
                    await asyncio.sleep(seconds)
        self.failures, self.bench.device.write_delay = 0, 0.0
        await asyncio.sleep(30)
        state = state_of(self.bench.words)
        await self.bench.pacer.close("the test is over")
        assert self.broken == []
        assert all(answer.done() for answer in self.answers)
        for feature, (value, answer) in self.wanted.items():
            if answer is None:
                assert state[feature] == 0, "a stop is not given up"
            elif answer.result() is None:
                assert state[feature] == value, "what was answered with success is so"


@settings(max_examples=300, deadline=None)
@given(steps, st.sampled_from([PacketPerFeature, OnePacket, TwoPackets, Repeating]), st.sampled_from([0.0, 0.1]))
def test_every_command_is_answered_truly_and_no_stop_is_given_up(
    script: Sequence[tuple[object, ...]], protocol: type[Protocol], gap: float
) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(Trouble(protocol, gap).play(script))
