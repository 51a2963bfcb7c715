"""Origins and hosts are taken apart, not compared by how they begin."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from buttplug.core.origins import Origin, host_of, is_loopback, may_connect, never_matching, parse_origin
from tests.cases import for_each

OF_THIS_MACHINE = [
    "http://localhost",
    "http://localhost:8080",
    "https://LOCALHOST",
    "HTTP://localhost",
    "http://app.localhost:3000",
    "http://127.0.0.1:8000",
    "http://127.3.2.1",
    "http://[::1]:8000",
    "http://[0:0:0:0:0:0:0:1]",
    "http://[::ffff:127.0.0.1]",
]
FOREIGN = [
    "https://example.com",
    "http://example.com:12345",
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://notlocalhost",
    "http://192.168.1.2",
    "http://0.0.0.0",
    "http://[::]",
    "http://[::2]",
    "file://evil.com",
    "file://localhost",
    "file:///home/me/page.html",
    "file:",
    "chrome-extension://localhost",
    "moz-extension://127.0.0.1",
    "ws://localhost",
    "ftp://localhost",
    "app://localhost",
]
NO_ORIGINS = [
    "",
    " ",
    "localhost",
    "//localhost",
    "http:localhost",
    "http:/localhost",
    "http://",
    "http://localhost/",
    "http://localhost/page",
    "http://localhost?x",
    "http://localhost#x",
    "http://localhost:",
    "http://localhost:http",
    "http://localhost:70000",
    "http://localhost:-1",
    "http://localhost:0x50",
    "http://localhost:８０",
    "http://lоcalhost",
    "http://localhost.",
    "http://user@localhost",
    "http://localhost@example.com",
    "http://localhost:80@example.com",
    "http://[::1]evil.com",
    "http://[::1",
    "http://::1",
    "http://[::1]:80:80",
    "http://[127.0.0.1]",
    "http://[::1%25lo]",
    "http://localhost,http://localhost",
    "http://localhost http://localhost",
    "http://local host",
    "http://localhost\n",
    "\thttp://localhost",
    "http://localhost\x00",
    "http://\x1b[31m",
    "NULL",
    "null ",
    "null,null",
]


@for_each("origin", [None, *OF_THIS_MACHINE])
def test_programs_and_pages_of_this_machine_may_connect(origin: str | None) -> None:
    assert may_connect(origin, ())


@for_each("origin", [*FOREIGN, *NO_ORIGINS])
def test_no_other_page_may_connect(origin: str) -> None:
    assert not may_connect(origin, ())
    assert not may_connect(origin, ("https://another.example", "null"))


@for_each("origin", NO_ORIGINS)
def test_what_is_no_origin_is_none(origin: str) -> None:
    assert parse_origin(origin) is None


@for_each("origin", ["null", "file://"])
def test_pages_without_an_origin_may_connect_only_where_it_is_said(origin: str) -> None:
    assert not may_connect(origin, ())
    assert not may_connect(origin, ("https://example.com", "http://localhost"))
    assert may_connect(origin, ("null",))


def test_pages_from_files_can_be_allowed_by_themselves() -> None:
    assert may_connect("file://", ("file://",))
    assert not may_connect("null", ("file://",))
    assert not may_connect("file://evil.com", ("file://", "null"))


@for_each(
    ("allowed", "origin"),
    [
        ("*", "https://example.com"),
        ("*", "null"),
        ("*", "garbage"),
        ("https://example.com", "https://example.com"),
        ("https://example.com/", "https://example.com"),
        (" HTTPS://Example.com", "https://example.com"),
        ("https://example.com:443", "https://example.com"),
        ("http://example.com", "http://example.com:80"),
        ("http://10.0.0.2:8080", "http://10.0.0.2:8080"),
        ("chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"),
    ],
)
def test_an_allowed_origin_is_the_same_however_it_is_written(allowed: str, origin: str) -> None:
    assert may_connect(origin, ("https://another.example", allowed))


@for_each(
    "origin",
    [
        "http://example.com",
        "https://example.com:8443",
        "https://www.example.com",
        "https://example.com.evil.org",
        "https://example.co",
    ],
)
def test_allowing_one_origin_allows_no_other(origin: str) -> None:
    assert not may_connect(origin, ("https://example.com",))


def test_what_no_page_can_have_as_its_origin_is_found() -> None:
    wrong = ["example.com", "https://example.com/game", "https://*.example.com", "https://"]
    assert never_matching(["*", "null", "file://", "https://example.com/", *wrong]) == wrong


@given(st.text(max_size=40))
def test_any_text_has_an_answer(text: str) -> None:
    origin = parse_origin(text)
    assert origin is None or isinstance(origin, Origin)
    assert may_connect(text, ("https://example.com",)) in (True, False)
    assert isinstance(host_of(text), str | None)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20))
def test_nothing_behind_a_loopback_host_makes_another_host_a_loopback_one(text: str) -> None:
    """Whatever stands behind it, the host is this machine only where a browser takes it for this machine."""
    for host in ("localhost", "127.0.0.1", "[::1]"):
        if may_connect(f"http://{host}{text}", ()):
            assert text.startswith(":") or (text.isdigit() and host == "127.0.0.1") or text.endswith(".localhost")


@for_each(
    ("header", "host"),
    [
        ("localhost:12345", "localhost"),
        ("LocalHost", "localhost"),
        ("127.0.0.1:12345", "127.0.0.1"),
        ("[::1]:12345", "[::1]"),
        ("[::1]", "[::1]"),
        ("localhost:", "localhost"),
        ("example.com:80", "example.com"),
        ("", None),
        ("a b", None),
        ("localhost, example.com", None),
        ("user@localhost", None),
        ("[::1]evil.com", None),
    ],
)
def test_the_host_of_a_header(header: str, host: str | None) -> None:
    assert host_of(header) == host


@for_each("host", ["localhost", "a.localhost", "127.0.0.1", "::1", "[::1]", "::ffff:127.0.0.1"])
def test_these_are_this_machine(host: str) -> None:
    assert is_loopback(host)


@for_each("host", ["", "0.0.0.0", "::", "192.168.0.1", "localhost.example.com", "xlocalhost", "127.0.0.1.nip.io"])
def test_these_are_not(host: str) -> None:
    assert not is_loopback(host)
