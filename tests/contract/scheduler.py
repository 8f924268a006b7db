"""Airflow's scheduler as a test can hold it: parse, tick, let a run end, look."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from sqlalchemy.orm import Session

DEADLINE_S = 20.0
BUNDLE = "dags-folder"


class Scheduler:
    """One scheduler's decisions, without its loop, its executors and its processes."""

    def __init__(self, *, configuration: Path) -> None:
        from airflow.executors.local_executor import LocalExecutor
        from airflow.jobs.job import Job
        from airflow.jobs.scheduler_job_runner import SchedulerJobRunner

        self._configuration = configuration
        job = Job()
        with self.session() as session:
            session.add(job)
            session.flush()
            job_id = job.id
        job.id = job_id
        self._runner = SchedulerJobRunner(job=job, executors=[LocalExecutor(parallelism=1)])

    @staticmethod
    @contextmanager
    def session() -> Iterator[Session]:
        from airflow.utils.session import create_session

        with create_session(scoped=False) as session:
            yield session

    def close(self) -> None:
        """Nothing runs; nothing is left to stop."""

    def configure(self, entries: Sequence[dict[str, Any]]) -> None:
        """Write the services' configuration."""
        file = self._configuration / "external_services.json"
        file.write_text(json.dumps(list(entries)))

    def parse(self, file: str = "external_services.py") -> dict[str, str]:
        """What the DAG processor does with our file; returns its import errors."""
        from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
        from airflow.models.dagbundle import DagBundleModel

        from tests.airflow_settings import PROJECT

        bag = BundleDagBag(
            dag_folder=str(PROJECT / "dags" / file),
            bundle_path=PROJECT / "dags",
            bundle_name=BUNDLE,
        )
        with self.session() as session:
            if session.get(DagBundleModel, BUNDLE) is None:
                session.add(DagBundleModel(name=BUNDLE))
        with self.session() as session:
            sync_bag_to_db(bag, BUNDLE, None, session=session)
        return dict(bag.import_errors)

    def tick(self) -> None:
        """One pass of the scheduler's loop."""
        with self.session() as session:
            self._runner._do_scheduling(session)

    def tick_until(self, condition: Callable[[], Any], what: str) -> Any:
        """Tick until the condition holds, as the loop would."""
        give_up = time.monotonic() + DEADLINE_S
        while time.monotonic() < give_up:
            self.tick()
            if found := condition():
                return found
        raise AssertionError(f"expected {what} within {DEADLINE_S:g} s, got {self.runs()}")

    def runs(self) -> list[DagRun]:
        """All runs, the oldest first."""
        from airflow.models.dagrun import DagRun
        from sqlalchemy import select

        with self.session() as session:
            runs = list(session.scalars(select(DagRun).order_by(DagRun.id)))
            for run in runs:
                session.refresh(run)
                _ = run.end_date, run.run_after, run.logical_date, run.state, run.start_date
            session.expunge_all()
        return runs

    def dag(self, dag_id: str) -> DagModel | None:
        from airflow.models.dag import DagModel

        with self.session() as session:
            model = session.get(DagModel, dag_id)
            if model is not None:
                _ = model.next_dagrun_create_after, model.is_paused
                session.expunge_all()
        return model

    def pause(self, dag_id: str, *, paused: bool) -> None:
        from airflow.models.dag import DagModel

        with self.session() as session:
            session.get(DagModel, dag_id).is_paused = paused

    def remember_run(self, dag_id: str, due: datetime) -> None:
        """A scheduled run of the past, as if Airflow had made it."""
        from airflow.models.serialized_dag import SerializedDagModel
        from airflow.utils.types import DagRunTriggeredByType, DagRunType

        with self.session() as session:
            dag = SerializedDagModel.get_dag(dag_id, session=session)
            run = dag.create_dagrun(
                run_id=f"scheduled__{due.isoformat()}",
                logical_date=due,
                data_interval=(due, due),
                run_after=due,
                run_type=DagRunType.SCHEDULED,
                triggered_by=DagRunTriggeredByType.TIMETABLE,
                state="success",
                session=session,
            )
            run.end_date = due

    def calls(self) -> list[tuple[int, str]]:
        """(trigger id, run id) of every task that waits in the triggerer."""
        from airflow.models.taskinstance import TaskInstance
        from sqlalchemy import select

        with self.session() as session:
            rows = session.execute(
                select(TaskInstance.trigger_id, TaskInstance.run_id).where(
                    TaskInstance.state == "deferred"
                )
            )
            return [(row.trigger_id, row.run_id) for row in rows]

    def end_call(self, event: Any) -> None:
        """Let the one waiting call end with that event, as the triggerer would."""
        from airflow.models.trigger import Trigger

        ((trigger_id, _),) = self.calls()
        with self.session() as session:
            Trigger.submit_event(trigger_id, event, session=session)

    def one_run(self, event: Any) -> DagRun:
        """Wait for the next run's call, let it end, and return the finished run."""
        self.tick_until(self.calls, "a call in the triggerer")
        ((_, run_id),) = self.calls()
        self.end_call(event)
        return self.finished(run_id)

    def finished(self, run_id: str) -> DagRun:
        def done() -> DagRun | None:
            return next((r for r in self.runs() if r.run_id == run_id and r.end_date), None)

        return self.tick_until(done, f"the end of {run_id}")

    def run_after(self, run: DagRun) -> DagRun:
        """The run that was created after that one; it waits, or is due already."""

        def newer() -> DagRun | None:
            return next((other for other in self.runs() if other.id > run.id), None)

        return self.tick_until(newer, f"a run after {run.run_id}")


def seconds(earlier: datetime, later: datetime) -> float:
    return (later - earlier).total_seconds()
