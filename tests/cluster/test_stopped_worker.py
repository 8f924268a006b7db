"""A worker that is told to stop, as every deployment does, while its queue never gets empty."""

from __future__ import annotations

import pytest

from tests.cluster.cluster import Cluster
from tests.experiments.ledger import Ledger, judge
from tests.experiments.producer import Producer
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(600)

GRACE_S = 60
"""Half of the file's `stop_grace_period`."""


def test_it_ends_its_shifts_at_once_and_no_job_is_lost_or_run_twice(
    cluster: Cluster, producer: Producer, ledger: Ledger
) -> None:
    worker, _other = cluster.replicas("airflow-worker")
    with producer.steadily(per_second=100):
        ledger.more(500, timeout=180)
        at_work = {each.pid for each in ledger.all()} & {each.pid for each in worker.members()}
        assert at_work, "shifts"
        worker.stop()
        wait_until(lambda: not worker.members(), GRACE_S, "the worker's end")
        ledger.more(500)
        worker.start()
    ledger.wait_for(producer.pushed, timeout=120, because=lambda: f"left: {producer.left()}")
    judged = judge(ledger.all(), range(producer.pushed))
    assert (judged.lost, judged.again) == ([], [])
    worker.wait_until_healthy(timeout=120)
