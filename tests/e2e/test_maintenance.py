"""Maintenance on a real Airflow: by hand, backfilled, slow, retried, braked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from system_daemon.linkcare.migrations import migrate
from system_daemon.local.postgres import Postgres
from tests.deployment import Deployment, Run
from tests.waiting import wait_until

DATABASE = "platform"
BY_HAND = {"frequency": None, "time": None}
QUIET = [
    {"name": name, **BY_HAND}
    for name in ("OUTDATED_TASKS_CHECK", "AVAILABLE_TASKS_CHECK", "SERVICE_TASKS")
]
"""The tasks that would run by themselves on the oldest platform."""

Maintain = Callable[..., None]


@pytest.fixture(scope="module")
def platform(postgres_server: Postgres, running: Deployment) -> Iterator[psycopg.Connection]:
    """The platform's database, with its connection and its pool in Airflow."""
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
    place = urlsplit(postgres_server.url(DATABASE))
    running.api(
        "POST",
        "connections",
        {
            "connection_id": "system_daemon_postgres",
            "conn_type": "postgres",
            "host": place.hostname,
            "port": place.port,
            "login": place.username,
            "password": place.password,
            "schema": DATABASE,
        },
    )
    running.api("POST", "pools", {"name": "system_daemon", "slots": 2})
    with psycopg.connect(postgres_server.url(DATABASE), autocommit=True) as connection:
        migrate(connection)
        connection.execute("CREATE TABLE gate (id integer PRIMARY KEY, passed integer)")
        yield connection


@pytest.fixture
def maintain(airflow: Deployment, platform: psycopg.Connection) -> Iterator[Maintain]:
    """Configures these tasks beside those that only run by hand."""

    def configured(*tasks: dict[str, Any], **whole: Any) -> None:
        named = {task["name"] for task in tasks}
        entries = [*(each for each in QUIET if each["name"] not in named), *tasks]
        if "PURGE_DATABASE" not in named:
            entries.append({"name": "PURGE_DATABASE", **BY_HAND})
        version = whole.pop("api_version", "2.7.20")
        airflow.configure([], api_version=version, system_timezone="UTC")
        airflow.write("maintenance.json", json.dumps({**whole, "tasks": entries}))

    yield configured
    (airflow.configuration / "maintenance.json").unlink()


def run_by_hand(airflow: Deployment, dag_id: str, **conf: Any) -> Run:
    """Trigger with these params, and wait for the end."""
    wait_until(lambda: airflow.knows(dag_id), timeout=60, description=dag_id)
    body = {"logical_date": None, "conf": conf}
    run_id = airflow.api("POST", f"dags/{dag_id}/dagRuns", body)["dag_run_id"]
    return ended(airflow, dag_id, run_id)


def ended(airflow: Deployment, dag_id: str, run_id: str, tries: int = 1) -> Run:
    return airflow.wait_for_run(
        dag_id,
        lambda run: (
            run.run_id == run_id
            and run.state in {"success", "failed"}
            and (run.try_number or 0) >= tries
        ),
        description=f"the end of {run_id}",
        timeout=90,
    )


def left(airflow: Deployment, run: Run, key: str) -> Any:
    """What the run left as an XCom."""
    path = f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/sweep/xcomEntries/{key}"
    return airflow.api("GET", path)["value"]


def log_of(airflow: Deployment, run: Run) -> str:
    path = f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/sweep/logs/{run.try_number}"
    return json.dumps(airflow.api("GET", f"{path}?full_content=true")["content"])


def admission(platform: psycopg.Connection) -> int:
    """One admission of one patient; its key."""
    (found,) = platform.execute(
        """
        WITH p AS (INSERT INTO program (name) VALUES ('p') RETURNING program_id),
        v AS (INSERT INTO program_version (program_id, version)
              SELECT program_id, 1 FROM p RETURNING program_version_id),
        s AS (INSERT INTO subscription (program_id, name)
              SELECT program_id, 's' FROM p RETURNING subscription_id),
        c AS (INSERT INTO patient_case (name) VALUES ('canary-Zw7') RETURNING case_id)
        INSERT INTO admission (case_id, subscription_id, program_version_id, status, enrolled_at)
        SELECT case_id, subscription_id, program_version_id, 1, now() FROM c, s, v
        RETURNING admission_id
        """
    ).fetchall()[0]
    return int(found)


def test_a_dry_run_tells_what_the_real_run_then_does(
    airflow: Deployment, platform: psycopg.Connection, maintain: Maintain
) -> None:
    platform.execute(
        "INSERT INTO task (admission_id, name, status, role_id, scheduled_at)"
        " SELECT %s, 'canary-Zw7', 12, 47, now() - interval '1 day' FROM generate_series(1, 25)",
        (admission(platform),),
    )

    def closed() -> int:
        rows = platform.execute("SELECT count(*) FROM task WHERE status = 13").fetchall()
        return int(rows[0][0])

    maintain(batch_size=10)
    dag = "maintenance__service_tasks"
    dry = run_by_hand(airflow, dag, dry_run=True)
    assert (dry.state, left(airflow, dry, "counts")) == ("success", {"tasks_closed": 25})
    assert closed() == 0
    real = run_by_hand(airflow, dag)
    assert (real.state, left(airflow, real, "counts")) == ("success", {"tasks_closed": 25})
    assert (closed(), left(airflow, real, "outcome")) == (25, "success")
    again = run_by_hand(airflow, dag)
    assert (left(airflow, again, "counts"), left(airflow, again, "outcome")) == (
        {"tasks_closed": 0},
        "idle",
    )
    assert "tasks_closed 25 as of" in log_of(airflow, real)
    logs = "".join(file.read_text(errors="replace") for file in airflow.folder.rglob("*.log"))
    assert "canary-Zw7" not in logs


def test_r21_an_update_runs_with_what_a_job_of_php_brings(
    airflow: Deployment, platform: psycopg.Connection, maintain: Maintain
) -> None:
    key = admission(platform)
    ((subscription, program),) = platform.execute(
        "SELECT subscription_id, program_id FROM admission JOIN subscription USING (subscription_id)"
        " WHERE admission_id = %s",
        (key,),
    ).fetchall()
    platform.execute(
        "INSERT INTO program_version (program_id, version, migration_task)"
        " VALUES (%(program)s, 2, 'Consent'), (%(program)s, 3, 'Not yet')",
        {"program": program},
    )
    late = ("EXPIRED_ADMISSIONS", "DELAYED_NOTIFICATIONS", "EXPIRED_SESSIONS")
    quiet = [{"name": name, **BY_HAND} for name in late]
    maintain(*quiet, api_version="2.7.31", max_inactive_session_time=3600)
    dag, asked = "maintenance__admissions_update", {"subscription": str(subscription)}
    run = run_by_hand(airflow, dag, **asked, to_version="2")
    counts = {"admissions_updated": 1, "migration_tasks_added": 1}
    assert (run.state, left(airflow, run, "counts")) == ("success", counts)
    # Somebody has to do it: the daemon does not.
    run_by_hand(airflow, "maintenance__service_tasks")
    found = platform.execute(
        "SELECT name, status, role_id FROM task WHERE admission_id = %s", (key,)
    ).fetchall()
    assert found == [("Consent", 12, 24)]


def test_a_backfill_of_three_days_acts_as_of_each_day(
    airflow: Deployment, platform: psycopg.Connection, maintain: Maintain
) -> None:
    # Half a day away from now, so that no scheduled run comes in between.
    hour = (datetime.now(UTC) + timedelta(hours=12)).hour
    days = [datetime(2026, 3, day, hour, tzinfo=UTC) for day in (10, 11, 12)]
    marked = [day.replace(month=2) for day in days]
    later = marked[-1] + timedelta(microseconds=1)
    for moment in (*marked, later):
        platform.execute(
            "INSERT INTO patient_case (name, deleted_at) VALUES ('gone', %s)", (moment,)
        )
    maintain({"name": "PURGE_DATABASE", "time": f"{hour:02}:00"})
    dag = "maintenance__purge_database"
    wait_until(lambda: scheduled(airflow, dag), timeout=60, description="the daily schedule")
    airflow.api(
        "POST",
        "backfills",
        {
            "dag_id": dag,
            "from_date": days[0].isoformat(),
            "to_date": days[-1].isoformat(),
            "run_backwards": False,
            "dag_run_conf": {},
            "reprocess_behavior": "none",
            "max_active_runs": 1,
        },
    )

    def done() -> list[Run]:
        runs = [run for run in airflow.runs(dag) if run.run_type == "backfill"]
        return runs if len(runs) == 3 and all(run.end_date for run in runs) else []

    runs = wait_until(done, timeout=180, description="three backfilled runs")
    assert [run.state for run in runs] == ["success"] * 3
    assert [left(airflow, run, "counts")["cases_purged"] for run in runs] == [1, 1, 1]
    kept = platform.execute("SELECT deleted_at FROM patient_case WHERE name = 'gone'").fetchall()
    assert [row[0] for row in kept] == [later]


def scheduled(airflow: Deployment, dag: str) -> bool:
    if not airflow.knows(dag):
        return False
    return bool(airflow.api("GET", f"dags/{dag}")["next_dagrun_run_after"])


GATE = """\
-- name: pass
-- description: Waits for the gate to be free
WITH due AS (SELECT id, passed FROM gate WHERE id > 1 LIMIT :batch FOR UPDATE SKIP LOCKED),
opened AS (UPDATE gate SET passed = gate.passed + 1 FROM due WHERE gate.id = 1 RETURNING 1)
SELECT count(*) AS gates_passed FROM opened;
"""


def test_r6_ticks_that_pass_while_a_run_is_slow_become_one(
    airflow: Deployment, platform: psycopg.Connection, maintain: Maintain, postgres_server: Postgres
) -> None:
    platform.execute("TRUNCATE gate")
    platform.execute("INSERT INTO gate VALUES (1, 0), (2, 0)")
    airflow.write("gate.sql", GATE)
    gate = {"name": "gate", "sql": "gate.sql", "lock_timeout": 100, "max_rows": 1}
    dag = "maintenance__gate"
    with psycopg.connect(postgres_server.url(DATABASE)) as holder:
        holder.execute("SELECT 1 FROM gate WHERE id = 1 FOR UPDATE")
        maintain({**gate, "frequency": 3, "statement_timeout": 100})
        first = airflow.wait_for_run(
            dag, lambda run: run.task_state == "running", description="the slow run", timeout=90
        )
        enough = first.run_after + timedelta(seconds=11)
        wait_until(lambda: datetime.now(UTC) > enough, timeout=60, description="missed ticks")
        assert [run.run_id for run in airflow.runs(dag)] == [first.run_id]
    second = airflow.wait_for_run(
        dag, lambda run: run.run_after > first.run_after, description="the next run", timeout=60
    )
    lapse = (second.run_after - first.run_after).total_seconds()
    assert lapse >= 9, "the ticks that were missed are one run, at the last of them"
    assert lapse % 3 == 0, "the rhythm stays"
    finished = ended(airflow, dag, second.run_id)
    one, two = (run for run in airflow.runs(dag) if run.run_id in {first.run_id, second.run_id})
    assert one.end_date is not None
    assert two.task_start is not None
    assert two.task_start >= one.end_date, "one run at a time"
    assert finished.state == "success"


def test_r6_the_runs_of_a_backfill_wait_for_a_run_that_is_at_work(
    airflow: Deployment, platform: psycopg.Connection, maintain: Maintain, postgres_server: Postgres
) -> None:
    platform.execute("TRUNCATE gate")
    platform.execute("INSERT INTO gate VALUES (1, 0), (2, 0)")
    airflow.write("turnstile.sql", GATE)
    turnstile = {"name": "turnstile", "sql": "turnstile.sql", "lock_timeout": 100, "max_rows": 1}
    dag = "maintenance__turnstile"

    def backfilled() -> list[Run]:
        found = [run for run in airflow.runs(dag) if run.run_type == "backfill"]
        return found if len(found) > 1 and {run.state for run in found} == {"running"} else []

    with psycopg.connect(postgres_server.url(DATABASE)) as holder:
        holder.execute("SELECT 1 FROM gate WHERE id = 1 FOR UPDATE")
        maintain({**turnstile, "frequency": 3600, "statement_timeout": 100})
        slow = airflow.wait_for_run(
            dag, lambda run: run.task_state == "running", description="the slow run", timeout=90
        )
        first, last = (slow.run_after - timedelta(hours=hours) for hours in (5, 3))
        airflow.api(
            "POST",
            "backfills",
            {"dag_id": dag, "from_date": first.isoformat(), "to_date": last.isoformat()},
        )
        begun = wait_until(backfilled, timeout=60, description="the runs of the backfill")
        # Another task gets its turn after them: they had theirs.
        assert run_by_hand(airflow, "maintenance__service_tasks").state == "success"
        assert [run.task_start for run in backfilled()] == [None] * len(begun)
    ids = {slow.run_id, *(run.run_id for run in begun)}
    for run_id in ids:
        assert ended(airflow, dag, run_id).state == "success"
    spans = sorted(
        (run.task_start, run.task_end)
        for run in airflow.runs(dag)
        if run.run_id in ids and run.task_start and run.task_end
    )
    assert len(spans) == len(ids)
    for (_, end), (start, _) in pairwise(spans):
        assert end <= start, "one sweep at a time"


def test_a_red_run_is_mended_and_cleared(
    airflow: Deployment, platform: psycopg.Connection, maintain: Maintain
) -> None:
    platform.execute("DROP TABLE IF EXISTS letter")
    airflow.write("letters.sql", GATE.replace("gate", "letter"))
    maintain({"name": "letters", "sql": "letters.sql", **BY_HAND})
    dag = "maintenance__letters"
    red = run_by_hand(airflow, dag)
    assert red.state == "failed"
    assert red.try_number == 1, "a statement that cannot be run is not tried again"
    assert "letters.sql line" in log_of(airflow, red)
    platform.execute("CREATE TABLE letter (id integer PRIMARY KEY, passed integer)")
    airflow.clear(red)
    green = ended(airflow, dag, red.run_id, tries=2)
    assert (green.state, left(airflow, green, "outcome")) == ("success", "idle")


def test_the_brake_stops_before_the_first_change_and_allow_more_passes(
    airflow: Deployment, platform: psycopg.Connection, maintain: Maintain
) -> None:
    for number in range(3):
        platform.execute(
            "INSERT INTO patient_case (name, deleted_at) VALUES (%s, '2020-01-01')",
            (f"long gone {number}",),
        )

    def there() -> int:
        rows = platform.execute("SELECT count(*) FROM patient_case WHERE name LIKE 'long%'")
        return int(rows.fetchall()[0][0])

    maintain({"name": "PURGE_DATABASE", **BY_HAND, "brake": {"max_rows": 2}})
    dag = "maintenance__purge_database"
    stopped = run_by_hand(airflow, dag)
    assert (stopped.state, stopped.try_number, there()) == ("failed", 1, 3)
    assert "allow_more" in log_of(airflow, stopped)
    passed = run_by_hand(airflow, dag, allow_more=True)
    assert (passed.state, there()) == ("success", 0)
