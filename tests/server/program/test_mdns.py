"""The server is found by mDNS, at its real port and addresses, while there is a place for a client."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator

import pytest
from zeroconf import ServiceStateChange
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from buttplug.server.program import mdns
from buttplug.server.program.mdns import GOODBYE_LIMIT, SERVICE, Broadcast, reachable

LOOPBACK = ["127.0.0.1"]
HOST = socket.gethostname().partition(".")[0]


class Looker:
    """Looks for servers, as an app does, but on this machine only."""

    def __init__(self) -> None:
        self._zeroconf = AsyncZeroconf(interfaces=LOOPBACK)
        self.seen: dict[str, bool] = {}
        self._browser = AsyncServiceBrowser(self._zeroconf.zeroconf, [SERVICE], handlers=[self._changed])

    def _changed(self, zeroconf: object, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        self.seen[name] = state_change is not ServiceStateChange.Removed

    async def until(self, name: str, *, there: bool) -> None:
        async with asyncio.timeout(8):
            while self.seen.get(f"{name}.{SERVICE}") is not there:
                await asyncio.sleep(0.02)

    async def ask(self, name: str) -> AsyncServiceInfo:
        info = AsyncServiceInfo(SERVICE, f"{name}.{SERVICE}")
        assert await info.async_request(self._zeroconf.zeroconf, 3000)
        return info

    async def close(self) -> None:
        await self._browser.async_cancel()
        await self._zeroconf.async_close()


@pytest.fixture
async def looker() -> AsyncIterator[Looker]:
    looker = Looker()
    yield looker
    await looker.close()


@pytest.mark.real_time
async def test_apps_find_the_server_with_all_it_takes_to_connect_and_no_more_when_it_has_ended(looker: Looker) -> None:
    broadcast = Broadcast(["wss://192.168.0.7:7777", "wss://[::1]:7777"], "Desk. server", "left", interfaces=LOOPBACK)
    broadcast.open()
    name = f"Desk. server left ({HOST})"
    await looker.until(name, there=True)
    info = await looker.ask(name)
    assert (info.port, info.parsed_addresses()) == (7777, ["192.168.0.7"])
    assert info.text.startswith(b"\x06path=/")
    assert info.properties == {b"path": b"/", b"ver": b"4", b"tls": b"1", b"name": b"Desk. server"}
    began = asyncio.get_running_loop().time()
    await broadcast.close()
    assert asyncio.get_running_loop().time() - began < 2 * GOODBYE_LIMIT + 1
    await looker.until(name, there=False)


@pytest.mark.real_time
async def test_while_there_is_no_place_for_a_client_it_is_not_found(looker: Looker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mdns, "LOOK_INTERVAL", 0.01)
    full = False
    broadcast = Broadcast(["ws://192.168.0.7:7777"], "Full", is_full=lambda: full, interfaces=LOOPBACK)
    broadcast.open()
    name = f"Full ({HOST})"
    await looker.until(name, there=True)
    full = True
    await looker.until(name, there=False)
    full = False
    await looker.until(name, there=True)
    await broadcast.close()


@pytest.mark.parametrize("urls", [["ws://127.0.0.1:7777", "ws://[::1]:7777"], []])
async def test_a_server_for_this_machine_only_is_not_told_to_others(urls: list[str], caplog: pytest.LogCaptureFixture) -> None:
    broadcast = Broadcast(urls, "Local")
    broadcast.open()
    await asyncio.sleep(1)
    await broadcast.close()
    assert [record.getMessage() for record in caplog.records] == [
        "not broadcast by mDNS: the server can be reached from this machine only (--ws-host)"
    ]


async def test_without_the_library_there_is_one_warning(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "zeroconf", None)
    broadcast = Broadcast(["ws://192.168.0.7:7777"], "Bare")
    broadcast.open()
    await asyncio.sleep(1)
    await broadcast.close()
    (record,) = caplog.records
    assert 'pip install "buttplug-server[mdns]"' in record.getMessage()


async def test_a_network_that_cannot_be_used_is_one_warning(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**options: object) -> None:
        raise OSError("port 5353 is taken")

    monkeypatch.setattr("zeroconf.asyncio.AsyncZeroconf", refuse)
    broadcast = Broadcast(["ws://192.168.0.7:7777"], "Alone")
    broadcast.open()
    await asyncio.sleep(1)
    await broadcast.close()
    assert [record.getMessage() for record in caplog.records] == ["not broadcast by mDNS: port 5353 is taken"]


def test_a_server_on_all_interfaces_is_reached_by_all_addresses_that_others_can_use(monkeypatch: pytest.MonkeyPatch) -> None:
    own = ["192.168.0.7", "10.0.0.1", "2001:db8::1"]
    monkeypatch.setattr(mdns, "_own_addresses", lambda: own)
    assert reachable(["0.0.0.0", "::"]) == own
    assert reachable(["0.0.0.0"]) == own[:2]
    assert reachable(["127.0.0.1", "::1", "localhost"]) == []
    assert reachable(["10.0.0.1"]) == ["10.0.0.1"]


def test_the_addresses_of_this_machine_are_those_that_others_can_use() -> None:
    assert not {"127.0.0.1", "::1"} & set(mdns._own_addresses())


def test_a_name_is_as_long_as_it_may_be() -> None:
    name = Broadcast([], "ü" * 40)._instance()
    assert name == "ü" * 31
