"""`system-daemon check --deployment`: what is missing around the configuration, before a task fails.

The pool and the API server's secret need a whole Airflow: ``tests/cluster``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from airflow import plugins_manager

from system_daemon.configuration.loading import load
from system_daemon.configuration.problems import Severity
from system_daemon.deployment.component import Component
from system_daemon.deployment.readiness import deployment_problems
from system_daemon.local.postgres import Postgres
from system_daemon.plugin import SystemDaemonPlugin

REDIS, POSTGRES = "AIRFLOW_CONN_SYSTEM_DAEMON_REDIS", "AIRFLOW_CONN_SYSTEM_DAEMON_POSTGRES"
EMAIL = "AIRFLOW_CONN_SYSTEM_DAEMON_EMAIL"
NOTIFICATIONS = {
    "job_class": "SendNotification",
    "handler": "system_daemon.jobs.handlers.notification:send_notification",
}
SMTP, HTTP = (
    "airflow.providers.smtp.notifications.smtp.SmtpNotifier",
    "airflow.providers.http.notifications.http.HttpNotifier",
)
NOBODY = "127.0.0.1:1"
Ask = Callable[..., dict[str, str]]


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Asks about one queue and one maintenance task; the sentences by where they belong."""
    jobs = {"queues": [{"name": "default"}], "routes": [{"job_class": "*", "dag": "any"}]}
    (tmp_path / "background_jobs.json").write_text(json.dumps(jobs))
    (tmp_path / "external_services.json").write_text("[]")
    (tmp_path / "maintenance.json").write_text('{"max_inactive_session_time": 1800}')
    monkeypatch.setenv("SYSTEM_DAEMON_CONFIG", str(tmp_path))

    def ask(component: Component | None = None, **environment: str) -> dict[str, str]:
        for name in (REDIS, POSTGRES, EMAIL):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return {each.where: each.message for each in deployment_problems(load(), component)}

    return ask


def test_a_missing_connection_is_named_with_the_variable_that_makes_it(said: Ask) -> None:
    found = said()
    for conn_id, variable in (
        ("system_daemon_redis", REDIS),
        ("system_daemon_postgres", POSTGRES),
    ):
        sentence = found[f"connection {conn_id}"]
        assert sentence.startswith(f'expected an Airflow connection "{conn_id}"')
        assert f"set {variable}" in sentence


def test_servers_that_do_not_answer_are_named_without_their_passwords(said: Ask) -> None:
    found = said(
        **{REDIS: f"redis://:hunter2@{NOBODY}/0", POSTGRES: f"postgres://us:hunter2@{NOBODY}/x"}
    )
    assert "127.0.0.1" in found["connection system_daemon_redis"]
    assert "expected a PostgreSQL that answers" in found["connection system_daemon_postgres"]
    assert not any("hunter2" in sentence for sentence in found.values())


def test_servers_that_answer_are_not_mentioned(
    said: Ask, redis_url: str, postgres_server: Postgres
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.sadd("resque:queues", "default")
    found = said(**{REDIS: redis_url, POSTGRES: postgres_server.url()})
    assert [where for where in found if where.startswith("connection")] == []


def test_a_redis_without_the_namespace_is_named(said: Ask, redis_url: str) -> None:
    sentence = said(**{REDIS: redis_url})["connection system_daemon_redis"]
    assert sentence.startswith('expected queues under the namespace "resque", got a Redis without')
    with redis.Redis.from_url(redis_url) as client:
        client.sadd("clinic:queues", "default")
    assert 'it has them under "clinic"' in said(**{REDIS: redis_url})[".namespace"]
    assert Severity.ERROR in {
        each.severity for each in deployment_problems(load()) if each.where == ".namespace"
    }


def test_a_missing_fernet_key_is_named(said: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "")
    assert "AIRFLOW__CORE__FERNET_KEY" in said()["fernet key"]


@pytest.mark.parametrize("component", [Component.API_SERVER, Component.TRIGGERER, Component.WORKER])
def test_a_missing_key_for_reading_logs_is_named(
    said: Ask, monkeypatch: pytest.MonkeyPatch, component: Component
) -> None:
    key = "AIRFLOW__API__SECRET_KEY"
    monkeypatch.delenv(key, raising=False)
    assert said(component)[key].startswith(f"expected it in the {component}, got none")
    monkeypatch.setenv(key, "the same everywhere")
    assert key not in said(component)


def test_results_without_a_place_are_named(
    said: Ask, monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    results = "AIRFLOW__CELERY__RESULT_BACKEND"
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.delenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", raising=False)
    assert "set it to the same value in every scheduler" in said(Component.WORKER)[results]
    monkeypatch.setenv(results, f"redis://:hunter2@{NOBODY}/1")
    found = said(Component.WORKER)["results"]
    assert "expected a Redis that answers" in found
    assert "hunter2" not in found
    monkeypatch.setenv(results, redis_url)
    assert {"results", results}.isdisjoint(said(Component.WORKER))


def test_a_celery_that_tells_no_shift_of_its_stop_is_named_in_the_worker(
    said: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = "AIRFLOW__CELERY__CELERY_CONFIG_OPTIONS"
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv(settings, "os.environ")  # as good as any others that are not ours
    assert settings not in said(Component.SCHEDULER)
    assert "system_daemon.celery_settings.SETTINGS" in said(Component.WORKER)[settings]


def test_timetables_that_nobody_registered_are_named(
    said: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugins_manager, "get_timetables_plugins", dict)
    for component in (None, *Component):
        assert "AfterRunTimetable" in said(component)["plugin"]
    registered = {each.__name__: each for each in SystemDaemonPlugin.timetables}
    monkeypatch.setattr(plugins_manager, "get_timetables_plugins", lambda: registered)
    assert "plugin" not in said()


def test_ways_of_notifications_that_are_missing_or_do_not_fit(said: Ask, tmp_path: Path) -> None:
    email = "connection system_daemon_email"
    assert email not in said(Component.WORKER)
    jobs = {"queues": [{"name": "default"}], "routes": [NOTIFICATIONS]}
    (tmp_path / "background_jobs.json").write_text(json.dumps(jobs))
    assert "got none" in said(Component.WORKER)[email]
    assert "text messages would fail" in said(Component.WORKER)["connection system_daemon_sms"]
    assert email not in said(Component.TRIGGERER)
    without_sender = said(Component.WORKER, **{EMAIL: "smtp://mail.example:587"})
    assert "expected from_email" in without_sender[email]
    fits = "smtp://mail.example:587/?from_email=clinic%40mail.example"
    assert email not in said(Component.WORKER, **{EMAIL: fits})


def alerting(folder: Path, notifier: str, **arguments: str) -> None:
    alert = {"notifier": notifier, "arguments": arguments}
    (folder / "settings.json").write_text(json.dumps({"alerts": [alert]}))


def test_alerts_that_could_not_be_sent_are_named_where_they_are_sent_from(
    said: Ask, tmp_path: Path
) -> None:
    texts = {"to": "us@hospital.example", "subject": "{{ alert.title }}", "html_content": "x"}
    alerting(tmp_path, SMTP, **texts)
    by_default = said(Component.DAG_PROCESSOR)["alerts[0]"]
    assert 'expected an Airflow connection "smtp_default" of type smtp, got none' in by_default
    assert 'as "smtp_conn_id"' in by_default
    assert "alerts[0]" not in said(Component.WORKER)
    alerting(tmp_path, SMTP, smtp_conn_id="system_daemon_email", **texts)
    fits = "smtp://mail.example:587/?from_email=clinic%40mail.example"
    assert "alerts[0]" not in said(Component.DAG_PROCESSOR, **{EMAIL: fits})


@pytest.mark.parametrize(
    ("notifier", "arguments", "words"),
    [
        ("no.such.Notifier", {}, "got ModuleNotFoundError"),
        (HTTP, {"endpoints": "alerts"}, "unexpected keyword argument 'endpoints'"),
    ],
)
def test_notifiers_that_cannot_be_made_are_named(
    said: Ask, tmp_path: Path, notifier: str, arguments: dict[str, str], words: str
) -> None:
    alerting(tmp_path, notifier, **arguments)
    assert words in said(Component.DAG_PROCESSOR)["alerts[0]"]
