"""Two Airflows with databases of their own and one Redis have the same service in their plans."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from system_daemon.local.demo_answers import Answer
from system_daemon.local.demo_call import ReceivedCall
from system_daemon.local.demo_client import DemoClient
from tests.deployment import Deployment, Run
from tests.e2e.services import NEVER_AGAIN, service
from tests.experiments.findings import Findings, ended, key, owns
from tests.waiting import wait_until

Pair = tuple[Deployment, Deployment]
FENCE = "System-Daemon-Fencing-Token"
HOLDER_TIMEOUT_S = 8
_UNSURE_S = 0.5
"""The lock is taken this much before its request arrives at the most."""
_AGAIN_AT_ONCE = dict.fromkeys(("on_success", "on_idle", "on_error", "on_timeout"), 1)
_DELAYS = (0.5, 3.0, 1.0, 2.5, 0.0)
"""Long enough that the other one often finds the lock held."""
_CODES = ("success", "idle", "error")


def share_a_service(
    pair: Pair, demo: DemoClient, *, due_times: int, name: str = "shared"
) -> Findings:
    """Both call it again and again until so many due times have passed."""
    findings = Findings(
        experiment='one service in two deployments, policy "always"', unit="due times"
    )
    answers = [
        Answer(code=_CODES[number % len(_CODES)], delay=delay)
        for number, delay in enumerate(_DELAYS)
    ]
    demo.script(name, answers, repeat=True)
    for deployment in pair:
        deployment.configure([service(name, lock_policy="always", intervals=_AGAIN_AT_ONCE)])

    def passed() -> list[Run]:
        return [run for one in pair for run in one.runs(f"service__{name}") if ended(run)]

    wait_until(
        lambda: len(passed()) >= due_times,
        timeout=60 + due_times * 8,
        description=f"{due_times} due times",
    )
    for deployment in pair:
        deployment.configure([])
    runs, calls = passed(), demo.calls(name)
    findings.count = len(runs)
    for earlier, later in pairwise(calls):
        over = earlier.ended_at is not None and earlier.ended_at <= later.at
        findings.expect(that=over, otherwise=f"two calls at once: {key(earlier)}, {key(later)}")
    _fencing_grows(findings, calls)
    sent = Counter(key(call) for call in calls)
    findings.expect(
        that=all(number == 1 for number in sent.values()),
        otherwise="a try sent more than one request",
    )
    by = [sum(owns(one, call) for call in calls) for one in pair]
    findings.expect(that=all(by), otherwise=f"expected calls of both, got {by[0]} and {by[1]}")
    locked = sum(run.outcome == "locked" for run in runs)
    findings.notes.append(f"{by[0]} and {by[1]} calls; {locked} due times ended as locked")
    return findings


def kill_the_holder(pair: Pair, demo: DemoClient, *, kills: int = 1) -> Findings:
    """The triggerer that holds the lock dies; the other deployment waits for the lock's end."""
    findings = Findings(experiment="the deployment that holds the lock is killed", unit="kills")
    waits = []
    for number in range(kills):
        waits.append(_kill_the_holder(findings, pair, demo, name=f"held_{number}"))
        findings.count += 1
    findings.notes.append(f"the next call came at most {max(waits):.1f} s after the lock's end")
    for deployment in pair:
        deployment.configure([])
    return findings


def _kill_the_holder(findings: Findings, pair: Pair, demo: DemoClient, *, name: str) -> float:
    """Seconds from the end of the lock to the next call."""
    demo.script(name, [Answer(behaviour="hang"), Answer(code="success")])
    intervals = NEVER_AGAIN | {"on_idle": 1}
    entry = service(name, lock_policy="always", timeout=HOLDER_TIMEOUT_S, intervals=intervals)
    for deployment in pair:
        deployment.configure([entry])
    (first,) = wait_until(lambda: demo.calls(name)[:1], timeout=60, description="the first call")
    holder = next(one for one in pair if owns(one, first))
    killed = time.time()
    holder.kill("triggerer")
    wait_until(
        lambda: len(demo.calls(name)) > 1,
        timeout=HOLDER_TIMEOUT_S + 60,
        description="the call of the other deployment",
    )
    holder.start("triggerer")
    run = holder.wait_for_run(
        f"service__{name}", lambda run: run.outcome == "timeout", description="the killed call"
    )
    calls = demo.calls(name)
    free = calls[1].at - (first.at + HOLDER_TIMEOUT_S)
    findings.recovery.append(calls[1].at - killed)
    findings.expect(
        that=free > -_UNSURE_S,
        otherwise=f"called again {-free:.2f} s before the lock of the killed call ended",
    )
    findings.expect(
        that="restarted" in (run.message or ""), otherwise=f"the killed call says: {run.message}"
    )
    sent = Counter(key(call) for call in calls)
    findings.expect(that=sent[key(first)] == 1, otherwise="the killed call was sent again")
    _fencing_grows(findings, calls)
    return free


def daily_in_both(
    pair: Pair, demo: DemoClient, *, ahead: float, name: str = "daily_of_both"
) -> Findings:
    """A daily service falls due in both: one of them serves the day."""
    findings = Findings(experiment="one daily service in two deployments", unit="day")
    demo.script(name, [Answer(code="success", delay=1)])
    at = datetime.now(UTC) + timedelta(seconds=ahead)
    plan = {"period": "daily", "time": f"{at:%H:%M:%S}", "timezone": "UTC"}
    for deployment in pair:
        deployment.configure([service(name, lock_policy="always", execution_plan=plan)])
    runs = [
        one.wait_for_run(f"service__{name}", ended, description="its daily run", timeout=ahead + 60)
        for one in pair
    ]
    outcomes = sorted(str(run.outcome) for run in runs)
    calls = demo.calls(name)
    findings.count = 1
    findings.expect(that=len(calls) == 1, otherwise=f"expected one call, got {len(calls)}")
    findings.expect(
        that=outcomes == ["locked", "success"], otherwise=f"the two runs ended as {outcomes}"
    )
    for run in runs:
        late = abs((run.run_after - at).total_seconds())
        findings.expect(that=late < 1, otherwise=f"due at {run.run_after}, planned for {at}")
    for deployment in pair:
        deployment.configure([])
    return findings


def _fencing_grows(findings: Findings, calls: list[ReceivedCall]) -> None:
    numbers = [int(call.headers.get(FENCE, 0)) for call in calls]
    findings.expect(
        that=all(earlier < later for earlier, later in pairwise(numbers)),
        otherwise=f"fencing numbers do not grow: {numbers}",
    )
