"""One cluster for all tests of a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from system_daemon.local.demo_client import DemoClient
from system_daemon.local.demo_server import DemoServer
from tests.cluster.clinic import patients, running_cluster
from tests.cluster.cluster import Cluster
from tests.experiments.ledger import Ledger
from tests.experiments.producer import Producer

PAUSE_S = 0.02
"""What a job takes."""


@pytest.fixture(scope="session")
def demo(demo_server: DemoServer) -> DemoClient:
    return DemoClient(demo_server.url())


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, demo: DemoClient) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("a folder with spaces")
    profiles = "platform,flower"
    with running_cluster(folder, [patients(demo)], COMPOSE_PROFILES=profiles) as cluster:
        yield cluster


@pytest.fixture
def ledger(cluster: Cluster) -> Ledger:
    return Ledger(cluster.platform_url)


@pytest.fixture
def producer(cluster: Cluster) -> Iterator[Producer]:
    one = Producer(cluster.platform_redis_url, pause=PAUSE_S)
    yield one
    one.close()
