"""A save leaves the old file or the new one, whole, whenever it is cut off, and one backup."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from buttplug.server.devices.configuration import DeviceConfiguration
from buttplug.server.devices.errors import ConfigurationError
from buttplug.server.devices.user_configuration import UserFile, load_user_configuration, saving
from tests.server.devices.user_configuration.helpers import EDGE, content_of, device, written


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, so that no file is tidied up."""


class MortalSystem:
    """The system calls of a save. At the ``last`` of them the process dies: of what was to be written half is there."""

    WATCHED = ("open", "write", "fsync", "chmod", "close", "replace")

    def __init__(self, last: int) -> None:
        self.last = last
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        function = getattr(os, name)
        if name not in self.WATCHED:
            return function

        def call(*arguments: Any, **named: Any) -> Any:
            if len(self.calls) >= self.last:
                if name == "write":
                    file, data = arguments
                    os.write(file, data[: len(data) // 2])
                raise Killed
            self.calls.append(name)
            return function(*arguments, **named)

        return call


@pytest.fixture
def file(path: Path, few: Path) -> UserFile:
    """A file with a device, whose name is about to change."""
    path.write_text(json.dumps(content_of(devices=[device(display_name="old")])))
    configuration = DeviceConfiguration.load(few)
    file = UserFile.open(path, configuration)
    file.save()
    configuration.change_device(EDGE, display_name="new")
    return file


def name_in(path: Path) -> str:
    name: str = written(path)["user_configs"]["devices"][0]["config"]["user_config"]["display_name"]
    return name


def test_a_kill_at_any_moment_of_a_save_leaves_the_old_or_the_new_file_and_the_next_save_works(
    file: UserFile, path: Path, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = []
    old = path.read_bytes()
    backup = path.with_name("user.json.backup")
    for last in range(100):
        path.write_bytes(old)
        backup.unlink(missing_ok=True)
        system = MortalSystem(last)
        monkeypatch.setattr(saving, "os", system)
        try:
            saving.replace_file(path, file.render(), old)
        except Killed:
            pass
        else:
            break
        finally:
            monkeypatch.undo()
        names.append(name_in(path))
        assert not backup.exists() or backup.read_bytes() == old
        load_user_configuration(path, DeviceConfiguration.load(few))
        current = path.read_bytes()
        saving.replace_file(path, current + b" ", current)
        assert path.read_bytes() == current + b" "
    assert system.calls.count("replace") == 2
    assert names == sorted(names, reverse=True)
    assert set(names) == {"old", "new"}


FAILING = ["open", "write", "fsync", "replace", "chmod"]


@pytest.mark.parametrize("call", FAILING)
@pytest.mark.parametrize("nth", [1, 2])
def test_a_save_that_fails_is_told_and_leaves_the_old_file_and_no_other(
    file: UserFile, path: Path, monkeypatch: pytest.MonkeyPatch, call: str, nth: int
) -> None:
    times: Iterator[int] = iter(range(1, 100))

    class FullDisk:
        def __getattr__(self, name: str) -> Any:
            return fail if name == call else getattr(os, name)

    def fail(*arguments: Any, **named: Any) -> Any:
        if next(times) == nth:
            raise OSError(28, "No space left on device")
        return getattr(os, call)(*arguments, **named)

    monkeypatch.setattr(saving, "os", FullDisk())
    before = path.read_bytes()
    if call in ("open", "fsync") and nth == 2:
        # It is the folder that was to be kept, which not every system can do.
        file.save()
        return
    with pytest.raises(ConfigurationError, match=r"user\.json cannot be saved: No space left on device"):
        file.save()
    assert path.read_bytes() == before
    assert not [each for each in path.parent.iterdir() if each.name.startswith(".")]
    monkeypatch.undo()
    file.save()
    assert name_in(path) == "new"


def test_there_is_one_backup_with_what_was_there_before(file: UserFile, path: Path) -> None:
    for name in ("second", "third"):
        before = path.read_bytes()
        file._configuration.change_device(EDGE, display_name=name)
        file.save()
        assert sorted(each.name for each in path.parent.iterdir() if each.is_file()) == ["user.json", "user.json.backup"]
        assert path.with_name("user.json.backup").read_bytes() == before


def test_a_save_without_a_change_writes_nothing(file: UserFile, path: Path) -> None:
    file.save()
    before = {each: each.stat().st_mtime_ns for each in path.parent.iterdir()}
    file.save()
    assert {each: each.stat().st_mtime_ns for each in path.parent.iterdir()} == before


@pytest.mark.parametrize("change", [lambda path: path.write_text("mine"), lambda path: path.unlink()])
def test_what_another_program_wrote_in_the_meantime_is_not_overwritten(
    file: UserFile, path: Path, change: Callable[[Path], object]
) -> None:
    change(path)
    before = path.read_text() if path.exists() else None
    with pytest.raises(ConfigurationError, match="was changed by another program since it was read, and is left as it is"):
        file.save()
    assert (path.read_text() if path.exists() else None) == before


def test_a_file_that_appears_before_the_first_save_is_not_overwritten(path: Path, few: Path) -> None:
    configuration = DeviceConfiguration.load(few)
    UserFile.open(path, configuration)
    configuration.change_device(EDGE, display_name="x")
    path.write_text("{}")
    with pytest.raises(ConfigurationError, match="was changed by another program"):
        configuration.save()
    assert path.read_text() == "{}"


def test_a_new_file_is_made_with_its_folders_for_its_owner_only(tmp_path: Path, few: Path) -> None:
    path = tmp_path / "not" / "there" / "user.json"
    configuration = DeviceConfiguration.load(few)
    UserFile.open(path, configuration)
    configuration.change_device(EDGE, display_name="x")
    configuration.save()
    assert name_in(path) == "x"
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.name != "posix", reason="permissions and links are those of POSIX systems")
def test_a_file_keeps_its_permissions_and_a_link_stays_a_link(file: UserFile, path: Path, tmp_path: Path) -> None:
    path.chmod(0o640)
    file.save()
    assert path.stat().st_mode & 0o777 == 0o640
    link = tmp_path / "link.json"
    link.symlink_to(path)
    configuration = DeviceConfiguration.load()
    UserFile.open(link, configuration)
    configuration.change_device(EDGE, display_name="through the link")
    configuration.save()
    assert link.is_symlink()
    assert name_in(path) == "through the link"


@pytest.mark.skipif(os.name != "posix", reason="links are those of POSIX systems")
def test_nothing_that_lies_in_the_way_is_overwritten_by_a_save(file: UserFile, path: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    for name in (path.name, f"{path.name}.backup"):
        path.with_name(f".{name}.{os.getpid()}").symlink_to(mine)
    file.save()
    assert mine.read_text() == "mine"
    assert not path.is_symlink()
    assert name_in(path) == "new"


def test_two_saves_at_the_same_time_leave_one_of_their_files_whole(
    file: UserFile, path: Path, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Meanwhile:
        """Has another save done from beginning to end in the middle of one."""

        def __getattr__(self, name: str) -> Any:
            return self.save_and_write if name == "write" else getattr(os, name)

        def save_and_write(self, descriptor: int, data: bytes) -> int:
            monkeypatch.setattr(saving, "os", os)
            os.write(descriptor, data[:10])
            saving.replace_file(path, b"another", path.read_bytes())
            return 10

    monkeypatch.setattr(saving, "os", Meanwhile())
    file.save()
    assert name_in(path) == "new"
    assert not [each for each in path.parent.iterdir() if each.name.startswith(".")]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only an administrator may give files away")
def test_a_file_that_an_administrator_saves_stays_its_owners(file: UserFile, path: Path) -> None:
    os.chown(path, 1234, 1235)
    file.save()
    for each in (path, path.with_name("user.json.backup")):
        assert (each.stat().st_uid, each.stat().st_gid) == (1234, 1235)


def test_without_a_file_there_is_nothing_to_save_to(few: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no user configuration file to save to"):
        DeviceConfiguration.load(few).save()


def test_a_file_is_saved_where_it_was_opened_though_the_program_works_elsewhere_since(
    path: Path, few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    configuration = DeviceConfiguration.load(few)
    file = UserFile.open(Path(path.name), configuration)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    configuration.change_device(EDGE, display_name="new")
    file.save()
    assert name_in(path) == "new"
    assert not list(elsewhere.iterdir())
