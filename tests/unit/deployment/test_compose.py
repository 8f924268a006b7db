"""What holds of docker-compose.yaml, whatever else is edited in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from system_daemon.local.env_file import GENERATORS, TEMPLATE, filled
from tests.airflow_settings import PROJECT
from tests.unit.deployment.compose_file import FILE, airflow, services, variables

DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
FERNET = "AIRFLOW__CORE__FERNET_KEY"
JWT = "AIRFLOW__API_AUTH__JWT_SECRET"
API = "AIRFLOW__API__SECRET_KEY"
BROKER, RESULTS = "AIRFLOW__CELERY__BROKER_URL", "AIRFLOW__CELERY__RESULT_BACKEND"
REDIS, POSTGRES = "AIRFLOW_CONN_SYSTEM_DAEMON_REDIS", "AIRFLOW_CONN_SYSTEM_DAEMON_POSTGRES"
MESSAGES = {f"AIRFLOW_CONN_SYSTEM_DAEMON_{way}" for way in ("EMAIL", "SMS", "PUSH")}
# docs/adr/0008
NEEDED = {
    "airflow-apiserver": {DATABASE, FERNET, JWT, API},
    "airflow-scheduler": {DATABASE, FERNET, JWT, BROKER, RESULTS},
    "airflow-dag-processor": {DATABASE, FERNET, *MESSAGES},
    "airflow-triggerer": {DATABASE, FERNET, API, REDIS},
    "airflow-worker": {API, BROKER, RESULTS, REDIS, POSTGRES, *MESSAGES},
    "airflow-init": {DATABASE, FERNET, "ADMIN_PASSWORD"},
    "flower": {BROKER, RESULTS, "AIRFLOW__CELERY__FLOWER_BASIC_AUTH"},
}
SECRETS = set().union(*NEEDED.values())
STORES = {"postgres", "redis", "platform-postgres", "platform-redis"}
PUBLISHED = {"airflow-apiserver", "flower"}


def test_every_service_is_known() -> None:
    assert set(services()) == STORES | set(NEEDED)
    assert set(airflow()) == set(NEEDED)


@pytest.mark.parametrize("name", NEEDED)
def test_a_component_has_the_secrets_it_needs_and_no_other(name: str) -> None:
    assert SECRETS & set(services()[name]["environment"]) == NEEDED[name]


def test_no_other_variable_carries_a_secret() -> None:
    secret = re.compile("|".join([*GENERATORS, r"SYSTEM_DAEMON_(?:REDIS|POSTGRES|EMAIL|SMS|PUSH)"]))
    for name, service in airflow().items():
        for variable, value in service["environment"].items():
            assert variable in SECRETS or not secret.search(str(value)), f"{name}: {variable}"


def test_every_secret_is_asked_for_and_has_no_default() -> None:
    asked = {each["name"] for each in variables() if each["operator"] == ":?"}
    assert asked == {*GENERATORS, "SYSTEM_DAEMON_REDIS", "SYSTEM_DAEMON_POSTGRES"}
    for each in variables():
        if each["name"] in asked:
            assert each["operator"] == ":?", each[0]
            expected = f"expected {each['name']} in .env, got nothing; run make env"
            assert each["word"] == expected


def test_no_password_stands_in_the_file() -> None:
    for value in re.findall(r"(?m)^ *\w*(?:PASSWORD|SECRET|KEY|AUTH): *(\S.*)$", FILE.read_text()):
        assert value.removeprefix("admin:").startswith("${"), value
    assert re.findall(r"://[^/@\s$]*:(?!\$\{)[^/@\s]+@", FILE.read_text()) == []


def test_the_template_has_every_variable_without_a_default() -> None:
    offered = set(re.findall(r"(?m)^([A-Z_]+)=", (PROJECT / TEMPLATE).read_text()))
    needed = {each["name"] for each in variables() if each["operator"] == ":?"}
    assert needed <= offered
    assert offered - {each["name"] for each in variables()} == {"COMPOSE_PROFILES"}


@pytest.mark.parametrize("name", sorted({*STORES, *NEEDED}))
def test_every_service_is_confined(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service["user"].startswith(("0", "root"))
    assert "privileged" not in service
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", ()))


@pytest.mark.parametrize("name", sorted({*STORES, *NEEDED} - {"airflow-init"}))
def test_what_stays_up_is_watched_and_restarted(name: str) -> None:
    service = services()[name]
    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"
    assert service["logging"]["options"]["max-size"]


def test_only_the_two_pages_are_published_and_to_this_host_only() -> None:
    published = {name: each["ports"] for name, each in services().items() if "ports" in each}
    assert set(published) == PUBLISHED
    for port in _flat(published.values()):
        assert port.startswith("127.0.0.1:"), port


def test_databases_and_broker_are_in_networks_without_a_way_out() -> None:
    assert services()["postgres"]["networks"] == ["metadata"]
    assert services()["redis"]["networks"] == ["broker"]
    assert "metadata" not in services()["airflow-worker"]["networks"]


@pytest.mark.parametrize("name", sorted({*STORES, *NEEDED}))
def test_no_service_takes_all_memory(name: str) -> None:
    assert re.fullmatch(r"(\$\{\w+:-)?\d+[mg]\}?", services()[name]["mem_limit"])


def test_a_worker_has_memory_for_all_its_tasks() -> None:
    """340 MB and 60 MB a task: docs/figures.md and docs/deploying.md."""
    defaults = {each["name"]: each["word"] for each in variables()}
    tasks, limit = int(defaults["WORKER_CONCURRENCY"]), defaults["WORKER_MEMORY"]
    assert 2 * (340 + 60 * tasks) < int(limit.removesuffix("g")) * 1024


@pytest.mark.parametrize("name", sorted({*STORES, *NEEDED}))
def test_no_secret_becomes_an_argument(name: str) -> None:
    """But for `printf`, which is no process but a part of the shell."""
    for line in "\n".join(services()[name].get("command", ())).splitlines():
        assert "printf" in line or not re.search(r"\$\$\w*(PASSWORD|SECRET|KEY)", line), line


@pytest.mark.parametrize("name", sorted({*STORES, *NEEDED}))
def test_every_image_is_pinned(name: str) -> None:
    image = services()[name]["image"]
    tag = image.removesuffix("}").rpartition(":")[2]
    assert re.search(r"\d+\.\d+", tag), f"{image}: expected a tag with a version"


def test_the_base_image_is_one_in_both_files_and_its_airflow_is_ours() -> None:
    (base,) = re.findall(r"(?m)^ARG AIRFLOW_IMAGE=(\S+)$", (PROJECT / "Dockerfile").read_text())
    assert services()["airflow-worker"]["build"]["args"]["AIRFLOW_IMAGE"] == (
        f"${{AIRFLOW_IMAGE:-{base}}}"
    )
    lock = (PROJECT / "requirements-cluster.txt").read_text()
    (ours,) = re.findall(r"(?m)^apache-airflow==([\d.]+) ", lock)
    assert f"slim-{ours}-" in base


def test_every_airflow_component_has_the_package_the_configuration_and_one_log_folder() -> None:
    for name, service in airflow().items():
        assert service["environment"]["PYTHONPATH"] == "/opt/airflow/include", name
        assert "logs:/opt/airflow/logs" in service["volumes"], name
        assert "./include/config:/opt/airflow/include/config:ro" in service["volumes"], name


def test_the_platforms_redis_keeps_what_it_was_given() -> None:
    command = services()["platform-redis"]["command"][-1]
    assert "appendonly yes" in command
    assert "noeviction" in command


def test_init_makes_the_pool_of_the_maintenance_tasks() -> None:
    script = services()["airflow-init"]["command"][-1]
    assert 'airflow pools set system_daemon 8 "' in script
    assert "include-deferred" not in script


@pytest.mark.skipif(shutil.which("docker") is None, reason="needs a docker client")
def test_docker_compose_accepts_it(tmp_path: Path) -> None:
    if subprocess.run(
        ["docker", "compose", "version"], capture_output=True, check=False
    ).returncode:
        pytest.skip("this docker client has no compose")
    environment = tmp_path / "env"
    environment.write_text(filled((PROJECT / TEMPLATE).read_text()))
    command = ["docker", "compose", "--file", str(FILE), "--profile", "*"]
    done = subprocess.run(
        [*command, "--env-file", str(environment), "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _flat(lists: Iterable[list[str]]) -> list[str]:
    return [each for one in lists for each in one]
