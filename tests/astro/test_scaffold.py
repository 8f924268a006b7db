"""What the tests that `astro dev init` and `astro dev parse` write would ask of our DAGs.

Written after their behaviour, not their text: the DAGs are parsed while every connection is empty,
every Airflow variable is a stand-in and every environment variable that is not set reads as
``MOCKED_<NAME>_VALUE``. Then: no import error, every DAG has tags, and ``default_args`` has retries
of at least 2. The last does not hold of ours on purpose: docs/adr/0007.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.models.variable import Variable as CoreVariable
from airflow.sdk import BaseHook, Connection, Variable

from tests.airflow_settings import PROJECT

WANTED_RETRIES = 2


@pytest.fixture
def mocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a deployment can be asked, and whoever asks gets something all the same."""
    real: Callable[..., str | None] = os.getenv

    def getenv(name: str, default: str | None = None) -> str | None:
        found = real(name, default)
        return f"MOCKED_{name.upper()}_VALUE" if found is None else found

    def variable(*_: object, **__: object) -> str:
        return "NON_DEFAULT_MOCKED_VARIABLE_VALUE"

    def connection(conn_id: str, *_: object) -> Connection:
        return Connection(conn_id=conn_id, conn_type="")

    monkeypatch.setattr(os, "getenv", getenv)
    monkeypatch.setattr(BaseHook, "get_connection", connection)
    monkeypatch.setattr(Variable, "get", variable)
    monkeypatch.setattr(CoreVariable, "get", variable)


@pytest.fixture
def bag(mocked: None) -> BundleDagBag:
    return BundleDagBag(dag_folder=str(PROJECT / "dags"), bundle_path=PROJECT / "dags")


def test_no_import_errors(bag: BundleDagBag) -> None:
    assert bag.import_errors == {}
    assert bag.dags


def test_every_dag_has_tags(bag: BundleDagBag) -> None:
    assert {dag_id for dag_id, dag in bag.dags.items() if not dag.tags} == set()


def test_dags_without_the_wanted_retries_are_tried_again_otherwise(bag: BundleDagBag) -> None:
    """Each DAG that Astro's third test would name has a schedule, or a task with retries."""
    named = {
        dag_id
        for dag_id, dag in bag.dags.items()
        if dag.default_args.get("retries", 0) < WANTED_RETRIES
    }
    assert named, "the third test would pass: docs/adr/0007 is out of date"
    for dag_id in named:
        dag = bag.dags[dag_id]
        tried_again = all(task.retries >= WANTED_RETRIES for task in dag.tasks)
        assert dag.timetable.can_be_scheduled or tried_again, dag_id
