"""`system-daemon fix`: the narrow repair of R32, for good."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.unit.cli.folders import run
from tests.unit.configuration.samples import SEED_JSON


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "a folder" / "external services.json"
    file.parent.mkdir()
    file.write_bytes(SEED_JSON)
    return file


def test_r32_the_seeds_comma_is_written(file: Path) -> None:
    result = run("fix", file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        f"{file} line 1, column 72: expected a comma here, got none; mended.\n"
        f"The old text is in {file}.bak.\n"
    )
    assert file.read_bytes() == SEED_JSON[:71] + b"," + SEED_JSON[71:]
    assert Path(f"{file}.bak").read_bytes() == SEED_JSON


def test_r32_everything_else_stays_as_it_is(file: Path) -> None:
    file.write_bytes(b'[\r\n\t{"a": 1.50 "\xc3\xb1": 1e2,}\r\n]\r\n')
    assert run("fix", file).exit_code == 0
    assert file.read_bytes() == b'[\r\n\t{"a": 1.50, "\xc3\xb1": 1e2}\r\n]\r\n'


def test_a_second_time_there_is_nothing_to_do(file: Path) -> None:
    run("fix", file)
    mended = file.read_bytes()
    result = run("fix", file)
    assert (result.exit_code, result.stdout) == (0, f"{file}: nothing to mend.\n")
    assert file.read_bytes() == mended
    assert sorted(each.name for each in file.parent.iterdir()) == [file.name, f"{file.name}.bak"]


def test_an_older_copy_is_never_lost(file: Path) -> None:
    run("fix", file)
    file.write_text("[1\n2]")
    result = run("fix", file)
    assert f"The old text is in {file}.bak2." in result.stdout
    assert Path(f"{file}.bak").read_bytes() == SEED_JSON
    assert Path(f"{file}.bak2").read_text() == "[1\n2]"


def test_r32_beyond_repair_nothing_is_touched(file: Path) -> None:
    file.write_text("[1,\n oops]")
    result = run("fix", file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f'{file} line 2, column 2: expected a value, got "o"\n'
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_rights_and_links_stay(file: Path) -> None:
    file.chmod(0o640)
    link = file.with_name("link.json")
    link.symlink_to(file)
    assert run("fix", link).exit_code == 0
    assert link.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert json.loads(file.read_text())


def test_a_folder_that_cannot_be_written_is_told(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("system_daemon.cli.replacing.shutil.copy2", refused)
    result = run("fix", file)
    assert result.exit_code == 1
    assert result.stderr == (
        f"{file}: expected a file that can be written, got: Read-only file system\n"
    )
    assert file.read_bytes() == SEED_JSON


def test_a_failure_in_the_middle_leaves_the_old_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("system_daemon.cli.replacing.shutil.copymode", refused)
    assert run("fix", file).exit_code == 1
    assert file.read_bytes() == SEED_JSON
    assert not list(file.parent.glob(".*"))


@pytest.mark.parametrize("arguments", [[], ["nowhere.json"], ["/"]])
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    assert run("fix", *arguments).exit_code == 2
