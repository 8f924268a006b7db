"""One of each component of the cluster is killed; a row in `docs/chaos.md` for each."""

from __future__ import annotations

from pathlib import Path

import pytest

from system_daemon.local.demo_client import DemoClient
from tests.cluster.clinic import running_cluster
from tests.cluster.kills import kill_each
from tests.experiments.findings import Findings
from tests.experiments.ledger import Ledger
from tests.experiments.producer import Producer

SEED = 20260
PAUSE_S = 0.05

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(3600)]


def test_500_due_times_while_one_of_each_component_is_killed(
    demo_platform: DemoClient, tmp_path: Path, rows: list[Findings]
) -> None:
    with running_cluster(tmp_path, []) as cluster:
        ledger = Ledger(cluster.platform_url)
        producer = Producer(cluster.platform_redis_url, pause=PAUSE_S)
        try:
            found = kill_each(
                cluster,
                demo_platform,
                producer,
                ledger,
                services=25,
                due_times=500,
                per_second=20,
                seed=SEED,
            )
        finally:
            producer.close()
    rows += found.findings()
    assert found.overall.violations == []
