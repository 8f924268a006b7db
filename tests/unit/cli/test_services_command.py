"""`system-daemon services`: what each will do, in words, and the next three due times."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine

from system_daemon.cli.outlook import outlook
from system_daemon.configuration.settings import Settings
from tests.unit.cli.folders import run, write
from tests.unit.configuration.samples import daily, interval, intervals, plan, read

NOW = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)


def next_in_words(entry: dict[str, Any], settings: Settings | None = None) -> str:
    settings = settings or Settings()
    (service,) = read(entry, settings=settings).services
    return outlook(service, settings, now=NOW).next_in_words


def test_a_list_for_people(tmp_path: Path) -> None:
    second = interval(name="send reminders", allow_concurrency=True)
    write(tmp_path, daily(endpoint="https://his.example/import?x=1"), second)
    result = run("services", "--config", tmp_path, "--now", "2026-10-24T12:00:00+0000")
    assert (result.exit_code, result.stderr) == (0, "")
    assert (
        result.stdout
        == """\
import_patients (service__import_patients)
  POST to https://his.example/import
  Called every day at 15:57 (Europe/Madrid). A call may take 5 minutes. Another deployment may call\
 it at the same time. (lock_policy is documented, allow_concurrency is false)
  Next: 2026-10-24 15:57+02:00, 2026-10-25 15:57+01:00, 2026-10-26 15:57+01:00
send reminders (service__send_reminders)
  POST to https://his.example/import
  Called after each run ended: 10 seconds after success, 5 minutes after idle, 10 seconds after\
 error, 5 minutes after timeout. A call may take 5 minutes. No other deployment calls it meanwhile.\
 (lock_policy is documented, allow_concurrency is true)
  Next: at once, then 10 seconds after a success, 5 minutes after an idle answer, 10 seconds after\
 an error, 5 minutes after a timeout
"""
    )


def test_r44_the_due_times_are_in_the_plans_zone_across_a_change() -> None:
    assert next_in_words(plan(time="02:30:15")) == (
        "2026-10-25 02:30:15+01:00, 2026-10-26 02:30:15+01:00, 2026-10-27 02:30:15+01:00"
    )


def test_r40_the_systems_zone_where_the_plan_has_none() -> None:
    entry = daily(execution_plan={"period": "daily", "time": "15:57"})
    told = next_in_words(entry, Settings(system_timezone="Asia/Kolkata"))
    assert told.startswith("2026-10-25 15:57+05:30, ")


@pytest.mark.parametrize(
    ("waits", "words"),
    [
        (
            {"on_success": 0},
            "at once, then right after a success, 5 minutes after an idle answer, 10 seconds after"
            " an error, 5 minutes after a timeout",
        ),
        (
            dict.fromkeys(("on_timeout", "on_idle", "on_success", "on_error"), 60),
            "at once, then 1 minute after the end of each run",
        ),
    ],
)
def test_r42_r45_interval_plans_say_what_the_times_depend_on(
    waits: dict[str, float], words: str
) -> None:
    assert next_in_words(intervals(**waits)) == words


def test_no_line_is_read_as_markup(tmp_path: Path) -> None:
    write(tmp_path, daily(name="a [red]b", endpoint="https://h/:smile:/[bold]x"))
    lines = run("services", "--config", tmp_path).stdout.splitlines()
    assert lines[:2] == ["a [red]b (service__a__red_b)", "  POST to https://h/:smile:/[bold]x"]


def test_json_for_scripts(tmp_path: Path) -> None:
    write(tmp_path, daily(), interval(name="b"))
    result = run("services", "--json", "--config", tmp_path, "--now", "2026-10-24T12:00:00+0000")
    assert result.exit_code == 0
    first, second = json.loads(result.stdout)["services"]
    assert list(first) == ["name", "dag_id", "endpoint", "words", "next_due", "next_in_words"]
    assert first["next_due"] == [
        "2026-10-24T15:57:00+02:00",
        "2026-10-25T15:57:00+01:00",
        "2026-10-26T15:57:00+01:00",
    ]
    assert second["next_due"] == []


def test_without_another_word_now_is_the_clocks(tmp_path: Path) -> None:
    write(tmp_path, plan(timezone="UTC"))
    with time_machine.travel(datetime(2031, 1, 1, 15, 57, tzinfo=UTC), tick=False):
        result = run("services", "--config", tmp_path)
    assert "Next: 2031-01-02 15:57+00:00, " in result.stdout


def test_refused_entries_are_not_listed_but_counted(tmp_path: Path) -> None:
    write(tmp_path, daily(), daily(name="b", timeout=0), 5)
    result = run("services", "--json", "--config", tmp_path)
    assert result.exit_code == 1
    assert len(json.loads(result.stdout)["services"]) == 1
    assert result.stderr == "2 errors: `system-daemon check` tells where and what to do.\n"


def test_a_file_beyond_repair_is_counted_too(tmp_path: Path) -> None:
    result = run("services", "--config", tmp_path)
    assert result.exit_code == 1
    assert result.stdout == "No service is configured.\n"
    assert result.stderr.startswith("1 error: ")


@pytest.mark.parametrize("now", ["today", "2026-10-24T12:00:00"])
def test_a_time_without_a_zone_is_wrong_usage(tmp_path: Path, now: str) -> None:
    assert run("services", "--config", write(tmp_path), "--now", now).exit_code == 2
