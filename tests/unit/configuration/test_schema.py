"""The JSON Schemas beside the files: generated, current, and of one mind with the models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from system_daemon.configuration.json_text import read_json
from system_daemon.configuration.loading import SHIPPED
from system_daemon.configuration.maintenance_entries import read_maintenance
from system_daemon.configuration.problems import Severity
from system_daemon.configuration.schema import (
    maintenance_schema,
    schema_texts,
    services_schema,
    settings_schema,
    write,
)
from system_daemon.configuration.settings import Settings
from system_daemon.configuration.settings_text import read_settings
from tests.unit.configuration.samples import (
    SEED_JSON,
    daily,
    interval,
    intervals,
    plan,
    read,
    without,
)

SERVICES = Draft202012Validator(services_schema())
SETTINGS = Draft202012Validator(settings_schema())
MAINTENANCE = Draft202012Validator(maintenance_schema())


FILES = ("external_services", "settings", "background_jobs", "maintenance")
NAMES = {f"{name}.schema.json" for name in FILES}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_committed_schemas_are_current(name: str) -> None:
    assert schema_texts().keys() == NAMES
    assert (SHIPPED / name).read_text(encoding="utf-8") == schema_texts()[name], (
        "run: PYTHONPATH=include .venv/bin/python -m system_daemon.configuration.schema"
    )


def test_they_are_written_where_they_belong(tmp_path: Any) -> None:
    write(tmp_path)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == schema_texts()


@pytest.mark.parametrize("schema", [services_schema(), settings_schema(), maintenance_schema()])
def test_they_are_schemas_of_their_draft(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


def test_every_key_tells_an_editor_its_meaning_and_what_is_expected() -> None:
    wholes = (settings_schema(), maintenance_schema())
    parts = [*services_schema()["$defs"].values(), *wholes]
    parts += [part for whole in wholes for part in whole["$defs"].values()]
    for part in parts:
        assert part["description"]
        for key, told in part["properties"].items():
            if key != "$schema":
                assert ". Expected: " in told["description"], key
    time = services_schema()["$defs"]["ExecutionPlan"]["properties"]["time"]
    assert time["description"] == (
        "The time of day; only with `daily`, and required there (R41). Expected: a time of day"
        " from 00:00 to 23:59:59 such as 15:57."
    )


def test_the_shipped_configuration_is_valid() -> None:
    SERVICES.validate(json.loads((SHIPPED / "external_services.json").read_text()))
    SETTINGS.validate(json.loads((SHIPPED / "settings.json").read_text()))
    MAINTENANCE.validate(json.loads((SHIPPED / "maintenance.json").read_text()))


def test_the_mended_seed_is_valid() -> None:
    SERVICES.validate(read_json(SEED_JSON).value)


PLANS = [None, [], {}, "daily", *({"period": period} for period in ("interval", "daily"))]
PLANS.append({"period": "daily", "time": None})
ZONES = ["UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+5", None, "", "Europe/", "../x", 5]


def shapes() -> list[Any]:
    """Entries that both must judge alike."""
    urls = ["https://h", "HTTP://h:1/x?y=1", "https://año/ñ", "http://[::1]:80/", "https://a_b/c@d"]
    bad_urls = [
        "",
        "h",
        "ftp://h",
        "https://",
        "https:///x",
        "http://u:p@h/",
        "http://h/#x",
        "http://h /",
        "http://:80",
        5,
        None,
    ]
    times = [
        "0:00",
        "9:05",
        "23:59",
        "23:59:59",
        "24:00",
        "9:5",
        "9:05:60",
        "9:60",
        "",
        "9:05 PM",
        905,
        None,
    ]
    return [
        daily(), interval(), daily(color=1), [], "x", None, 5, {},
        *(without(daily(), key) for key in daily()),
        *(daily(endpoint=url) for url in [*urls, *bad_urls]),
        *(plan(time=time) for time in times),
        *(daily(name=name) for name in ["a", "a b", "n" * 150, "n" * 151, "", " a", "a ", 5, None]),
        *(daily(timeout=value) for value in [1, 0.5, 604800, 604801, 0, -1, "300", None, True]),
        *(daily(parameters=value) for value in [{}, {"a": [1, {"b": None}]}, [], "", None, 1]),
        *(daily(allow_concurrency=value) for value in [True, False, 0, 1, "true", None]),
        *(daily(description=value) for value in ["", "x", 5, None, "x" * 10_001]),
        *(daily(connection=value) for value in ["his_api", None, "", "a b", 5, "c" * 201]),
        *(daily(lock_policy=value) for value in ["always", "by_name", "documented", None, "x", 5]),
        *(daily(missed_run_grace=value) for value in [0, 3600, None, -1, "1", 31622401]),
        *(daily(allow_secrets=value) for value in [True, False, None, "x"]),
        *(daily(execution_plan=value) for value in PLANS),
        *(plan(period=value) for value in ["interval", "Daily", "", None, 5]),
        *(plan(timezone=value) for value in ZONES),
        *(plan(intervals=value) for value in [{}, {"on_idle": 5}, None, [], {"on_idel": 5}]),
        *(intervals(on_idle=value) for value in [0, 0.5, 31622400, 31622401, -1, "5", None, True]),
    ]  # fmt: skip


@pytest.mark.parametrize("entry", shapes(), ids=lambda entry: json.dumps(entry)[:70])
def test_schema_and_models_agree(entry: Any) -> None:
    assert SERVICES.is_valid([entry]) is (len(read(entry).services) == 1)


@pytest.mark.parametrize(
    "entry",
    [
        plan(timezone="Europe/Madird"),
        daily(endpoint="http://h:0/"),
        daily(name="a\x1b"),
        daily(parameters={"password": "p"}),
    ],
)
def test_what_only_the_models_know(entry: Any) -> None:
    assert SERVICES.is_valid([entry])
    assert read(entry).services == ()


@pytest.mark.parametrize(
    "written",
    [
        {}, [], {"$schema": "x"}, {"colour": 1}, {"api_version": "2.7.31"}, {"api_version": "2"},
        {"system_timezone": "UTC"}, {"system_timezone": None}, {"lock_policy": "x"},
        {"missed_run_grace": 0}, {"missed_run_grace": -1}, {"redis_connection": "a b"},
        {"allowed_hosts": []}, {"allowed_hosts": ["a"]}, {"allowed_hosts": [5]},
        {"allowed_hosts": "a"}, {"any_content_type": 1}, {"daily_retry": None},
        {"allowed_hosts": ["a:80"]}, {"allowed_hosts": ["::1"]}, {"allowed_hosts": ["http://a"]},
        {"daily_retry": {"attempts": 1}}, {"daily_retry": {"attempts": 1, "delay": 0}},
        {"daily_retry": {"attempts": 21}}, {"daily_retry": {"delay": 5}},
    ],
    ids=json.dumps,
)  # fmt: skip
def test_schema_and_settings_agree(written: Any) -> None:
    _, problems = read_settings(json.dumps(written).encode(), file="settings.json")
    assert SETTINGS.is_valid(written) is (not problems)


def _task(**keys: Any) -> dict[str, Any]:
    return {"tasks": [{"name": "SERVICE_TASKS", **keys}]}


@pytest.mark.parametrize(
    "written",
    [
        {}, [], {"$schema": "x"}, {"colour": 1}, {"tasks": {}}, {"tasks": [5]}, {"tasks": [{}]},
        {"batch_size": 0}, {"batch_size": 1.5}, {"batch_size": 100_001}, {"deadline": 0},
        {"pool": ""}, {"pool": "a"}, {"connection": "a b"}, {"sql_directory": " "},
        {"notification_queue": "a*"}, {"max_inactive_session_time": 1}, {"lock_timeout": 0},
        {"brake": None}, {"brake": {"max_rows": None}}, {"brake": {"max_rows": 0}},
        {"brake": {"times_median": 0.5}}, {"brake": {"rows": 5}},
        _task(), _task(name=""), _task(name=5), _task(frequency=60), _task(frequency=0),
        _task(frequency="60"), _task(time="01:00"), _task(time="1"), _task(frequency=1, time="01:00"),
        _task(frequency=None, time=None), _task(frequency=1, time=None), _task(destructive=1),
        _task(timezone="UTC"), _task(batch_size=5), _task(max_rows=0), _task(brake={}),
    ],
    ids=json.dumps,
)  # fmt: skip
def test_schema_and_maintenance_agree(written: Any, tmp_path: Path) -> None:
    enough = {"max_inactive_session_time": 5} | written if isinstance(written, dict) else written
    entries = read_maintenance(
        json.dumps(enough).encode(),
        file="maintenance.json",
        folder=tmp_path,
        settings=Settings(system_timezone="UTC"),
    )
    refused = [
        problem
        for problem in entries.problems
        if problem.severity is Severity.ERROR and ", got none at " not in problem.message
    ]
    assert MAINTENANCE.is_valid(written) is (not refused)
