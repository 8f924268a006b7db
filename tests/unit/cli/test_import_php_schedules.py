"""`system-daemon import-php` with the original's schedules (R24)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.folders import run, write
from tests.unit.configuration.test_php_schedules import SEED

MINE = {"name": "mine", "sql": "mine.sql", "frequency": 900}


@pytest.fixture
def php(tmp_path: Path) -> Path:
    php = tmp_path / "daemon_configuration.php"
    php.write_bytes(SEED)
    return php


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """A maintenance.json that is there already."""
    folder = tmp_path / "config"
    folder.mkdir()
    write(folder, settings={"system_timezone": "Europe/Madrid"})
    (folder / "mine.sql").write_text("")
    whole = {
        "max_inactive_session_time": 900,
        "tasks": [MINE, {"name": "PURGE_DATABASE", "time": "05:00", "batch_size": 50}],
    }
    (folder / "maintenance.json").write_text(json.dumps(whole))
    return folder / "maintenance.json"


def test_r24_the_seed_goes_to_the_terminal(php: Path) -> None:
    result = run("import-php", php)
    assert [task["name"] for task in json.loads(result.stdout)["tasks"]] == [
        "OUTDATED_TASKS_CHECK",
        "AVAILABLE_TASKS_CHECK",
        "PURGE_DATABASE",
        "SERVICE_TASKS",
        "EXPIRED_ADMISSIONS",
        "DELAYED_NOTIFICATIONS",
    ]
    assert "  warning  .tasks[4].time: expected 01:00, the default, got 00:01" in result.stderr
    assert "  error    .max_inactive_session_time: expected the seconds" in result.stderr


def test_r24_what_is_there_keeps_all_but_the_schedules(php: Path, output: Path) -> None:
    result = run("import-php", php, "--output", output)
    assert result.exit_code == 0, result.stderr
    assert result.stderr.endswith("1 warning; 9 maintenance tasks are valid\n")
    written = json.loads(output.read_text())
    assert written["max_inactive_session_time"] == 900
    assert written["tasks"][0] == MINE
    assert written["tasks"][1] == {
        "name": "PURGE_DATABASE",
        "time": "00:00",
        "batch_size": 50,
        "frequency": None,
    }
    assert len(written["tasks"]) == 7
    assert json.loads(Path(f"{output}.bak").read_text())["tasks"][1]["time"] == "05:00"


def test_a_task_that_nobody_knows_is_told_and_written_all_the_same(php: Path) -> None:
    php.write_text(
        "<?php $scheduledTasksFrequency[SystemMaintenance::DAEMON_SNOW] = ['frequency' => 5];"
    )
    result = run("import-php", php)
    assert result.exit_code == 1
    assert json.loads(result.stdout)["tasks"] == [{"name": "DAEMON_SNOW", "frequency": 5}]
    assert '.tasks[0].name: expected "sql" for a task of your own' in result.stderr


def test_other_php_is_one_sentence(php: Path) -> None:
    php.write_text("<?php $scheduledTasksFrequency = [];")
    result = run("import-php", php)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"{php} line 1, column 7: expected $scheduledTasksFrequency[SystemMaintenance::...] ="
        ' [...]; and nothing else, got "$scheduledTasksFrequency"\n'
    )
