"""Who may open a websocket: hosts, origins and tokens of a request."""

from __future__ import annotations

import hmac
from http import HTTPStatus
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.datastructures import Headers

from buttplug.core.access import Access, Refusal, beyond_this_machine, read_token

HERE = "127.0.0.1"
ELSEWHERE = "192.168.1.2"
TOKEN = "correct-horse+battery/staple=="


def ask(
    access: Access, *headers: tuple[str, str], target: str = "/", host: str | None = "localhost:12345", at: str = HERE
) -> Refusal | None:
    known = Headers(headers)
    if host is not None:
        known["Host"] = host
    return access.refusal(target, known, local_address=at)


def status(refusal: Refusal | None) -> int | None:
    return None if refusal is None else refusal.status


# Hosts


@pytest.mark.parametrize("host", ["localhost", "localhost:12345", "127.0.0.1:12345", "[::1]:12345", "toys.localhost"])
@pytest.mark.parametrize("at", ["127.0.0.1", "::1"])
def test_a_request_for_this_machine_is_served(host: str, at: str) -> None:
    assert ask(Access(), host=host, at=at) is None


@pytest.mark.parametrize(
    "host", ["evil.com", "evil.com:12345", "localhost.evil.com", "192.168.1.2", "[::1]evil.com", "", "\x9b31m"]
)
@pytest.mark.parametrize("at", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_request_for_another_host_is_refused_where_it_came_to_this_machines_own_address(host: str, at: str) -> None:
    refusal = ask(Access(token=TOKEN), host=host, at=at)
    assert refusal is not None
    assert refusal.status == HTTPStatus.MISDIRECTED_REQUEST
    assert (refusal.answer + refusal.warning).isprintable()


def test_a_request_without_a_host_or_with_two_is_refused() -> None:
    assert status(ask(Access(), host=None)) == 421
    assert status(ask(Access(), ("Host", "localhost"))) == 421


def test_other_addresses_of_this_machine_have_names_that_nobody_here_knows() -> None:
    assert ask(Access(), host="desk.example", at=ELSEWHERE) is None


def test_the_host_of_an_allowed_origin_may_be_a_name_of_this_machine() -> None:
    access = Access(allow_origins=["https://toys.example"])
    assert ask(access, ("Origin", "https://toys.example"), host="toys.example") is None
    assert status(ask(access, host="evil.com")) == 421
    assert ask(Access(allow_origins=["*"]), host="evil.com") is None


# Origins


@pytest.mark.parametrize("origin", ["null", "file://"])
def test_a_page_without_an_origin_is_told_how_to_let_it_in(origin: str) -> None:
    refusal = ask(Access(), ("Origin", origin))
    assert status(refusal) == 403
    assert refusal is not None
    assert "--allow-origin null" in refusal.answer
    assert ask(Access(allow_origins=["null"]), ("Origin", origin)) is None


def test_a_page_of_another_machine_is_told_how_to_let_it_in() -> None:
    remedy = "the page at https://evil.com is not allowed to connect; to allow it, start the server with --allow-origin https://evil.com"
    assert ask(Access(), ("Origin", "https://evil.com")) == Refusal(HTTPStatus.FORBIDDEN, remedy, remedy)


@pytest.mark.parametrize("origin", ["", "http://a\x9b31mb", "http://[::1]evil.com", "x" * 8000, "http://a\tb"])
def test_what_is_no_origin_is_refused_in_one_printable_line(origin: str) -> None:
    refusal = ask(Access(), ("Origin", origin))
    assert status(refusal) == 403
    assert refusal is not None
    for line in (refusal.answer, refusal.warning):
        assert line.isprintable()
        assert len(line) < 400
        assert "start the server" not in line


def test_two_origins_are_refused_even_where_both_may_connect() -> None:
    assert status(ask(Access(), ("Origin", "http://localhost"), ("Origin", "http://localhost"))) == 400


# Tokens


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        (f"/?token={TOKEN}", []),
        ("/?token=correct-horse%2Bbattery%2Fstaple%3D%3D", []),
        (f"/some/path?a=b&token={TOKEN}&c", []),
        (f"/?token=wrong&token={TOKEN}", []),
        ("/", [("Authorization", f"Bearer {TOKEN}")]),
        ("/", [("authorization", f"bearer   {TOKEN} ")]),
        ("/?token=wrong", [("Authorization", f"Bearer {TOKEN}")]),
    ],
)
def test_who_shows_the_token_is_let_in(target: str, headers: list[tuple[str, str]]) -> None:
    assert ask(Access(token=TOKEN), *headers, target=target) is None


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/", []),
        ("/?token=", []),
        ("/?token", []),
        (f"/?token={TOKEN[:-1]}", []),
        (f"/?token={TOKEN}x", []),
        (f"/?token={TOKEN.upper()}", []),
        (f"/?Token={TOKEN}", []),
        (f"/{TOKEN}", []),
        (f"/#token={TOKEN}", []),
        (f"/?token=%ff{TOKEN}", []),
        ("/?token=\udcff", []),
        (f"/?{'a&' * 100}token={TOKEN}", []),
        ("/", [("Authorization", TOKEN)]),
        ("/", [("Authorization", f"Basic {TOKEN}")]),
        ("/", [("Authorization", "Bearer")]),
        ("/", [("Authorization", "")]),
        ("/", [("X-Token", TOKEN)]),
    ],
)
def test_who_does_not_is_refused_and_the_token_is_not_told(target: str, headers: list[tuple[str, str]]) -> None:
    refusal = ask(Access(token=TOKEN), *headers, target=target)
    assert refusal is not None
    assert refusal.status == HTTPStatus.UNAUTHORIZED
    assert TOKEN[:10] not in refusal.answer + refusal.warning


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_no_other_text_is_the_token(text: str) -> None:
    assert (ask(Access(token=TOKEN), target=f"/?token={text}") is None) == (text.partition("&")[0] == TOKEN)


def test_the_token_does_not_help_a_page_that_may_not_connect() -> None:
    access = Access(token=TOKEN)
    assert status(ask(access, ("Origin", "https://evil.com"), target=f"/?token={TOKEN}")) == 403
    assert status(ask(access, target=f"/?token={TOKEN}", host="evil.com")) == 421


def test_without_a_token_nobody_needs_one() -> None:
    assert ask(Access(), target="/?token=anything") is None


def test_a_token_is_read_from_a_file_without_the_line_end(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\r\n")
    assert read_token(file) == TOKEN


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the token has 0 characters; it needs 8 or more"),
        (b"\n\n", "the token has 0 characters; it needs 8 or more"),
        (b"short\n", "the token has 5 characters; it needs 8 or more"),
        (b"two words", "a token is one line of letters, digits and signs, without spaces"),
        (b"two lines\nof them", "a token is one line of letters, digits and signs, without spaces"),
        ("pässword-ä".encode(), "a token is one line of letters, digits and signs, without spaces"),
        (b"\xff\xfe12345678", "a token is one line of letters, digits and signs, without spaces"),
    ],
)
def test_a_file_without_a_good_token_is_told_without_its_content(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="token") as error:
        read_token(file)
    assert str(error.value) == f"{file}: {reason}"


# What a user should know


@pytest.mark.parametrize(
    ("hosts", "beyond"),
    [
        (["127.0.0.1", "::1"], False),
        (["localhost"], False),
        (["127.0.0.2"], False),
        ([], True),
        (["0.0.0.0"], True),
        (["::"], True),
        (["127.0.0.1", "192.168.1.2"], True),
        (["desk"], True),
    ],
)
def test_which_addresses_others_can_reach(hosts: list[str], beyond: bool) -> None:
    assert beyond_this_machine(hosts) == beyond


def test_what_lets_in_many_is_warned_of() -> None:
    assert Access().warnings(["127.0.0.1"], tls=False) == []
    (any_page,) = Access(allow_origins=["*"]).warnings(["127.0.0.1"], tls=False)
    assert any_page.startswith('--allow-origin "*": any web page')
    (everybody,) = Access().warnings(["0.0.0.0", "::"], tls=True)
    assert everybody == "listening on 0.0.0.0 and ::: everybody in the network can drive the devices from other machines"
    (plain,) = Access(token=TOKEN).warnings(["192.168.1.2"], tls=False)
    assert "who knows the token" in plain
    assert "nothing is encrypted without --tls-cert" in plain
    (useless,) = Access(allow_origins=["example.com\x1b[31m"]).warnings(["::1"], tls=False)
    assert useless == "--allow-origin example.com?[31m: no page has this origin; write one like https://example.com"


@pytest.mark.parametrize("target", [f"/?token={TOKEN}", f"/?token={TOKEN[:-1]}!", "/?token=x"])
def test_a_token_is_compared_in_a_time_that_does_not_tell_how_much_of_it_is_right(
    monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    compared: list[tuple[bytes, bytes]] = []
    compare = hmac.compare_digest

    def noted(shown: bytes, known: bytes) -> bool:
        compared.append((shown, known))
        return compare(shown, known)

    monkeypatch.setattr(hmac, "compare_digest", noted)
    let_in = ask(Access(token=TOKEN), target=target) is None
    assert compared == [(target.removeprefix("/?token=").encode(), TOKEN.encode())]
    assert let_in is (compared[0][0] == compared[0][1])
    monkeypatch.setattr(hmac, "compare_digest", lambda shown, known: True)
    assert ask(Access(token=TOKEN), target=target) is None, "nothing else decides"
