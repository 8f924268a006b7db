"""Rules for every DAG that we ship; a message says how to keep it."""

from __future__ import annotations

import json

from airflow.serialization.serialized_objects import DagSerialization

from system_daemon.configuration.background_jobs import BackgroundJobs, Queue
from system_daemon.configuration.loading import load
from system_daemon.configuration.settings import Settings
from system_daemon.jobs.dag import queue_dag
from tests.airflow_settings import PROJECT
from tests.dags.conftest import Parse

TAGS = {"system-daemon", "external-service", "background-jobs", "maintenance", "daily", "interval"}
FILES = {"background_jobs.py", "configuration_errors.py", "external_services.py", "maintenance.py"}


def test_every_dag_file_is_known() -> None:
    found = {file.name for file in (PROJECT / "dags").glob("*.py")}
    assert found == FILES, "list a new DAG file here and give it a test of its own"


def test_every_dag_file_is_discovered() -> None:
    for name in FILES:
        text = (PROJECT / "dags" / name).read_text().lower()
        assert "airflow" in text, f"{name} must contain both words, else Airflow skips it"
        assert "dag" in text, f"{name} must contain both words, else Airflow skips it"


def test_nothing_fails_to_import(parse: Parse) -> None:
    assert parse().import_errors == {}


def test_r11_r25_every_service_queue_and_task_is_one_dag(parse: Parse) -> None:
    found = load()
    entries = (*found.services, *found.jobs.queues, *found.maintenance_tasks)
    assert set(parse().dags) == {entry.dag_id for entry in entries} | {"background_job"}


def test_r46_one_run_at_a_time_and_never_paused_by_failures(parse: Parse) -> None:
    for dag in parse().dags.values():
        assert dag.max_active_runs == (16 if dag.dag_id == "background_job" else 1), dag.dag_id
        assert dag.catchup is False, dag.dag_id
        assert dag.max_consecutive_failed_dag_runs == 0, dag.dag_id


def test_every_dag_explains_itself(parse: Parse) -> None:
    for dag in parse().dags.values():
        assert set(dag.tags) <= TAGS, f"{dag.dag_id}: add a new tag to TAGS on purpose"
        assert "system-daemon" in dag.tags, dag.dag_id
        assert dag.owner == "system-daemon", dag.dag_id
        for heading in ("What it does", "When it is red"):
            assert f"**{heading}.**" in dag.doc_md, f"{dag.dag_id} lacks {heading}"


def test_every_call_starts_and_ends_in_the_triggerer(parse: Parse) -> None:
    for service in load().services:
        (call,) = parse().dags[service.dag_id].tasks
        assert call.task_id == "call"
        assert call.start_from_trigger is True
        assert call.start_trigger_args.timeout is None, "Airflow's timeout would need a worker"
        assert call.execution_timeout is None, "Airflow's timeout would need a worker"
        assert call.retries == 0, "a service is tried again by its plan (R43)"


def test_r11_a_queue_is_a_sensor_in_the_triggerer_and_its_workers(parse: Parse) -> None:
    for queue in load().jobs.queues:
        dag = parse().dags[queue.dag_id]
        wait = dag.get_task("wait_for_jobs")
        assert wait.start_from_trigger is True
        assert wait.downstream_task_ids == {"work"}


def test_a_worker_that_broke_is_replaced_although_the_others_go_on() -> None:
    for workers, retried in ((1, False), (3, True)):
        queue = Queue(name="clinic", workers=workers)
        dag = queue_dag(queue, BackgroundJobs(queues=(queue,)), Settings())
        work = dag.get_task("work")
        assert (work.partial_kwargs["retries"] > 0) is retried, f"{workers} workers"


def test_two_parses_serialize_alike(parse: Parse) -> None:
    def serialized() -> str:
        dags = {dag_id: DagSerialization.to_dict(dag) for dag_id, dag in parse().dags.items()}
        return json.dumps(dags, sort_keys=True, default=str)

    assert serialized() == serialized()
