"""What a running task asks of Airflow, through the Task SDK's own messages: runs, and its DAG.

The only file that knows them; ``tests/contract/test_airflow_runs.py`` fails on an Airflow that
changes them.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import (
    DagResult,
    DRCount,
    ErrorResponse,
    GetDag,
    GetDagRunState,
    GetDRCount,
    TriggerDagRun,
)

from system_daemon.jobs.verdict import SafeError

_FINISHED = frozenset({"success", "failed"})
_UNDER_WAY = ["queued", "running"]
_PLAIN = re.compile(r"[A-Za-z0-9_.~:+-]{1,200}")


class RunsUnknownError(SafeError):
    """Airflow did not say how many runs there are."""


class RunNotCreatedError(SafeError):
    """Airflow did not create the run; the text holds no value of its conf."""


def run_id(job_id: str) -> str:
    """``job__<id>``, or a digest of the id where Airflow allows no such run id."""
    if _PLAIN.fullmatch(job_id):
        return f"job__{job_id}"
    return f"job__{hashlib.sha256(job_id.encode()).hexdigest()}"


async def start_run(
    dag_id: str, job_id: str, conf: Mapping[str, object], *, again: bool = False
) -> None:
    """Start the run of a job, once for each job id.

    Args:
        dag_id: the DAG.
        job_id: decides the run id: a second call finds the run of the first.
        conf: the run's conf.
        again: a finished run of this job runs again; one that is under way is left alone.

    Raises:
        RunNotCreatedError: Airflow refused.
    """
    run = run_id(job_id)
    if await _trigger(dag_id, run, conf, reset=False) or not again:
        return
    if await _state(dag_id, run) in _FINISHED:
        await _trigger(dag_id, run, conf, reset=True)


async def keep_run(dag_id: str, job_id: str, conf: Mapping[str, object]) -> bool:
    """Start the run of a job again if somebody ended or deleted it meanwhile; whether that was so.

    Raises:
        RunNotCreatedError: Airflow refused.
    """
    run = run_id(job_id)
    state = await _state(dag_id, run)
    if state is not None and state not in _FINISHED:
        return False
    return await _trigger(dag_id, run, conf, reset=state is not None)


async def under_way(dag_id: str, job_ids: Sequence[str] | None = None) -> int:
    """How many runs of the DAG have not ended: those of these jobs, or with None, all.

    Raises:
        RunsUnknownError: Airflow does not say.
    """
    ids = None if job_ids is None else [run_id(job_id) for job_id in job_ids]
    try:
        answer = await _asked(GetDRCount(dag_id=dag_id, run_ids=ids, states=_UNDER_WAY))
    except AirflowRuntimeError:
        answer = None
    if not isinstance(answer, DRCount):
        raise RunsUnknownError(f"expected the number of runs of {dag_id}, got none")
    return int(answer.count)


async def _state(dag_id: str, run: str) -> str | None:
    """The state of a run; None when there is none, or Airflow does not say."""
    try:
        answer = await _asked(GetDagRunState(dag_id=dag_id, run_id=run))
    except AirflowRuntimeError:
        return None
    return getattr(answer, "state", None)


async def is_paused(dag_id: str) -> bool | None:
    """Whether somebody paused the DAG; None where Airflow does not say."""
    try:
        answer = await _asked(GetDag(dag_id=dag_id))
    except AirflowRuntimeError:
        return None
    return answer.is_paused if isinstance(answer, DagResult) else None


async def _trigger(dag_id: str, run: str, conf: Mapping[str, object], *, reset: bool) -> bool:
    """Whether the run is new, or was reset; False when there is one of its id."""
    message = TriggerDagRun(dag_id=dag_id, run_id=run, conf=dict(conf), reset_dag_run=reset)
    try:
        answer = await _asked(message)
    except AirflowRuntimeError as error:
        # Its detail quotes a param that the DAG refuses.
        raise _refused(dag_id, error.error) from None
    if not isinstance(answer, ErrorResponse):
        return True
    if answer.error is ErrorType.DAGRUN_ALREADY_EXISTS:
        return False
    raise _refused(dag_id, answer)


async def _asked(message: Any) -> Any:
    """The supervisor's answer; who is cancelled must not leave it to whoever asks next."""
    return await asyncio.shield(task_runner.SUPERVISOR_COMMS.asend(message))


def _refused(dag_id: str, answer: ErrorResponse) -> RunNotCreatedError:
    status = (answer.detail or {}).get("status_code", "")
    code = f" (HTTP {status})" if isinstance(status, int) else ""
    return RunNotCreatedError(f"expected a run of {dag_id}, got {answer.error.value}{code}")
