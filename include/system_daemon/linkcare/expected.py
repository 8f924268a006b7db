"""How many rows each maintenance task has to act on in generated data."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(slots=True, kw_only=True)
class Expected:
    """What each task finds as of the data's moment, when it is the first to run.

    EXPIRED_SESSIONS: for any ``max_inactive_session_time`` from 15 minutes to 12 hours.
    ADMISSIONS_UPDATE: for the subscription 1, from any version to the newest.
    """

    outdated_expired: int = 0
    """OUTDATED_TASKS_CHECK: tasks that become Expired."""
    outdated_rescheduled: int = 0
    """OUTDATED_TASKS_CHECK: tasks that move to their latest iteration."""
    available_notified: int = 0
    """AVAILABLE_TASKS_CHECK: tasks of which the patient is told."""
    available_missed: int = 0
    """AVAILABLE_TASKS_CHECK: open tasks of patients that left the window unnotified."""
    purged_programs: int = 0
    purged_program_versions: int = 0
    purged_subscriptions: int = 0
    purged_cases: int = 0
    purged_admissions: int = 0
    purged_tasks: int = 0
    purged_activities: int = 0
    purged_notifications: int = 0
    service_closed: int = 0
    """SERVICE_TASKS: tasks that become Closed."""
    admissions_discharged: int = 0
    """EXPIRED_ADMISSIONS: admissions that are discharged."""
    admissions_tasks_cancelled: int = 0
    """EXPIRED_ADMISSIONS: their open tasks."""
    delayed_queued: int = 0
    """DELAYED_NOTIFICATIONS: notifications that are due."""
    delayed_rescued: int = 0
    """DELAYED_NOTIFICATIONS: notifications whose job was lost."""
    delayed_uncertain: int = 0
    """DELAYED_NOTIFICATIONS: notifications whose sender was lost."""
    sessions_removed: int = 0
    """EXPIRED_SESSIONS: sessions without a sign of life."""
    session_values_removed: int = 0
    """EXPIRED_SESSIONS: what they remembered."""
    updated_admissions: int = 0
    """ADMISSIONS_UPDATE: admissions that follow the newest version."""
    updated_migration_tasks: int = 0
    """ADMISSIONS_UPDATE: the tasks that take them there."""

    @property
    def purged(self) -> int:
        """All rows that PURGE_DATABASE removes."""
        return sum(count for name, count in self.rows() if name.startswith("purged_"))

    def rows(self) -> list[tuple[str, int]]:
        """Each count with its name."""
        return [(each.name, getattr(self, each.name)) for each in fields(self)]
