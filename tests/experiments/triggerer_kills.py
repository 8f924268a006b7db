"""The triggerer is killed before, during and just after calls: one request a try at the most."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

from system_daemon.local.demo_answers import Answer
from system_daemon.local.demo_client import DemoClient
from tests.deployment import Deployment, Run
from tests.e2e.services import NEVER_AGAIN, service
from tests.experiments.findings import STATES, Findings, ended, key, let_pass
from tests.waiting import wait_until

TIMEOUT_S = 6
SEVERAL = 4
RESTARTED = "the triggerer restarted during the call"
_MOMENTS = ("before", "during", "just after")
_UNSURE_S = 0.5
"""So near to the kill nobody outside can tell what had happened first."""


@dataclass(frozen=True, slots=True)
class _Target:
    name: str
    code: str
    delay: float

    @property
    def dag_id(self) -> str:
        return f"service__{self.name}"


def kill_the_triggerer(airflow: Deployment, demo: DemoClient, *, kills: int, seed: int) -> Findings:
    """Kill and start it again at seeded moments; afterwards clear the runs: they call again."""
    findings = Findings(
        experiment="triggerer killed (kill -9) before, during and just after calls", unit="kills"
    )
    chance = random.Random(seed)
    several_calls = 0
    for number in range(kills):
        moment = _MOMENTS[number % len(_MOMENTS)]
        several = chance.random() < 0.4
        several_calls += several
        targets = [
            _Target(
                name=f"killed_{number}_{one}",
                code=chance.choice(("success", "idle", "error")),
                delay=chance.uniform(1.5, 3.0),
            )
            for one in range(SEVERAL if several else 1)
        ]
        for target in targets:
            first = Answer(code=target.code, delay=target.delay)
            demo.script(target.name, [first, Answer(code="success")])
        airflow.configure(
            [service(t.name, timeout=TIMEOUT_S, intervals=NEVER_AGAIN) for t in targets]
        )
        _wait_for(moment, targets, airflow, demo, chance)
        killed = time.time()
        airflow.kill("triggerer")
        airflow.start("triggerer")
        for target in targets:
            run = airflow.wait_for_run(
                target.dag_id, ended, description=f"its end after kill {number}", timeout=90
            )
            _judge(findings, f"kill {number} ({moment})", target, run, demo, killed)
            assert run.end_date is not None
            findings.recovery.append(max(0.0, run.end_date.timestamp() - killed))
        findings.count += 1
        _clear(findings, airflow, demo, targets)
    findings.notes.append(f"{several_calls} of the kills while {SEVERAL} calls were under way")
    return findings


def _wait_for(
    moment: str,
    targets: list[_Target],
    airflow: Deployment,
    demo: DemoClient,
    chance: random.Random,
) -> None:
    if moment == "before":
        airflow.wait_for_run(
            targets[0].dag_id, lambda run: run.task_state == "deferred", description="its start"
        )
        let_pass(chance.uniform(0, 1.5))
        return
    for target in targets:
        wait_until(lambda name=target.name: demo.calls(name), timeout=60, description="every call")
    if moment == "during":
        let_pass(chance.uniform(0, 1.2))
        return
    wait_until(
        lambda: demo.calls(targets[0].name)[0].ended_at, timeout=20, description="the answer"
    )
    let_pass(chance.uniform(0, 1.5))


def _judge(
    findings: Findings, when: str, target: _Target, run: Run, demo: DemoClient, killed: float
) -> None:
    where = f"{when}, {target.name}"
    calls = demo.calls(target.name)
    findings.expect(that=len(calls) <= 1, otherwise=f"{where}: {len(calls)} requests in one try")
    findings.expect(
        that=run.outcome is not None and run.state == STATES[run.outcome],
        otherwise=f"{where}: the run is {run.state} with outcome {run.outcome}",
    )
    interrupted = run.outcome == "timeout" and RESTARTED in (run.message or "")
    if not calls:
        # It died between the record and the request: at most once means not at all here.
        findings.notes.append(f"{where}: died before the request left")
        findings.expect(that=interrupted, otherwise=f"{where}: no request, yet {run.outcome}")
        return
    answered = calls[0].at + target.delay
    if calls[0].at > killed + _UNSURE_S or answered < killed - _UNSURE_S:
        right = run.outcome == target.code
    elif calls[0].at < killed - _UNSURE_S and answered > killed + _UNSURE_S:
        right = interrupted
    else:
        right = interrupted or run.outcome == target.code
    findings.expect(
        that=right,
        otherwise=(
            f"{where}: called {calls[0].at - killed:+.2f} s from the kill, {target.code} after"
            f" {target.delay:.2f} s, got {run.outcome}: {run.message}"
        ),
    )


def _clear(
    findings: Findings, airflow: Deployment, demo: DemoClient, targets: list[_Target]
) -> None:
    """A cleared run is a new try: it calls again, once."""
    before = {target.name: {key(call) for call in demo.calls(target.name)} for target in targets}
    for target in targets:
        airflow.clear(airflow.runs(target.dag_id)[0])
    for target in targets:
        wait_until(
            lambda name=target.name: len(demo.calls(name)) > len(before[name]),
            timeout=60,
            description=f"{target.name}: the call of the cleared run",
        )
        first = airflow.runs(target.dag_id)[0].run_id
        run = airflow.wait_for_run(
            target.dag_id,
            lambda run, first=first: run.run_id == first and ended(run),
            description="the end of the cleared run",
        )
        new = [call for call in demo.calls(target.name) if key(call) not in before[target.name]]
        # Without a request in the first try its scripted answer is still to come.
        expected = "success" if before[target.name] else target.code
        findings.expect(
            that=len(new) == 1 and run.outcome == expected,
            otherwise=f"{target.name} cleared: {len(new)} new requests, {run.outcome}",
        )
