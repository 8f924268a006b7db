"""One run between Airflow's connections, PostgreSQL and Redis."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import psycopg
import pytest
import redis

from system_daemon.configuration.loading import Configuration
from system_daemon.configuration.maintenance_tasks import MaintenanceTask
from system_daemon.connections import ConnectionUnusableError
from system_daemon.maintenance.braking import BrakeError
from system_daemon.maintenance.params import Asked
from system_daemon.maintenance.run import UnreachableError, run
from system_daemon.maintenance.sweep import Left, Swept
from system_daemon.maintenance.waking import LONG
from tests.integration.maintenance_run.letters import REPORT, SWEEP, connect, put

LOG = logging.getLogger("task")
ASKED = Asked(as_of=None, dry_run=False, batch_size=None, allow_more=False, statement_params={})
HISTORY = "system_daemon:maintenance:letters:rows"


def task_of(configuration: Configuration) -> MaintenanceTask:
    task = configuration.maintenance_task("letters")
    assert task is not None
    return task


def once(configuration: Configuration, asked: Asked = ASKED, **doors: Any) -> Swept:
    return run(
        task_of(configuration),
        configuration,
        asked,
        log=LOG,
        **{"stopped": lambda: False, **doors},
    )


def test_the_database_knows_who_works_on_it(
    deployed: Configuration, platform: psycopg.Connection
) -> None:
    put(platform, 1)
    assert once(deployed).counts == {"letters_sent": 1}
    (row,) = platform.execute("SELECT by_whom FROM letter").fetchall()
    assert row == ("system_daemon maintenance__letters",)


def test_r19_a_job_for_each_notification_in_resques_format(
    deployed: Configuration, platform: psycopg.Connection, redis_url: str
) -> None:
    put(platform, 5, 6, 7)
    once(deployed)
    with redis.Redis.from_url(redis_url) as client:
        jobs = [json.loads(job) for job in client.lrange("clinic:queue:mail", 0, -1)]
        assert client.smembers("clinic:queues") == {b"mail"}
    assert [(job["class"], job["args"], job["id"]) for job in jobs] == [
        ("SendNotification", [{"notification": number}], f"notification-{number}")
        for number in (5, 6, 7)
    ]
    assert all(list(job) == ["class", "args", "id", "queue_time"] for job in jobs)


def test_jobs_do_not_pile_up_in_a_queue_that_nobody_empties(
    deployed: Configuration,
    platform: psycopg.Connection,
    redis_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    put(platform, 5, 6, 7)  # two batches
    with redis.Redis.from_url(redis_url) as client:
        client.rpush("clinic:queue:mail", *["waits"] * LONG)
        with caplog.at_level("WARNING", logger="task"):
            assert once(deployed).counts == {"letters_sent": 3}
        assert client.llen("clinic:queue:mail") == LONG
    assert [record.getMessage() for record in caplog.records] == [
        'expected fewer than 10,000 jobs to wait in the queue "mail", got as many or more: see that'
        " somebody serves it; notifications without a job wait for a later run of"
        " DELAYED_NOTIFICATIONS"
    ]


def test_a_dry_run_puts_no_job_and_is_not_remembered(
    deployed: Configuration, platform: psycopg.Connection, redis_url: str
) -> None:
    put(platform, 1, 2, 3)
    assert once(deployed, replace(ASKED, dry_run=True)).counts == {"letters_sent": 3}
    with redis.Redis.from_url(redis_url) as client:
        assert client.keys() == []


def test_the_brake_remembers_thirty_runs_and_lets_a_permitted_one_pass(
    deployed: Configuration, platform: psycopg.Connection, redis_url: str
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.rpush(HISTORY, *range(30))
        put(platform, *range(5))
        with pytest.raises(BrakeError, match=r"at most 4 rows .* got 5 or more; .*allow_more"):
            once(deployed)
        assert client.lindex(HISTORY, 0) == b"0", "a run that was stopped is not remembered"
        assert once(deployed, replace(ASKED, allow_more=True)).rows == 5
        assert client.lrange(HISTORY, 0, 1) == [b"5", b"0"]
        assert client.llen(HISTORY) == 30


def test_a_redis_that_is_away_stops_no_run_and_is_said(
    deployed: Configuration,
    platform: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    connect(monkeypatch, "redis", "redis://127.0.0.1:1")
    put(platform, 1, 2)
    with caplog.at_level("WARNING", logger="task"):
        assert once(deployed).rows == 2
    told = [record.getMessage() for record in caplog.records]
    assert [line.split("; ")[1] for line in told] == [
        "the brake knows no earlier runs",
        "2 notifications wait for a later run of DELAYED_NOTIFICATIONS, which puts their jobs into"
        " the queue",
        "the brake will not know of this run",
    ]
    put(platform, *range(10, 15))
    with pytest.raises(BrakeError):
        once(deployed)


def test_a_report_is_told_from_what_was_done(
    deployed: Configuration, platform: psycopg.Connection, redis_url: str
) -> None:
    put(platform, 1, 2)
    file = task_of(deployed).sql_file
    file.write_text(SWEEP + REPORT)
    swept = once(deployed)
    assert swept.counts == {"letters_sent": 2, "letters_there": 2}
    assert swept.reports == {"letters_there"}


def test_a_run_that_is_told_to_stop_ends_between_batches(
    deployed: Configuration, platform: psycopg.Connection, redis_url: str
) -> None:
    put(platform, 1, 2, 3, 4)
    answers = iter([False])
    swept = once(deployed, stopped=lambda: next(answers, True))
    assert (swept.rows, swept.left) == (2, Left.STOPPED)
    with redis.Redis.from_url(redis_url) as client:
        assert client.keys(HISTORY) == []


def test_a_database_that_does_not_answer_is_one_sentence(
    deployed: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, "postgres", "postgresql://daemon:s3cret-word@127.0.0.1:1/letters")
    with pytest.raises(UnreachableError) as refused:
        once(deployed)
    assert 'at the Airflow connection "system_daemon_postgres", got: connection' in str(
        refused.value
    )
    assert "s3cret-word" not in str(refused.value)


def test_a_missing_connection_says_where_to_make_it(
    deployed: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_SYSTEM_DAEMON_POSTGRES")
    with pytest.raises(ConnectionUnusableError, match="create it under Admin, Connections"):
        once(deployed)
