"""A maintenance task with everything decided: its entry, the file's rules and the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path

from system_daemon.configuration.catalogue import CatalogueTask
from system_daemon.configuration.maintenance import SCHEDULE_KEYS, Brake, Maintenance, TaskEntry
from system_daemon.configuration.services import slug
from system_daemon.configuration.settings import Settings
from system_daemon.shipped_sql import shipped_sql

EXPIRED_SESSIONS = "EXPIRED_SESSIONS"
TASKS_EXPIRE_SINCE = (2, 7, 21)
"""The API version that introduced the status EXPIRED; before, tasks only recur (R13)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceTask:
    """One maintenance task as it is run; it becomes the Airflow DAG ``maintenance__<name>``."""

    name: str
    description: str
    frequency: float | None
    """Seconds from start to start."""
    daily_time: time | None
    """The time of day in ``timezone``; without both the task runs only on demand."""
    timezone: str
    """The zone of the time of day and of the task's calendar."""
    missed_run_grace: float
    """How late a daily run may start, in seconds (R45)."""
    sql_file: Path
    batch_size: int
    max_rows: int
    deadline: float
    """Seconds after which no further batch begins."""
    lock_timeout: float
    """Seconds."""
    statement_timeout: float
    """Seconds."""
    brake: Brake | None
    """None: the task is not destructive."""
    given: Mapping[str, object] = field(default_factory=dict)
    """What the statements are given of the configuration."""
    asks: tuple[str, ...] = ()
    """What the statements are given of a run's params."""

    @property
    def dag_id(self) -> str:
        """``maintenance__`` and the name in small letters that Airflow allows in an id."""
        return dag_id(self.name)

    @property
    def parameters(self) -> frozenset[str]:
        """What the statements may use beside the moment and the size of a batch."""
        return frozenset((*self.given, *self.asks))


def dag_id(name: str) -> str:
    """The DAG of the task of that name."""
    return f"maintenance__{slug(name).lower()}"


def resolved(
    known: CatalogueTask | None,
    entry: TaskEntry,
    *,
    maintenance: Maintenance,
    settings: Settings,
    folder: Path,
) -> MaintenanceTask:
    """The task that an entry makes of a catalogue task, or of nothing.

    Args:
        known: the platform's own task, where it is one.
        entry: where it differs; an entry of nothing but the name for a task that is not listed.
        maintenance: what the whole file says.
        settings: the deployment's rules.
        folder: the configuration folder, from which paths are seen.
    """
    frequency, daily_time = _schedule(known, entry)
    destructive = entry.destructive
    if destructive is None:
        destructive = known is not None and known.destructive
    grace = entry.missed_run_grace
    name = known.name if known else entry.name
    return MaintenanceTask(
        name=name,
        description=entry.description or (known.summary if known else ""),
        frequency=frequency,
        daily_time=daily_time,
        timezone=entry.timezone or settings.system_timezone,
        missed_run_grace=settings.missed_run_grace if grace is None else grace,
        sql_file=_sql_file(known, entry, maintenance, folder),
        batch_size=entry.batch_size or maintenance.batch_size,
        max_rows=entry.max_rows or maintenance.max_rows,
        deadline=entry.deadline or maintenance.deadline,
        lock_timeout=entry.lock_timeout or maintenance.lock_timeout,
        statement_timeout=entry.statement_timeout or maintenance.statement_timeout,
        brake=_brake(entry, maintenance) if destructive else None,
        given=_given(name, maintenance, settings),
        asks=known.asks if known else (),
    )


def _brake(entry: TaskEntry, maintenance: Maintenance) -> Brake:
    """The file's brake; what the entry says of one limit leaves the other one alone."""
    if entry.brake is None:
        return maintenance.brake
    differs = {name: getattr(entry.brake, name) for name in entry.brake.model_fields_set}
    return maintenance.brake.model_copy(update=differs)


def _given(name: str, maintenance: Maintenance, settings: Settings) -> dict[str, object]:
    match name:
        case "EXPIRED_SESSIONS":
            return {"max_inactive": maintenance.max_inactive_session_time}
        case "OUTDATED_TASKS_CHECK":
            return {"may_expire": settings.offers(TASKS_EXPIRE_SINCE)}
        case _:
            return {}


def _schedule(known: CatalogueTask | None, entry: TaskEntry) -> tuple[float | None, time | None]:
    if known is None or entry.model_fields_set.intersection(SCHEDULE_KEYS):
        return entry.frequency, entry.time
    return known.frequency, known.daily_time


def _sql_file(
    known: CatalogueTask | None, entry: TaskEntry, maintenance: Maintenance, folder: Path
) -> Path:
    own = maintenance.sql_directory and folder / maintenance.sql_directory
    if entry.sql is None:
        return (own or shipped_sql("linkcare")) / (known.sql if known else "")
    if own and (own / entry.sql).is_file():
        return own / entry.sql
    return folder / entry.sql
