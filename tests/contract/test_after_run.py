"""AfterRun on the scheduler's own code: fails on any Airflow that changes the hooks we stand on."""

from __future__ import annotations

import pytest
from airflow.triggers.base import TaskFailedEvent, TaskSkippedEvent, TaskSuccessEvent

from tests.contract.scheduler import Scheduler, seconds

INTERVALS = {"on_success": 3, "on_idle": 4, "on_error": 5, "on_timeout": 6}
"""Long enough that a busy machine creates a run before it is due."""
DAG = "service__a"


def plan(**changes: float) -> dict[str, object]:
    return {"period": "interval", "intervals": INTERVALS | changes}


def entry(**changes: object) -> dict[str, object]:
    return {
        "name": "a",
        "endpoint": "http://127.0.0.1:9/",
        "timeout": 5,
        "execution_plan": plan(),
    } | changes


@pytest.mark.parametrize(
    ("event", "state", "wait"),
    [
        (TaskSuccessEvent(xcoms={"outcome": "success"}), "success", 3),
        (TaskSkippedEvent(xcoms={"outcome": "idle"}), "success", 4),
        (TaskFailedEvent(xcoms={"outcome": "error"}), "failed", 5),
        (TaskFailedEvent(xcoms={"outcome": "timeout"}), "failed", 6),
        (TaskSkippedEvent(xcoms={"outcome": "locked", "retry_after": 3.5}), "success", 3.5),
        (TaskSkippedEvent(xcoms={"outcome": "locked", "retry_after": 60}), "success", 4),
    ],
    ids=["success", "idle", "error", "timeout", "locked", "locked-longer-than-idle"],
)
def test_r42_the_next_run_is_due_an_interval_after_the_end(
    scheduler: Scheduler, event: object, state: str, wait: float
) -> None:
    # Airflow may create the next run from the shortest interval on: an interval that is not the
    # one under test is short.
    short = {"on_error" if state == "success" else "on_success": 0.1}
    scheduler.configure([entry(execution_plan=plan(**short))])
    assert scheduler.parse() == {}
    first = scheduler.one_run(event)
    assert first.state == state
    second = scheduler.run_after(first)
    assert seconds(first.end_date, second.run_after) == pytest.approx(wait, abs=1e-6)
    assert second.logical_date == first.end_date


def test_the_next_run_starts_when_it_is_due_and_not_before(scheduler: Scheduler) -> None:
    scheduler.configure([entry(execution_plan=plan(on_error=0.1))])
    scheduler.parse()
    first = scheduler.one_run(TaskSuccessEvent(xcoms={"outcome": "success"}))
    second = scheduler.run_after(first)
    scheduler.tick_until(scheduler.calls, "the second call")
    assert scheduler.runs()[-1].start_date >= second.run_after


def test_r45_a_fresh_service_runs_at_once(scheduler: Scheduler) -> None:
    scheduler.configure([entry()])
    scheduler.parse()
    scheduler.tick()
    assert len(scheduler.runs()) == 1


def test_a_parse_while_a_run_waits_changes_nothing(scheduler: Scheduler) -> None:
    scheduler.configure([entry()])
    scheduler.parse()
    first = scheduler.one_run(TaskFailedEvent(xcoms={"outcome": "timeout"}))
    due = scheduler.run_after(first).run_after
    scheduler.parse()
    scheduler.tick()
    assert [run.run_after for run in scheduler.runs()][1:] == [due]


def test_there_is_one_run_at_a_time(scheduler: Scheduler) -> None:
    scheduler.configure([entry()])
    scheduler.parse()
    scheduler.tick_until(scheduler.calls, "a call")
    for _ in range(5):
        scheduler.parse()
        scheduler.tick()
    assert len(scheduler.runs()) == 1


def test_a_paused_service_keeps_its_waiting_run_and_starts_it_once(scheduler: Scheduler) -> None:
    scheduler.configure([entry()])
    scheduler.parse()
    first = scheduler.one_run(TaskSuccessEvent(xcoms={"outcome": "success"}))
    due = scheduler.run_after(first).run_after
    scheduler.pause(DAG, paused=True)
    _pass(scheduler, due)
    assert scheduler.calls() == []
    scheduler.pause(DAG, paused=False)
    scheduler.tick_until(scheduler.calls, "the overdue call")
    scheduler.tick()
    assert len(scheduler.runs()) == 2


@pytest.mark.parametrize(
    ("state", "wait", "short"), [("success", 3, "on_error"), ("failed", 5, "on_success")]
)
def test_a_run_that_a_person_marked_counts_as_what_it_was_marked(
    scheduler: Scheduler, state: str, wait: float, short: str
) -> None:
    scheduler.configure([entry(execution_plan=plan(**{short: 0.1}))])
    scheduler.parse()
    scheduler.tick_until(scheduler.calls, "a call")
    _mark(scheduler, state)
    marked = scheduler.finished(scheduler.runs()[0].run_id)
    scheduler.parse()  # Airflow frees the slot of a marked run at the next parse
    second = scheduler.run_after(marked)
    assert seconds(marked.end_date, second.run_after) == pytest.approx(wait, abs=1e-6)


def test_a_run_cleared_before_the_next_is_created_runs_again_and_nothing_breaks(
    scheduler: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    scheduler.configure([entry()])
    scheduler.parse()
    first = scheduler.one_run(TaskSuccessEvent(xcoms={"outcome": "success"}))
    second = scheduler.one_run(TaskFailedEvent(xcoms={"outcome": "error"}))
    _clear(scheduler, second.run_id)
    again = scheduler.one_run(TaskSuccessEvent(xcoms={"outcome": "success"}))
    assert again.run_id == second.run_id
    third = scheduler.run_after(again)
    assert len({run.logical_date for run in scheduler.runs()}) == 3
    assert third.run_after >= first.end_date
    assert "Failed creating DagRun" not in caplog.text


def test_an_edited_interval_holds_from_the_next_due_time(scheduler: Scheduler) -> None:
    scheduler.configure([entry()])
    scheduler.parse()
    first = scheduler.one_run(TaskSuccessEvent(xcoms={"outcome": "success"}))
    due = scheduler.run_after(first).run_after
    scheduler.configure([entry(execution_plan=plan(on_success=3600))])
    scheduler.parse()
    assert scheduler.run_after(first).run_after == due
    second = scheduler.one_run(TaskSuccessEvent(xcoms={"outcome": "success"}))
    third = scheduler.run_after(second)
    assert seconds(second.end_date, third.run_after) == pytest.approx(3600, abs=1e-6)


def test_a_daily_plan_becomes_an_interval_plan_and_runs_at_once(scheduler: Scheduler) -> None:
    daily = {"period": "daily", "time": "12:00", "timezone": "UTC"}
    scheduler.configure([entry(execution_plan=daily)])
    scheduler.parse()
    scheduler.configure([entry()])
    scheduler.parse()
    scheduler.tick_until(scheduler.calls, "a call by the new plan")


def test_an_entry_brought_back_goes_on(scheduler: Scheduler) -> None:
    scheduler.configure([entry()])
    scheduler.parse()
    first = scheduler.one_run(TaskSuccessEvent(xcoms={"outcome": "success"}))
    scheduler.run_after(first)
    _make_stale(scheduler)
    scheduler.tick()
    assert scheduler.calls() == []
    scheduler.parse()
    scheduler.tick_until(scheduler.calls, "the call of the entry that came back")


def test_a_hook_that_is_never_called_does_not_spin() -> None:
    from airflow.timetables.base import DagRunInfo, TimeRestriction
    from pendulum import datetime as moment

    from system_daemon.schedule.after_run import AfterRun
    from system_daemon.schedule.timetables import AfterRunTimetable

    timetable = AfterRunTimetable(AfterRun(on_timeout=40, on_idle=30, on_success=10, on_error=20))
    last = DagRunInfo.exact(moment(2027, 1, 1, 12))
    free = TimeRestriction(earliest=None, latest=None, catchup=False)
    following = timetable.next_dagrun_info_v2(last_dagrun_info=last, restriction=free)
    assert following.run_after == moment(2027, 1, 1, 12, 0, 10)


def _pass(scheduler: Scheduler, due: object) -> None:
    from airflow._shared.timezones.timezone import utcnow

    scheduler.tick_until(lambda: utcnow() > due, "the due time")


def _mark(scheduler: Scheduler, state: str) -> None:
    """As the UI does: the run and its unfinished tasks get the state."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    with scheduler.session() as session:
        run = session.scalars(select(DagRun).order_by(DagRun.id.desc())).first()
        for instance in session.scalars(
            select(TaskInstance).where(TaskInstance.run_id == run.run_id)
        ):
            instance.set_state(state, session=session)
        run.set_state(state)


def _clear(scheduler: Scheduler, run_id: str) -> None:
    from airflow.models.taskinstance import TaskInstance, clear_task_instances
    from sqlalchemy import select

    with scheduler.session() as session:
        found = session.scalars(select(TaskInstance).where(TaskInstance.run_id == run_id)).all()
        clear_task_instances(list(found), session)


def _make_stale(scheduler: Scheduler) -> None:
    """As the DAG processor does with a DAG that its file does not hold any more."""
    from airflow.models.dag import DagModel

    with scheduler.session() as session:
        session.get(DagModel, DAG).is_stale = True
