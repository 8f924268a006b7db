"""The text of ``maintenance.json``: each task stands or falls alone, what they share together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from system_daemon.configuration.catalogue import (
    CATALOGUE,
    CatalogueTask,
    catalogued,
    known_names,
)
from system_daemon.configuration.clashes import clashes
from system_daemon.configuration.json_text import Members
from system_daemon.configuration.maintenance import SCHEDULE_KEYS, Maintenance, TaskEntry
from system_daemon.configuration.maintenance_lint import about_hidden, about_task, about_zone
from system_daemon.configuration.maintenance_tasks import (
    EXPIRED_SESSIONS,
    MaintenanceTask,
    resolved,
)
from system_daemon.configuration.problems import Problem, Severity, did_you_mean, shown, step
from system_daemon.configuration.reading import Reading, got
from system_daemon.configuration.settings import Settings

WITHOUT = "; until then no maintenance task has a DAG"
_REFUSED = "; until then this task has no DAG"
_KEPT = "; until then the default schedule holds"
_WHEN = (*SCHEDULE_KEYS, "timezone", "missed_run_grace")
"""The keys of a schedule: what is wrong in them leaves a known task its default (R23)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceEntries:
    """What is valid in the file, and everything to say about the rest."""

    maintenance: Maintenance
    tasks: tuple[MaintenanceTask, ...] = ()
    """The catalogue's tasks in its order, then the site's own in the order of the file."""
    problems: tuple[Problem, ...] = ()
    unreadable: bool = False
    """Something that all tasks share is refused: none can be run."""


@dataclass(frozen=True, slots=True)
class _Listed:
    """A valid entry, and where it stands."""

    entry: TaskEntry
    where: str


def read_maintenance(
    data: bytes, *, file: str, folder: Path, settings: Settings
) -> MaintenanceEntries:
    """Read the file's bytes; nothing an operator can write makes this raise."""
    reading = Reading(file)
    written = reading.members(data, expected='an object such as {"tasks": []}', consequence=WITHOUT)
    shared, entries = None, None
    if written is not None:
        shared = reading.shared(Maintenance, written, without=("tasks",), consequence=WITHOUT)
        entries = written.get("tasks", [])
        if not isinstance(entries, list):
            reading.error(".tasks", f"expected an array of tasks, got {got(entries)}{WITHOUT}")
    if shared is None or not isinstance(entries, list) or _errors(reading):
        return MaintenanceEntries(
            maintenance=Maintenance(), problems=tuple(reading.problems), unreadable=True
        )
    listed, refused = _listed(entries, reading)
    tasks, unzoned = [], []
    for name, known in _offered(listed, settings, reading).items():
        if name in refused:
            continue
        here = listed.get(name) or _Listed(TaskEntry(name=name), ".tasks")
        task = resolved(known, here.entry, maintenance=shared, settings=settings, folder=folder)
        if _runnable(task, here, shared, reading):
            tasks.append(task)
            if task.daily_time is not None and here.entry.timezone is None:
                unzoned.append(task.name)
            for at, message in about_task(task, here.entry):
                reading.warning(here.where + at, message)
    for at, message in about_zone(unzoned, settings):
        reading.warning(at, message)
    return MaintenanceEntries(
        maintenance=shared, tasks=tuple(tasks), problems=tuple(reading.problems)
    )


def _errors(reading: Reading) -> bool:
    return any(problem.severity is Severity.ERROR for problem in reading.problems)


def _offered(
    listed: Mapping[str, _Listed], settings: Settings, reading: Reading
) -> dict[str, CatalogueTask | None]:
    """The tasks that the platform's version has, by their names, and the site's own."""
    offered: dict[str, CatalogueTask | None] = {}
    for task in CATALOGUE:
        if settings.offers(task.since):
            offered[task.name] = task
        elif task.name in listed:
            where = listed[task.name].where
            reading.warning(f"{where}.name", about_hidden(task, settings))
    return {**offered, **{name: None for name in listed if catalogued(name) is None}}


def _listed(entries: list[object], reading: Reading) -> tuple[dict[str, _Listed], set[str]]:
    """The valid entries by their tasks' names, and the names of refused ones."""
    named = [_meant(entry) for entry in entries]
    sharing = dict(clashes(named, at=".tasks", dag_prefix="maintenance__"))
    listed: dict[str, _Listed] = {}
    refused: set[str] = set()
    for index, written in enumerate(entries):
        where = f".tasks[{index}]"
        if not isinstance(written, Members):
            reading.error(where, f"expected a task, an object, got {got(written)}")
            continue
        if index in sharing:
            reading.error(f"{where}.name", sharing[index] + _REFUSED)
        name = written.get("name")
        known = catalogued(name) if isinstance(name, str) else None
        entry = _entry(written, where, known, reading)
        key = known.name if known else str(name)
        if entry is None or index in sharing:
            refused.add(key)
        else:
            listed[key] = _Listed(entry, where)
    return listed, refused


def _meant(entry: object) -> object:
    """The entry with the name by which its DAG is called."""
    name = entry.get("name") if isinstance(entry, Members) else None
    if not isinstance(name, str):
        return entry
    known = catalogued(name)
    return Members({"name": (known.name if known else name).lower()})


def _entry(
    written: Members, where: str, known: CatalogueTask | None, reading: Reading
) -> TaskEntry | None:
    """The entry; of a known task without its schedule, where only that is wrong."""
    own = Reading(reading.file)
    entry = own.model(TaskEntry, written, where)
    if known is not None and known.on_demand:
        _refuse_schedule(known, written, where, own)
    if known is None and entry is not None and entry.sql is None:
        own.error(
            f"{where}.name",
            f'expected "sql" for a task of your own, or one of the names'
            f" {', '.join(task.name for task in CATALOGUE)}, got {shown(entry.name)}"
            f"{did_you_mean(entry.name, known_names())}",
        )
    if not own.problems:
        return entry
    places = {where, *(where + step(key) for key in _WHEN)}
    if known is None or any(problem.where not in places for problem in own.problems):
        reading.adopt(own, consequence=_REFUSED)
        return None
    reading.adopt(own, consequence="" if known.on_demand else _KEPT)
    rest = {key: value for key, value in written.items() if key not in _WHEN}
    return Reading(reading.file).model(TaskEntry, Members(rest), where)


def _refuse_schedule(known: CatalogueTask, written: Members, where: str, own: Reading) -> None:
    for key in SCHEDULE_KEYS:
        if written.get(key) is not None:
            own.error(
                where + step(key),
                f"expected no {key} for {known.name}, which runs only when a job or a person asks"
                f" for it, got {shown(written[key])}; remove it",
            )


def _runnable(
    task: MaintenanceTask, here: _Listed, maintenance: Maintenance, reading: Reading
) -> bool:
    """Whether everything is there that the task needs to run."""
    if task.name == EXPIRED_SESSIONS and maintenance.max_inactive_session_time is None:
        reading.error(
            ".max_inactive_session_time",
            "expected the seconds after which EXPIRED_SESSIONS removes a session that nobody uses"
            " (MAX_INACTIVE_SESSION_TIME of the platform), got nothing" + _REFUSED,
        )
        return False
    if not task.sql_file.is_file():
        at = f"{here.where}.sql" if here.entry.sql else ".sql_directory"
        reading.error(
            at,
            f"expected a file with the statements of {task.name}, got none at"
            f" {shown(str(task.sql_file), limit=500)}{_REFUSED}",
        )
        return False
    return True
