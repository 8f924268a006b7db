"""The configuration folder as one frozen value: what is valid, and every problem at once."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from system_daemon.configuration.background_jobs import BackgroundJobs
from system_daemon.configuration.entries import Entries, read_entries
from system_daemon.configuration.job_entries import JobEntries, read_background_jobs
from system_daemon.configuration.maintenance import Maintenance
from system_daemon.configuration.maintenance_entries import (
    WITHOUT,
    MaintenanceEntries,
    read_maintenance,
)
from system_daemon.configuration.maintenance_tasks import MaintenanceTask
from system_daemon.configuration.problems import ConfigurationError, Problem, Severity
from system_daemon.configuration.services import SINCE, Service
from system_daemon.configuration.settings import Settings
from system_daemon.configuration.settings_text import STRICTEST, read_settings

SERVICES_FILE = "external_services.json"
SETTINGS_FILE = "settings.json"
JOBS_FILE = "background_jobs.json"
MAINTENANCE_FILE = "maintenance.json"
FILES = (SERVICES_FILE, SETTINGS_FILE, JOBS_FILE, MAINTENANCE_FILE)

SHIPPED = Path(__file__).resolve().parents[2] / "config"
"""``include/config`` of a checkout; a wheel has none beside it and needs SYSTEM_DAEMON_CONFIG."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """All that operators wrote, as far as it is valid, and all that is wrong with it."""

    settings: Settings
    services: tuple[Service, ...]
    problems: tuple[Problem, ...]
    unreadable: tuple[Problem, ...] = ()
    """The services file beyond repair: no entry of it can be known. Also part of ``problems``."""
    jobs: BackgroundJobs = field(default_factory=BackgroundJobs)
    """The valid queues and the routes; no queue while something they share is refused."""
    jobs_refused: tuple[Problem, ...] = ()
    """What keeps every queue from being served. Also part of ``problems``."""
    maintenance: Maintenance = field(default_factory=Maintenance)
    """What all maintenance tasks share."""
    maintenance_tasks: tuple[MaintenanceTask, ...] = ()
    """The valid tasks that the platform's API version has; none without the file."""
    maintenance_refused: tuple[Problem, ...] = ()
    """What keeps every maintenance task from being run. Also part of ``problems``."""

    def service(self, name: str) -> Service | None:
        """The valid service of that name."""
        return next((service for service in self.services if service.name == name), None)

    def require_services(self) -> tuple[Service, ...]:
        """The valid services.

        Raises:
            ConfigurationError: the services file is beyond repair (R32).
        """
        if self.unreadable:
            raise ConfigurationError(self.unreadable)
        return self.services

    def require_jobs(self) -> BackgroundJobs:
        """The queues and routes.

        Raises:
            ConfigurationError: something that all queues share is refused.
        """
        if self.jobs_refused:
            raise ConfigurationError(self.jobs_refused)
        return self.jobs

    def maintenance_task(self, name: str) -> MaintenanceTask | None:
        """The valid maintenance task of that name."""
        return next((task for task in self.maintenance_tasks if task.name == name), None)

    def require_maintenance(self) -> tuple[MaintenanceTask, ...]:
        """The valid maintenance tasks.

        Raises:
            ConfigurationError: something that all tasks share is refused.
        """
        if self.maintenance_refused:
            raise ConfigurationError(self.maintenance_refused)
        return self.maintenance_tasks

    @property
    def rejected(self) -> tuple[Problem, ...]:
        """The errors that refuse single entries or settings."""
        return tuple(
            problem
            for problem in self.problems
            if problem.severity is Severity.ERROR
            and problem not in self.unreadable
            and problem not in self.jobs_refused
            and problem not in self.maintenance_refused
        )


def folder() -> Path:
    """``SYSTEM_DAEMON_CONFIG``, else the checkout's ``include/config``."""
    named = os.environ.get("SYSTEM_DAEMON_CONFIG")
    return Path(named) if named else SHIPPED


def load(where: Path | None = None) -> Configuration:
    """The configuration as the files stand now; unchanged files are not read again.

    Never raises for what an operator wrote: that becomes ``problems``.
    """
    here = where or folder()
    return _load(here, *(_state(here / file) for file in FILES))


def _state(file: Path) -> tuple[int, ...] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


@lru_cache(maxsize=8)
def _load(here: Path, *_states: tuple[int, ...] | None) -> Configuration:
    settings, of_settings = _read_settings(here / SETTINGS_FILE)
    entries = _read_services(here / SERVICES_FILE, settings)
    services = entries.services
    jobs = _read_jobs(here / JOBS_FILE, settings)
    maintenance = _read_maintenance(here / MAINTENANCE_FILE, settings)
    problems = [*of_settings, *entries.problems, *jobs.problems, *maintenance.problems]
    if services and not settings.offers(SINCE):
        problems.append(
            Problem(
                severity=Severity.WARNING,
                file=SETTINGS_FILE,
                where=".api_version",
                message=(
                    "expected an API version from 2.7.26, which introduced external services, got"
                    f' "{settings.api_version}"; no service becomes a DAG'
                ),
            )
        )
        services = ()
    return Configuration(
        settings=settings,
        services=services,
        problems=tuple(problems),
        unreadable=entries.problems if entries.unreadable else (),
        jobs=jobs.jobs,
        jobs_refused=_errors(jobs.problems) if jobs.unreadable else (),
        maintenance=maintenance.maintenance,
        maintenance_tasks=maintenance.tasks,
        maintenance_refused=_errors(maintenance.problems) if maintenance.unreadable else (),
    )


def _errors(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(problem for problem in problems if problem.severity is Severity.ERROR)


def _read_jobs(file: Path, settings: Settings) -> JobEntries:
    try:
        return read_background_jobs(file.read_bytes(), file=file.name, settings=settings)
    except FileNotFoundError as error:
        if not file.is_symlink():
            return JobEntries(jobs=BackgroundJobs(), problems=())
        problem = _unreadable(file, error, remedy="mend the link")
    except OSError as error:
        problem = _unreadable(file, error, remedy="make it readable")
    return JobEntries(jobs=BackgroundJobs(), problems=(problem,), unreadable=True)


def _read_maintenance(file: Path, settings: Settings) -> MaintenanceEntries:
    try:
        return read_maintenance(
            file.read_bytes(), file=file.name, folder=file.parent, settings=settings
        )
    except FileNotFoundError as error:
        if not file.is_symlink():
            return MaintenanceEntries(maintenance=Maintenance())
        problem = _unreadable(file, error, remedy=f"mend the link{WITHOUT}")
    except OSError as error:
        problem = _unreadable(file, error, remedy=f"make it readable{WITHOUT}")
    return MaintenanceEntries(maintenance=Maintenance(), problems=(problem,), unreadable=True)


def _read_services(file: Path, settings: Settings) -> Entries:
    try:
        return read_entries(file.read_bytes(), file=file.name, settings=settings)
    except OSError as error:
        problem = _unreadable(file, error, remedy="create it; [] configures no service")
        return Entries(services=(), problems=(problem,), unreadable=True)


def _unreadable(file: Path, error: OSError, *, remedy: str) -> Problem:
    return Problem(
        severity=Severity.ERROR,
        file=file.name,
        where="line 1, column 1",
        message=f"expected a file in {file.parent}, got: {error.strerror}; {remedy}",
    )


def _read_settings(file: Path) -> tuple[Settings, list[Problem]]:
    try:
        data = file.read_bytes()
    except FileNotFoundError as error:
        if not file.is_symlink():
            return Settings(), []
        return STRICTEST, [_unreadable(file, error, remedy="mend the link")]
    except OSError as error:
        return STRICTEST, [_unreadable(file, error, remedy="make it readable")]
    return read_settings(data, file=file.name)
