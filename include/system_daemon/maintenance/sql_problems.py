"""What is wrong in the tasks' .sql files, told where the configuration's problems are told.

The DAGs do not read these files when they are parsed; a run does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from system_daemon.configuration.loading import MAINTENANCE_FILE
from system_daemon.configuration.maintenance_tasks import MaintenanceTask
from system_daemon.configuration.problems import Problem, Severity
from system_daemon.maintenance.statements import StatementError, read_statements


def sql_problems(tasks: Iterable[MaintenanceTask]) -> Iterator[Problem]:
    """One error a task whose statements no run could use."""
    for task in tasks:
        try:
            read_statements(task.sql_file, parameters=task.parameters)
        except StatementError as error:
            yield Problem(
                severity=Severity.ERROR,
                file=MAINTENANCE_FILE,
                where=task.name,
                message=str(error),
            )
