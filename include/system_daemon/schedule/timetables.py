"""The schedules as Airflow timetables, registered by the plugin.

Airflow evaluates a timetable in the scheduler, the DAG processor, the API server and the triggerer;
database models are therefore imported where a session exists, never at the top.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from pendulum import DateTime, instance
from typing_extensions import override

from system_daemon.schedule.after_run import AfterRun
from system_daemon.schedule.daily import Daily
from system_daemon.schedule.every import Every
from system_daemon.schedule.words import brief, in_words

if TYPE_CHECKING:
    from airflow.models.dag import DagModel

_SMALLEST = timedelta(microseconds=1)


def _utcnow() -> DateTime:
    return DateTime.now("UTC")


class _OneAtATime(Timetable):  # type: ignore[misc]
    """What the three share: a schedule as a value, and one run at a time (R6)."""

    can_be_scheduled = True
    active_runs_limit = 1

    def __init__(self, plan: Daily | Every | AfterRun) -> None:
        self._summary = brief(plan)
        self.description = in_words(plan)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.serialize() == other.serialize()

    def __hash__(self) -> int:
        return hash(tuple(self.serialize().items()))

    @property
    @override
    def summary(self) -> str:
        return self._summary

    @override
    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        return DataInterval.exact(run_after)


class DailyTimetable(_OneAtATime):
    """One run a local day; a missed one runs late within its grace, else not (R41, R44, R45)."""

    periodic = True

    def __init__(self, daily: Daily, *, grace: timedelta) -> None:
        super().__init__(daily)
        self._daily = daily
        self._grace = grace

    @override
    def serialize(self) -> dict[str, Any]:
        return {
            "time": self._daily.time.isoformat(),
            "zone": self._daily.zone.key,
            "grace": self._grace.total_seconds(),
        }

    @classmethod
    @override
    def deserialize(cls, data: dict[str, Any]) -> Self:
        return cls(
            Daily(time=time.fromisoformat(data["time"]), zone=ZoneInfo(data["zone"])),
            grace=timedelta(seconds=data["grace"]),
        )

    @override
    def next_dagrun_info_v2(
        self, *, last_dagrun_info: DagRunInfo | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        due = self._next(last_dagrun_info and last_dagrun_info.run_after, restriction)
        if due is None or (restriction.latest is not None and due > restriction.latest):
            return None
        return DagRunInfo.exact(instance(due))

    def _next(self, last: datetime | None, restriction: TimeRestriction) -> datetime | None:
        earliest = restriction.earliest
        if not restriction.catchup:  # the scheduler
            due = self._daily.due(now=_utcnow(), last=last, grace=self._grace)
        elif last is not None:  # a backfill, or the calendar
            due = self._daily.next_after(last)
        elif earliest is not None:
            due = earliest
        else:
            return None
        if earliest is not None and due <= earliest:
            due = self._daily.next_after(earliest - _SMALLEST)
        return due


class EveryTimetable(_OneAtATime):
    """A run each so many seconds, start to start; missed ticks collapse into one (R6, R23).

    Airflow's own DeltaTriggerTimetable dates a late run by the last parse of its file, so that the
    rhythm drifts; here it stays.
    """

    periodic = True

    def __init__(self, every: Every) -> None:
        super().__init__(every)
        self._every = every

    @override
    def serialize(self) -> dict[str, Any]:
        return {"seconds": self._every.seconds}

    @classmethod
    @override
    def deserialize(cls, data: dict[str, Any]) -> Self:
        return cls(Every(seconds=data["seconds"]))

    @override
    def next_dagrun_info_v2(
        self, *, last_dagrun_info: DagRunInfo | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        last = last_dagrun_info and last_dagrun_info.run_after
        if not restriction.catchup:  # the scheduler
            due = self._every.due(now=_utcnow(), last=last)
        elif last is not None:  # a backfill
            due = self._every.next_after(last)
        elif restriction.earliest is not None:
            due = restriction.earliest
        else:
            return None
        if restriction.earliest is not None:
            due = max(due, restriction.earliest)
        if restriction.latest is not None and due > restriction.latest:
            return None
        return DagRunInfo.exact(instance(due))

    @override
    def next_run_info_from_dag_model(self, *, dag_model: DagModel) -> DagRunInfo | None:
        """The run itself: called by the scheduler when it creates it.

        The model knows the tick that was due at the last parse. Ticks that have passed since belong
        to this run too; else the next one would be overdue at once.
        """
        known: DagRunInfo | None = super().next_run_info_from_dag_model(dag_model=dag_model)
        now = _utcnow()
        if known is None or self._every.next_after(known.run_after) > now:
            return known
        return DagRunInfo.exact(instance(self._every.due(now=now, last=known.run_after)))


class AfterRunTimetable(_OneAtATime):
    """The end of the last run plus an interval by its outcome (R42).

    The next run is created soon after the last one ended and waits, queued, until it is due. Its
    ``logical_date`` is the end of the last run, so that moving ``run_after`` is all it takes to
    start it now.
    """

    periodic = False  # an interval after a run has no past to fill in

    def __init__(self, after_run: AfterRun) -> None:
        super().__init__(after_run)
        self._after_run = after_run

    @override
    def serialize(self) -> dict[str, Any]:
        after = self._after_run
        return {
            "on_timeout": after.on_timeout,
            "on_idle": after.on_idle,
            "on_success": after.on_success,
            "on_error": after.on_error,
        }

    @classmethod
    @override
    def deserialize(cls, data: dict[str, Any]) -> Self:
        return cls(AfterRun(**data))

    @override
    def next_dagrun_info_v2(
        self, *, last_dagrun_info: DagRunInfo | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The moment from which the next run may be created.

        The last due time plus the shortest interval: never after the run is due (only a run after
        ``locked`` may have to wait for it), and it keeps this from spinning should the hook below
        ever not be called.
        """
        if last_dagrun_info is None:
            at = _utcnow()  # a fresh service runs at once (R45)
        else:
            at = last_dagrun_info.run_after + max(self._after_run.shortest, _SMALLEST)
        if restriction.earliest is not None:
            at = max(at, restriction.earliest)
        if restriction.latest is not None and at > restriction.latest:
            return None
        return DagRunInfo.exact(at)

    @override
    def next_run_info_from_dag_model(self, *, dag_model: DagModel) -> DagRunInfo | None:
        """The run itself: called by the scheduler when it creates it."""
        from sqlalchemy.orm import object_session  # noqa: PLC0415

        from system_daemon.schedule.last_run import (  # noqa: PLC0415
            free_logical_date,
            last_run,
        )

        placeholder: DagRunInfo | None = super().next_run_info_from_dag_model(dag_model=dag_model)
        # A session of our own would commit in the middle of the scheduler's transaction. Some
        # callers hand over a detached model; they get the placeholder.
        session = object_session(dag_model)
        if placeholder is None or session is None:
            return placeholder
        last = last_run(dag_model.dag_id, session)
        if last is None:
            return placeholder
        due = self._after_run.due(
            ended=last.ended, outcome=last.outcome, retry_after=last.retry_after
        )
        start = instance(free_logical_date(dag_model.dag_id, last.ended, session))
        return DagRunInfo.interval(start=start, end=instance(max(due, _utcnow(), start)))
