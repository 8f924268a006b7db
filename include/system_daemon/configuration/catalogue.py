"""The platform's own maintenance tasks: their names, their defaults and since when they exist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

_PREFIX = "DAEMON_"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueTask:
    """One task of the platform, as the original daemon runs it unless it is told otherwise."""

    name: str
    summary: str
    """What it does, as one sentence."""
    frequency: float | None = None
    """Default seconds from start to start."""
    daily_time: time | None = None
    """Default time of day; without both the task runs only on demand."""
    since: tuple[int, ...] = ()
    """The API version that introduced it (R22); none: always there."""
    aliases: tuple[str, ...] = ()
    """Other names by which configurations know it."""
    destructive: bool = False
    """What it does cannot be taken back: the brake watches it."""
    on_demand: bool = False
    """Runs only when a job or a person asks for it; a schedule is refused (R21)."""

    asks: tuple[str, ...] = ()
    """What its statements are given of the run's params."""

    @property
    def sql(self) -> str:
        """The name of its file of statements."""
        return f"{self.name.lower()}.sql"


CATALOGUE = (
    CatalogueTask(
        name="OUTDATED_TASKS_CHECK",
        summary="Lets tasks expire, and schedules the next iteration of those that recur.",
        frequency=300,
        aliases=("RECURSIVE_TASKS_CHECK", "OUTDATED_TASKS", "RECURSIVE_TASKS"),
    ),
    CatalogueTask(
        name="AVAILABLE_TASKS_CHECK",
        summary="Tells patients that a task of theirs can be done now.",
        frequency=300,
        aliases=("AVAILABLE_TASKS",),
    ),
    CatalogueTask(
        name="PURGE_DATABASE",
        summary="Removes what was marked as deleted at least a month ago.",
        daily_time=time(0, 0),
        aliases=("PURGE_DB",),
        destructive=True,
    ),
    CatalogueTask(
        name="SERVICE_TASKS",
        summary="Closes tasks of the role SERVICE whose time has come.",
        frequency=60,
    ),
    CatalogueTask(
        name="EXPIRED_ADMISSIONS",
        summary="Discharges admissions that have reached their longest duration.",
        daily_time=time(1, 0),
        since=(2, 7, 22),
        destructive=True,
    ),
    CatalogueTask(
        name="DELAYED_NOTIFICATIONS",
        summary="Hands over notifications whose time to be sent has come.",
        frequency=300,
        since=(2, 7, 25),
    ),
    CatalogueTask(
        name="EXPIRED_SESSIONS",
        summary="Removes sessions that nobody has used for max_inactive_session_time.",
        frequency=300,
        since=(2, 7, 25),
        destructive=True,
    ),
    CatalogueTask(
        name="ADMISSIONS_UPDATE",
        summary="Takes the outdated admissions of a subscription to a newer program version.",
        since=(2, 7, 31),
        on_demand=True,
        asks=("subscription", "from_version", "to_version"),
    ),
)


def _names() -> dict[str, CatalogueTask]:
    return {name: task for task in CATALOGUE for name in (task.name, *task.aliases)}


_BY_NAME = _names()


def known_names() -> tuple[str, ...]:
    """Every name of the catalogue, first those that the tasks bear here."""
    return (*(task.name for task in CATALOGUE), *_BY_NAME)


def catalogued(name: str) -> CatalogueTask | None:
    """The task of that name, alias (R14) or PHP constant (R19, R20), in any case."""
    upper = name.upper()
    return _BY_NAME.get(upper) or _BY_NAME.get(upper.removeprefix(_PREFIX))
