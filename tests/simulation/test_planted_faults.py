"""Every rule of the simulation catches what it is there for: a fault is planted in the server, and schedules find it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from buttplug.core import legacy
from buttplug.core.legacy import v3
from buttplug.core.legacy.conversion import nothing
from buttplug.core.legacy.translator import Translator
from buttplug.core.messages import Error, Ok, ServerMessage
from buttplug.server import connection, conversation, replies
from buttplug.server.devices.claims import Claims
from buttplug.server.devices.device import Device
from buttplug.server.devices.limits import OutputRange
from buttplug.server.devices.manager import DeviceManager
from buttplug.server.devices.pacing.pacer import Pacer
from buttplug.server.devices.pacing.pending import Pending
from buttplug.server.devices.sensors import Sensors
from buttplug.server.outbox import Outbox
from buttplug.server.replies import Replies
from buttplug.server.server import ButtplugServer
from buttplug.server.session import Session
from tests.simulation import rules
from tests.simulation.schedule import SCHEDULES, schedule
from tests.simulation.world import families, play

Plant = Callable[[pytest.MonkeyPatch], None]


def a_stop_leaves_what_waits(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Pending, "drop", lambda self, slots: [])


def a_stop_is_answered_unwritten(patch: pytest.MonkeyPatch) -> None:
    real = Pacer.stop

    def stop(self: Pacer, done: Any, slots: Any = None) -> None:
        real(self, lambda error: None, slots)
        done(None)

    patch.setattr(Pacer, "stop", stop)


def who_leaves_has_nothing_stopped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Session, "stop_driving", lambda self: setattr(self, "_may_drive", False))


def settings_stop_nothing(patch: pytest.MonkeyPatch) -> None:
    def configure(self: Device, settings: Any) -> asyncio.Future[None]:
        self._use(settings)
        self._pacer.configure(self._limits, self._gap())
        result: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        result.set_result(None)
        return result

    patch.setattr(Device, "configure", configure)


def what_returns_is_not_stopped(patch: pytest.MonkeyPatch) -> None:
    real = DeviceManager._add

    def add(self: DeviceManager, device: Device) -> None:
        self._gone.clear()
        self._lost_running._labels.clear()
        real(self, device)

    patch.setattr(DeviceManager, "_add", add)


def who_leaves_stops_everything(patch: pytest.MonkeyPatch) -> None:
    real = Device.stop
    patch.setattr(Device, "stop", lambda self, feature=None, driver=None: real(self, feature))


def errors_are_not_told(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Replies, "refuse", lambda self, id_, error: None)


def what_is_done_is_told_twice(patch: pytest.MonkeyPatch) -> None:
    real = Replies.deliver

    def deliver(self: Replies, message: ServerMessage) -> None:
        real(self, message)
        if isinstance(message, Ok) and message.id % 7 == 0:
            real(self, message)

    patch.setattr(Replies, "deliver", deliver)


def a_shutdown_keeps_the_links(patch: pytest.MonkeyPatch) -> None:
    async def close(self: DeviceManager, limit: float = 0.0) -> None:
        self.stop_accepting()

    patch.setattr(DeviceManager, "close", close)


def what_is_over_the_limit_waits(patch: pytest.MonkeyPatch) -> None:
    for module, limit in ((replies, "MAX_UNANSWERED"), (replies, "MAX_TASKS")):
        patch.setattr(module, limit, 1 << 20)


def sessions_are_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ButtplugServer, "session_ended", lambda self, session: None)


def readings_raise(patch: pytest.MonkeyPatch) -> None:
    def raises(self: Sensors, notification: object) -> None:
        raise RuntimeError("planted")

    patch.setattr(Sensors, "_notified", raises)


def limits_come_with_the_next_connection(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OutputRange, "to_device", lambda self, value: value)


def strangers_stay(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(conversation, "HANDSHAKE_LIMIT", 1e6)
    patch.setattr(connection, "HANDSHAKE_LIMIT", 1e6)


def whoever_reads_is_cut_off(patch: pytest.MonkeyPatch) -> None:
    real = Outbox.send

    def send(self: Outbox, message: ServerMessage) -> None:
        real(self, message)
        if message.id == 9:
            self._connection.transport.abort()

    patch.setattr(Outbox, "send", send)


def a_shutdown_says_nothing(patch: pytest.MonkeyPatch) -> None:
    async def nothing(self: ButtplugServer, stops: object) -> list[str]:
        return []

    patch.setattr(ButtplugServer, "_stopped", nothing)


def what_comes_back_is_taken_for_there(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Claims, "release", lambda self, address: None)


def old_clients_stop_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(v3.StopAllDevices, "convert", lambda self, devices: nothing(self.id))


def old_clients_are_told_no_errors(patch: pytest.MonkeyPatch) -> None:
    real = Translator._reply

    def reply(self: Translator, message: ServerMessage) -> None:
        if isinstance(message, Error):
            del self._requests[message.id]
        else:
            real(self, message)

    patch.setattr(Translator, "_reply", reply)


def old_clients_are_not_told_what_goes(patch: pytest.MonkeyPatch) -> None:
    real = Translator._tell_changes

    def tell(self: Translator, version: Any, infos: Any) -> None:
        send = self._send
        self._send = lambda message: None if isinstance(message, v3.DeviceRemoved) else send(message)
        real(self, version, infos)
        self._send = send

    patch.setattr(Translator, "_tell_changes", tell)


def old_clients_are_numbered_anew(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(legacy.device, "_in_place", lambda before, now: list(now))


PLANTED: dict[str, tuple[Plant, ...]] = {
    rules.EARLIER: (a_stop_leaves_what_waits,),
    rules.STOPPED: (a_stop_is_answered_unwritten, old_clients_stop_nothing),
    rules.NOBODY: (who_leaves_has_nothing_stopped, settings_stop_nothing, what_returns_is_not_stopped),
    rules.OTHERS: (who_leaves_stops_everything,),
    rules.ONCE: (errors_are_not_told, what_is_done_is_told_twice, old_clients_are_told_no_errors),
    rules.LEFT: (a_shutdown_keeps_the_links,),
    rules.BOUNDED: (what_is_over_the_limit_waits, sessions_are_kept),
    rules.UNSEEN: (readings_raise,),
    rules.LIMITED: (limits_come_with_the_next_connection,),
    rules.MEANT: (old_clients_are_numbered_anew,),
    rules.ENDED: (strangers_stay, whoever_reads_is_cut_off),
    rules.TOLD: (a_shutdown_says_nothing,),
    rules.SHOWN: (old_clients_are_not_told_what_goes,),
    rules.RETURNS: (what_comes_back_is_taken_for_there,),
}

#: Schedules that show what few others do; they are played first.
SHOWN_BY: dict[Plant, int] = {
    a_stop_leaves_what_waits: 89,
    settings_stop_nothing: 23,
    what_returns_is_not_stopped: 12,
    what_is_over_the_limit_waits: 83,
    readings_raise: 26,
    limits_come_with_the_next_connection: 98,
    old_clients_are_numbered_anew: 21,
}


def test_a_fault_is_planted_for_every_rule() -> None:
    known = {value for name, value in vars(rules).items() if name.isupper() and isinstance(value, str)}
    assert known == PLANTED.keys()


@pytest.mark.parametrize(
    ("rule", "plant"), [pytest.param(rule, plant, id=plant.__name__) for rule, plants in PLANTED.items() for plant in plants]
)
def test_a_planted_fault_is_caught(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rule: str, plant: Plant) -> None:
    broken = []
    with families(tmp_path) as folder:
        plant(monkeypatch)
        for seed in (SHOWN_BY.get(plant, 0), *range(SCHEDULES)):
            violation, _ = play(folder, schedule(seed), seed)
            if violation is not None:
                broken.append(violation.rule)
                if violation.rule == rule:
                    return
    pytest.fail(f"{SCHEDULES} schedules did not find it: {set(broken)}")
