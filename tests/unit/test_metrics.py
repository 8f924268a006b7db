"""Which metrics an event becomes, and that none of them harms what it measures."""

from __future__ import annotations

from typing import Any

from system_daemon.metrics import Metrics


class Recorded:
    """Airflow's stats, as a list."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, float, dict[str, Any]]] = []

    def incr(self, stat: str, count: int, *, tags: dict[str, Any]) -> None:
        self.sent.append(("count", stat, count, tags))

    def gauge(self, stat: str, value: float, *, tags: dict[str, Any]) -> None:
        self.sent.append(("level", stat, value, tags))

    def timing(self, stat: str, dt: float, *, tags: dict[str, Any]) -> None:
        self.sent.append(("ms", stat, dt, tags))


def test_a_call_is_counted_by_its_outcome_with_its_duration_and_lateness() -> None:
    stats, his = Recorded(), {"service": "his"}
    Metrics(stats).service_called("his", "idle", duration_ms=40, lateness_s=0.5)
    assert stats.sent == [
        ("count", "system_daemon.service.idle", 1, his),
        ("ms", "system_daemon.service.duration", 40, his),
        ("ms", "system_daemon.service.lateness", 500.0, his),
    ]


def test_a_call_that_was_not_sent_has_no_duration_and_a_manual_one_no_lateness() -> None:
    stats = Recorded()
    Metrics(stats).service_called("his", "locked", duration_ms=0, lateness_s=None)
    assert [name for _, name, _, _ in stats.sent] == ["system_daemon.service.locked"]


def test_only_what_happened_to_jobs_is_sent() -> None:
    stats = Recorded()
    Metrics(stats).jobs_ended("default", {"done": 7, "failed": 0, "buried": 1})
    assert stats.sent == [
        ("count", "system_daemon.jobs.done", 7, {"queue": "default"}),
        ("count", "system_daemon.jobs.buried", 1, {"queue": "default"}),
    ]


def test_an_empty_queue_is_said_as_well() -> None:
    stats = Recorded()
    Metrics(stats).jobs_waiting("default", depth=0, oldest_age_s=None)
    assert [(name, value) for _, name, value, _ in stats.sent] == [
        ("system_daemon.jobs.depth", 0),
        ("system_daemon.jobs.oldest_age", 0.0),
    ]


def test_rows_are_counted_by_what_was_done_with_them() -> None:
    stats, task = Recorded(), {"task": "SERVICE_TASKS"}
    Metrics(stats).task_swept("SERVICE_TASKS", {"tasks_closed": 3, "others": 0}, seconds=0.25)
    assert stats.sent == [
        ("count", "system_daemon.maintenance.rows", 3, {**task, "counted": "tasks_closed"}),
        ("ms", "system_daemon.maintenance.duration", 250.0, task),
    ]


def test_what_a_report_found_is_a_level_and_its_end_is_said_as_well() -> None:
    stats, task = Recorded(), {"task": "AVAILABLE_TASKS_CHECK"}
    for found in (4, 0):
        counts = {"tasks_notified": 1, "tasks_missed": found}
        Metrics(stats).task_swept(task["task"], counts, seconds=1, reports={"tasks_missed"})
    name, level = "system_daemon.maintenance.found", {**task, "counted": "tasks_missed"}
    assert [sent for sent in stats.sent if sent[0] == "level"] == [
        ("level", name, 4, level),
        ("level", name, 0, level),
    ]
    assert not [sent for sent in stats.sent if sent[0] == "count" and sent[3] == level]


def test_a_backend_that_breaks_harms_nothing() -> None:
    class Broken(Recorded):
        def incr(self, stat: str, count: int, *, tags: dict[str, Any]) -> None:
            raise OSError

    Metrics(Broken()).service_called("his", "success", duration_ms=1, lateness_s=None)
