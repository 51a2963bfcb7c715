"""The limits and the bounds that docs/limits.md and docs/safety.md promise are the ones that the code has."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIMITS = (ROOT / "docs/limits.md").read_text("utf-8")
SAFETY = (ROOT / "docs/safety.md").read_text("utf-8")

#: The beginning of a row, what it promises, and the constant that it is.
PROMISES = [
    (LIMITS, "| a client that is refused |", "closed after 2 s", "server.session.REFUSAL_PAUSE", 2),
    (LIMITS, "| handshake", "10 s", "core.listening.admission.HANDSHAKE_LIMIT", 10),
    (LIMITS, "| connections without a handshake", "64;", "core.listening.admission.MAX_STRANGERS", 64),
    (LIMITS, "| connections without a handshake", "0.1 s", "core.listening.admission.PATIENCE", 0.1),
    (LIMITS, "| bytes before the handshake", "64 KiB", "core.listening.admission.MAX_STRANGER_BYTES", 1 << 16),
    (LIMITS, "| connects that send a request |", "20 at once", "core.listening.admission.CONNECTS_AT_ONCE", 20),
    (LIMITS, "| connects that send a request |", "100 a second", "core.listening.admission.CONNECTS_PER_SECOND", 100),
    (LIMITS, "| connects that send a request |", "256 bytes", "core.listening.connection.SMALL_READ", 256),
    (LIMITS, "| a frame |", "1 MiB", "core.codec.MAX_FRAME", 1 << 20),
    (LIMITS, "| a frame |", "over 2 MiB", "server.websocket.CUT_OFF", 1 << 21),
    (LIMITS, "| a message of a client |", "64 KiB", "core.codec.MAX_MESSAGE", 1 << 16),
    (LIMITS, "| a message of a client of message spec", "8 KiB", "core.legacy.versions.LONGEST", 1 << 13),
    (LIMITS, "| a message of a client of message spec", "1024", "core.legacy.v1.LONGEST_ECHO", 1024),
    (LIMITS, "| blanks and the like in a frame", "128 pieces", "core.elements.BLANK_PIECES", 128),
    (LIMITS, "| blanks and the like in a frame", "512 characters", "core.elements.PIECE", 512),
    (LIMITS, "| messages of a frame |", "4096", "core.codec.MAX_MESSAGES", 4096),
    (LIMITS, "| messages of a client that wait", "1024;", "server.replies.MAX_UNANSWERED", 1024),
    (LIMITS, "| messages of a client that wait", "128", "server.replies.MAX_TASKS", 128),
    (LIMITS, "| what a sensor is asked |", "5 s to read", "server.devices.sensors.INPUT_LIMIT", 5),
    (LIMITS, "| time of a client in one turn", "0.5 ms for one that is alone", "core.listening.turns.WHOLE_TURN", 0.0005),
    (LIMITS, "| time of a client in one turn", "0.2 ms shared", "core.listening.turns.TURN_TIME", 0.0002),
    (LIMITS, "| time of a client in one turn", "16 answers", "server.outbox.MESSAGES_A_TURN", 16),
    (LIMITS, "| time of a client in one turn", "64 KiB of them", "server.outbox.BYTES_A_TURN", 1 << 16),
    (LIMITS, "| time of a client where others are connected", "4 ms at once", "core.listening.turns.CREDIT", 0.004),
    (LIMITS, "| time of a client where others are connected", "then half of all time", "core.listening.turns.WAIT", 1),
    (LIMITS, "| time of a client in one turn", "8 KiB", "core.listening.connection.READ_SIZE", 1 << 13),
    (LIMITS, "| time of a client in one turn", "64 bytes", "core.listening.connection.SMALLEST_READ", 64),
    (LIMITS, "| time of all connections without a handshake", "256 bytes", "core.listening.connection.SMALL_READ", 256),
    (LIMITS, "| time of all connections without a handshake", "three times", "core.listening.turns.STRANGERS_WAIT", 3),
    (LIMITS, "| an app that the server connects to", "1 MiB", "core.listening.connection.MAX_UNREAD", 1 << 20),
    (LIMITS, "| answers that a client does not read |", "1024", "server.outbox.BACKLOG_LIMIT", 1024),
    (LIMITS, "| answers that a client does not read |", "after 5 s", "server.outbox.STALL_LIMIT", 5),
    (LIMITS, "| readings that a client does not read |", "256", "server.outbox.READINGS_LIMIT", 256),
    (LIMITS, "| a client that can say no more", "0.25 s", "core.listening.connection.CLOSE_LIMIT", 0.25),
    (LIMITS, "| the end of a session |", "5 s", "server.session.END_LIMIT", 5),
    (LIMITS, "| devices that connect by websocket |", "256;", "hardware.websocket.manager.MAX_DEVICES", 256),
    (LIMITS, "| devices that connect by websocket |", "within 5 s", "hardware.websocket.manager.HELLO_LIMIT", 5),
    (LIMITS, "| a frame of such a device |", "64 KiB", "hardware.websocket.manager.MAX_FRAME", 1 << 16),
    (LIMITS, "| an answer of a Lovense Connect app |", "2 MiB", "hardware.lovense_connect.http_get.SIZE_LIMIT", 1 << 21),
    (LIMITS, "| an answer of a Lovense Connect app |", "64 toys", "hardware.lovense_connect.link.MAX_TOYS", 64),
    (LIMITS, "| an answer of a Lovense Connect app |", "3 s", "hardware.lovense_connect.link.REQUEST_LIMIT", 3),
    (LIMITS, "| a command to a Lovense Connect app", "20 s", "hardware.lovense_connect.link.LANDING_LIMIT", 20),
    (LIMITS, "| a command to a Lovense Connect app", "16 of a toy", "hardware.lovense_connect.given_up.MAX_GIVEN_UP", 16),
    (LIMITS, "| lines to a Lovense dongle |", "40 ms", "hardware.lovense_dongle.link.SPACING", 0.04),
    (LIMITS, "| requests to the dongle itself", "16", "hardware.lovense_dongle.link.MAX_REQUESTS", 16),
    (LIMITS, "| connections that are read in a turn", "2", "server.rest.connection.READ_A_TURN", 2),
    (LIMITS, "| connections that are read in a turn", "1024 bytes", "server.rest.connection.PIECE", 1024),
    (LIMITS, "| an answer or a stream that is not read |", "5 s", "server.rest.connection.STALL_LIMIT", 5),
    (LIMITS, "| streams of events; ", "16;", "server.rest.events.MAX_STREAMS", 16),
    (LIMITS, "| streams of events; ", "256", "server.rest.events.WAITING_LIMIT", 256),
    (LIMITS, "| devices that have come and gone, ", "1000;", "server.devices.indexes.MOST_GONE", 1000),
    (LIMITS, "| devices that have come and gone, ", "100 ", "server.devices.configuration.MOST_REMEMBERED", 100),
    (LIMITS, "| devices that have gone, ", "100", "core.legacy.device.MOST_GONE", 100),
    (LIMITS, "| devices lost while", "1000", "server.devices.lost.MOST_NAMED", 1000),
    (LIMITS, "| warnings that strangers cause |", "20 in 10 s", "core.recent_warnings.MOST", 20),
    (LIMITS, "| warnings that strangers cause |", "in 10 s", "core.recent_warnings.SECONDS", 10),
    (LIMITS, "| warnings that strangers cause |", "10 minutes", "core.recent_warnings.AGAIN_AFTER", 600),
    (SAFETY, "| A stop overtakes everything", "after 1 s", "server.devices.pacing.writer.STOP_LIMIT", 1),
    (SAFETY, "| After the answer to a stop", "within 5 s", "server.devices.pacing.owed.SETTLE_LIMIT", 5),
    (SAFETY, "| A stop that failed is told", "5 s each", "server.devices.pacing.writer.WRITE_LIMIT", 5),
    (SAFETY, "| A stop that failed is told", "each second", "server.devices.pacing.owed.RETRY_DELAY", 1),
    (SAFETY, "| A client that takes nothing", "5 s", "server.outbox.STALL_LIMIT", 5),
    (SAFETY, "| Every device is stopped before", "1.7 s", "server.server.SHUTDOWN_LIMIT", 1.7),
]


@pytest.mark.parametrize(("page", "row", "promise", "constant", "value"), PROMISES)
def test_what_a_page_promises_is_what_the_code_has(page: str, row: str, promise: str, constant: str, value: float) -> None:
    (found,) = [line for line in page.splitlines() if line.startswith(row)]
    assert promise in found
    module, _, name = constant.rpartition(".")
    assert getattr(import_module(f"buttplug.{module}"), name) == value
