"""The state, outcome and next due time of a DAG, from what the REST API says."""

from __future__ import annotations

from typing import Any
from unittest.mock import create_autospec

from system_daemon.local.dag_overview import AirflowApi, DagOverview, overview


def dag(dag_id: str, **changes: Any) -> dict[str, Any]:
    return {"dag_id": dag_id, "is_paused": False, "next_dagrun_run_after": "P"} | changes


def run(dag_id: str, state: str, run_after: str) -> dict[str, Any]:
    return {"dag_id": dag_id, "dag_run_id": run_after, "state": state, "run_after": run_after}


def overview_of(
    dags: list[dict[str, Any]],
    active: list[dict[str, Any]],
    finished: list[dict[str, Any]],
    outcomes: dict[str, str],
) -> list[DagOverview]:
    api = create_autospec(AirflowApi, instance=True)
    api.dags.return_value = dags
    api.runs.side_effect = lambda states, dag_ids=None: active if "queued" in states else finished
    api.outcome.side_effect = lambda found: outcomes.get(found["dag_run_id"])
    return overview(api)


def test_a_dag_that_never_ran() -> None:
    assert overview_of([dag("a")], [], [], {}) == [
        DagOverview(dag_id="a", state="none", outcome=None, next_due="P")
    ]


def test_the_outcome_is_that_of_the_latest_finished_run() -> None:
    finished = [run("a", "failed", "2"), run("a", "success", "1")]
    assert overview_of([dag("a")], [], finished, {"2": "error", "1": "success"}) == [
        DagOverview(dag_id="a", state="failed", outcome="error", next_due="P")
    ]


def test_a_queued_run_says_when_it_is_due() -> None:
    found = overview_of(
        [dag("a")], [run("a", "queued", "Q")], [run("a", "success", "1")], {"1": "idle"}
    )
    assert found == [DagOverview(dag_id="a", state="queued", outcome="idle", next_due="Q")]


def test_a_running_run_is_news_before_a_queued_one() -> None:
    active = [run("a", "queued", "Q"), run("a", "running", "R")]
    assert overview_of([dag("a")], active, [], {})[0].state == "running"


def test_a_paused_dag_is_paused_whatever_it_did() -> None:
    finished = [run("a", "success", "1")]
    found = overview_of([dag("a", is_paused=True)], [], finished, {"1": "success"})
    assert found[0].state == "paused"
    assert found[0].outcome == "success"


def test_a_dag_without_a_plan_has_no_due_time() -> None:
    assert overview_of([dag("a", next_dagrun_run_after=None)], [], [], {})[0].next_due is None
