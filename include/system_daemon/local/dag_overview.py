"""The DAGs of a running Airflow, asked through its REST API with as few calls as there are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from system_daemon.local.loopback_http import HttpError, get_json, post_json

_PAGE = 1000
_FINISHED = ("success", "failed")
_ACTIVE = ("running", "queued")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Where an Airflow is and who enters."""

    url: str
    username: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DagOverview:
    """One DAG as the person who operates it sees it."""

    dag_id: str
    # running, queued, success, failed (its latest run), paused or none.
    state: str
    # XCom `outcome` of the task in the latest finished run.
    outcome: str | None
    # ISO 8601, UTC.
    next_due: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProblem:
    """A DAG file that Airflow could not import."""

    file: str
    stack_trace: str
    at: datetime


class AirflowApi:
    """Airflow's REST API with one token. Every method raises HttpError."""

    def __init__(self, login: Login) -> None:
        # Not `localhost`, which may mean ::1 first, where nobody listens.
        self._base = login.url.replace("//localhost:", "//127.0.0.1:")
        answer = post_json(
            f"{self._base}/auth/token",
            {"username": login.username, "password": login.password},
        )
        self._token = str(answer["access_token"])

    def dags(self) -> list[dict[str, Any]]:
        """Every DAG that exists now."""
        return self._pages("/dags?exclude_stale=true&order_by=dag_id", "dags")

    def import_problems(self) -> list[ImportProblem]:
        """Every DAG file that could not be imported."""
        return [
            ImportProblem(
                file=error["filename"],
                stack_trace=error["stack_trace"],
                at=datetime.fromisoformat(error["timestamp"]),
            )
            for error in self._pages("/importErrors?order_by=id", "import_errors")
        ]

    def create_pool(self, name: str, *, slots: int, description: str) -> None:
        """Add a pool; one that is there already is an error of status 409."""
        body = {"name": name, "slots": slots, "description": description, "include_deferred": False}
        post_json(f"{self._base}/api/v2/pools", body, token=self._token)

    def runs(self, states: tuple[str, ...], dag_ids: list[str] | None = None) -> list[Any]:
        """The newest runs in these states, the one that is due last first."""
        body = {"states": states, "order_by": "-run_after", "page_limit": _PAGE}
        if dag_ids is not None:
            body["dag_ids"] = dag_ids
        answer = post_json(f"{self._base}/api/v2/dags/~/dagRuns/list", body, token=self._token)
        return list(answer["dag_runs"])

    def outcome(self, run: dict[str, Any]) -> str | None:
        """XCom `outcome` of the run's task, None where there is none."""
        task = "sweep" if run["dag_id"].startswith("maintenance__") else "call"
        dag_id, run_id = quote(run["dag_id"], safe=""), quote(run["dag_run_id"], safe="")
        try:
            answer = get_json(
                f"{self._base}/api/v2/dags/{dag_id}/dagRuns/{run_id}"
                f"/taskInstances/{task}/xcomEntries/outcome?deserialize=false",
                token=self._token,
            )
        except HttpError as error:
            if error.status == 404:
                return None
            raise
        return str(answer["value"]).strip('"')

    def _pages(self, path: str, key: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            answer = get_json(
                f"{self._base}/api/v2{path}&limit={_PAGE}&offset={len(found)}", token=self._token
            )
            found += answer[key]
            if not answer[key] or len(found) >= answer["total_entries"]:
                return found


def overview(api: AirflowApi) -> list[DagOverview]:
    """Every DAG with its state, last outcome and next due time. Raises HttpError."""
    dags = api.dags()
    active = _by_dag(api.runs(_ACTIVE))
    finished = _latest_finished(api, [dag["dag_id"] for dag in dags])
    with ThreadPoolExecutor(8) as pool:
        outcomes = dict(zip(finished, pool.map(api.outcome, finished.values()), strict=True))
    return [
        DagOverview(
            dag_id=dag["dag_id"],
            state=_state(dag, active.get(dag["dag_id"], []), finished.get(dag["dag_id"])),
            outcome=outcomes.get(dag["dag_id"]),
            next_due=_next_due(dag, active.get(dag["dag_id"], [])),
        )
        for dag in dags
    ]


def _latest_finished(api: AirflowApi, dag_ids: list[str]) -> dict[str, dict[str, Any]]:
    latest: dict[str, dict[str, Any]] = {}
    missing = dag_ids
    # One page holds the latest run of every busy DAG; a rare one may need another page.
    while missing:
        page = api.runs(_FINISHED, missing)
        for run in page:
            latest.setdefault(run["dag_id"], run)
        if len(page) < _PAGE:
            break
        missing = [dag_id for dag_id in missing if dag_id not in latest]
    return latest


def _by_dag(runs: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    grouped: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        grouped.setdefault(run["dag_id"], []).append(run)
    return grouped


def _state(
    dag: dict[str, Any], active: list[dict[str, Any]], finished: dict[str, Any] | None
) -> str:
    if dag["is_paused"]:
        return "paused"
    for state in _ACTIVE:
        if any(run["state"] == state for run in active):
            return state
    return "none" if finished is None else str(finished["state"])


def _next_due(dag: dict[str, Any], active: list[dict[str, Any]]) -> str | None:
    queued = sorted(run["run_after"] for run in active if run["state"] == "queued")
    due = queued[0] if queued else dag["next_dagrun_run_after"]
    return None if due is None else str(due)
