"""kill -9 of one of each component under load; `make chaos` notes the figures of the same."""

from __future__ import annotations

import pytest

from system_daemon.local.demo_client import DemoClient
from tests.cluster.clinic import configure, patients
from tests.cluster.cluster import Cluster
from tests.cluster.kills import kill_each
from tests.experiments.ledger import Ledger
from tests.experiments.producer import Producer

pytestmark = pytest.mark.timeout(1800)


def test_no_due_time_is_run_twice_and_no_job_is_lost(
    cluster: Cluster, demo: DemoClient, producer: Producer, ledger: Ledger
) -> None:
    try:
        done = kill_each(
            cluster, demo, producer, ledger, services=25, due_times=500, per_second=20, seed=20260
        )
    finally:
        configure(cluster, [patients(demo)])
    assert done.overall.violations == []
    assert (done.double_runs, done.lost) == (0, 0)
