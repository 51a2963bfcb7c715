"""The Lovense dongle's language, without a dongle: what is said to it in answer to what it says."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from buttplug.hardware.lovense_dongle.protocol import (
    CHECK_PAUSE,
    FAILURE_PAUSE,
    ID_LENGTH,
    LINE_LIMIT,
    MAX_TOYS,
    RETRY_PAUSE,
    SEARCH_PAUSE,
    STOP_LIMIT,
    Action,
    DongleProtocol,
    SearchEnded,
    Send,
    ToyData,
    ToyFound,
    ToyLost,
    Wait,
    command,
    reports,
    text,
)

ASK = [Send(b'{"type":"toy","func":"statuss"}\r\n'), Wait(CHECK_PAUSE)]
SEARCH = [Wait(None), Send(b'{"type":"toy","func":"search"}\r\n')]
STOP = [Send(b'{"type":"usb","func":"stopSearch"}\r\n'), Wait(STOP_LIMIT)]

#: What happens to a dongle's protocol, and what is to be done then.
Step = tuple[Callable[[DongleProtocol], Sequence[Action]], Sequence[Struct]]


def said(**message: object) -> Callable[[DongleProtocol], Sequence[Action]]:
    """The dongle says something."""
    return lambda protocol: protocol.received(line(**message))


def line(**message: object) -> bytes:
    return json.dumps({"type": "toy", **message}).encode() + b"\r\n"


def status(toy: str | None, code: int) -> Callable[[DongleProtocol], Sequence[Action]]:
    return said(func="status", data={"status": code} if toy is None else {"id": toy, "status": code})


def accepted(toy: str) -> Callable[[DongleProtocol], Sequence[Action]]:
    return lambda protocol: protocol.accepted(toy)


def refused(toy: str) -> Callable[[DongleProtocol], Sequence[Action]]:
    return lambda protocol: protocol.refused(toy)


def find_again(*toys: str) -> Callable[[DongleProtocol], Sequence[Action]]:
    return lambda protocol: protocol.find_again(toys)


def stop_ignoring(toy: str) -> Callable[[DongleProtocol], Sequence[Action]]:
    def stop_ignoring(protocol: DongleProtocol) -> Sequence[Action]:
        protocol.stop_ignoring(toy)
        return []

    return stop_ignoring


def release(toy: str, *, is_ready: bool = True) -> Callable[[DongleProtocol], Sequence[Action]]:
    return lambda protocol: protocol.release(toy, is_ready=is_ready)


def failed(action: Struct) -> Callable[[DongleProtocol], Sequence[Action]]:
    """A line was not sent."""
    assert isinstance(action, Send)
    return lambda protocol: protocol.failed(action.line)


check, start, stop, expired = DongleProtocol.check, DongleProtocol.start, DongleProtocol.stop, DongleProtocol.expired
no_toy = said(func="statuss", result=200)
began = said(func="search", result=205)
ended = said(func="search", result=206)
stopping = said(func="stopSearch", result=200)


def seen(toy: str) -> Callable[[DongleProtocol], Sequence[Action]]:
    return said(func="toyData", data={"id": toy})


SEARCHING: list[Step] = [(check, ASK), (start, []), (no_toy, SEARCH), (began, [])]
FOUND: list[Step] = [
    *SEARCHING,
    (seen("A1"), STOP),
    (stopping, []),
    (ended, [Wait(None), ToyFound("A1")]),
    (accepted("A1"), [SearchEnded()]),
]

STORIES: dict[str, list[Step]] = {
    "silence after the first question is an answer too": [(check, ASK), (expired, [Wait(None)])],
    "a scan wanted meanwhile begins after the answer": SEARCHING,
    "a scan wanted meanwhile begins after silence": [(check, ASK), (start, []), (expired, SEARCH)],
    "a scan wanted later asks for connected toys first": [
        (check, ASK),
        (no_toy, [Wait(None)]),
        (start, ASK),
        (no_toy, SEARCH),
    ],
    "a scan given up meanwhile does not begin": [(check, ASK), (start, []), (stop, []), (no_toy, [Wait(None)])],
    "a second start changes nothing": [*SEARCHING, (start, [])],
    "a toy connected already is found at once, and that was the scan": [
        (check, ASK),
        (start, []),
        (status("A1", 202), [Wait(None), ToyFound("A1")]),
        (accepted("A1"), [SearchEnded()]),
    ],
    "a toy connected already is found without a scan": [
        (check, ASK),
        (status("A1", 202), [Wait(None), ToyFound("A1")]),
        (accepted("A1"), []),
    ],
    "a toy that connects by itself is found": [
        (check, ASK),
        (expired, [Wait(None)]),
        (status("A1", 202), [Wait(None), ToyFound("A1")]),
    ],
    "a toy is used when the search in which it was seen is over": FOUND,
    "what others say of the search meanwhile does not count": [*SEARCHING, (seen("A1"), STOP), (seen("B2"), []), (began, [])],
    "a toy that connects during the search ends it": [
        *SEARCHING,
        (status("A1", 202), STOP),
        (ended, [Wait(None), ToyFound("A1")]),
    ],
    "a toy lost before the search was over is not found": [
        *SEARCHING,
        (seen("A1"), STOP),
        (status("A1", 403), []),
        (ended, [Wait(None), *SEARCH]),
    ],
    "a search that ended by itself goes on after a pause": [*SEARCHING, (ended, [Wait(SEARCH_PAUSE)]), (expired, SEARCH)],
    "a toy seen in that pause is found": [*SEARCHING, (ended, [Wait(SEARCH_PAUSE)]), (seen("A1"), STOP)],
    "a search broken off is a scan ended": [
        *SEARCHING,
        (said(func="toyData", result=501), [Wait(None), SearchEnded()]),
        (start, ASK),
    ],
    "a search refused is a scan ended": [*SEARCHING, (said(func="search", result=400), [Wait(None), SearchEnded()])],
    "a search stopped ends in its own time": [*SEARCHING, (stop, STOP), (stopping, []), (ended, [Wait(None)]), (start, ASK)],
    "a search wanted again before it was over goes on": [
        *SEARCHING,
        (stop, STOP),
        (start, []),
        (ended, [Wait(None), *SEARCH]),
    ],
    "a search that never ends is given up, with the toy that was seen": [
        *SEARCHING,
        (seen("A1"), STOP),
        (expired, [Wait(None), SearchEnded()]),
        (start, ASK),
    ],
    "a search that was to stop and never does is given up": [*SEARCHING, (stop, STOP), (expired, [Wait(None)])],
    "what a toy in use says reaches it": [
        *FOUND,
        (said(func="toyData", data={"id": "A1", "data": "Z:11:A1;"}), [ToyData("A1", b"Z:11:A1;")]),
        (said(func="toyData", data={"id": "A1"}), []),
        (said(func="toyData", data={"id": "B2", "data": "OK;"}), []),
        (said(func="toyData", data={"data": "OK;"}), []),
    ],
    "a toy gone is told once, and looked for": [
        *FOUND,
        (status("A1", 403), [ToyLost("A1"), *ASK]),
        (status("A1", 403), SEARCH),
        (stop, []),
        (seen("B2"), []),
        (ended, [Wait(SEARCH_PAUSE)]),
        (expired, SEARCH),
        (seen("A1"), STOP),
        (ended, [Wait(None), ToyFound("A1")]),
        (accepted("A1"), []),
    ],
    "a search for a toy that is gone is begun again when it fails": [
        *FOUND,
        (status("A1", 403), [ToyLost("A1"), *ASK]),
        (no_toy, SEARCH),
        (start, []),
        (said(func="toyData", result=501), [Wait(RETRY_PAUSE), SearchEnded()]),
        (expired, SEARCH),
        (seen("A1"), STOP),
        (expired, [Wait(RETRY_PAUSE)]),
        (expired, SEARCH),
    ],
    "a toy gone may come back by itself": [
        *FOUND,
        (status("A1", 403), [ToyLost("A1"), *ASK]),
        (status("A1", 202), [Wait(None), ToyFound("A1")]),
        (accepted("A1"), []),
    ],
    "a toy gone and back that is not ready is asked for again after a pause, until it is": [
        *FOUND,
        (status("A1", 403), [ToyLost("A1"), *ASK]),
        (status("A1", 202), [Wait(None), ToyFound("A1")]),
        (accepted("A1"), []),
        (release("A1", is_ready=False), [Wait(RETRY_PAUSE)]),
        (expired, ASK),
        (status("A1", 202), [Wait(None), ToyFound("A1")]),
        (accepted("A1"), []),
        (release("A1", is_ready=False), [Wait(RETRY_PAUSE)]),
        (start, ASK),
        (no_toy, SEARCH),
        (seen("A1"), STOP),
        (ended, [Wait(None), ToyFound("A1")]),
        (accepted("A1"), [SearchEnded()]),
        (release("A1"), []),
        (status("A1", 202), [Wait(None), ToyFound("A1")]),
        (accepted("A1"), []),
        (release("A1", is_ready=False), []),
    ],
    "a question that was not sent is asked again after a pause": [
        (check, ASK),
        (failed(ASK[0]), [Wait(FAILURE_PAUSE)]),
        (expired, ASK),
        (failed(ASK[0]), [Wait(FAILURE_PAUSE)]),
        (start, ASK),
        (no_toy, SEARCH),
    ],
    "a search that was not begun or not ended is begun again after a pause": [
        *SEARCHING,
        (failed(SEARCH[1]), [Wait(FAILURE_PAUSE)]),
        (expired, ASK),
        (no_toy, SEARCH),
        (seen("A1"), STOP),
        (failed(STOP[0]), [Wait(FAILURE_PAUSE)]),
        (expired, ASK),
        (no_toy, SEARCH),
        (seen("A1"), STOP),
        (ended, [Wait(None), ToyFound("A1")]),
    ],
    "a line that was not sent and that nothing waits for any more changes nothing": [
        (check, ASK),
        (expired, [Wait(None)]),
        (failed(ASK[0]), []),
        (start, ASK),
        (expired, SEARCH),
        (failed(ASK[0]), []),
        (seen("A1"), STOP),
        (failed(SEARCH[1]), []),
        (ended, [Wait(None), ToyFound("A1")]),
        (failed(STOP[0]), []),
    ],
    "a toy gone while another is in use is looked for when that is let go": [
        *FOUND,
        (status("B2", 202), [Wait(None), ToyFound("B2")]),
        (accepted("B2"), []),
        (status("A1", 403), [ToyLost("A1")]),
        (release("B2"), ASK),
        (no_toy, SEARCH),
        (seen("A1"), STOP),
    ],
    "a toy gone and back may be refused now": [
        *FOUND,
        (status("A1", 403), [ToyLost("A1"), *ASK]),
        (status("A1", 202), [Wait(None), ToyFound("A1")]),
        (refused("A1"), []),
    ],
    "a scan while a toy is looked for finds others": [
        *FOUND,
        (status("A1", 403), [ToyLost("A1"), *ASK]),
        (no_toy, SEARCH),
        (start, []),
        (seen("B2"), STOP),
        (ended, [Wait(None), ToyFound("B2")]),
        (accepted("B2"), [SearchEnded()]),
        (status("B2", 403), [ToyLost("B2"), *ASK]),
    ],
    "a toy gone without a name is the only one there is": [*FOUND, (status(None, 403), [ToyLost("A1"), *ASK])],
    "toys of a dongle that was away are looked for": [
        (check, ASK),
        (find_again("A1"), []),
        (expired, SEARCH),
        (seen("A1"), STOP),
        (ended, [Wait(None), ToyFound("A1")]),
    ],
    "a dongle that had nothing to bring back is left alone": [(check, ASK), (no_toy, [Wait(None)]), (find_again(), [])],
    "another toy gone is none of ours": [*FOUND, (status("B2", 403), [])],
    "a toy in use is not found again": [*FOUND, (status("A1", 202), []), (start, ASK), (status("A1", 202), SEARCH)],
    "a second toy is found by a second scan, and told from the first": [
        *FOUND,
        (start, ASK),
        (status("A1", 202), SEARCH),
        (seen("B2"), STOP),
        (ended, [Wait(None), ToyFound("B2")]),
        (accepted("B2"), [SearchEnded()]),
        (said(func="toyData", data={"id": "A1", "data": "1;"}), [ToyData("A1", b"1;")]),
        (said(func="toyData", data={"id": "B2", "data": "2;"}), [ToyData("B2", b"2;")]),
        (status(None, 403), []),
        (status("B2", 403), [ToyLost("B2")]),
    ],
    "a toy let go is found again": [
        *FOUND,
        (release("A1"), []),
        (start, ASK),
        (status("A1", 202), [Wait(None), ToyFound("A1")]),
    ],
    "a refused toy is passed over while the search goes on": [
        *SEARCHING,
        (seen("A1"), STOP),
        (ended, [Wait(None), ToyFound("A1")]),
        (refused("A1"), SEARCH),
        (accepted("A1"), []),
        (seen("A1"), []),
        (status("A1", 202), []),
        (seen("B2"), STOP),
    ],
    "a refused toy is found again when it is forgiven": [
        (check, ASK),
        (status("A1", 202), [Wait(None), ToyFound("A1")]),
        (refused("A1"), []),
        (status("A1", 202), []),
        (stop_ignoring("A1"), []),
        (status("A1", 202), [Wait(None), ToyFound("A1")]),
    ],
    "what nobody asked for is passed over": [
        (check, ASK),
        (expired, [Wait(None)]),
        (began, []),
        (ended, []),
        (seen("A1"), []),
        (stop, []),
        (expired, []),
        (status("A1", 403), []),
        (said(func="toyData", result=501), []),
        (said(func="error", message="what?"), []),
        (said(func="something new", result=1), []),
    ],
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_stories(story: list[Step]) -> None:
    protocol = DongleProtocol()
    for number, (happens, expected) in enumerate(story):
        assert list(happens(protocol)) == list(expected), f"step {number}"


MESSAGES = [
    line(func="statuss", result=200),
    line(func="search", result=205),
    line(func="toyData", data={"id": "A1"}),
    line(func="search", result=206),
    line(func="toyData", data={"id": "A1", "data": "OK;"}),
    line(func="status", data={"id": "A1", "status": 403}),
]


@given(cuts=st.sets(st.integers(1, len(b"".join(MESSAGES)) - 1)))
def test_pieces_may_be_cut_anywhere(cuts: set[int]) -> None:
    def actions(pieces: list[bytes]) -> list[Action]:
        protocol = DongleProtocol()
        protocol.check()
        protocol.start()
        return [action for piece in pieces for action in protocol.received(piece)]

    stream = b"".join(MESSAGES)
    borders = [0, *sorted(cuts), len(stream)]
    pieces = [stream[begin:end] for begin, end in pairwise(borders)]
    assert actions(pieces) == actions(MESSAGES)
    assert ToyData("A1", b"OK;") in actions(pieces)
    assert ToyLost("A1") in actions(pieces)


NONSENSE = [
    b"\n\r\n\0\0\n",
    b"AT+GMR\r\n",
    b"\xff\xfe\x00\n",
    b"[]\nnull\n5\n{}\n",
    b'{"func":5}\n{"func":"status","data":[]}\n{"func":"status","data":{"id":1,"status":202}}\n',
    b'{"func":"status","data":{"id":"A1","status":"202"}}\n{"func":"search","result":"206"}\n',
    b'{"func":"status","data":{"status":202}}\n{"func":"toyData"}\n{"func":"status"}\n',
    b'{"func":"toyData","data":{"id":"A1","data":"\\ud800"}}\n',
    b'{"func":"search","more":' + b"[" * 10_000 + b"\n",
    b'{"func":"\xff\xfe"}\n{"func":"error","message":"\xc3"}\n',
    b'{"func":"toyData","data":{"id":"A1","data":"\xff"}}\n{"func":"status","data":{"id":"\xed\xa0\x80","status":202}}\n',
    b'{"func":"status","data":{"id":"' + b"x" * 100 + b'","status":202}}\n',
    b'{"func":"statu\xf3","data":{"id":"A1","status":403}}\n',
]


@pytest.mark.parametrize("nonsense", NONSENSE, ids=lambda nonsense: repr(nonsense[:40]))
def test_nonsense_is_passed_over(nonsense: bytes) -> None:
    protocol = DongleProtocol()
    for happens, _ in FOUND:
        happens(protocol)
    assert protocol.received(nonsense) == []
    assert protocol.received(line(func="toyData", data={"id": "A1", "data": "OK;"})) == [ToyData("A1", b"OK;")]


#: Messages in which some bytes are others.
DAMAGED = st.builds(
    lambda message, start, bytes_: message[:start] + bytes_ + message[start + len(bytes_) :],
    st.sampled_from(MESSAGES),
    st.integers(0, 60),
    st.binary(min_size=1, max_size=3),
)


@given(st.lists(st.binary(max_size=200) | st.sampled_from(MESSAGES) | DAMAGED, max_size=20))
def test_no_bytes_can_break_it(pieces: list[bytes]) -> None:
    protocol = DongleProtocol()
    protocol.check()
    protocol.start()
    for piece in pieces:
        protocol.received(piece)
    assert all(len(found) <= ID_LENGTH for found in protocol.toys)


def test_only_so_many_toys_are_taken_note_of() -> None:
    protocol = DongleProtocol()
    for number in range(1000):
        protocol.received(line(func="status", data={"id": f"A{number}", "status": 202}))
        if number % 2:
            protocol.refused(f"A{number}")
    assert len(protocol.toys) <= MAX_TOYS


def test_toys_that_are_seen_and_refused_without_end_are_not_all_kept() -> None:
    protocol = DongleProtocol()
    protocol.check()
    protocol.start()
    no_toy(protocol)
    found = 0
    for number in range(200):
        seen(f"A{number}")(protocol)
        for action in ended(protocol):
            if isinstance(action, ToyFound):
                found += 1
                protocol.refused(action.toy)
    assert found == MAX_TOYS


def test_of_toys_that_come_and_go_without_end_the_last_ones_are_missed() -> None:
    protocol = DongleProtocol()
    for number in range(200):
        status(f"A{number}", 202)(protocol)
        status(f"A{number}", 403)(protocol)
    assert list(protocol.missing) == [f"A{number}" for number in range(200 - MAX_TOYS, 200)]
    assert protocol.toys == set()


def test_a_line_without_an_end_is_forgotten() -> None:
    protocol = DongleProtocol()
    assert protocol.received(b"x" * (LINE_LIMIT + 1)) == []
    protocol.received(line(func="statuss", result=200))
    assert protocol.answered


def test_only_what_a_dongle_would_say_counts_as_an_answer() -> None:
    protocol = DongleProtocol()
    protocol.received(b"ets Jun  8 2016 00:22:57\r\nTCode v0.3\r\n")
    assert not protocol.answered
    protocol.received(line(func="statuss"))
    assert protocol.answered


def test_a_command_names_the_toy() -> None:
    assert command("A1B2", b"Vibrate:10;") == b'{"type":"toy","func":"command","id":"A1B2","cmd":"Vibrate:10;"}\r\n'


@pytest.mark.parametrize("data", [b"\xff", "Ä;".encode()])
def test_what_is_no_text_is_no_command(data: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        command("A1B2", data)


@pytest.mark.parametrize(("length", "number"), [(1, 1), (62, 1), (63, 1), (64, 2), (126, 2), (127, 3)])
def test_a_line_is_cut_into_reports_of_63_bytes(length: int, number: int) -> None:
    line = bytes(range(1, 256))[:length]
    cut = reports(line)
    assert len(cut) == number
    assert all(len(report) == 65 and report[0] == report[64] == 0 for report in cut)
    assert b"".join(report[1:64] for report in cut).rstrip(b"\0") == line


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (b'{"func":'.ljust(64, b"\0"), b'{"func":'),
        (b"x" * 63 + b"\0", b"x" * 63),
        (b"x" * 63 + b"\x7f", b"x" * 63),
        (b"", b""),
        (b"\0", b""),
    ],
)
def test_the_last_byte_of_a_report_is_no_text(report: bytes, expected: bytes) -> None:
    assert text(report) == expected
