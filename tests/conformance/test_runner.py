"""Vectors from the facts of device protocols, and that a case fails for every reason there is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.conformance.__main__ import main
from tests.conformance.format import BatteryLevel, Case, Data, Expectation, Found, Level, Scalar, Send, Step, read
from tests.conformance.runner import Outcome, Verdict, run

VECTORS = Path(__file__).parent / "vectors"

#: The vectors that have a recorded defect in them, and a word of the reason why something else must come.
DEVIATING = {
    "galaku_rotator": "rotates is told to",
    "hgod": "sent at once",
    "jejoue": "both run",
    "kiiroo_v21_titan": "speed 1 to 99",
    "kiiroo_v21_titan_speed_limits": "speed 1 to 99",
    "lovense_nora_flips": "turned round",
    "lovense_solace_pro_truncated": "spread evenly",
    "ossm": "no limits but those that its user set",
    "sdl_gamepad_triggers": "stop ends all",
    "svakom_tarax": "zeros come behind",
    "tcode_stroker": "rotation axis",
    "umove_mira": "takes its time",
    "vorze_piston_from_anywhere": "does not race",
    "vorze_piston_speed_limits": "speed 1, not 0",
    "yiciyuan": "only 0 is off",
    "youou": "would be a pattern",
    "zalo_queen": "stands still",
}

#: The vectors that clients of version 0 have words for, and those that only clients of version 3 and later have words for.
ONE_SPEED = {"hgod", "kiiroo_v21_pearl", "lovense_silent", "thehandy_v3_oh", "vorze_bach", "youou"}
SCALARS = {"galaku_rotator", "lovense_max", "lovense_solace_pro", "tcode_stroker"}

Change = Callable[[Case], None]
RunChanged = Callable[..., Outcome]

vectors = pytest.mark.parametrize("vector", sorted(path.stem for path in VECTORS.glob("*.json")))


@vectors
def test_every_vector_passes(vector: str) -> None:
    outcome = run(VECTORS / f"{vector}.json")
    assert outcome.case == vector
    assert outcome.verdict is Verdict.PASSED, outcome.details
    assert [DEVIATING[vector] in detail for detail in outcome.details] == [True] * (vector in DEVIATING)


@vectors
@pytest.mark.parametrize("version", range(5))
def test_clients_of_every_version_pass_what_they_have_words_for(vector: str, version: int) -> None:
    outcome = run(VECTORS / f"{vector}.json", version)
    least = 0 if vector in ONE_SPEED else 3 if vector in SCALARS else 1
    assert outcome.verdict is (Verdict.PASSED if version >= least else Verdict.NOT_FOR_VERSION), outcome.details


@pytest.fixture
def run_changed(tmp_path: Path) -> RunChanged:
    """Runs a vector with something changed in it."""
    (tmp_path / "config").symlink_to(VECTORS / "config")

    def run_it(vector: str, change: Change, version: int | None = None) -> Outcome:
        case = read(VECTORS / f"{vector}.json")
        change(case)
        path = tmp_path / "changed.json"
        path.write_bytes(msgspec.json.encode(case))
        return run(path, version)

    return run_it


def expectations(case: Case, place: int) -> list[Expectation]:
    """Return one of the expectations of a session, counted among them."""
    return [step.expect for step in case.session if step.expect is not None][place]


def wrong_byte(expected: list[Expectation]) -> None:
    expected[0].data = f"{expected[0].data[:-1]}{'1' if expected[0].data[-1] != '1' else '2'}"


def another_byte(expected: list[Expectation]) -> None:
    expected[0].data += " 00"


def wrong_endpoint(expected: list[Expectation]) -> None:
    expected[0].write = "command"


def wrong_response(expected: list[Expectation]) -> None:
    expected[0].with_response = not expected[0].with_response


def unexpected_packet(expected: list[Expectation]) -> None:
    del expected[0]


def missing_packet(expected: list[Expectation]) -> None:
    expected.append(Expectation(write="tx", data="ff"))


def missing_repetition(expected: list[Expectation]) -> None:
    expected.append(expected[-1])


def missing_subscription(expected: list[Expectation]) -> None:
    expected.append(Expectation(subscribe="rx"))


def wrong_order(expected: list[Expectation]) -> None:
    expected.reverse()


@pytest.mark.parametrize(
    "change",
    [
        wrong_byte,
        another_byte,
        wrong_endpoint,
        wrong_response,
        unexpected_packet,
        missing_packet,
        missing_repetition,
        missing_subscription,
        wrong_order,
    ],
)
@pytest.mark.parametrize(
    ("vector", "place"),
    [
        # Each expects more than one packet there.
        ("aneros_vivi", 3),
        ("lovense_nora", 2),
        ("lovense_solace_pro", 0),
    ],
)
def test_a_case_fails_by(
    run_changed: RunChanged, vector: str, place: int, change: Callable[[list[Expectation]], None]
) -> None:
    outcome = run_changed(vector, lambda case: change(expectations(case, place)))
    assert outcome.verdict is Verdict.FAILED
    assert "expected" in outcome.details[0]
    assert "; came" in outcome.details[0]


@pytest.mark.parametrize("place", range(5))
def test_a_case_fails_by_a_wrong_byte_anywhere(run_changed: RunChanged, place: int) -> None:
    assert run_changed("aneros_vivi", lambda case: wrong_byte(expectations(case, place))).verdict is Verdict.FAILED


@pytest.mark.parametrize("place", range(3))
def test_a_case_fails_by_a_packet_after_a_command_that_should_cause_none(run_changed: RunChanged, place: int) -> None:
    def forget(case: Case) -> None:
        case.session.remove(next(step for step in case.session if step.expect is expectations(case, place)))

    assert run_changed("aneros_vivi", forget).verdict is Verdict.FAILED


def zero_in_the_middle(case: Case, packets: list[str]) -> None:
    """Drive the first motor, turn it off, and stop both."""
    del case.session[2:]
    case.session += [
        Step(send=[Send(vibrate=[Level(0, 0)])]),
        Step(expect=[Expectation(write="tx", data="f1 00")]),
        Step(send=[Send(stop=True)]),
        Step(expect=[Expectation(write="tx", data=data) for data in packets]),
        Step(send=[Send(vibrate=[Level(1, 1)])]),
        Step(expect=[Expectation(write="tx", data="f2 7f")]),
    ]


def test_a_stop_may_tell_a_device_again_that_it_is_off(run_changed: RunChanged) -> None:
    assert run_changed("aneros_vivi", lambda case: zero_in_the_middle(case, ["f1 00", "f2 00"])).verdict is Verdict.PASSED
    assert run_changed("aneros_vivi", lambda case: zero_in_the_middle(case, ["f2 00"])).verdict is Verdict.PASSED
    assert run_changed("aneros_vivi", lambda case: zero_in_the_middle(case, ["f1 00"])).verdict is Verdict.FAILED


def test_a_case_fails_by_packets_that_come_by_themselves_after_the_last_step(run_changed: RunChanged) -> None:
    def forget_the_rest(case: Case) -> None:
        del case.session[2:]
        del expectations(case, 0)[3:]

    outcome = run_changed("lovense_solace_pro", forget_the_rest)
    assert outcome.verdict is Verdict.FAILED
    assert "expected nothing; came tx" in outcome.details[0]


def test_a_case_fails_by_a_deviation_that_is_not_shown(run_changed: RunChanged) -> None:
    def be_slower(case: Case) -> None:
        expectations(case, 1)[0].data = "03 00 61 63"

    outcome = run_changed("kiiroo_v21_titan_speed_limits", be_slower)
    assert outcome.verdict is Verdict.FAILED
    assert "expected tx 03 00 61 63; came tx 03 00 63 63" in outcome.details[0]


def wrong_name(case: Case) -> None:
    case.devices[0].expected_name = "Another"


def wrong_display_name(case: Case) -> None:
    case.devices[0].expected_display_name = "Another"


def wrong_address(case: Case) -> None:
    case.devices[0].address = "bench-2"


@pytest.mark.parametrize("change", [wrong_name, wrong_display_name, wrong_address])
def test_a_case_fails_by_another_device_than_expected(run_changed: RunChanged, change: Change) -> None:
    outcome = run_changed("tcode_stroker", change)
    assert outcome.verdict is Verdict.FAILED
    assert "name" in outcome.details[0]


def test_a_case_fails_by_a_wrong_hand_shake(run_changed: RunChanged) -> None:
    def expect_more(case: Case) -> None:
        assert case.on_connect[1].expect is not None
        wrong_byte(case.on_connect[1].expect)

    outcome = run_changed("satisfyer_love_triangle", expect_more)
    assert outcome.verdict is Verdict.FAILED
    assert "expected command 02 (with response); came command 01 (with response)" in outcome.details[0]


def test_a_case_fails_by_a_hand_shake_that_does_not_end(run_changed: RunChanged) -> None:
    outcome = run_changed("satisfyer_love_triangle", lambda case: case.on_connect.clear())
    assert outcome.verdict is Verdict.FAILED
    assert "SF Whatever was not announced" in outcome.details[0]
    assert "the vector has no reply to this read of rxblemodel" in outcome.details[1]


def test_a_case_fails_by_a_hand_shake_that_is_not_done(run_changed: RunChanged) -> None:
    def expect_one(case: Case) -> None:
        case.on_connect.append(Step(expect=[Expectation(write="tx", data="f1 40")]))

    outcome = run_changed("aneros_vivi", expect_one)
    assert outcome.verdict is Verdict.FAILED
    assert "expected tx f1 40; came nothing" in outcome.details[0]


def test_a_case_fails_by_a_command_that_is_refused(run_changed: RunChanged) -> None:
    outcome = run_changed("aneros_vivi", lambda case: case.session.insert(0, Step(send=[Send(vibrate=[Level(0, 1.5)])])))
    assert outcome.verdict is Verdict.FAILED
    assert "1.5" in outcome.details[0]


@pytest.mark.parametrize(
    ("send", "problem"),
    [
        (Send(vibrate=[Level(1, 0.5)]), "there is no Vibrate output 1: the device has 1"),
        (Send(scalar=[Scalar(0, 0.5, "oscillate")]), "scalar output 0 is vibrate, not oscillate"),
        (Send(scalar=[Scalar(1, 0.5, "rotate")]), "there is no scalar output 1: the device has 1"),
    ],
)
def test_a_case_fails_by_an_output_that_there_is_not(run_changed: RunChanged, send: Send, problem: str) -> None:
    outcome = run_changed("lovense_nora", lambda case: case.session.append(Step(send=[send])))
    assert outcome.verdict is Verdict.FAILED
    assert problem in outcome.details[0]


@pytest.mark.parametrize("version", range(1, 5))
def test_a_case_fails_for_every_version_by_a_wrong_byte(run_changed: RunChanged, version: int) -> None:
    outcome = run_changed("aneros_vivi", lambda case: wrong_byte(expectations(case, 1)), version)
    assert outcome.verdict is Verdict.FAILED
    assert outcome.details[0].startswith(f"version {version}, ")


@pytest.mark.parametrize("version", [2, 3])
def test_a_case_fails_for_old_clients_by_a_wrong_battery_level(run_changed: RunChanged, version: int) -> None:
    def expect_more(case: Case) -> None:
        next(send for step in case.session for send in step.send or () if send.battery).battery = BatteryLevel(0.91)

    assert run_changed("kiiroo_v21_pearl", expect_more, version).verdict is Verdict.FAILED


def test_a_case_fails_by_a_wrong_battery_level(run_changed: RunChanged) -> None:
    def expect_more(case: Case) -> None:
        next(send for step in case.session for send in step.send or () if send.battery).battery = BatteryLevel(0.91)

    outcome = run_changed("kiiroo_v21_pearl", expect_more)
    assert outcome.verdict is Verdict.FAILED
    assert "expected a battery level of 0.91; came 0.9" in outcome.details[0]


def test_a_reply_is_for_one_read(run_changed: RunChanged) -> None:
    def read_again(case: Case) -> None:
        case.session.append(Step(send=[Send(battery=BatteryLevel(0.9))]))

    outcome = run_changed("kiiroo_v21_pearl", read_again)
    assert outcome.verdict is Verdict.FAILED
    assert "the vector has no reply to this read of whitelist" in outcome.details[0]


LATER = BatteryLevel(0.89, answered_by_later_notification=True)
BATTERY_QUERY = Expectation(write="tx", data=b"Battery;".hex())


@pytest.mark.parametrize(("reply", "verdict"), [(b"89;", Verdict.PASSED), (b"88;", Verdict.FAILED), (b"OK;", Verdict.FAILED)])
def test_a_battery_level_may_come_by_a_later_notification(run_changed: RunChanged, reply: bytes, verdict: Verdict) -> None:
    def ask(case: Case) -> None:
        answer = Step(notify=[Data("rx", reply.hex())])
        case.session += [Step(send=[Send(battery=LATER)]), Step(expect=[BATTERY_QUERY]), answer]

    assert run_changed("lovense_max", ask).verdict is verdict


def test_several_devices_are_told_apart(run_changed: RunChanged) -> None:
    def add_another(case: Case) -> None:
        case.devices.append(Found("Bach smart", "Vorze Bach"))
        case.session += [
            Step(device=1, send=[Send(vibrate=[Level(0, 0.5)])]),
            Step(device=1, expect=[Expectation(write="tx", data="06 03 32", with_response=True)]),
        ]

    def mix_up(case: Case) -> None:
        add_another(case)
        case.session[-1].device = 0

    assert run_changed("aneros_vivi", add_another).verdict is Verdict.PASSED
    assert run_changed("aneros_vivi", mix_up).verdict is Verdict.FAILED


def test_steps_for_newer_clients_are_left_out(run_changed: RunChanged) -> None:
    step = Step(min_spec_version=5, expect=[Expectation(write="tx", data="ff")])
    assert run_changed("aneros_vivi", lambda case: case.session.append(step)).verdict is Verdict.PASSED
    step.min_spec_version = 4
    assert run_changed("aneros_vivi", lambda case: case.session.append(step)).verdict is Verdict.FAILED
    assert run_changed("aneros_vivi", lambda case: case.session.append(step), 3).verdict is Verdict.PASSED
    step.min_spec_version = 3
    assert run_changed("aneros_vivi", lambda case: case.session.append(step), 3).verdict is Verdict.FAILED
    assert run_changed("aneros_vivi", lambda case: case.session.append(step), 2).verdict is Verdict.PASSED


def test_a_name_may_say_that_a_device_is_found_by_manufacturer_data(run_changed: RunChanged) -> None:
    def rename(case: Case) -> None:
        case.devices[0].advertised_name = "no_name_will_match_lovense_manufacturer_data"

    assert run_changed("lovense_max", rename).verdict is Verdict.PASSED


def test_a_device_that_nobody_knows_fails(run_changed: RunChanged) -> None:
    def rename(case: Case) -> None:
        case.devices[0].advertised_name = "nobody knows me"

    outcome = run_changed("aneros_vivi", rename)
    assert outcome == Outcome("aneros_vivi", Verdict.FAILED, ("the configuration knows no device nobody knows me",))


def test_a_protocol_without_a_module_is_not_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.conformance.runner.supports", "vorze-sa".__eq__)
    assert run(VECTORS / "aneros_vivi.json") == Outcome("aneros_vivi", Verdict.NOT_SUPPORTED, ("aneros",))
    assert run(VECTORS / "vorze_bach.json").verdict is Verdict.PASSED


def test_both_ways_must_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buttplug.client.websocket.decode_server_frame", lambda frame: [])
    outcome = run(VECTORS / "aneros_vivi.json")
    assert outcome.verdict is Verdict.FAILED
    assert outcome.details[0].startswith("websocket, ")


DEVICES = '"devices": [{"advertised_name": "Massage Demo", "expected_name": "Aneros Vivi"}]'


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "truncated"),
        (f'{{"case": "c", {DEVICES}}}', "missing required field `session`"),
        (f'{{"case": "c", {DEVICES}, "session": [], "extra": 1}}', "unknown field `extra`"),
        (f'{{"case": "c", {DEVICES}, "session": [{{"device": 0}}]}}', "exactly one of expect, send, notify, read_replies"),
        (f'{{"case": "c", {DEVICES}, "session": [{{"send": [], "expect": []}}]}}', "not expect and send"),
        (f'{{"case": "c", {DEVICES}, "session": [{{"send": [{{"shake": 1}}]}}]}}', "unknown field `shake`"),
        (f'{{"case": "c", {DEVICES}, "session": [{{"expect": [{{"write": "tx", "data": "0x"}}]}}]}}', "hexadecimal"),
        (f'{{"case": "c", {DEVICES}, "session": [], "user_config": "none.json"}}', "none.json"),
    ],
)
def test_a_vector_that_is_not_understood_fails(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(content)
    outcome = run(path)
    assert outcome.verdict is Verdict.FAILED
    assert outcome.case == "broken"
    assert problem in outcome.details[0]


def test_the_command_line_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for vector in ("aneros_vivi", "lovense_nora_flips"):
        (tmp_path / f"{vector}.json").write_bytes((VECTORS / f"{vector}.json").read_bytes())
    assert main(["--spec-version", "0", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == ["0 passed, 0 failed, 0 not supported, 2 not for this version"]
    assert main([str(tmp_path)]) == 0
    reported, last = capsys.readouterr().out.splitlines()
    assert reported.startswith("PASSED lovense_nora_flips: a rotator is turned round")
    assert last == "2 passed, 0 failed, 0 not supported"

    (tmp_path / "broken.json").write_text("{}")
    assert main([str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("FAILED broken: ")
    assert lines[-1] == "2 passed, 1 failed, 0 not supported"


def test_a_folder_without_vectors_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([str(tmp_path)])
    assert "there are no vectors or recordings in" in capsys.readouterr().err
