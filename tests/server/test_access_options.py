"""The program's options for whom to let in: the token, and warnings of what lets in many."""

from __future__ import annotations

from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.server.launch import Start
from tests.server.wire import HELLO, ask

pytestmark = pytest.mark.real_time


async def test_with_a_token_only_who_knows_it_is_let_in_and_it_is_in_no_log(start: Start, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("open-sesame\n")
    server = await start("--ws-port=0", "--simulate=aneros", f"--token-file={tmp_path / 'token'}", "--log-level=trace")
    url = await server.listening()
    for wrong in ("", "?token=open-sesamo"):
        with pytest.raises(InvalidStatus) as refusal:
            await connect(f"{url}/{wrong}", proxy=None)
        assert refusal.value.response.status_code == 401
    wire = await connect(f"{url}/?token=open-sesame", proxy=None)
    assert (await ask(wire, HELLO % "wire"))[0] == "ServerInfo"
    await wire.close()
    server.process.terminate()
    code, err = await server.end()
    assert code == 0
    assert "open-sesam" not in err
    assert "a client with no token was refused" in err
    assert "a client with a wrong token was refused" in err


async def test_what_lets_in_many_is_warned_of(start: Start) -> None:
    server = await start("--ws-port=0", "--simulate=aneros", "--ws-host=all", "--no-token", "--allow-origin=*")
    await server.listening()
    server.process.terminate()
    _, err = await server.end()
    assert 'WARNING websocket: --allow-origin "*": any web page that is open on this machine can drive the devices' in err
    assert "WARNING websocket: listening on 0.0.0.0 and ::: everybody in the network can drive the devices" in err
