"""How late interval runs start, and which part of Airflow the time goes to."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from measuring.report import Figure, shown, table
from measuring.sampling import Usage, Watch, percentile
from measuring.surroundings import Surroundings, leaders, rows
from system_daemon.local.demo_answers import Answer
from tests.deployment import Deployment
from tests.e2e.services import service
from tests.waiting import wait_until

SERVICES = 50
_SHORTEST_S, _LONGEST_S = 5, 15
_SETTLING_S = 20
_CODES = ("success", "idle", "error")


@dataclass(frozen=True, slots=True)
class _Start:
    """One interval run; all but the attempt are moments."""

    attempt: str
    due: datetime
    created: datetime
    running: datetime
    started: datetime
    ended: datetime | None


def measure(surroundings: Surroundings, *, quick: bool) -> Iterator[list[Figure]]:
    """Services with intervals of 5 to 15 s, for some minutes."""
    window = 15 if quick else 240
    with surroundings.deployment() as deployment:
        _configure(surroundings, deployment)
        _wait_for_first_runs(deployment)
        time.sleep(0 if quick else _SETTLING_S)
        with Watch(leaders(deployment)) as watch:
            time.sleep(window)
        begin = datetime.fromtimestamp(watch.usage.began).astimezone()
        end = begin + timedelta(seconds=watch.usage.seconds)
        starts, arrived = wait_until(
            lambda: _all_starts(surroundings, deployment, begin, end),
            timeout=60,
            description="the start and the POST of every run that fell due",
        )
    yield _figures(starts, arrived, watch.usage)
    _explain(starts, arrived, watch.usage)


def _configure(surroundings: Surroundings, deployment: Deployment) -> None:
    choice = random.Random(2026)
    entries = []
    for number in range(SERVICES):
        name = f"interval_{number:02}"
        intervals = {
            f"on_{outcome}": choice.randint(_SHORTEST_S, _LONGEST_S)
            for outcome in ("success", "idle", "error", "timeout")
        }
        answers = [Answer(code=code, message="measured", delay=0.1) for code in _CODES]
        surroundings.demo.script(name, answers, repeat=True)
        entries.append(service(name, intervals=intervals))
    deployment.configure(entries)


def _wait_for_first_runs(deployment: Deployment) -> None:
    def all_ran() -> bool:
        ((ran,),) = rows(
            deployment,
            "SELECT count(DISTINCT dag_id) FROM dag_run WHERE state IN ('success', 'failed')",
        )
        return int(ran) == SERVICES

    wait_until(all_ran, timeout=120, description="the first run of every service")


def _all_starts(
    surroundings: Surroundings, deployment: Deployment, begin: datetime, end: datetime
) -> tuple[list[_Start], dict[str, float]] | tuple[()]:
    """The runs that fell due and when their POSTs arrived; empty while one is still missing."""
    due = rows(
        deployment,
        """
        SELECT task.id || ':' || task.try_number, run.run_after, run.created_at, run.start_date,
               task.start_date, run.end_date
          FROM dag_run AS run JOIN task_instance AS task USING (dag_id, run_id)
         WHERE run.run_type = 'scheduled' AND run.run_after BETWEEN %s AND %s
        """,
        begin,
        end,
    )
    arrived = {call.headers["Idempotency-Key"]: call.at for call in surroundings.demo.calls()}
    there = bool(due) and all(attempt in arrived for attempt, *_ in due)
    return ([_Start(*row) for row in due], arrived) if there else ()


def _figures(starts: list[_Start], arrived: dict[str, float], usage: Usage) -> list[Figure]:
    late = [(start.started - start.due).total_seconds() for start in starts]
    arrivals = [arrived[start.attempt] - start.due.timestamp() for start in starts]
    per_minute = 60 / usage.seconds
    return [
        Figure(
            name="lateness_p50_s",
            value=percentile(late, 0.5),
            at_most=1.0,
            meaning=f"start of the task minus due, {len(late)} interval runs",
        ),
        Figure(name="lateness_p95_s", value=percentile(late, 0.95), at_most=2.0, meaning="same"),
        Figure(name="lateness_max_s", value=max(late), meaning="same, the latest"),
        Figure(
            name="arrival_p50_s",
            value=percentile(arrivals, 0.5),
            meaning="arrival of the POST at the service minus due",
        ),
        Figure(name="arrival_p95_s", value=percentile(arrivals, 0.95), meaning="same"),
        Figure(
            name="runs_per_minute",
            value=len(starts) * per_minute,
            meaning="interval runs that fell due",
        ),
        *(
            Figure(
                name=f"cpu_{name.replace('-', '_')}_s_per_minute",
                value=seconds * per_minute,
                meaning=f"CPU seconds of the {name} a minute",
            )
            for name, seconds in usage.cpu.items()
        ),
    ]


def _explain(starts: list[_Start], arrived: dict[str, float], usage: Usage) -> None:
    """Where the time goes, step by step."""
    steps = {
        "due, but the run not created yet": [
            max(0.0, (start.created - start.due).total_seconds()) for start in starts
        ],
        "due and created, to running": [
            (start.running - max(start.due, start.created)).total_seconds() for start in starts
        ],
        "running, to the task's start": [
            (start.started - start.running).total_seconds() for start in starts
        ],
        "task's start, to the POST's arrival": [
            arrived[start.attempt] - start.started.timestamp() for start in starts
        ],
        "POST's arrival, to the run's end": [
            start.ended.timestamp() - arrived[start.attempt] for start in starts if start.ended
        ],
    }
    lines = [
        (name, shown(percentile(values, 0.5)), shown(percentile(values, 0.95)), shown(max(values)))
        for name, values in steps.items()
    ]
    print(table(("step, seconds", "p50", "p95", "max"), lines))
    busy = usage.whole_cpu / usage.seconds
    print(f"all Airflow processes used {busy:.2f} cores during {usage.seconds:.0f} s")
    first, last = usage.samples[0].memory["triggerer"], usage.samples[-1].memory["triggerer"]
    print(
        f"the triggerer had {first.pss:.0f} MB (PSS) at the beginning and {last.pss:.0f} MB after"
        f" {len(starts)} more calls\n",
        flush=True,
    )
