"""What people were last told of each DAG, as Airflow variables: whether it fails.

A callback runs in the DAG processor and sees its own run only; that of a run whose tasks were all
skipped sees no task. The run before it may have been cleared, may have no date, or may have found
the service locked. So what was told is remembered, and not worked out from other runs.
"""

from __future__ import annotations

import json
from typing import cast

from airflow.sdk import Variable

_PREFIX = "system_daemon_failing__"


def fails(dag_id: str) -> bool:
    """Whether people were told last that it fails."""
    return Variable.get(_PREFIX + dag_id, default=None) is not None


def set_failing(dag_id: str, run_id: str) -> None:
    """From now on people know that it fails, and since which run."""
    said = "People were told that this DAG fails. Deleted when it works again."
    Variable.set(_PREFIX + dag_id, run_id, description=said)


def set_working(dag_id: str) -> None:
    """From now on people know that it works."""
    Variable.delete(_PREFIX + dag_id)


def left_by(dag_id: str, run_id: str, task_id: str, key: str) -> object:
    """What a task of a run left under this XCom key; None where it left nothing."""
    from airflow.sdk.execution_time.xcom import XCom  # noqa: PLC0415 - no DAG file needs it

    found = XCom.get_one(dag_id=dag_id, run_id=run_id, task_id=task_id, key=key)
    try:
        # What a trigger leaves when it ends a task, Airflow stores as JSON within JSON.
        return cast("object", json.loads(found) if isinstance(found, str) else found)
    except ValueError:
        return found
