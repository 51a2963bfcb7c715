"""The user's file of the program: where it is, what happens without it, and that what is broken in it is told."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from buttplug.server.program import exit_codes
from buttplug.server.program.main import main
from buttplug.server.program.options import parse
from tests.server.launch import Start

pytestmark = pytest.mark.real_time

ADDRESS = "AA:BB:CC:DD:EE:FF"
HELLO = '[{"RequestServerInfo":{"Id":1,"ClientName":"wire","ProtocolVersionMajor":4,"ProtocolVersionMinor":0}}]'


def content(**user_configs: Any) -> str:
    return json.dumps({"version": {"major": 5, "minor": 0}, "user_configs": user_configs})


def edge(**user_config: Any) -> dict[str, Any]:
    return {
        "identifier": {"protocol": "lovense", "identifier": "P", "address": ADDRESS},
        "config": {"features": [{"output": {"vibrate": {"value": [0, 5]}}}], "user_config": user_config},
    }


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        ([], "device_configuration", None),
        (["--device-config-file", "base.json"], "device_configuration", Path("base.json")),
        (["--user-device-config-file=mine.json"], "user_configuration", Path("mine.json")),
        (["--import-central"], "action", "--import-central"),
    ],
)
def test_an_option_is_read(words: list[str], field: str, value: object) -> None:
    assert getattr(parse(words, {}), field) == value


async def test_limits_are_read_and_told_and_the_device_that_comes_is_saved(start: Start, tmp_path: Path) -> None:
    path = write(tmp_path / "mine.json", content(devices=[edge(index=3)]))
    server = await start(
        "--ws-port=0",
        "--simulate",
        f"Lovense Edge@{ADDRESS}",
        "--simulate",
        "aneros@other",
        "--simulate",
        "aneros",
        "--user-device-config-file",
        str(path),
    )
    url = await server.listening()
    async with connect(url) as socket:
        await socket.send(HELLO)
        await socket.send('[{"StartScanning":{"Id":2}}]')
        while '"DeviceIndex":3' not in (told := await socket.recv()) or '"DeviceIndex":0' not in told:
            pass
    server.process.terminate()
    code, log = await server.end()
    assert code == exit_codes.OK
    assert f"{path}: read 1 device, 1 limit" in log
    assert 'Device 3 "Lovense Edge" connected; limits set by its user: feature 0 Vibrate 0..5' in log
    saved = read(path)["user_configs"]["devices"]
    indexes = {each["identifier"]["address"]: each["config"]["user_config"]["index"] for each in saved}
    # The third device has an address of this run only.
    assert indexes == {ADDRESS: 3, "other": 0}


async def test_without_a_file_nothing_is_written_and_simulated_devices_of_it_are_missed(start: Start, tmp_path: Path) -> None:
    words = ("--ws-port=0", "--simulate=aneros", "--use-simulated-devices")
    server = await start(*words, XDG_CONFIG_HOME=str(tmp_path), APPDATA=str(tmp_path))
    url = await server.listening()
    async with connect(url) as socket:
        await socket.send(HELLO)
        await socket.send('[{"StartScanning":{"Id":2}}]')
        while '"DeviceIndex":0' not in await socket.recv():
            pass
    server.process.terminate()
    _, log = await server.end()
    assert files_in(tmp_path) == []
    assert "--use-simulated-devices does nothing: the user's settings have no simulated_devices" in log


async def test_simulated_devices_of_the_file_are_found(start: Start, tmp_path: Path) -> None:
    listed = [{"identifier": "simulated-stroker", "display_name": "Practice", "address": "s"}]
    path = write(tmp_path / "mine.json", content(simulated_devices=listed))
    server = await start("--ws-port=0", "--use-simulated-devices", "--user-device-config-file", str(path))
    async with connect(await server.listening()) as socket:
        await socket.send(HELLO)
        await socket.send('[{"StartScanning":{"Id":2}}]')
        while '"DeviceDisplayName":"Practice"' not in await socket.recv():
            pass
    server.process.terminate()
    code, log = await server.end()
    assert code == exit_codes.OK
    assert "looking for devices on: simulated devices" in log
    assert "does nothing" not in log


@pytest.fixture
def log_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the log of the tests as it is."""
    monkeypatch.setattr("buttplug.server.program.main.logging_to", lambda *where: nullcontext())


@pytest.mark.usefixtures("log_as_it_is")
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "line 1, column 2: the file is truncated"),
        ('{"version": {"major": 6, "minor": 0}}', "$.version.major is 6, but only 4 and 5 can be read"),
    ],
)
def test_the_program_does_not_start_without_the_limits_of_a_file_that_cannot_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, problem: str
) -> None:
    path = write(tmp_path / "mine.json", text)
    assert main(["--user-device-config-file", str(path)]) == exit_codes.FAILED
    assert capsys.readouterr().err == f"buttplug-server: {path}: {problem}\n"
    assert path.read_text() == text


@pytest.mark.usefixtures("log_as_it_is")
def test_what_was_set_in_central_is_brought_to_the_usual_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert main(["--import-central"]) == exit_codes.FAILED
    assert "no settings of Intiface Central were found; looked in " in capsys.readouterr().err
    folder = tmp_path / "data" / "com.nonpolynomial.intiface_central" / "config"
    folder.mkdir(parents=True)
    source = write(folder / "buttplug-user-device-config-v4.json", content(devices=[edge(index=3)]))
    assert main(["--import-central"]) == exit_codes.OK
    target = tmp_path / "config" / "buttplug" / "user-device-config.json"
    assert capsys.readouterr().out == f"{source} was imported as {target}: 1 device, 1 limit\n"
    assert read(target)["user_configs"]["devices"][0]["config"]["user_config"]["index"] == 3
    assert main(["--import-central"]) == exit_codes.FAILED
    assert "exists already and is left as it is" in capsys.readouterr().err


@pytest.mark.usefixtures("log_as_it_is")
def test_a_file_of_an_older_format_is_made_one_of_the_newest_where_its_user_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    words = ["--import-central", str(old), "--user-device-config-file", str(new)]
    assert main(words) == exit_codes.FAILED
    assert capsys.readouterr().err == f"buttplug-server: {old} is not there, or is no file: nothing is imported\n"
    config = {"features": [], "user-config": {"allow": False, "deny": True, "index": 3}}
    identifier = {"address": ADDRESS, "protocol": "lovense", "identifier": "P"}
    devices = [{"identifier": identifier, "config": config}]
    before = write(old, json.dumps({"version": {"major": 3, "minor": 1}, "user-configs": {"devices": devices}})).read_bytes()
    assert main(["--user-device-config-file", str(old)]) == exit_codes.FAILED
    assert f"--import-central {old} --user-device-config-file NEW" in capsys.readouterr().err
    assert main(words) == exit_codes.OK
    assert capsys.readouterr().out == f"{old} was imported as {new}: 1 device, 0 limits\n"
    assert read(new)["version"]["major"] == 5
    assert read(new)["user_configs"]["devices"][0]["config"]["user_config"]["deny"] is True
    assert old.read_bytes() == before


@pytest.mark.usefixtures("log_as_it_is")
def test_a_base_file_is_used_and_one_that_cannot_be_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--device-config-file", str(tmp_path / "none.json")]) == exit_codes.FAILED
    assert "none.json cannot be read: No such file" in capsys.readouterr().err
    device = {"communication": [{"hid": {"pairs": [{"vendor_id": 4660, "product_id": 22136}]}}], "defaults": {"name": "Mine"}}
    base = write(tmp_path / "base.json", json.dumps({"version": {"major": 5, "minor": 9}, "protocols": {"mine": device}}))
    assert main(["--device-config-file", str(base), "--udev-rules"]) == exit_codes.OK
    assert "1234:5678" in capsys.readouterr().out.lower()


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
