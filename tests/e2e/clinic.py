"""The queue `clinic`: its jobs in Redis, and its configuration in a real Airflow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
import redis

from system_daemon.local.redis import Redis
from tests.deployment import Deployment
from tests.waiting import wait_until

DAG = "jobs__clinic"
Serve = Callable[..., None]


class Resque:
    """The platform's side: puts jobs into Redis as php-resque does."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client

    def put(self, job_class: str, job_id: str, args: object = None) -> None:
        payload = {"class": job_class, "args": [args], "id": job_id, "queue_time": 1.5}
        self.client.sadd("resque:queues", "clinic")
        self.client.rpush("resque:queue:clinic", json.dumps(payload))

    def queued(self) -> list[bytes]:
        """The payloads that wait, the head first."""
        return list(self.client.lrange("resque:queue:clinic", 0, -1))

    def left(self) -> list[str]:
        """Keys that hold a job, or say that somebody works on one."""
        names = [key.decode() for key in self.client.scan_iter("resque:*")]
        kept = ("resque:queues", "resque:stat:", "resque:failed")
        return sorted(name for name in names if not name.startswith(kept))


@pytest.fixture
def resque(redis_server: Redis) -> Iterator[Resque]:
    with redis.Redis.from_url(redis_server.url()) as client:
        client.flushall()
        yield Resque(client)
        client.flushall()


@pytest.fixture
def serve(airflow: Deployment) -> Iterator[Serve]:
    """Configures the queue ``clinic`` with these routes."""

    def configured(*routes: dict[str, object], **queue: object) -> None:
        entry = {"name": "clinic", "concurrency": 8, "linger": 2, "max_attempts": 1} | queue
        airflow.write(
            "background_jobs.json", json.dumps({"queues": [entry], "routes": list(routes)})
        )
        wait_until(lambda: airflow.knows(DAG), timeout=60, description="the queue's DAG")

    yield configured
    airflow.write("background_jobs.json", "{}")
