"""The run of a DAG that ended last, and how, as Airflow's database has it.

Every query goes through the session that is handed in: it is the scheduler's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.state import DagRunState, State, TaskInstanceState
from sqlalchemy import select
from sqlalchemy.orm import Session

from system_daemon.outcome import Outcome
from system_daemon.schedule.task import OUTCOME, RETRY_AFTER, TASK_ID


@dataclass(frozen=True, slots=True)
class LastRun:
    """What the next due time is counted from."""

    ended: datetime
    outcome: Outcome
    retry_after: float | None
    """Seconds until a foreign lock expires, where the outcome is ``locked``."""


def last_run(dag_id: str, session: Session) -> LastRun | None:
    """The finished run that ended last, by whomever it was started; None before the first."""
    run = session.execute(
        select(DagRun.id, DagRun.run_id, DagRun.end_date, DagRun.state)
        .where(
            DagRun.dag_id == dag_id,
            DagRun.state.in_(State.finished_dr_states),
            DagRun.end_date.is_not(None),
        )
        .order_by(DagRun.end_date.desc())
        .limit(1)
    ).first()
    if run is None:
        return None
    rows = session.execute(
        select(XComModel.key, XComModel.value).where(
            XComModel.dag_run_id == run.id,
            XComModel.task_id == TASK_ID,
            XComModel.key.in_((OUTCOME, RETRY_AFTER)),
        )
    )
    # A trigger leaves a value as JSON text, a worker as JSON; this reads both.
    left = {row.key: XComModel.deserialize_value(row) for row in rows}
    retry_after = left.get(RETRY_AFTER)
    return LastRun(
        ended=run.end_date,
        outcome=_outcome(left.get(OUTCOME), dag_id, run.run_id, run.state, session),
        retry_after=retry_after if isinstance(retry_after, int | float) else None,
    )


def _outcome(left: object, dag_id: str, run_id: str, state: str, session: Session) -> Outcome:
    """The outcome that the run left, unless a person gave the run a state that denies it."""
    outcome = Outcome(left) if isinstance(left, str) and left in set(Outcome) else None
    failed = outcome in (Outcome.ERROR, Outcome.TIMEOUT)
    if state == DagRunState.SUCCESS:
        return Outcome.SUCCESS if outcome is None or failed else outcome
    if outcome is not None and failed:
        return outcome
    # A run that Airflow ended at its dagrun_timeout leaves its task skipped in a failed run.
    skipped = select(TaskInstance.id).where(
        TaskInstance.dag_id == dag_id,
        TaskInstance.run_id == run_id,
        TaskInstance.state == TaskInstanceState.SKIPPED,
    )
    return Outcome.ERROR if session.scalar(skipped.limit(1)) is None else Outcome.TIMEOUT


def free_logical_date(dag_id: str, at: datetime, session: Session) -> datetime:
    """``at``, moved on by microseconds past the logical dates that runs of the DAG bear already.

    A run that was cleared and runs again leaves the end of the run before it as the last one.
    """

    def taken(moment: datetime) -> bool:
        run = select(DagRun.id).where(DagRun.dag_id == dag_id, DagRun.logical_date == moment)
        return session.scalar(run.limit(1)) is not None

    while taken(at):
        at += timedelta(microseconds=1)
    return at
