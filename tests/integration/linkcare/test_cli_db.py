"""`system-daemon db`, on a real PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from system_daemon.cli import app

Run = Callable[..., Result]


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
def run(url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("AIRFLOW_CONN_SYSTEM_DAEMON_POSTGRES", url)
    return lambda *args: CliRunner().invoke(app, ["db", *args])


def test_a_database_is_made_and_filled(run: Run, url: str) -> None:
    assert run("init").stdout.splitlines()[0] == "Applied 0001_tables.sql."
    assert run("init").stdout == "The schema is up to date.\n"
    filled = run("seed", "--tasks", "2000", "--as-of", "2026-11-22T10:05+01:00")
    assert filled.exit_code == 0, filled.output
    assert "2,000 tasks as of 2026-11-22T10:05+01:00" in filled.stdout
    assert any(line.split() == ["outdated_rescheduled", "4"] for line in filled.stdout.splitlines())
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM task").fetchone() == (2000,)
    again = run("seed", "--tasks", "2000")
    assert again.exit_code == 1
    assert "expected an empty database, got rows in the table program" in again.stderr


def test_the_counts_are_there_for_scripts(run: Run) -> None:
    run("init")
    found = json.loads(run("seed", "--tasks", "2000", "--json").stdout)
    assert found["expected"]["admissions_discharged"] == 1


def test_what_does_not_fit_is_told_in_a_sentence(run: Run, url: str, tmp_path: Path) -> None:
    without = run("seed")
    assert without.exit_code == 1
    assert "run `system-daemon db init` first" in without.stderr
    assert run("seed", "--tasks", "10").exit_code == 2
    assert "expected --dsn to be a URL" in run("init", "--dsn", "host=here").stderr
    nowhere = run("init", "--dsn", url.replace("linkcare", "nowhere"))
    assert nowhere.exit_code == 1
    assert "PostgreSQL does not answer" in nowhere.stderr
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE task (n int)")
    assert "got tables of unknown origin (task)" in run("init").stderr


def test_without_a_name_it_is_the_stack_that_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_SYSTEM_DAEMON_POSTGRES", raising=False)
    monkeypatch.setattr("system_daemon.cli.db.default_state", lambda _project: tmp_path)
    answer = CliRunner().invoke(app, ["db", "init"])
    assert answer.exit_code == 1
    assert "expected a running `system-daemon up`" in answer.stderr
