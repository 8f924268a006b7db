"""The file is read as Docker Compose reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from system_daemon.local.env_file import GENERATORS, TEMPLATE, filled
from tests.airflow_settings import PROJECT
from tests.cluster.compose import ComposeError, env_file, read
from tests.cluster.mapping import Network, View

FILE = PROJECT / "docker-compose.yaml"


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    file = tmp_path / ".env"
    file.write_text(filled((PROJECT / TEMPLATE).read_text()))
    return env_file(file)


@pytest.mark.parametrize("name", sorted(GENERATORS))
def test_a_missing_secret_is_named_before_anything_starts(
    variables: dict[str, str], name: str
) -> None:
    del variables[name]
    with pytest.raises(ComposeError, match=f"^expected {name} in .env, got nothing; run make env$"):
        read(FILE, variables)


def test_who_is_waited_for_comes_first(variables: dict[str, str]) -> None:
    services = read(FILE, variables)
    names = list(services)
    for service in services.values():
        for other in service.depends_on:
            assert names.index(other) < names.index(service.name)


def test_a_profile_that_is_not_active_starts_nothing(variables: dict[str, str]) -> None:
    both = variables | {"COMPOSE_PROFILES": "platform,flower"}
    assert {"flower", "platform-redis"} <= set(read(FILE, both))
    assert "flower" not in read(FILE, variables)
    assert "platform-redis" in read(FILE, variables)
    assert "platform-redis" not in read(FILE, variables | {"COMPOSE_PROFILES": ""})


def test_values_defaults_and_dollars(tmp_path: Path) -> None:
    file = tmp_path / "docker-compose.yaml"
    file.write_text(
        "x-all: &all {SET: '${SET}', EMPTY: '${EMPTY:-other}', DOLLAR: $$HOME}\n"
        "services: {one: {image: x, environment: {<<: *all, MORE: 1}, command: [run, '$$HOME']}}\n"
    )
    one = read(file, {"SET": "given", "EMPTY": ""})["one"]
    expected = {"SET": "given", "EMPTY": "other", "DOLLAR": "$HOME", "MORE": "1"}
    assert one.environment == expected
    assert one.command == ("run", "$HOME")


def test_what_the_harness_does_not_know_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "docker-compose.yaml"
    file.write_text("services: {one: {image: x, entrypoint: [run]}}\n")
    with pytest.raises(ComposeError, match="entrypoint"):
        read(file, {})


def test_hosts_ports_and_folders_become_this_machines(tmp_path: Path) -> None:
    network = Network()
    view = View(
        host="worker",
        network=network,
        servers={"platform-redis": 6379, "redis": 6379},
        folders={"/opt/airflow": tmp_path / "tree", "/tmp": tmp_path / "tmp"},
    )
    port, other = network.port("redis", 6379), network.port("platform-redis", 6379)
    assert view.text("redis://:pw@redis:6379/0") == f"redis://:pw@127.0.0.1:{port}/0"
    assert view.text("redis://platform-redis:6379") == f"redis://127.0.0.1:{other}"
    assert view.text("redis:63790") == "redis:63790"
    assert view.text("/opt/airflow/logs") == f"{tmp_path}/tree/logs"
    assert view.text("--pid=/tmp/x.pid /var/tmp") == f"--pid={tmp_path}/tmp/x.pid /var/tmp"
    network.ports.release()
