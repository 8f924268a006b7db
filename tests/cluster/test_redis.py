"""Both servers of the image `redis`, by their commands in the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.container import Container
from tests.waiting import wait_until


@pytest.fixture(params=["redis", "platform-redis"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Container]:
    """One of a cluster that is not started."""
    cluster = Cluster(tmp_path)
    container = cluster.containers[request.param]
    container.start()
    try:
        container.wait_until_healthy(timeout=30)
        yield container
    finally:
        cluster.stop()


def test_it_is_not_healthy_for_who_does_not_know_its_password(server: Container) -> None:
    for wrong in ("", "another"):
        done = server.run(*server.service.healthcheck, also={"REDISCLI_AUTH": wrong})
        assert done.returncode != 0, done.stdout


def test_its_password_stands_on_no_command_line(server: Container) -> None:
    password = server.environment["REDISCLI_AUTH"]
    for process in server.members():
        assert password not in " ".join(process.cmdline())


def test_it_is_the_first_process_and_ends_when_it_is_told_to(server: Container) -> None:
    (process,) = server.members()
    assert process.name() == "redis-server"
    server.stop()
    wait_until(lambda: not server.members(), 5, "the end")
    said = server.log.read_text()
    assert "Received SIGTERM scheduling shutdown" in said
