"""Many calls in flight at once, and beside them plain Airflow that makes the same calls."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from measuring.inflight_costs import Result, figures_of_ours, show
from measuring.report import Figure
from measuring.sampling import Usage, Watch
from measuring.surroundings import Surroundings, leaders, rows
from system_daemon.local.demo_answers import Answer
from tests.deployment import Deployment
from tests.e2e.services import service
from tests.waiting import wait_until

_PLAIN = Path(__file__).with_name("plain_airflow")
_CODES = ("success", "idle", "error")
_STATES = {"success": "success", "idle": "skipped", "error": "failed"}
_PLAN = {"on_success": 3600, "on_idle": 3600, "on_error": 3600, "on_timeout": 1}
"""Called once in the measured time; the shortest interval makes Airflow create the next run."""
_PAUSED = {"AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True"}
_WARMING_CALLS = 3
"""Made before anything is measured, so that imports and connections are not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many calls, and how long they wait."""

    calls: int
    """Of ours."""
    plain_calls: int
    """As many as 2 cores take at once: each is a process."""
    delay: float
    """Seconds that the service takes to answer."""
    idle: float
    """Seconds for which idling is measured."""
    deferrable: bool
    """Whether the deferrable HttpOperator is measured too."""


_FULL = Size(calls=500, delay=30, plain_calls=32, idle=40, deferrable=True)
_QUICK = Size(calls=60, delay=5, plain_calls=8, idle=5, deferrable=False)


def size(*, quick: bool, answer_after: float | None) -> Size:
    """How much is measured."""
    usual = _QUICK if quick else _FULL
    return usual if answer_after is None else replace(usual, delay=answer_after)


def measure(surroundings: Surroundings, size: Size) -> Iterator[list[Figure]]:
    """Ours, then plain Airflow; one Airflow at a time."""
    ours = _ours(surroundings, size)
    yield figures_of_ours(ours, delay=size.delay)
    plain = list(_plain(surroundings, size))
    show([ours, *plain])
    for other, prefix in zip(plain, ("plain", "deferrable"), strict=False):
        judged = prefix == "plain"
        yield [
            Figure(
                name=f"{prefix}_over_ours_memory",
                value=other.mb_per_waiting_call / ours.mb_per_waiting_call,
                at_least=10 if judged else None,
                meaning=f"memory per waiting call, {other.kind} / ours",
            ),
            Figure(
                name=f"{prefix}_over_ours_cpu",
                value=other.cpu_per_call / ours.cpu_per_call,
                at_least=3 if judged else None,
                meaning=f"CPU seconds per call, {other.kind} / ours",
            ),
        ]


def _ours(surroundings: Surroundings, size: Size) -> Result:
    # Idle is measured with all services there but none called yet: paused, as plain Airflow's.
    with surroundings.deployment(environment=_PAUSED) as deployment:
        names = _script(surroundings, "call", size.calls, size.delay)
        warming = _script(surroundings, "warming", _WARMING_CALLS, 0)
        deployment.configure(
            [service(name, timeout=size.delay + 90, intervals=_PLAN) for name in names + warming]
        )
        dags = {f"service__{name}": name for name in names}
        _wait_for_dags(deployment, size.calls + _WARMING_CALLS)
        _run_all(deployment, [f"service__{name}" for name in warming], timeout=120)
        idle = _idle(deployment, size)
        surroundings.demo.forget_calls()
        busy = _run_all(deployment, list(dags), timeout=size.delay + 240)
        return _result("ours", surroundings, deployment, dags, idle, busy)


def _plain(surroundings: Surroundings, size: Size) -> Iterator[Result]:
    project = surroundings.folder / "plain"
    shutil.copytree(_PLAIN, project)
    for folder in ("plugins", "include"):
        (project / folder).mkdir()
    kinds = {"plain": False, "deferrable": True} if size.deferrable else {"plain": False}
    names = {kind: _script(surroundings, kind, size.plain_calls, size.delay) for kind in kinds}
    warming = _script(surroundings, "warming", _WARMING_CALLS, 0)
    calls = [
        *({"name": name, "deferrable": False} for name in warming),
        *(
            {"name": name, "deferrable": deferrable}
            for kind, deferrable in kinds.items()
            for name in names[kind]
        ),
    ]
    (project / "dags" / "calls.json").write_text(json.dumps(calls))
    environment = {
        **_PAUSED,
        "AIRFLOW__CORE__PARALLELISM": str(size.plain_calls),
        # Airflow's own default: ours lets workers say more often that they live, which costs.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "5",
        "AIRFLOW_CONN_DEMO": surroundings.demo_url,
    }
    with surroundings.deployment(project=project, environment=environment) as deployment:
        _wait_for_dags(deployment, len(calls))
        _run_all(deployment, warming, timeout=120)
        for kind, of_kind in names.items():
            idle = _idle(deployment, size)
            surroundings.demo.forget_calls()
            busy = _run_all(deployment, of_kind, timeout=size.delay * 2 + 300)
            label = "HttpOperator" + (", deferrable" if kinds[kind] else "")
            dags = {name: name for name in of_kind}
            yield _result(label, surroundings, deployment, dags, idle, busy)


def _wait_for_dags(deployment: Deployment, expected: int) -> None:
    wait_until(
        lambda: len(rows(deployment, "SELECT 1 FROM dag WHERE NOT is_stale")) == expected,
        timeout=180,
        description="all DAGs",
    )


def _run_all(deployment: Deployment, dag_ids: list[str], *, timeout: float) -> Usage:
    """Unpause these DAGs and wait until the first run of each has ended."""
    ended = (
        "SELECT DISTINCT dag_id FROM dag_run"
        " WHERE dag_id = ANY(%s) AND state IN ('success', 'failed')"
    )
    with Watch(leaders(deployment)) as watch:
        rows(deployment, "UPDATE dag SET is_paused = false WHERE dag_id = ANY(%s)", dag_ids)
        wait_until(
            lambda: len(rows(deployment, ended, dag_ids)) == len(dag_ids),
            timeout=timeout,
            description="the end of all calls",
        )
    return watch.usage


def _script(surroundings: Surroundings, kind: str, calls: int, delay: float) -> list[str]:
    names = [f"{kind}_{number:03}" for number in range(calls)]
    for number, name in enumerate(names):
        code = _CODES[number % len(_CODES)]
        surroundings.demo.script(name, [Answer(code=code, message="measured", delay=delay)])
    return names


def _idle(deployment: Deployment, size: Size) -> Usage:
    time.sleep(size.idle / 3)  # what the last calls set off ends meanwhile
    with Watch(leaders(deployment)) as watch:
        time.sleep(size.idle)
    return watch.usage


def _result(
    kind: str,
    surroundings: Surroundings,
    deployment: Deployment,
    dags: Mapping[str, str],
    idle: Usage,
    busy: Usage,
) -> Result:
    """What came of the DAGs' first runs; `dags` holds the service that each of them calls."""
    expected = {name: _STATES[_CODES[number % 3]] for number, name in enumerate(dags.values())}
    states = rows(
        deployment,
        "SELECT DISTINCT ON (run.id) run.dag_id, task.state FROM dag_run AS run"
        " JOIN task_instance AS task USING (dag_id, run_id)"
        " WHERE run.dag_id = ANY(%s) AND run.state IN ('success', 'failed') ORDER BY run.id",
        list(dags),
    )
    ended = {dags[dag_id]: state for dag_id, state in states}
    calls = [call for call in surroundings.demo.calls() if call.service in expected]
    received = Counter(call.service for call in calls)
    return Result(
        kind=kind,
        calls=len(expected),
        wrong=sum(
            ended.get(name) != state or received[name] != 1 for name, state in expected.items()
        ),
        idle=idle,
        busy=busy,
        spans=[(call.at, call.ended_at or time.time()) for call in calls],
        worker_logs=len(deployment.worker_logs()),
    )
