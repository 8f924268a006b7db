"""Alerts in settings.json: a notifier by its class, its secrets by connection."""

from __future__ import annotations

import json

import pytest

from system_daemon.configuration.settings_text import read_settings

DEFAULT = "; until then the default holds"


@pytest.mark.parametrize(
    ("alert", "sentence"),
    [
        (
            {"notifier": "Slack"},
            ".alerts[0].notifier: expected the path of a notifier class such as"
            ' airflow.providers.smtp.notifications.smtp.SmtpNotifier, got "Slack"' + DEFAULT,
        ),
        (
            {"notifier": "a.B", "arguments": {"headers": {"api_key": "hunter2"}}},
            ".alerts[0]: expected no secret in this file, got headers.api_key, which looks like"
            " one; put it into the Airflow connection that the notifier uses" + DEFAULT,
        ),
        (
            {"notifier": "a.B", "args": {}},
            ".alerts[0].args: expected one of the keys notifier, arguments, on_recovery, got"
            ' "args"; did you mean "arguments"?' + DEFAULT,
        ),
    ],
)
def test_an_alert_that_is_not_valid_is_refused_in_a_sentence(
    alert: dict[str, object], sentence: str
) -> None:
    settings, problems = read_settings(json.dumps({"alerts": [alert]}).encode(), file="s.json")
    assert settings.alerts == ()
    assert [f"{problem.where}: {problem.message}" for problem in problems] == [sentence]
