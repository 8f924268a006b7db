"""The task of one's own in ``docs/maintenance.md``: it loads as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

from system_daemon.configuration.catalogue import CATALOGUE
from system_daemon.configuration.maintenance_entries import read_maintenance
from system_daemon.configuration.settings import Settings
from system_daemon.maintenance.sql_problems import sql_problems
from tests.airflow_settings import PROJECT

PAGE = (PROJECT / "docs" / "maintenance.md").read_text()


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def test_the_documented_file_and_its_entry_are_valid(tmp_path: Path) -> None:
    (tmp_path / "archive_letters.sql").write_text(block("sql"))
    entries = read_maintenance(
        block("json").encode(),
        file="maintenance.json",
        folder=tmp_path,
        settings=Settings(system_timezone="UTC"),
    )
    assert entries.problems == ()
    own = [task for task in entries.tasks if task.name == "Archive letters"]
    assert len(own) == 1
    assert list(sql_problems(own)) == []


def test_every_task_of_the_platform_is_on_the_page() -> None:
    for task in CATALOGUE:
        since = ".".join(map(str, task.since))
        assert re.search(rf"^\| `{task.name}` \| [^|]+ \| {since} ?\|", PAGE, re.MULTILINE)
