"""Each entry stands or falls alone: what is refused, in which words (R33 to R42)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from system_daemon.configuration.problems import Severity
from system_daemon.configuration.settings import Settings
from tests.unit.configuration.samples import (
    daily,
    interval,
    intervals,
    lines,
    plan,
    read,
    read_text,
    without,
)

URL = "a complete http or https URL such as https://his.example/import"
NAME = "a name of 1 to 150 printable characters, none of them a space at its ends"
ZONE = "an IANA time zone name such as Europe/Madrid"
TIME = "a time of day from 00:00 to 23:59:59 such as 15:57"
SECONDS = "a number of seconds from 0 to 31622400"
TIMEOUT = "a number of seconds above 0, up to 604800"
DISCREET = "another text, which may hold a secret"
KEYS = (
    "name, description, endpoint, parameters, timeout, allow_concurrency, execution_plan,"
    " connection, lock_policy, missed_run_grace, allow_secrets"
)
PLAN_KEYS = "period, timezone, time, intervals"
REMEDY = (
    'put it into an Airflow connection and name that in "connection", or say "allow_secrets": true'
)


@pytest.mark.parametrize("entry", [daily(), interval()])
def test_a_whole_entry_has_no_problem(entry: dict[str, Any]) -> None:
    entries = read(entry)
    assert lines(entries) == []
    assert [service.name for service in entries.services] == ["import_patients"]


REFUSED = {
    # R33
    "no name": (without(daily(), "name"), ".name", f'expected "name", {NAME}, got nothing'),
    "empty name": (daily(name=""), ".name", f'expected {NAME}, got ""'),
    "name with a space": (daily(name="a "), ".name", f'expected {NAME}, got "a "'),
    "name of a number": (daily(name=5), ".name", f"expected {NAME}, got 5"),
    "long name": (daily(name="n" * 151), ".name", f'expected {NAME}, got "{"n" * 60}..."'),
    "name on two lines": (daily(name="a\nb"), ".name", f'expected {NAME}, got "a\\nb"'),
    "name with an escape": (daily(name="a\x1b[1m"), ".name", f'expected {NAME}, got "a\\u001b[1m"'),
    # R34
    "no endpoint": (
        without(daily(), "endpoint"),
        ".endpoint",
        f'expected "endpoint", {URL}, got nothing',
    ),
    "no scheme": (
        daily(endpoint="his.example/x"),
        ".endpoint",
        f'expected {URL}, got "his.example/x"',
    ),
    "ftp": (daily(endpoint="ftp://h/x"), ".endpoint", f'expected {URL}, got "ftp://h/x"'),
    "no host": (daily(endpoint="https:///x"), ".endpoint", f'expected {URL}, got "https:///x"'),
    "only a port": (daily(endpoint="http://:80"), ".endpoint", f'expected {URL}, got "http://:80"'),
    "bad port": (daily(endpoint="http://h:x/"), ".endpoint", f'expected {URL}, got "http://h:x/"'),
    "port 0": (daily(endpoint="http://h:0/"), ".endpoint", f'expected {URL}, got "http://h:0/"'),
    "bad IPv6": (daily(endpoint="http://[::1"), ".endpoint", f'expected {URL}, got "http://[::1"'),
    "space": (daily(endpoint="http://h/a b"), ".endpoint", f'expected {URL}, got "http://h/a b"'),
    "line break": (daily(endpoint="http://h\n"), ".endpoint", f'expected {URL}, got "http://h\\n"'),
    "endpoint null": (daily(endpoint=None), ".endpoint", f"expected {URL}, got null"),
    "long endpoint": (
        daily(endpoint="https://h/" + "x" * 2000),
        ".endpoint",
        f"expected {URL}, got a text of 2010 characters",
    ),
    "password": (
        daily(endpoint="https://user:hunter2@h/"),
        ".endpoint",
        "expected a URL without user and password, got one with them; put them into an Airflow"
        ' connection and name it in "connection"',
    ),
    "password and a space": (
        daily(endpoint="https://user:hunter2 @h/"),
        ".endpoint",
        f"expected {URL}, got {DISCREET}",
    ),
    "query of another scheme": (
        daily(endpoint="ftp://h/?q=hunter2"),
        ".endpoint",
        f"expected {URL}, got {DISCREET}",
    ),
    "fragment": (
        daily(endpoint="https://h/#top"),
        ".endpoint",
        "expected a URL without a #fragment, got one; a server never sees it, remove it",
    ),
    "token in the query": (
        daily(endpoint="https://h/?a=1&access_token=hunter2"),
        ".endpoint",
        f'expected no secret in the URL, got the query key "access_token"; {REMEDY}',
    ),
    # R35
    "parameters of a list": (
        daily(parameters=[]),
        ".parameters",
        "expected an object, the body of the POST, got an array",
    ),
    "parameters of a text": (
        daily(parameters="password=hunter2"),
        ".parameters",
        "expected an object, the body of the POST, got a text of 16 characters",
    ),
    "secret parameter": (
        daily(parameters={"a": [{"apiKey": "hunter2"}]}),
        ".parameters.a[0].apiKey",
        f"expected no secret in this file, got a key that looks like one; {REMEDY}",
    ),
    # R36
    "timeout 0": (daily(timeout=0), ".timeout", f"expected {TIMEOUT}, got 0"),
    "negative timeout": (daily(timeout=-1), ".timeout", f"expected {TIMEOUT}, got -1"),
    "timeout of weeks": (daily(timeout=604801), ".timeout", f"expected {TIMEOUT}, got 604801"),
    "timeout true": (daily(timeout=True), ".timeout", f"expected {TIMEOUT}, got true"),
    "timeout null": (daily(timeout=None), ".timeout", f"expected {TIMEOUT}, got null"),
    "quoted timeout": (
        daily(timeout="300"),
        ".timeout",
        f'expected {TIMEOUT}, got "300"; write the number without quotes',
    ),
    # R37
    "allow_concurrency text": (
        daily(allow_concurrency="yes"),
        ".allow_concurrency",
        'expected true or false, got "yes"',
    ),
    "allow_concurrency 1": (
        daily(allow_concurrency=1),
        ".allow_concurrency",
        "expected true or false, got 1",
    ),
    "lock policy": (
        daily(lock_policy="by-name"),
        ".lock_policy",
        'expected one of "documented", "by_name", "always", got "by-name"; did you mean "by_name"?',
    ),
    # R39
    "no plan": (
        without(daily(), "execution_plan"),
        ".execution_plan",
        'expected "execution_plan", an object such as {"period": "daily", "time": "15:57"}, got'
        " nothing",
    ),
    "plan of a text": (
        daily(execution_plan="daily"),
        ".execution_plan",
        'expected an object such as {"period": "daily", "time": "15:57"}, got "daily"',
    ),
    "unknown period": (
        plan(period="dayly"),
        ".execution_plan.period",
        'expected one of "daily", "interval", got "dayly"; did you mean "daily"?',
    ),
    "period of another world": (
        plan(period="@hourly!"),
        ".execution_plan.period",
        'expected one of "daily", "interval", got "@hourly!"',
    ),
    # R40
    "unknown zone": (
        plan(timezone="Europe/Madird"),
        ".execution_plan.timezone",
        f'expected {ZONE}, got "Europe/Madird"; did you mean "Europe/Madrid"?',
    ),
    "zone in another case": (
        plan(timezone="europe/madrid"),
        ".execution_plan.timezone",
        f'expected {ZONE}, got "europe/madrid"; did you mean "Europe/Madrid"?',
    ),
    "zone outside": (
        plan(timezone="../../etc/passwd"),
        ".execution_plan.timezone",
        f'expected {ZONE}, got "../../etc/passwd"',
    ),
    "the machine's own zone": (
        plan(timezone="localtime"),
        ".execution_plan.timezone",
        f'expected {ZONE}, got "localtime"',
    ),
    # R41
    "daily without a time": (
        daily(execution_plan={"period": "daily", "timezone": "UTC"}),
        ".execution_plan",
        'expected "time", the time of day of a daily plan such as "15:57", got nothing',
    ),
    **{
        f"time {text}": (
            plan(time=text),
            ".execution_plan.time",
            f"expected {TIME}, got {json.dumps(text)}",
        )
        for text in ("24:00", "3:57 PM", "15:60", "15:57:60", "15", "15:5", "noon", "", "15:57Z")
    },
    "time of a number": (
        plan(time=1557),
        ".execution_plan.time",
        f"expected {TIME}, got 1557",
    ),
    "time in other digits": (
        plan(time="１５:57"),
        ".execution_plan.time",
        f'expected {TIME}, got "１５:57"',
    ),
    # R42
    "negative interval": (
        intervals(on_idle=-1),
        ".execution_plan.intervals.on_idle",
        f"expected {SECONDS}, got -1",
    ),
    "quoted interval": (
        intervals(on_idle="10"),
        ".execution_plan.intervals.on_idle",
        f'expected {SECONDS}, got "10"; write the number without quotes',
    ),
    "interval in words": (
        intervals(on_idle="10s"),
        ".execution_plan.intervals.on_idle",
        f'expected {SECONDS}, got "10s"',
    ),
    "unknown interval": (
        intervals(on_sucess=10),
        ".execution_plan.intervals.on_sucess",
        "expected one of the keys on_timeout, on_idle, on_success, on_error, got"
        ' "on_sucess"; did you mean "on_success"?',
    ),
    "intervals of a number": (
        daily(execution_plan={"period": "interval", "intervals": 10}),
        ".execution_plan.intervals",
        'expected an object of intervals such as {"on_success": 10}, got 10',
    ),
    # R45
    "negative grace": (
        daily(missed_run_grace=-5),
        ".missed_run_grace",
        f"expected {SECONDS}, got -5",
    ),
    # the rest
    "unknown key": (
        daily(timeuot=5),
        ".timeuot",
        f'expected one of the keys {KEYS}, got "timeuot"; did you mean "timeout"?',
    ),
    "key of another world": (
        daily(retries=5),
        ".retries",
        f'expected one of the keys {KEYS}, got "retries"',
    ),
    "odd key": (
        daily(**{"a\nb": 5}),
        '["a\\nb"]',
        f'expected one of the keys {KEYS}, got "a\\nb"',
    ),
    "key of the plan": (
        plan(tme="15:57"),
        ".execution_plan.tme",
        f'expected one of the keys {PLAN_KEYS}, got "tme"; did you mean "time"?',
    ),
    "connection with a space": (
        daily(connection="Bearer hunter2"),
        ".connection",
        "expected an Airflow connection id, got a text of 14 characters",
    ),
    "empty connection": (
        daily(connection=""),
        ".connection",
        "expected an Airflow connection id, got an empty text",
    ),
}


@pytest.mark.parametrize(("entry", "where", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_and_in_which_words(
    entry: dict[str, Any], where: str, message: str
) -> None:
    entries = read(entry, daily(name="another"))
    assert [service.name for service in entries.services] == ["another"]
    assert lines(entries) == [f"error [0]{where}: {message}"]
    assert "hunter2" not in str(entries.problems)


@pytest.mark.parametrize("value", [None, 5, True, 1.5])
def test_an_element_that_is_no_object(value: object) -> None:
    entries = read(value, daily())
    assert len(entries.services) == 1
    assert lines(entries) == [f"error [0]: expected a service, an object, got {json.dumps(value)}"]


@pytest.mark.parametrize(("value", "got"), [("password=x", "a text"), ([], "an array")])
def test_an_element_that_is_no_object_is_named_only(value: object, got: str) -> None:
    assert lines(read(value)) == [f"error [0]: expected a service, an object, got {got}"]


@pytest.mark.parametrize(
    ("text", "got"), [("{}", "an object"), ("5", "5"), ("null", "null"), ('"x=y"', "a text")]
)
def test_a_file_that_is_no_array(text: str, got: str) -> None:
    entries = read_text(text)
    assert entries.unreadable
    assert lines(entries) == [
        f"error line 1, column 1: expected an array of services, got {got}; write [ ... ] around it"
    ]


def test_r32_a_file_beyond_repair_has_no_entries() -> None:
    entries = read_text('[\n  {"name": oops}]')
    assert entries.unreadable
    assert entries.services == ()
    assert lines(entries) == ['error line 2, column 12: expected a value, got "o"']


def test_an_empty_array_is_fine() -> None:
    entries = read_text("[]")
    assert (entries.services, entries.problems, entries.unreadable) == ((), (), False)


def test_all_problems_come_at_once() -> None:
    entry = daily(endpoint="x", timeout=0, color="red", name="", parameters={"password": "p"})
    entry["execution_plan"] = {"period": "never", "time": "25:00", "timezone": "Mars/Phobos"}
    entries = read(entry, 5, daily(timeout=-1))
    assert [problem.where for problem in entries.problems] == [
        "[0].name",
        "[0].endpoint",
        "[0].timeout",
        "[0].execution_plan.period",
        "[0].execution_plan.timezone",
        "[0].execution_plan.time",
        "[0].color",
        "[0].parameters.password",
        "[1]",
        "[2].timeout",
    ]


def test_r33_all_entries_that_share_a_name_are_refused_and_the_others_live() -> None:
    twin = "expected a name of its own, got"
    entries = read(
        daily(name="a"), daily(name="b"), daily(name="a"), daily(name="c"), daily(name="a")
    )
    assert [service.name for service in entries.services] == ["b", "c"]
    assert lines(entries) == [
        f'error [0].name: {twin} "a", also at [2] and [4]',
        f'error [2].name: {twin} "a", also at [0] and [4]',
        f'error [4].name: {twin} "a", also at [0] and [2]',
    ]


def test_r33_an_entry_that_is_refused_for_another_reason_still_owns_its_name() -> None:
    entries = read(daily(timeout=0), daily())
    assert entries.services == ()
    assert [problem.where for problem in entries.problems] == [
        "[0].timeout",
        "[0].name",
        "[1].name",
    ]


def test_r33_names_with_the_same_dag_id_are_refused() -> None:
    entries = read(daily(name="a b"), daily(name="a/b"), daily(name="ab"))
    clash = "expected a name with a DAG id of its own, got"
    assert [service.name for service in entries.services] == ["ab"]
    assert lines(entries) == [
        f'error [0].name: {clash} "a b", whose id service__a_b is also that of [1]',
        f'error [1].name: {clash} "a/b", whose id service__a_b is also that of [0]',
    ]


def test_keys_written_twice_are_refused_where_they_stand() -> None:
    text = json.dumps([daily(parameters={"a": [{"b": 1}]}), daily(name="other")])
    text = text.replace('"timeout": 300', '"timeout": 300, "timeout": 60', 1)
    text = text.replace('{"b": 1}', '{"b": 1, "b c": 2, "b c": 3}', 1)
    entries = read_text(text)
    assert [service.name for service in entries.services] == ["other"]
    assert lines(entries) == [
        'error [0].timeout: expected each key once, got "timeout" twice; remove one',
        'error [0].parameters.a[0]["b c"]: expected each key once, got "b c" twice; remove one',
    ]


def test_r35_what_no_json_body_can_carry_is_refused() -> None:
    body = '{"big": 1e999, "half": "\\ud800", "\\udfff": 1}'
    text = json.dumps([daily(parameters={}), daily(name="other")]).replace("{}", body, 1)
    entries = read_text(text)
    assert [service.name for service in entries.services] == ["other"]
    half = "expected text, got half of a character written as \\ud800 to \\udfff"
    assert set(lines(entries)) >= {
        "error [0].parameters.big: expected a number that fits into 64 bits, got a larger one",
        f"error [0].parameters.half: {half}",
        f'error [0].parameters["\\udfff"]: {half}',
    }
    assert str(entries.problems).encode()  # printable everywhere


def test_r33_half_a_character_beside_a_foreign_letter_raises_nothing() -> None:
    entries = read_text(json.dumps([daily(name="я\ud800"), daily()]))
    assert len(entries.services) == 1
    assert [problem.where for problem in entries.problems] == ["[0].name", "[0].name"]


def test_r35_parameters_stay_exactly_as_they_are_written() -> None:
    body = '{"z": 1.0, "a": {"y": [1, null, "x"], "b": {}}, "n": 12345678901234567890123}'
    text = json.dumps([daily()]).replace("{}", body, 1)
    (service,) = read_text(text).services
    assert json.dumps(service.parameters) == body


def test_r35_parameters_may_be_absent() -> None:
    (service,) = read(without(daily(), "parameters")).services
    assert service.parameters == {}


@pytest.mark.parametrize(
    "url",
    [
        "https://service_endpoint",
        "HTTP://his.example:8080/a/b?x=1&y=%20",
        "http://[::1]:8080/",
        "https://año.example/ñ",
        "http://10.0.0.1/a@b",
    ],
)
def test_r34_complete_urls_are_accepted(url: str) -> None:
    entries = read(daily(endpoint=url))
    assert [service.endpoint for service in entries.services] == [url]


@pytest.mark.parametrize(
    ("text", "seconds"), [("9:05", 32700), ("09:05", 32700), ("23:59:59", 86399), ("0:00", 0)]
)
def test_r41_times_with_and_without_seconds(text: str, seconds: int) -> None:
    (service,) = read(plan(time=text)).services
    at = service.daily_time()
    assert (at.hour * 60 + at.minute) * 60 + at.second == seconds


def test_r34_secrets_may_be_allowed_in_an_entry() -> None:
    entry = daily(endpoint="https://h/?token=t", parameters={"password": "p"}, allow_secrets=True)
    assert len(read(entry).services) == 1


@pytest.mark.parametrize(
    ("policy", "flag", "locks"),
    [
        ("documented", True, True),
        ("documented", False, False),
        ("by_name", True, False),
        ("by_name", False, True),
        ("always", True, True),
        ("always", False, True),
    ],
)
@pytest.mark.parametrize("named_by", ["settings", "entry"])
def test_r37_the_lock_policy_decides_what_the_flag_means(
    policy: Any, flag: bool, locks: bool, named_by: str
) -> None:
    settings = Settings(lock_policy=policy) if named_by == "settings" else Settings()
    entry = daily(allow_concurrency=flag)
    if named_by == "entry":
        entry["lock_policy"] = policy
    (service,) = read(entry).services
    assert service.locks(settings) is locks


def test_r37_no_flag_is_the_examples_false() -> None:
    (service,) = read(without(daily(), "allow_concurrency")).services
    assert service.locks(Settings()) is False


def test_r40_a_daily_plan_without_a_zone_is_in_the_systems() -> None:
    entry = daily(execution_plan={"period": "daily", "time": "15:57"})
    settings = Settings(system_timezone="Asia/Kolkata")
    entries = read(entry, settings=settings)
    (service,) = entries.services
    assert service.zone_name(settings) == "Asia/Kolkata"
    assert lines(entries) == [
        "warning [0].execution_plan.timezone: expected a time zone, got none; Asia/Kolkata is used"
        " (system_timezone)"
    ]


def test_r43_a_daily_service_is_not_tried_again_unless_the_settings_say_so() -> None:
    assert Settings().daily_retry is None


@pytest.mark.parametrize(("own", "grace"), [({}, 3600), ({"missed_run_grace": 0}, 0)])
def test_r45_an_entry_may_have_a_grace_of_its_own(own: dict[str, Any], grace: float) -> None:
    (service,) = read(daily(**own)).services
    assert service.grace(Settings()) == grace


def test_an_interval_plan_has_no_time_of_day() -> None:
    (service,) = read(interval()).services
    with pytest.raises(ValueError, match="expected a daily plan"):
        service.daily_time()


def test_services_are_frozen() -> None:
    (service,) = read(daily()).services
    with pytest.raises(ValueError, match="frozen"):
        service.timeout = 5


def test_refused_entries_have_errors_and_the_accepted_only_warnings() -> None:
    entries = read(daily(timeout=0), without(daily(name="b"), "timeout"))
    assert [problem.severity for problem in entries.problems] == [
        Severity.ERROR,
        Severity.WARNING,
    ]
    assert [service.name for service in entries.services] == ["b"]
