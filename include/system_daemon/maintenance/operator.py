"""The task ``sweep``: one run of a maintenance task, in a process of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from system_daemon.airflow_stats import in_worker
from system_daemon.configuration.loading import load
from system_daemon.maintenance.params import ParamRefusedError, asked
from system_daemon.outcome import Outcome

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

    from system_daemon.maintenance.sweep import Swept


class RunSweep(BaseOperator):  # type: ignore[misc]
    """Runs a configured maintenance task once.

    Args:
        maintenance_task: its name; the entry itself is read when the run starts.
    """

    def __init__(self, *, maintenance_task: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.maintenance_task = maintenance_task
        self.stop_asked = False

    def execute(self, context: Context) -> None:
        """Run the task; its counts and its outcome are left as XComs."""
        swept = self._swept(context)
        self._tell(swept)
        found: dict[str, object] = {
            "counts": swept.counts,
            "outcome": str(Outcome.SUCCESS if swept.touched else Outcome.IDLE),
            "left": str(swept.left) if swept.left else None,
            "rows_left": swept.rows_left,
        }
        for key, value in found.items():
            context["ti"].xcom_push(key=key, value=value)
        if self.stop_asked:
            raise AirflowException("expected to finish, got stopped; the next try goes on")

    def on_kill(self) -> None:
        """Airflow wants the task to end: no further batch begins."""
        self.stop_asked = True

    def _tell(self, swept: Swept) -> None:
        """The counts, to the log and to the metrics."""
        self.log.info(_sentence(self.maintenance_task, swept))
        if not swept.dry_run:
            in_worker().task_swept(
                self.maintenance_task,
                swept.counts,
                reports=swept.reports,
                seconds=swept.seconds,
            )

    def _swept(self, context: Context) -> Swept:
        # What needs psycopg and redis is imported by a run; the DAG file is parsed all day long.
        from system_daemon.connections import ConnectionUnusableError  # noqa: PLC0415
        from system_daemon.maintenance import run  # noqa: PLC0415
        from system_daemon.maintenance.statements import StatementError  # noqa: PLC0415
        from system_daemon.maintenance.sweep import (  # noqa: PLC0415
            BrakeError,
            StatementFailedError,
            SweepError,
        )

        configuration = load()
        task = configuration.maintenance_task(self.maintenance_task)
        if task is None:
            raise AirflowFailException(
                f'expected a valid task "{self.maintenance_task}" in maintenance.json, got none;'
                " see system-daemon check"
            )
        try:
            wanted = asked(
                context["params"],
                own=task.asks,
                backfilled=_backfilled(context),
                now=datetime.now(UTC),
            )
            return run.run(
                task, configuration, wanted, log=self.log, stopped=lambda: self.stop_asked
            )
        except (BrakeError, ParamRefusedError, StatementError) as error:
            raise AirflowFailException(str(error)) from None
        except (ConnectionUnusableError, run.UnreachableError) as error:
            raise AirflowException(str(error)) from None
        except SweepError as error:
            if error.swept is not None:
                self._tell(error.swept)
            # A statement fails in every try; locks and a lost connection pass.
            again = not isinstance(error, StatementFailedError)
            raise (AirflowException if again else AirflowFailException)(str(error)) from None


def _backfilled(context: Context) -> datetime | None:
    """The date of a backfill's run, as of which it acts; None for any other run."""
    run = context["dag_run"]
    return run.logical_date if run.run_type == "backfill" else None


def _sentence(task: str, swept: Swept) -> str:
    """The last line of a run's log."""
    counts = ", ".join(f"{name} {rows:,}" for name, rows in swept.counts.items())
    did = "would count" if swept.dry_run else "counted"
    moment = swept.as_of.isoformat(sep=" ", timespec="seconds")
    batches = f"{swept.batches:,} batch{'' if swept.batches == 1 else 'es'}"
    left = f", {swept.rows_left:,} left: {swept.left}" if swept.left and swept.rows_left else ""
    return f"{task} {did} {counts} as of {moment} ({batches}, {swept.seconds:.3f} s{left})"
