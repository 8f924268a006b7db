"""settings.json: what cannot be known falls back to what can do no harm."""

from __future__ import annotations

import json
from typing import Any

import pytest

from system_daemon.configuration.problems import Severity
from system_daemon.configuration.settings import Settings
from system_daemon.configuration.settings_text import STRICTEST, read_settings

KEYS = (
    "system_timezone, lock_policy, missed_run_grace, redis_connection, api_version, allowed_hosts,"
    " any_content_type, daily_retry, alerts"
)
UNKNOWABLE = "; until then no host may be called and every call is locked"
DEFAULT = "; until then the default holds"
LOCKED = '; until then "always" holds'
CLOSED = "; until then no host may be called"
ZONE = "expected an IANA time zone name such as Europe/Madrid"
HOST = "expected a host name such as his.example, without scheme, port or path"


def read(text: str) -> tuple[Settings, list[str]]:
    settings, problems = read_settings(text.encode(), file="settings.json")
    assert {problem.file for problem in problems} <= {"settings.json"}
    return settings, [f"{each.where}: {each.message}" for each in problems]


def test_every_key_is_optional() -> None:
    assert read("{}") == (Settings(), [])


def test_every_key_is_read() -> None:
    written = {
        "$schema": "./settings.schema.json",
        "system_timezone": "Asia/Kolkata",
        "lock_policy": "by_name",
        "missed_run_grace": 0,
        "redis_connection": "our_redis",
        "api_version": "2.7.31",
        "allowed_hosts": ["his.example", "10.0.0.1", "::1"],
        "any_content_type": True,
        "daily_retry": {"attempts": 2},
        "alerts": [{"notifier": "our.Notifier", "arguments": {"to": "us@hospital.example"}}],
    }
    settings, problems = read(json.dumps(written))
    assert problems == []
    assert settings.system_timezone == "Asia/Kolkata"
    assert settings.allowed_hosts == ("his.example", "10.0.0.1", "::1")
    assert settings.daily_retry is not None
    assert (settings.daily_retry.attempts, settings.daily_retry.delay) == (2, 300)
    assert [alert.notifier for alert in settings.alerts] == ["our.Notifier"]


def test_r32_a_trailing_comma_is_mended_here_too() -> None:
    settings, problems = read_settings(b'{"lock_policy": "always",}', file="settings.json")
    assert settings.lock_policy == "always"
    assert [(each.severity, each.where) for each in problems] == [
        (Severity.WARNING, "line 1, column 25")
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{oops}", 'line 1, column 2: expected a key in double quotes, got "o"'),
        ("[]", "line 1, column 1: expected an object of settings, got an array"),
        ('"x"', "line 1, column 1: expected an object of settings, got a text"),
        ("null", "line 1, column 1: expected an object of settings, got null"),
    ],
)
def test_a_file_that_cannot_be_known_falls_back_to_the_strictest(text: str, problem: str) -> None:
    assert read(text) == (STRICTEST, [problem + UNKNOWABLE])


def test_the_strictest_calls_nobody_and_locks_every_call() -> None:
    assert STRICTEST.allowed_hosts == ()
    assert STRICTEST.lock_policy == "always"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "zone": (
        {"system_timezone": "Mars/Phobos"},
        f'.system_timezone: {ZONE}, got "Mars/Phobos"{DEFAULT}',
    ),
    "policy": (
        {"lock_policy": "allways"},
        '.lock_policy: expected one of "documented", "by_name", "always", got "allways"; did you'
        f' mean "always"?{LOCKED}',
    ),
    "grace": (
        {"missed_run_grace": "1h"},
        f'.missed_run_grace: expected a number of seconds from 0 to 31622400, got "1h"{DEFAULT}',
    ),
    "connection": (
        {"redis_connection": "redis://:hunter2@h"},
        ".redis_connection: expected an Airflow connection id, got a text of 18"
        f" characters{DEFAULT}",
    ),
    "version": (
        {"api_version": "2"},
        f'.api_version: expected a version of the platform\'s API such as 2.7.31, got "2"{DEFAULT}',
    ),
    "host": ({"allowed_hosts": ["a:80"]}, f'.allowed_hosts[0]: {HOST}, got "a:80"{CLOSED}'),
    "URL": (
        {"allowed_hosts": ["a", "http://u:hunter2@a"]},
        f".allowed_hosts[1]: {HOST}, got another text, which may hold a secret{CLOSED}",
    ),
    "host of a number": (
        {"allowed_hosts": [5]},
        f".allowed_hosts[0]: expected an element of an array of host names, got 5{CLOSED}",
    ),
    "one host": (
        {"allowed_hosts": "a"},
        f'.allowed_hosts: expected an array of host names, got "a"{CLOSED}',
    ),
    "misspelled hosts": (
        {"allowed_host": ["a"]},
        f'.allowed_host: expected one of the keys {KEYS}, got "allowed_host"; did you mean'
        f' "allowed_hosts"?{CLOSED}',
    ),
    "misspelled policy": (
        {"lockpolicy": "always"},
        f'.lockpolicy: expected one of the keys {KEYS}, got "lockpolicy"; did you mean'
        f' "lock_policy"?{LOCKED}',
    ),
    "unknown": (
        {"colour": 1},
        f'.colour: expected one of the keys {KEYS}, got "colour"{DEFAULT}',
    ),
    "retry": (
        {"daily_retry": {"attempts": 0}},
        f".daily_retry.attempts: expected a whole number from 1 to 20, got 0{DEFAULT}",
    ),
    "retry without attempts": (
        {"daily_retry": {}},
        '.daily_retry.attempts: expected "attempts", a whole number from 1 to 20, got'
        f" nothing{DEFAULT}",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("written", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_one_refused_key_leaves_the_others(written: dict[str, Any], problem: str) -> None:
    settings, problems = read(json.dumps({"any_content_type": True, **written}))
    assert problems == [problem]
    assert "hunter2" not in str(problems)
    assert settings.any_content_type is True
    assert settings.allowed_hosts == (() if CLOSED in problem else None)
    assert settings.lock_policy == ("always" if LOCKED in problem else "documented")


def test_a_key_written_twice_is_not_a_choice() -> None:
    settings, problems = read('{"lock_policy": "always", "lock_policy": "documented"}')
    assert settings.lock_policy == "always"
    assert problems == [
        f'.lock_policy: expected each key once, got "lock_policy" twice; remove one{LOCKED}'
    ]


def test_all_problems_come_at_once() -> None:
    _, problems = read('{"lock_policy": 1, "missed_run_grace": -1, "colour": 5}')
    assert len(problems) == 3


@pytest.mark.parametrize(
    ("version", "offered"),
    [
        (None, True),
        ("2.7.26", True),
        ("2.8", True),
        ("3.0", True),
        ("2.7.25", False),
        ("2.7", False),
    ],
)
def test_r22_the_api_version_says_what_the_platform_has(version: str | None, offered: bool) -> None:
    assert Settings(api_version=version).offers((2, 7, 26)) is offered
