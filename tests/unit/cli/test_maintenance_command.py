"""`system-daemon maintenance`: what each task will do, in words, and when next."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.folders import run, write

NOW = ("--now", "2026-10-24T12:00:00+0000")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two tasks of a site's own, on a platform that has few itself."""
    write(tmp_path, settings={"system_timezone": "Europe/Madrid", "api_version": "2.7.20"})
    (tmp_path / "empty.sql").write_text("")
    return tmp_path


def configure(folder: Path, *tasks: dict[str, object], **whole: object) -> None:
    (folder / "maintenance.json").write_text(json.dumps({**whole, "tasks": tasks}))


def block(stdout: str, name: str) -> list[str]:
    lines = stdout.splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith(f"{name} ("))
    return lines[start : start + 4]


def test_a_list_for_people(folder: Path) -> None:
    nightly = {"name": "Nightly", "sql": "empty.sql", "time": "02:30", "destructive": True}
    often = {"name": "often", "sql": "empty.sql", "frequency": 300, "max_rows": 10, "deadline": 60}
    configure(folder, nightly, often)
    result = run("maintenance", "--config", folder, *NOW)
    assert block(result.stdout, "Nightly") == [
        "Nightly (maintenance__nightly)",
        f"  {folder}/empty.sql",
        "  Runs every day at 02:30 (Europe/Madrid). Batches of 2,500 rows, each a short transaction;"
        " a run ends after 2,000,000 rows or 1 hour, and the next one goes on. A run that would"
        " touch more than 100,000 rows or 20 times the median of its last 30 runs fails before its"
        " first change.",
        "  Next: 2026-10-25 02:30+01:00, 2026-10-26 02:30+01:00, 2026-10-27 02:30+01:00",
    ]
    assert block(result.stdout, "often")[2:] == [
        "  Runs every 5 minutes. Batches of 2,500 rows, each a short transaction; a run ends after"
        " 10 rows or 1 minute, and the next one goes on.",
        "  Next: at once, then every 5 minutes, start to start",
    ]
    assert result.exit_code == 1, "empty.sql has no statement"
    assert result.stderr.startswith("2 errors: `system-daemon check` tells")


def test_scripts_get_the_same_as_json(folder: Path) -> None:
    configure(folder, {"name": "mine", "sql": "empty.sql"})
    told = json.loads(run("maintenance", "--json", "--config", folder, *NOW).stdout)["maintenance"]
    assert told[-1]["dag_id"] == "maintenance__mine"
    assert told[-1]["next_due"] == []
    assert told[-1]["next_in_words"] == "only when a job or a person asks for it"
    purge = next(task for task in told if task["name"] == "PURGE_DATABASE")
    assert purge["next_due"][0] == "2026-10-25T00:00:00+02:00"


def test_nothing_configured(folder: Path) -> None:
    result = run("maintenance", "--config", folder)
    assert (result.exit_code, result.stdout) == (0, "No maintenance task is configured.\n")
