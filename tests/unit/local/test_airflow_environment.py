"""A local Airflow is told everything, and nothing of the caller's own Airflow."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from system_daemon.local.airflow_environment import AirflowSettings, airflow_environment
from system_daemon.local.generated_secrets import load_or_create


@pytest.fixture
def settings(tmp_path: Path) -> AirflowSettings:
    return AirflowSettings(
        project=tmp_path / "my project",
        home=tmp_path / "airflow",
        database_url="postgresql://airflow:pw@127.0.0.1:5999/airflow",
        redis_url="redis://:pw@127.0.0.1:6999/0",
        port=8099,
        worker_log_port=8793,
        trigger_log_port=8794,
        secrets=load_or_create(tmp_path),
        demo_port=8090,
    )


def test_the_callers_airflow_is_left_out(
    settings: AirflowSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__UNIT_TEST_MODE", "True")
    monkeypatch.setenv("AIRFLOW_CONFIG", "/elsewhere/airflow.cfg")
    monkeypatch.setenv("AIRFLOW_HOME", "/elsewhere")
    environment = airflow_environment(settings)
    assert "AIRFLOW__CORE__UNIT_TEST_MODE" not in environment
    assert "AIRFLOW_CONFIG" not in environment
    assert environment["AIRFLOW_HOME"] == str(settings.home)


def test_every_address_of_the_api_has_its_port(settings: AirflowSettings) -> None:
    environment = airflow_environment(settings)
    assert environment["AIRFLOW__API__PORT"] == "8099"
    assert environment["AIRFLOW__API__BASE_URL"] == "http://localhost:8099"
    assert ":8099/" in environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]


def test_both_drivers_reach_the_same_database(settings: AirflowSettings) -> None:
    environment = airflow_environment(settings)
    rest = "://airflow:pw@127.0.0.1:5999/airflow"
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == f"postgresql+psycopg2{rest}"
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"] == f"postgresql+asyncpg{rest}"


def test_the_shipped_endpoint_reaches_the_demo_on_its_port(settings: AirflowSettings) -> None:
    environment = airflow_environment(settings)
    assert environment["SYSTEM_DAEMON_RESOLVE"] == "demo.localhost:80=127.0.0.1:8090"


def test_every_connection_of_the_shipped_configuration_is_there(
    settings: AirflowSettings,
) -> None:
    def connections(of: AirflowSettings) -> dict[str, str]:
        start = "AIRFLOW_CONN_SYSTEM_DAEMON_"
        return {
            name.removeprefix(start): value
            for name, value in airflow_environment(of).items()
            if name.startswith(start)
        }

    assert set(connections(settings)) == {"REDIS"}
    url = "postgresql://airflow:pw@127.0.0.1:5999/linkcare"
    found = connections(replace(settings, platform_url=url, mail_port=8025))
    assert set(found) == {"REDIS", "POSTGRES", "EMAIL", "SMS", "PUSH"}
    assert found["POSTGRES"] == url
    assert json.loads(found["EMAIL"])["port"] == 8025
    assert json.loads(found["SMS"])["host"] == "http://127.0.0.1:8090/gateway/sms"
    without_demo = replace(settings, platform_url=url, demo_port=None)
    assert set(connections(without_demo)) == {"REDIS", "POSTGRES"}


def test_bytecode_is_written_and_no_proxy_is_asked_for_loopback(
    settings: AirflowSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("NO_PROXY", "intranet")
    environment = airflow_environment(settings)
    assert "PYTHONDONTWRITEBYTECODE" not in environment
    assert environment["NO_PROXY"] == "localhost,127.0.0.1,intranet"


def test_the_callers_configuration_folder_is_passed_on_as_the_caller_means_it(
    settings: AirflowSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYSTEM_DAEMON_CONFIG", "here")
    assert airflow_environment(settings)["SYSTEM_DAEMON_CONFIG"] == str(tmp_path / "here")


def test_the_login_is_in_a_private_file(settings: AirflowSettings) -> None:
    path = Path(airflow_environment(settings)["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    assert json.loads(path.read_text()) == {"admin": settings.secrets.admin_password}
    assert path.stat().st_mode & 0o777 == 0o600
