"""Every task and thread that the package begins: a test raises in it, or there is a reason why that is not needed.

A fault in a task that nobody waits for is the kind that is not seen: so what is begun anywhere has to be named here.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: What begins a task or a thread.
BEGINS = frozenset("create_task ensure_future TaskGroup run_in_executor to_thread run_coroutine_threadsafe Thread".split())

AWAITED = "whoever began it waits for it, and gets what it raises"
TOLD = "it raises where its result is asked for, which is at once"
BUSES = "tests/hardware/"
SUPERVISION = "tests/server/test_supervision.py::"

SHOWN_BY = {
    "client/connection.py Connection.fail": "tests/client/test_ping.py::"
    "test_a_connection_that_cannot_be_closed_when_its_session_is_over_is_logged_once",
    "client/delivery.py EventDelivery.emit": "tests/client/test_callbacks.py::"
    "test_a_callback_that_raises_is_reported_and_breaks_nothing",
    "client/leaving.py _confirmation": AWAITED,
    "client/ping.py Pinger.__init__": "tests/client/test_ping.py::"
    "test_a_fault_while_pinging_is_logged_once_and_ends_the_connection_in_time",
    "client/reconnect.py Reconnector.start": "tests/client/test_reconnect.py::test_whatever_fails_it_tries_again",
    "client/subscription.py Subscription.leave": "it reports errors; asyncio reports faults",
    "client/websocket.py WebsocketConnector.connect": "tests/client/test_websocket.py::"
    "test_a_connection_that_cannot_be_read_any_more_is_lost",
    "console/main.py _run_lines": "tests/console/test_commands.py::"
    "test_a_fault_in_a_command_is_logged_once_and_the_next_is_done",
    "console/main.py _read": "tests/console/test_prompt.py::"
    "test_lines_that_cannot_be_read_any_more_are_at_their_end_and_that_is_logged_once",
    "funscript/clock.py Question._ask": AWAITED,
    "funscript/player.py FunscriptPlayer._in_background": "it stops features, and tells of errors; asyncio reports faults",
    "funscript/player.py FunscriptPlayer.play": "tests/funscript/test_player.py::"
    "test_a_fault_of_the_player_is_logged_once_stops_everything_and_is_told",
    "core/listening/opening.py opened": AWAITED,
    "hardware/bluetooth/link.py BluetoothHardware.lost": "it catches and logs everything: nothing can be done but that",
    "hardware/bluetooth/link.py within": AWAITED,
    "hardware/bluetooth/manager.py BluetoothManager._ensure_watch": "tests/hardware/bluetooth/test_adapter.py::"
    "test_a_fault_in_the_watch_over_the_scan_is_logged_once_and_the_watch_goes_on",
    "hardware/bluetooth/manager.py BluetoothManager._start": AWAITED,
    "hardware/common/blocking.py BlockingHardware.open": "tests/hardware/hid/test_hid.py::"
    "test_any_failure_of_reading_is_the_end_of_the_link",
    "hardware/common/polling.py Poll.start": "tests/hardware/common/test_polling.py::"
    "test_failures_end_nothing_and_each_is_told_until_it_changes",
    "hardware/common/threads.py Worker.__init__": TOLD,
    "hardware/gamepad/link.py GamepadHardware.write": "tests/hardware/gamepad/test_gamepad.py::"
    "test_a_fault_while_holding_is_logged_once_and_the_pad_rests_and_is_lost",
    "hardware/gamepad/sdl.py Sdl.start": "tests/hardware/gamepad/test_gamepad.py::"
    "test_a_fault_in_the_regular_update_is_logged_once",
    "hardware/lovense_connect/link.py LovenseConnectHardware._ask": BUSES + "lovense_connect/test_lovense_connect.py::"
    "test_a_fault_in_an_answer_that_came_too_late_is_logged_once",
    "hardware/lovense_dongle/link.py Dongle.send": AWAITED,
    "hardware/lovense_dongle/link.py Dongle._request": "tests/hardware/lovense_dongle/test_lovense_dongle.py::"
    "test_a_fault_in_a_line_of_the_search_is_logged_once_and_the_toy_in_use_is_still_driven",
    "hardware/simulated/device.py SimulatedDevice._in_loop": TOLD,
    "hardware/websocket/manager.py WebsocketManager.close": AWAITED,
    "hardware/websocket/peer.py Peer._refused": AWAITED,
    "server/devices/connecting.py open_link": SUPERVISION
    + "test_a_link_that_cannot_be_opened_by_a_fault_is_logged_once_and_may_be_found_again",
    "server/supervision.py spawn": SUPERVISION + "test_a_device_that_cannot_be_made_is_logged_once_and_its_address_is_free",
    "server/supervision.py finish": AWAITED,
    "server/devices/pacing/pacer.py Pacer.__init__": SUPERVISION
    + "test_a_pacer_that_fails_answers_logs_once_goes_on_and_stops_when_it_can",
    "server/dialling.py WebsocketDialler.open": "tests/server/test_dialling.py::"
    "test_a_fault_while_connecting_is_logged_once_and_it_goes_on_trying",
    "server/outside.py run_from_outside": TOLD,
    "server/program/lifecycle.py _open_and_wait": "tests/server/program/test_command_line.py::"
    "test_a_fault_of_the_server_stops_the_devices_and_is_exit_code_70",
    "server/program/lifecycle.py _close": "tests/server/program/test_command_line.py::"
    "test_a_fault_at_the_end_is_told_and_exit_code_70",
    "server/program/mdns.py Broadcast.open": "tests/server/program/test_mdns.py::"
    "test_a_network_that_cannot_be_used_is_one_warning",
    "server/program/output.py NonBlockingOutput.__init__": "it is what the log is written by: there is nowhere else to tell",
    "server/program/ready.py tell_ready": "it writes one line, once, for another program; nothing depends on it",
    "server/program/repeater.py Repeater.run_to_end": "tests/server/program/test_repeater.py::"
    "test_a_fault_in_what_is_left_to_do_at_the_end_of_a_client_is_logged_once",
    "server/program/repeater.py _Pair.run": "tests/server/program/test_repeater.py::"
    "test_a_fault_while_passing_on_is_logged_once_stops_the_devices_and_costs_only_that_client",
    "server/program/systemd.py ServiceManager.ready": "without it the service manager takes the server for dead: as it should",
    "server/replies.py Replies.answer_later": SUPERVISION
    + "test_a_sensors_task_that_fails_is_answered_and_the_session_goes_on",
    "server/server.py ButtplugServer.run_to_end": SUPERVISION
    + "test_the_last_task_of_a_session_that_fails_is_logged_once_and_leaves_everything_stopped",
    "server/server.py ButtplugServer.open": AWAITED,
    "server/server.py ButtplugServer.close": "tests/server/program/test_command_line.py::"
    "test_a_fault_at_the_end_is_told_and_exit_code_70",
    "server/websocket.py Listener.close": AWAITED,
    "sync/iteration.py Iteration._within": TOLD,
    "sync/loop.py CallbackThread": "tests/sync/test_client.py::test_a_callback_that_raises_breaks_nothing_and_is_reported",
    "sync/loop.py EventLoopThread._exit": TOLD,
    "sync/loop.py EventLoopThread.__init__": "it runs the event loop and nothing else",
    "sync/loop.py EventLoopThread.run": TOLD,
    "sync/loop.py EventLoopThread._begin": "it closes what nobody uses any more; asyncio reports what it raises",
    "sync/loop.py EventLoopThread._finish": "it is at the end of the program, and logs what they raise",
    # These are tasks of the websocket library.
    "server/websocket.py Listener.serve": "tests/server/test_websocket.py::"
    "test_a_fault_in_the_listener_stops_the_devices_and_is_told",
    "server/websocket.py Listener._check": "tests/core/test_websocket_log.py::"
    "test_a_fault_of_ours_in_the_check_of_a_request_is_logged_once_and_the_next_is_let_in",
    "hardware/websocket/manager.py WebsocketManager._handle": "tests/hardware/websocket/test_websocket_devices.py::"
    "test_a_fault_while_a_frame_is_handled_is_logged_once_and_costs_only_that_device",
}
OF_THE_LIBRARY = list(SHOWN_BY)[-3:]


def _begun(node: ast.AST, place: str) -> set[str]:
    """Return the functions in which something is begun."""
    found = set()
    for child in ast.iter_child_nodes(node):
        inside = place
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inside = f"{place}.{child.name}" if not place.endswith(" ") else place + child.name
        if isinstance(child, ast.Attribute) and child.attr in BEGINS:
            found.add(inside)
        found |= _begun(child, inside)
    return found


def test_every_task_and_thread_is_named() -> None:
    package = ROOT / "buttplug"
    begun = set[str]()
    for path in package.rglob("*.py"):
        begun |= _begun(ast.parse(path.read_text("utf-8")), f"{path.relative_to(package).as_posix()} ")
    assert begun == SHOWN_BY.keys() - set(OF_THE_LIBRARY)


@pytest.mark.parametrize("shown_by", sorted({test for test in SHOWN_BY.values() if "::" in test}))
def test_each_test_is_there(shown_by: str) -> None:
    path, _, name = shown_by.partition("::")
    assert re.search(rf"def {name}\b", (ROOT / path).read_text("utf-8"))
