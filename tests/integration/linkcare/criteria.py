"""How many rows each maintenance task should find, in plain SQL that cares for nothing else."""

from __future__ import annotations

from datetime import datetime

import psycopg

_LIVING = """
SELECT task.*, expires_at < %(as_of)s AS is_over, next_iteration_at <= %(as_of)s AS is_due_again
  FROM task JOIN admission USING (admission_id)
 WHERE task.deleted_at IS NULL AND task.status = 12 AND admission.deleted_at IS NULL
"""
_AT_WORK = f"{_LIVING} AND admission.status IN (1, 5) AND scheduled_at < %(as_of)s"
_PAST = "deleted_at <= %(as_of)s - interval '1 month'"
_EXPIRED_ADMISSIONS = """
SELECT admission_id
  FROM admission
  JOIN subscription USING (subscription_id)
  JOIN program USING (program_id)
 WHERE admission.deleted_at IS NULL AND admission.status IN (1, 5, 6)
   AND enrolled_at + coalesce(subscription.duration, program.duration) <= %(as_of)s
"""
# What is marked goes, and what hangs below it, but for what was marked later; who has such a
# thing below stays.
_PURGED = f"""
WITH gone_case AS (SELECT case_id FROM patient_case WHERE {_PAST}),
candidate_admission AS (
    SELECT admission_id, case_id, deleted_at FROM admission
     WHERE {_PAST} OR (deleted_at IS NULL AND case_id IN (SELECT * FROM gone_case))
),
gone_task AS (
    SELECT task_id, admission_id FROM task
     WHERE {_PAST}
        OR (deleted_at IS NULL AND admission_id IN (SELECT admission_id FROM candidate_admission))
),
gone_admission AS (
    SELECT admission_id FROM candidate_admission AS admission
     WHERE NOT EXISTS (
         SELECT FROM task WHERE task.admission_id = admission.admission_id
            AND task_id NOT IN (SELECT task_id FROM gone_task)
     )
),
gone_notification AS (
    SELECT notification_id FROM notification
     WHERE {_PAST}
        OR (deleted_at IS NULL AND task_id IN (SELECT task_id FROM gone_task))
),
gone_program AS (SELECT program_id FROM program WHERE {_PAST}),
gone_subscription AS (
    SELECT subscription_id FROM subscription
     WHERE {_PAST}
        OR (deleted_at IS NULL AND program_id IN (SELECT program_id FROM gone_program))
)
SELECT (SELECT count(*) FROM gone_program) AS purged_programs,
       (SELECT count(*) FROM program_version
         WHERE program_id IN (SELECT program_id FROM gone_program)) AS purged_program_versions,
       (SELECT count(*) FROM gone_subscription) AS purged_subscriptions,
       (SELECT count(*) FROM gone_case) AS purged_cases,
       (SELECT count(*) FROM gone_admission) AS purged_admissions,
       (SELECT count(*) FROM gone_task) AS purged_tasks,
       (SELECT count(*) FROM activity
         WHERE task_id IN (SELECT task_id FROM gone_task)) AS purged_activities,
       (SELECT count(*) FROM gone_notification) AS purged_notifications
"""
_QUERIES = {
    "outdated_rescheduled": f"SELECT count(*) FROM ({_AT_WORK}) AS t WHERE is_due_again",
    "outdated_expired": f"""
        SELECT count(*) FROM ({_AT_WORK}) AS t WHERE is_over AND is_due_again IS NOT TRUE
    """,
    "available_notified": f"""
        SELECT count(*) FROM ({_LIVING}) AS t
         WHERE role_id IS NULL AND notified_at IS NULL
           AND scheduled_at BETWEEN %(as_of)s - interval '1 hour' AND %(as_of)s + interval '1 hour'
    """,
    "available_missed": f"""
        SELECT count(*) FROM ({_LIVING}) AS t
         WHERE role_id IS NULL AND notified_at IS NULL
           AND scheduled_at < %(as_of)s - interval '1 hour'
    """,
    "service_closed": f"""
        SELECT count(*) FROM ({_LIVING}) AS t WHERE role_id = 47 AND scheduled_at <= %(as_of)s
    """,
    "admissions_discharged": f"SELECT count(*) FROM ({_EXPIRED_ADMISSIONS}) AS a",
    "admissions_tasks_cancelled": f"""
        SELECT count(*) FROM task
         WHERE status = 12 AND deleted_at IS NULL AND admission_id IN ({_EXPIRED_ADMISSIONS})
    """,
    "delayed_queued": """
        SELECT count(*) FROM notification JOIN patient_case USING (case_id)
         WHERE notification.deleted_at IS NULL AND patient_case.deleted_at IS NULL
           AND status = 1 AND due_at <= %(as_of)s
    """,
    "delayed_rescued": """
        SELECT count(*) FROM notification JOIN patient_case USING (case_id)
         WHERE notification.deleted_at IS NULL AND patient_case.deleted_at IS NULL
           AND status = 2 AND queued_at <= %(as_of)s - interval '15 minutes'
    """,
    "delayed_uncertain": """
        SELECT count(*) FROM notification
         WHERE deleted_at IS NULL AND status = 3 AND claimed_at <= %(as_of)s - interval '1 hour'
    """,
    "updated_admissions": """
        SELECT count(*) FROM admission JOIN program_version USING (program_version_id)
         WHERE subscription_id = 1 AND status IN (1, 5, 6) AND deleted_at IS NULL AND version < 4
    """,
    "updated_migration_tasks": """
        SELECT count(*) FROM admission JOIN program_version AS own USING (program_version_id)
          JOIN program_version AS later USING (program_id)
         WHERE subscription_id = 1 AND status IN (1, 5, 6) AND deleted_at IS NULL
           AND later.version > own.version AND later.migration_task IS NOT NULL
    """,
}
_SESSIONS = """
SELECT count(DISTINCT session_id), count(*) FROM session JOIN session_value USING (session_id)
 WHERE last_active_at < %(as_of)s - %(idle)s * interval '1 second'
"""


def count_by_hand(connection: psycopg.Connection, as_of: datetime) -> dict[str, int]:
    """The counts of ``Expected``, by name."""
    found = {name: _one(connection, query, as_of)[0] for name, query in _QUERIES.items()}
    cursor = connection.execute(_PURGED, {"as_of": as_of})
    assert cursor.description is not None
    found |= dict(
        zip((each.name for each in cursor.description), cursor.fetchone() or (), strict=True)
    )
    idle = {_one(connection, _SESSIONS, as_of, idle=seconds) for seconds in (900, 43_200)}
    ((found["sessions_removed"], found["session_values_removed"]),) = idle
    return found


def _one(
    connection: psycopg.Connection, query: str, as_of: datetime, **more: object
) -> tuple[int, ...]:
    row = connection.execute(query.encode(), {"as_of": as_of, **more}).fetchone()
    assert row is not None
    return tuple(row)
