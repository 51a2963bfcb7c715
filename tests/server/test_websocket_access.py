"""Whom the listener lets in, with real requests: hosts, origins, tokens, and TLS."""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from buttplug.core.errors import ButtplugConnectorError
from buttplug.core.listening import admission
from buttplug.server.websocket import WebsocketListener
from tests.server.conftest import BuildHouse, Listen
from tests.server.wire import HELLO, UPGRADE_HEADERS, Place, ask

pytestmark = pytest.mark.real_time

TOKEN = "correct-horse+battery/staple=="


async def answer(place: Place, *headers: str, host: str | None = None, target: str = "/") -> tuple[int, str]:
    """Return the status and the text that a request is answered with; 101 and nothing where it is let in."""
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    place.writers.append(writer)
    hosts = [f"Host: localhost:{place.port}"] if host is None else [f"Host: {host}"] if host else []
    writer.write("\r\n".join([f"GET {target} HTTP/1.1", *hosts, *UPGRADE_HEADERS, *headers, "", ""]).encode("latin-1"))
    async with asyncio.timeout(5):
        status = int((await reader.readline()).split()[1])
        text = "" if status == 101 else (await reader.read()).decode().partition("\r\n\r\n")[2]
    return status, text


async def test_a_program_that_sends_no_origin_is_let_in(place: Place) -> None:
    assert await answer(place) == (101, "")


@pytest.mark.parametrize("origin", ["null", "file://"])
async def test_pages_without_an_origin_need_to_be_allowed(listen: Listen, origin: str) -> None:
    place, open_place = await listen(), await listen(allow_origins=["null"])
    status, text = await answer(place, f"Origin: {origin}")
    assert status == 403
    assert "--allow-origin null" in text
    assert await answer(open_place, f"Origin: {origin}") == (101, "")


@pytest.mark.parametrize(
    "origin", ["file://evil.com", "http://[::1]evil.com", "chrome-extension://localhost", "http://a\x9b31m"]
)
async def test_origins_that_only_look_like_this_machine_are_refused_in_one_printable_line(
    place: Place, origin: str, caplog: pytest.LogCaptureFixture
) -> None:
    status, text = await answer(place, f"Origin: {origin}")
    assert status == 403
    assert text.rstrip("\n").isprintable()
    assert all(record.getMessage().isprintable() for record in caplog.records)


@pytest.mark.parametrize("host", ["evil.com", "evil.com:12345", "localhost.evil.com", "a\x9b31m", ""])
async def test_a_page_whose_name_was_made_to_lead_here_is_refused(place: Place, host: str) -> None:
    """The browser takes it for a page of the host that it asks for, so that its origin alone would not tell."""
    status, text = await answer(place, host=host)
    assert status == 421
    assert "is not the name of this machine; connect to localhost" in text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
async def test_this_machine_is_known_by_its_names(place: Place, host: str) -> None:
    assert await answer(place, host=f"{host}:{place.port}") == (101, "")


async def test_of_thousands_of_refused_origins_some_are_logged_and_few_are_remembered(
    place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "CONNECTS_PER_SECOND", 10_000)
    for number in range(300):
        assert (await answer(place, f"Origin: https://{number}.evil.com"))[0] == 403
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) < 50
    assert len(place.listener._warnings._recent) < 100


# Tokens


@pytest.mark.parametrize(
    ("target", "headers"),
    [(f"/?token={TOKEN}", []), ("/", [f"Authorization: Bearer {TOKEN}"]), ("/", [f"authorization: bearer {TOKEN}"])],
)
async def test_who_shows_the_token_is_let_in(listen: Listen, target: str, headers: list[str]) -> None:
    place = await listen(token=TOKEN)
    assert await answer(place, *headers, target=target) == (101, "")


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/", []),
        ("/?token=wrong", []),
        (f"/{TOKEN}", []),
        ("/", [f"Authorization: Basic {TOKEN}"]),
        (f"/?token={TOKEN[1:]}", []),
    ],
)
async def test_who_does_not_is_refused(listen: Listen, target: str, headers: list[str]) -> None:
    place = await listen(token=TOKEN)
    status, text = await answer(place, *headers, target=target)
    assert status == 401
    assert text.startswith("this server wants a token: ")
    assert place.house.server.sessions == set()


async def test_a_token_is_in_no_log_however_much_is_logged(
    listen: Listen, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("buttplug", "buttplug.server.websocket", "websockets", "websockets.server"):
        caplog.set_level(logging.DEBUG, name)
    place = await listen(token=TOKEN)
    for target in (f"/?token={TOKEN}", f"/?token={TOKEN}x"):
        await answer(place, target=target)
        await answer(place, f"Authorization: Bearer {target[8:]}")
    for broken in (
        f"GET /?token={TOKEN} HTTP/1.0",
        f"GET /?token={TOKEN}",
        f"BREW /?token={TOKEN} HTTP/1.1",
        f"?token={TOKEN}",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        writer.write(f"{broken}\r\n\r\n".encode())
        async with asyncio.timeout(5):
            await reader.read()
        writer.close()
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(vars(place.listener))


@pytest.mark.parametrize("hosts", [(), ("0.0.0.0",), ("127.0.0.1", "::"), ("192.0.2.1",)])
async def test_beyond_this_machine_nothing_is_opened_without_a_token_or_a_word_that_none_is_wanted(
    build: BuildHouse, hosts: tuple[str, ...]
) -> None:
    house = await build("aneros")
    listener = WebsocketListener(house.server, hosts=hosts, port=0)
    with pytest.raises(
        ButtplugConnectorError, match=r"lets in everybody in the network: choose a token \(--token-file\), or say"
    ):
        await listener.open()
    assert listener.addresses == []


async def test_what_lets_in_many_is_warned_of_when_it_is_open(listen: Listen, caplog: pytest.LogCaptureFixture) -> None:
    await listen(hosts=(), allow_origins=["*"], token=TOKEN)
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert [warning[:20] for warning in warnings] == ['--allow-origin "*": ', "listening on 0.0.0.0"]


# TLS


async def test_over_tls_everything_is_asked_as_well(listen: Listen, certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    place = await listen(tls=context, token=TOKEN)
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    for target, headers, status in (
        ("/", {}, 401),
        (f"/?token={TOKEN}", {"Origin": "https://evil.com"}, 403),
        (f"/?token={TOKEN}", {"Origin": "null"}, 403),
    ):
        with pytest.raises(InvalidStatus) as refusal:
            await connect(f"{place.url}{target}", ssl=trusting, additional_headers=headers, proxy=None)
        assert refusal.value.response.status_code == status
    wire = await connect(f"{place.url}/?token={TOKEN}", ssl=trusting, proxy=None)
    assert (await ask(wire, HELLO % "me"))[0] == "ServerInfo"
    # In pieces larger than what is read at once.
    for _ in range(3):
        assert await ask(wire, '[{"Ping":{"Id":9,"X":"%s"}}]' % ("x" * 50_000)) == ("Ok", {"Id": 9})
    await wire.close()
