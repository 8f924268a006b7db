"""Rows as lines of PostgreSQL's COPY, collected by table and handed over in chunks."""

from __future__ import annotations

from collections.abc import Callable

COLUMNS = {
    "program": ("program_id", "name", "duration", "deleted_at"),
    "program_version": (
        "program_version_id", "program_id", "version", "migration_task", "migration_role_id",
    ),
    "subscription": ("subscription_id", "program_id", "name", "duration", "deleted_at"),
    "patient_case": ("case_id", "name", "email", "phone", "timezone", "deleted_at"),
    "admission": (
        "admission_id", "case_id", "subscription_id", "program_version_id", "status",
        "enrolled_at", "discharged_at", "discharge_type", "deleted_at",
    ),
    "task": (
        "task_id", "admission_id", "name", "stage", "status", "role_id", "timezone",
        "scheduled_at", "expires_after", "recurs_every", "recurs_from", "iteration", "notified_at",
        "closed_at", "deleted_at",
    ),
    "activity": ("activity_id", "task_id", "kind", "content"),
    "notification": (
        "notification_id", "case_id", "task_id", "channel", "subject", "body", "status", "due_at",
        "queued_at", "claimed_at", "sent_at", "error", "deleted_at",
    ),
    "app_user": ("user_id", "login"),
    "session": ("session_id", "user_id", "timezone", "started_at", "last_active_at"),
    "session_value": ("session_id", "key", "value"),
}  # fmt: skip
"""The tables that are filled, parents first, and their columns."""
NONE = r"\N"
_AT_ONCE = 20_000


class Rows:
    """Lines of all tables; ``write(table, lines)`` gets them a chunk at a time."""

    def __init__(self, write: Callable[[str, list[str]], None]) -> None:
        self._write = write
        self._lines: dict[str, list[str]] = {table: [] for table in COLUMNS}
        self._written = dict.fromkeys(COLUMNS, 0)

    def add(self, table: str, line: str) -> int:
        """Add a row, its columns after the key separated by tabs; its key, counted from 1."""
        lines = self._lines[table]
        lines.append(line)
        return self._written[table] + len(lines)

    def flush(self, *, all_of_them: bool = False) -> None:
        """Hand over what is a whole chunk, or everything."""
        for table, lines in self._lines.items():
            if len(lines) >= _AT_ONCE or (all_of_them and lines):
                self._write(table, self._keyed(table, lines))
                self._lines[table] = []

    def _keyed(self, table: str, lines: list[str]) -> list[str]:
        first = self._written[table] + 1
        self._written[table] += len(lines)
        if table == "session_value":
            return lines
        return [f"{key}\t{line}" for key, line in enumerate(lines, first)]
