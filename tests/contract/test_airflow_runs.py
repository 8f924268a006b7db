"""Runs created from inside a task: our messages, Airflow's wire, supervisor and execution API.

Everything between the task and the database is Airflow's own: frames over a socket pair, the
supervisor that reads them, its HTTP client and the execution API, in this process. Only the fork and
the network are left out. An Airflow that changes one of them fails here, in seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket, socketpair
from typing import TYPE_CHECKING

import psutil
import pytest
import structlog

from system_daemon.connections import http_access
from system_daemon.jobs.airflow_runs import (
    RunNotCreatedError,
    is_paused,
    keep_run,
    start_run,
    under_way,
)
from system_daemon.jobs.promoted_run import PROMOTED_DAG
from tests.contract.scheduler import Scheduler

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

CONF: dict[str, object] = {"id": "j1", "class": "Import", "queue": "clinic"}
MARKED = "Canary-Zw7"

# Airflow's execution API imports starlette's test client.
pytestmark = pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette")


@contextmanager
def a_running_task() -> Iterator[None]:
    """This thread speaks as a task's process does; another one answers as its supervisor."""
    from airflow.sdk.execution_time.comms import CommsDecoder
    from airflow.sdk.execution_time.supervisor import (
        ActivitySubprocess,
        InProcessTestSupervisor,
        length_prefixed_frame_reader,
        set_supervisor_comms,
    )

    task, supervisor = socketpair()
    watched = ActivitySubprocess(
        id=uuid.uuid4(),
        pid=os.getpid(),
        process=psutil.Process(),
        process_log=structlog.get_logger("task"),
        client=InProcessTestSupervisor._api_client(),
        stdin=supervisor,
    )
    read, _ = length_prefixed_frame_reader(
        watched.handle_requests(structlog.get_logger("task")), on_close=socket.close
    )

    def answer() -> None:
        while read(supervisor):
            pass

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        with set_supervisor_comms(CommsDecoder(socket=task)):
            yield
    finally:
        task.close()
        thread.join(10)
        supervisor.close()
        watched.client.close()


@pytest.fixture
def queue(scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch) -> Scheduler:
    """A scheduler that knows ``background_job``."""
    # It signs what it hands to an executor.
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "only for this test " * 4)
    jobs = {"queues": [{"name": "clinic"}]}
    (scheduler._configuration / "background_jobs.json").write_text(json.dumps(jobs))
    assert scheduler.parse("background_jobs.py") == {}
    return scheduler


def one(scheduler: Scheduler) -> DagRun:
    """The only run of the DAG."""
    (found,) = [run for run in scheduler.runs() if run.dag_id == PROMOTED_DAG]
    return found


def become(scheduler: Scheduler, state: str) -> None:
    """The run and its task are in that state now."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import update

    with scheduler.session() as session:
        for model in (DagRun, TaskInstance):
            session.execute(update(model).where(model.dag_id == PROMOTED_DAG).values(state=state))


def task_states(scheduler: Scheduler) -> list[str | None]:
    """The states of the run's tasks."""
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    with scheduler.session() as session:
        found = select(TaskInstance.state).where(TaskInstance.dag_id == PROMOTED_DAG)
        return list(session.scalars(found))


async def test_a_run_is_created_once_for_each_job(queue: Scheduler) -> None:
    with a_running_task():
        await start_run(PROMOTED_DAG, "j1", CONF)
        await start_run(PROMOTED_DAG, "j1", CONF | {"class": "Another"})
    run = one(queue)
    assert (run.run_id, run.state, run.conf) == ("job__j1", "queued", CONF)
    assert run.run_type == "operator_triggered"


async def test_a_new_run_is_started_by_the_scheduler(queue: Scheduler) -> None:
    with a_running_task():
        await start_run(PROMOTED_DAG, "j1", CONF)
    queue.tick_until(lambda: one(queue).state == "running", "the run's start")


@pytest.mark.parametrize("state", ["success", "failed"])
async def test_a_job_that_is_promoted_again_runs_again(queue: Scheduler, state: str) -> None:
    with a_running_task():
        await start_run(PROMOTED_DAG, "j1", CONF)
        queue.tick_until(lambda: one(queue).state == "running", "the run's start")
        become(queue, state)
        await start_run(PROMOTED_DAG, "j1", CONF)
        assert one(queue).state == state, "only where that is asked for"
        await start_run(PROMOTED_DAG, "j1", CONF, again=True)
    queue.tick_until(lambda: one(queue).state == "running", "the run's second start")


async def test_a_run_that_is_under_way_is_left_alone(queue: Scheduler) -> None:
    with a_running_task():
        await start_run(PROMOTED_DAG, "j1", CONF)
        queue.tick_until(lambda: one(queue).state == "running", "the run's start")
        become(queue, "running")
        await start_run(PROMOTED_DAG, "j1", CONF, again=True)
    assert (one(queue).state, task_states(queue)) == ("running", ["running"])


async def test_a_run_that_ended_or_was_deleted_meanwhile_is_started_again(
    queue: Scheduler,
) -> None:
    from airflow.models.dagrun import DagRun
    from sqlalchemy import delete

    with a_running_task():
        await start_run(PROMOTED_DAG, "j1", CONF)
        assert not await keep_run(PROMOTED_DAG, "j1", CONF), "it is on its way"
        queue.tick_until(lambda: one(queue).state == "running", "the run's start")
        become(queue, "failed")
        assert await keep_run(PROMOTED_DAG, "j1", CONF)
        assert one(queue).state == "queued"
        with queue.session() as session:
            session.execute(delete(DagRun).where(DagRun.dag_id == PROMOTED_DAG))
        assert await keep_run(PROMOTED_DAG, "j1", CONF)
    assert one(queue).run_id == "job__j1"


async def test_airflow_counts_the_runs_that_have_not_ended(queue: Scheduler) -> None:
    many = [f"{number:064}" for number in range(50)]
    with a_running_task():
        assert await under_way(PROMOTED_DAG) == 0
        for job_id in ("j1", "a job with spaces"):
            await start_run(PROMOTED_DAG, job_id, CONF | {"id": job_id})
        assert await under_way(PROMOTED_DAG) == 2
        assert await under_way(PROMOTED_DAG, ["a job with spaces", *many]) == 1
        become(queue, "running")
        assert await under_way(PROMOTED_DAG, ["j1", "j2"]) == 1
        become(queue, "failed")
        assert await under_way(PROMOTED_DAG, ["j1"]) == await under_way(PROMOTED_DAG) == 0


@pytest.mark.parametrize(
    ("dag_id", "conf"),
    [("nowhere", {"id": MARKED}), (PROMOTED_DAG, {"id": [MARKED], "queue": "clinic"})],
    ids=["unknown DAG", "a param of the wrong type"],
)
async def test_a_refusal_names_the_dag_and_no_value(
    queue: Scheduler, dag_id: str, conf: dict[str, object]
) -> None:
    with a_running_task(), pytest.raises(RunNotCreatedError) as refused:
        await start_run(dag_id, "j1", conf)
    assert f"a run of {dag_id}" in str(refused.value)
    assert MARKED not in str(refused.value) + repr(refused.value.__cause__)
    assert queue.runs() == []


@pytest.mark.parametrize("job_id", ["a job with spaces", "a/b?c", "ü" * 40, "x" * 300])
async def test_any_job_id_gets_a_run_and_finds_it_again(queue: Scheduler, job_id: str) -> None:
    with a_running_task():
        await start_run(PROMOTED_DAG, job_id, CONF)
        await start_run(PROMOTED_DAG, job_id, CONF)
    assert one(queue).run_id.startswith("job__")


async def test_airflow_says_whether_somebody_paused_the_dag(queue: Scheduler) -> None:
    from airflow.models.dag import DagModel
    from sqlalchemy import update

    for paused in (True, False):
        with queue.session() as session:
            chosen = update(DagModel).where(DagModel.dag_id == "jobs__clinic")
            session.execute(chosen.values(is_paused=paused))
        with a_running_task():
            assert await is_paused("jobs__clinic") is paused
    with a_running_task():
        assert await is_paused("nowhere") is None


async def test_an_answer_that_nobody_waits_for_any_more_is_not_given_to_the_next_one(
    queue: Scheduler,
) -> None:
    with a_running_task():
        for asking in (is_paused("jobs__clinic"), http_access("a_gateway", "https://a.example/")):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await asking
        await start_run(PROMOTED_DAG, "j1", CONF)
        assert await is_paused("jobs__clinic") is False
    assert one(queue).run_id == "job__j1"
