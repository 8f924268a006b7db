"""What an operator sees in Airflow's banner when the JSON is wrong."""

from __future__ import annotations

import json

from tests.dags.conftest import Parse

GOOD = {
    "name": "good",
    "endpoint": "https://his.example/import",
    "timeout": 30,
    "execution_plan": {"period": "daily", "timezone": "Europe/Madrid", "time": "15:57"},
}


def import_error(errors: dict[str, str], file: str) -> str:
    (text,) = [text for path, text in errors.items() if path.endswith(file)]
    return text


def test_r33_a_bad_entry_is_shown_and_stops_nothing_else(parse: Parse) -> None:
    bad = GOOD | {"name": "bad", "timeot": 3, "endpoint": "ftp://his.example"}
    bag = parse(json.dumps([bad, GOOD]))
    assert set(bag.dags) == {"service__good"}
    assert len(bag.import_errors) == 1
    shown = import_error(bag.import_errors, "configuration_errors.py")
    assert "2 configuration problems:" in shown
    assert "external_services.json [0].timeot: expected one of the keys name" in shown
    assert 'did you mean "timeout"?' in shown
    assert "external_services.json [0].endpoint: expected a complete http or https URL" in shown


def test_r32_a_file_beyond_repair_is_the_import_error_of_its_own_dag_file(parse: Parse) -> None:
    bag = parse('[{"name": "good",\n  "timeout": }]')
    assert len(bag.import_errors) == 1
    shown = import_error(bag.import_errors, "external_services.py")
    assert "external_services.json line 2, column 14: expected a value" in shown


def test_r32_a_mended_file_is_no_error(parse: Parse) -> None:
    text = json.dumps([GOOD]).replace(', "timeout"', ' "timeout"')
    bag = parse(text)
    assert set(bag.dags) == {"service__good"}
    assert bag.import_errors == {}


def test_r22_an_api_version_without_external_services_has_no_dags(parse: Parse, tmp_path) -> None:
    (tmp_path / "settings.json").write_text('{"api_version": "2.7.25"}')
    bag = parse(json.dumps([GOOD]))
    assert dict(bag.dags) == {}
    assert bag.import_errors == {}


def test_r43_daily_retry_is_off_unless_asked_for(parse: Parse, tmp_path) -> None:
    interval = GOOD | {"name": "often", "execution_plan": {"period": "interval"}}
    (tmp_path / "settings.json").write_text('{"daily_retry": {"attempts": 2, "delay": 60}}')
    bag = parse(json.dumps([GOOD, interval]))
    assert bag.dags["service__good"].tasks[0].retries == 2
    assert bag.dags["service__often"].tasks[0].retries == 0
