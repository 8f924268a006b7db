"""airflow_settings.yaml has the shape that the Astro CLI reads, and what the package asks for."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from airflow.models.connection import Connection

from system_daemon.configuration.background_jobs import BackgroundJobs
from system_daemon.configuration.loading import load
from tests.airflow_settings import PROJECT

KEYS = {
    "conn_id", "conn_type", "conn_host", "conn_schema", "conn_login", "conn_password", "conn_port",
    "conn_uri", "conn_extra",
}  # fmt: skip


@pytest.fixture
def settings() -> dict[str, list[dict[str, Any]]]:
    text = (PROJECT / "airflow_settings.yaml").read_text()
    found: dict[str, list[dict[str, Any]]] = yaml.safe_load(text)["airflow"]
    return found


def test_the_astro_cli_takes_this_folder_for_a_project() -> None:
    found = yaml.safe_load((PROJECT / ".astro" / "config.yaml").read_text())
    assert found == {"project": {"name": "system-daemon"}}


def test_it_has_the_three_parts(settings: dict[str, Any]) -> None:
    assert set(settings) == {"connections", "pools", "variables"}
    assert settings["variables"] == []


def test_every_connection_is_one_that_airflow_accepts(settings: dict[str, Any]) -> None:
    for each in settings["connections"]:
        assert set(each) == KEYS, each["conn_id"]
        assert each["conn_port"] is None or isinstance(each["conn_port"], int)
        assert each["conn_extra"] is None or isinstance(each["conn_extra"], dict)
        made = Connection(
            conn_id=each["conn_id"],
            conn_type=each["conn_type"],
            host=each["conn_host"],
            schema=each["conn_schema"],
            login=each["conn_login"],
            password=each["conn_password"],
            port=each["conn_port"],
            extra=each["conn_extra"],
        )
        assert Connection(conn_id="again", uri=made.get_uri()).host == each["conn_host"]


def test_what_the_shipped_configuration_names_is_there(settings: dict[str, Any]) -> None:
    there = {each["conn_id"] for each in settings["connections"]}
    notifications = BackgroundJobs().notifications
    wanted = {
        load().settings.redis_connection,
        load().jobs.redis_connection,
        notifications.email,
        notifications.sms,
        notifications.push,
        "system_daemon_postgres",
    }
    assert there == wanted


def test_the_pool_is_that_of_docker_compose(settings: dict[str, Any]) -> None:
    (pool,) = settings["pools"]
    assert (pool["pool_name"], pool["pool_slot"]) == ("system_daemon", 8)
