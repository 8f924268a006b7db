"""The maintenance tasks as DAGs: schedules, trigger forms, and what a wrong file stops."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import ParamValidationError

from system_daemon.configuration.catalogue import CATALOGUE
from system_daemon.configuration.loading import SHIPPED, load
from system_daemon.jobs.payload import Job
from system_daemon.jobs.routes import Routes, dag_params
from tests.airflow_settings import PROJECT
from tests.dags.conftest import Parse

UPDATE = "maintenance__admissions_update"
PURGE = "maintenance__purge_database"


def errors(bag: Any) -> str:
    return "\n".join(bag.import_errors.values())


@pytest.fixture
def configured(parse: Parse, tmp_path: Path):
    """Parses with this maintenance.json beside no service."""

    def parsed(whole: Any, **settings: Any) -> Any:
        text = whole if isinstance(whole, str) else json.dumps(whole)
        (tmp_path / "maintenance.json").write_text(text)
        (tmp_path / "settings.json").write_text(json.dumps({"system_timezone": "UTC"} | settings))
        return parse("[]")

    return parsed


def test_every_task_of_the_platform_is_a_dag_with_its_schedule(parse: Parse) -> None:
    bag = parse()
    summaries = {
        task.name: getattr(bag.dags[f"maintenance__{task.name.lower()}"].timetable, "summary", None)
        for task in CATALOGUE
    }
    assert summaries == {
        "OUTDATED_TASKS_CHECK": "every 300 s",
        "AVAILABLE_TASKS_CHECK": "every 300 s",
        "PURGE_DATABASE": "daily 00:00 UTC",
        "SERVICE_TASKS": "every 60 s",
        "EXPIRED_ADMISSIONS": "daily 01:00 UTC",
        "DELAYED_NOTIFICATIONS": "every 300 s",
        "EXPIRED_SESSIONS": "every 300 s",
        "ADMISSIONS_UPDATE": None,
    }


def test_a_run_waits_for_its_pool_and_is_tried_again(parse: Parse) -> None:
    for task in load().maintenance_tasks:
        (sweep,) = parse().dags[task.dag_id].tasks
        assert (sweep.task_id, sweep.pool, sweep.retries) == ("sweep", "system_daemon", 2)
        assert sweep.max_active_tis_per_dag == 1, "beside a backfill too"


def test_a_schedule_needs_no_param_and_the_form_has_types(parse: Parse) -> None:
    purge = parse().dags[PURGE]
    assert purge.params.validate() == {
        "dry_run": False,
        "as_of": None,
        "batch_size": None,
        "allow_more": False,
    }
    assert "allow_more" not in parse().dags["maintenance__service_tasks"].params


@pytest.mark.parametrize(
    ("key", "value"), [("dry_run", "yes"), ("as_of", "yesterday"), ("batch_size", 0)]
)
def test_a_wrong_value_is_refused_in_the_form(parse: Parse, key: str, value: object) -> None:
    params = parse().dags[PURGE].params
    with pytest.raises(ParamValidationError):
        params[key] = value


def test_r21_the_update_needs_a_subscription(parse: Parse) -> None:
    params = parse().dags[UPDATE].params
    with pytest.raises(ParamValidationError):
        params.validate()
    params["subscription"] = 7
    assert params.validate()["to_version"] is None


def test_r21_a_job_of_the_api_has_a_route_to_it(parse: Parse) -> None:
    route = Routes(load().jobs.routes).find("AdmissionsUpdate")
    assert route is not None
    assert (route.dag, route.run) == (UPDATE, "dag")
    args = [{"subscription": 7, "to_version": 3}]
    job = Job(id="1", job_class="AdmissionsUpdate", args=args, queue="q", raw=b"")
    assert dag_params(route, job) == {"subscription": 7, "to_version": 3}
    params = parse().dags[UPDATE].params
    params.update(dag_params(route, job))
    params.validate()


@pytest.mark.parametrize("value", [1, 200_000, 2**31 - 1, "1", "200000"])
@pytest.mark.parametrize("key", ["subscription", "from_version", "to_version"])
def test_r21_any_version_is_taken_also_as_php_writes_it(
    parse: Parse, key: str, value: object
) -> None:
    params = parse().dags[UPDATE].params
    params.update({"subscription": 7, key: value})
    assert params.validate()[key] == value


@pytest.mark.parametrize("value", [0, -1, 1.5, "0", "", "-1", "7 OR 1=1", "1e3", "12345678901"])
@pytest.mark.parametrize("key", ["subscription", "from_version", "to_version"])
def test_r21_what_is_no_version_is_refused(parse: Parse, key: str, value: object) -> None:
    params = parse().dags[UPDATE].params
    with pytest.raises(ParamValidationError):
        params[key] = value


def test_without_the_file_there_is_no_maintenance(parse: Parse) -> None:
    bag = parse("[]")
    assert dict(bag.dags) == {}
    assert bag.import_errors == {}


def test_r20_a_refused_task_is_shown_and_stops_nothing_else(configured) -> None:
    bag = configured({})
    assert len(bag.dags) == len(CATALOGUE) - 1
    assert "maintenance.json .max_inactive_session_time: expected the seconds" in errors(bag)
    assert [path.rsplit("/", 1)[-1] for path in bag.import_errors] == ["configuration_errors.py"]


def test_a_file_beyond_repair_is_the_import_error_of_its_own_dag_file(configured) -> None:
    bag = configured("{")
    assert dict(bag.dags) == {}
    assert [path.rsplit("/", 1)[-1] for path in bag.import_errors] == ["maintenance.py"]


def test_sql_that_no_run_could_use_is_shown(configured, tmp_path: Path) -> None:
    (tmp_path / "mine.sql").write_text("DELETE FROM session;")
    mine = {"name": "mine", "sql": "mine.sql", "frequency": 60}
    bag = configured({"max_inactive_session_time": 60, "tasks": [mine]})
    assert "maintenance.json mine: expected statements in mine.sql" in errors(bag)
    assert "maintenance__mine" in bag.dags, "its run fails with the same sentence"


def test_r22_an_older_platform_has_fewer(configured) -> None:
    bag = configured({}, api_version="2.7.20")
    assert bag.import_errors == {}
    assert len(bag.dags) == 4


def test_the_dag_file_needs_neither_psycopg_nor_redis() -> None:
    """It is parsed all day long."""
    code = (
        "import sys; sys.path[:0] = [sys.argv[1], sys.argv[2]]; import maintenance;"
        "print(*sorted({'psycopg', 'redis', 'aiohttp'} & {*sys.modules}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(PROJECT / "dags"), str(PROJECT / "include")],
        capture_output=True,
        text=True,
        check=True,
        env={"SYSTEM_DAEMON_CONFIG": str(SHIPPED), "PATH": "", **_airflow_home()},
    )
    assert result.stdout.split() == []


def _airflow_home() -> dict[str, str]:
    import os

    return {name: os.environ[name] for name in os.environ if name.startswith("AIRFLOW")}
