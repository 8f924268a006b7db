"""The configuration folder: missing, unreadable, edited, and what holds meanwhile."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from system_daemon.configuration import loading
from system_daemon.configuration.loading import (
    JOBS_FILE,
    MAINTENANCE_FILE,
    SERVICES_FILE,
    SETTINGS_FILE,
    SHIPPED,
    Configuration,
    folder,
    load,
)
from system_daemon.configuration.problems import ConfigurationError, Severity
from tests.unit.configuration.samples import SEED_JSON, daily


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    loading._load.cache_clear()


def write(where: Path, *entries: Any, settings: Any = None) -> Path:
    (where / SERVICES_FILE).write_text(json.dumps(entries))
    if settings is not None:
        (where / SETTINGS_FILE).write_text(json.dumps(settings))
    return where


def told(configuration: Configuration) -> list[str]:
    return [f"{each.severity} {each}" for each in configuration.problems]


def test_the_shipped_configuration_has_no_problem() -> None:
    shipped = load(SHIPPED)
    assert shipped.problems == ()
    assert len(shipped.services) == len(json.loads((SHIPPED / SERVICES_FILE).read_text()))


def test_settings_are_optional(tmp_path: Path) -> None:
    found = load(write(tmp_path, daily()))
    assert [service.name for service in found.require_services()] == ["import_patients"]
    assert found.problems == ()


def test_services_are_found_by_name(tmp_path: Path) -> None:
    found = load(write(tmp_path, daily(name="a"), daily(name="b")))
    service = found.service("b")
    assert service is not None
    assert service.name == "b"
    assert found.service("c") is None


def test_settings_reach_the_entries(tmp_path: Path) -> None:
    entry = daily(execution_plan={"period": "daily", "time": "15:57"})
    found = load(write(tmp_path, entry, settings={"system_timezone": "Asia/Kolkata"}))
    assert "Asia/Kolkata is used" in found.problems[0].message


def test_the_seed_document_loads_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / SERVICES_FILE).write_bytes(SEED_JSON)
    found = load(tmp_path)
    assert len(found.services) == 1
    assert [problem.severity for problem in found.problems] == [Severity.WARNING] * 2
    assert found.rejected == ()


def test_a_missing_file_says_what_to_write(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert told(found) == [
        f"error external_services.json line 1, column 1: expected a file in {tmp_path}, got: No"
        " such file or directory; create it; [] configures no service"
    ]
    assert found.unreadable == found.problems
    assert found.rejected == ()
    with pytest.raises(ConfigurationError, match="create it"):
        found.require_services()


@pytest.mark.parametrize("kind", ["directory", "link to nowhere"])
def test_unreadable_files_are_problems_and_never_raise(tmp_path: Path, kind: str) -> None:
    for name in (SERVICES_FILE, SETTINGS_FILE):
        if kind == "directory":
            (tmp_path / name).mkdir()
        else:
            (tmp_path / name).symlink_to(tmp_path / "nowhere")
    found = load(tmp_path)
    assert [problem.file for problem in found.problems] == [SETTINGS_FILE, SERVICES_FILE]
    assert found.settings.allowed_hosts == ()
    assert found.settings.lock_policy == "always"


def test_a_folder_that_may_not_be_entered_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refused)
    monkeypatch.setattr(Path, "read_bytes", refused)
    found = load(tmp_path)
    files = [SETTINGS_FILE, SERVICES_FILE, JOBS_FILE, MAINTENANCE_FILE]
    assert [problem.file for problem in found.problems] == files
    assert all("Permission denied" in problem.message for problem in found.problems)
    assert found.settings.lock_policy == "always"


def test_broken_settings_stop_no_entry_and_open_nothing(tmp_path: Path) -> None:
    write(tmp_path, daily())
    (tmp_path / SETTINGS_FILE).write_text('{"allowed_hosts": ["his.example"')
    found = load(tmp_path)
    assert len(found.services) == 1
    assert found.settings.allowed_hosts == ()
    assert [problem.file for problem in found.rejected] == [SETTINGS_FILE]
    assert found.require_services() == found.services


def test_a_file_beyond_repair_is_not_among_the_rejected(tmp_path: Path) -> None:
    (tmp_path / SERVICES_FILE).write_text("[oops]")
    (tmp_path / SETTINGS_FILE).write_text('{"colour": 1}')
    found = load(tmp_path)
    assert [problem.file for problem in found.unreadable] == [SERVICES_FILE]
    assert [problem.file for problem in found.rejected] == [SETTINGS_FILE]
    with pytest.raises(ConfigurationError, match=r"external_services.json line 1, column 2: "):
        found.require_services()


def test_r22_an_older_platform_gets_no_service(tmp_path: Path) -> None:
    found = load(write(tmp_path, daily(), settings={"api_version": "2.7.25"}))
    assert found.services == ()
    assert told(found) == [
        "warning settings.json .api_version: expected an API version from 2.7.26, which introduced"
        ' external services, got "2.7.25"; no service becomes a DAG'
    ]


@pytest.mark.parametrize("version", ["2.7.26", "2.7.31", None])
def test_r22_a_platform_of_that_version_gets_them(tmp_path: Path, version: str | None) -> None:
    found = load(write(tmp_path, daily(), settings={"api_version": version}))
    assert len(found.services) == 1
    assert found.problems == ()


def test_the_environment_names_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYSTEM_DAEMON_CONFIG", str(write(tmp_path, daily(name="elsewhere"))))
    assert folder() == tmp_path
    assert [service.name for service in load().services] == ["elsewhere"]


@pytest.mark.parametrize("value", [None, ""])
def test_without_it_the_checkouts_own_folder_is_read(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("SYSTEM_DAEMON_CONFIG", raising=False)
    if value is not None:
        monkeypatch.setenv("SYSTEM_DAEMON_CONFIG", value)
    assert folder() == SHIPPED


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read."""
    names: list[str] = []
    read_bytes = Path.read_bytes

    def counting(file: Path) -> bytes:
        names.append(file.name)
        return read_bytes(file)

    monkeypatch.setattr(Path, "read_bytes", counting)
    return names


def test_an_unchanged_file_is_not_read_twice(tmp_path: Path, reads: list[str]) -> None:
    write(tmp_path, daily(), settings={})
    assert load(tmp_path) is load(tmp_path)
    assert reads == [SETTINGS_FILE, SERVICES_FILE, JOBS_FILE, MAINTENANCE_FILE]


@pytest.mark.parametrize("how", ["longer", "same size", "replaced with the same time"])
def test_an_edited_file_is_seen(tmp_path: Path, how: str) -> None:
    file = write(tmp_path, daily(name="before")) / SERVICES_FILE
    assert load(tmp_path).services[0].name == "before"
    before = file.stat()
    name = "longer name" if how == "longer" else "after!"
    if how.startswith("replaced"):
        other = write(tmp_path, daily(name=name)).joinpath(SERVICES_FILE).rename(tmp_path / "new")
        os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
        file.write_text("x")  # so that the new file cannot get the old one's number
        other.rename(file)
    else:
        write(tmp_path, daily(name=name))
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert load(tmp_path).services[0].name == name


def test_settings_that_appear_and_go_are_seen(tmp_path: Path) -> None:
    write(tmp_path, daily())
    assert load(tmp_path).settings.lock_policy == "documented"
    write(tmp_path, daily(), settings={"lock_policy": "always"})
    assert load(tmp_path).settings.lock_policy == "always"
    (tmp_path / SETTINGS_FILE).unlink()
    assert load(tmp_path).settings.lock_policy == "documented"


def test_a_thousand_services_load(tmp_path: Path) -> None:
    found = load(write(tmp_path, *(daily(name=f"service {number}") for number in range(1000))))
    assert len(found.services) == 1000
    assert found.problems == ()


def test_without_maintenance_json_there_is_no_task_and_no_problem(tmp_path: Path) -> None:
    found = load(write(tmp_path, daily()))
    assert found.problems == ()
    assert found.require_maintenance() == ()


def test_maintenance_that_nobody_can_read_stops_only_maintenance(tmp_path: Path) -> None:
    write(tmp_path, daily())
    (tmp_path / MAINTENANCE_FILE).write_text("{")
    found = load(tmp_path)
    assert len(found.require_services()) == 1
    assert found.rejected == ()
    with pytest.raises(ConfigurationError, match="no maintenance task has a DAG"):
        found.require_maintenance()


def test_tasks_are_found_by_name_and_follow_an_edit(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("")
    write(tmp_path, settings={"api_version": "1.0", "system_timezone": "UTC"})
    entry = {"name": "a", "sql": "a.sql", "frequency": 60}
    (tmp_path / MAINTENANCE_FILE).write_text(json.dumps({"tasks": [entry]}))
    task = load(tmp_path).maintenance_task("a")
    assert task is not None
    assert task.frequency == 60
    assert load(tmp_path).maintenance_task("b") is None
    (tmp_path / MAINTENANCE_FILE).write_text(json.dumps({"tasks": [entry | {"frequency": 600}]}))
    task = load(tmp_path).maintenance_task("a")
    assert task is not None
    assert task.frequency == 600
