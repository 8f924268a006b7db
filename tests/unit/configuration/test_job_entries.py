"""Background jobs' configuration: what is refused, in which words, and what is warned of."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from system_daemon.configuration.job_entries import WAITING, JobEntries, read_background_jobs
from system_daemon.configuration.loading import SHIPPED
from system_daemon.configuration.schema import jobs_schema
from system_daemon.configuration.settings import Settings

QUEUE = {"name": "clinic"}
ROUTE = {"job_class": "Import", "endpoint": "https://api.example/jobs"}
ROUTE_KEYS = "job_class, endpoint, handler, dag, params, connection, timeout, run"


def _read(text: Any, settings: Settings | None = None) -> JobEntries:
    data = text if isinstance(text, bytes) else json.dumps(text).encode()
    return read_background_jobs(data, file="background_jobs.json", settings=settings)


def _lines(entries: JobEntries) -> list[str]:
    return [f"{each.severity} {each.where}: {each.message}" for each in entries.problems]


def _route(**changes: Any) -> dict[str, Any]:
    return {"queues": [QUEUE], "routes": [ROUTE | changes]}


def _target(**target: Any) -> dict[str, Any]:
    return {"queues": [QUEUE], "routes": [{"job_class": "Import", **target}]}


def _queue(**changes: Any) -> dict[str, Any]:
    return {"queues": [QUEUE | changes], "routes": [ROUTE]}


def test_the_shipped_file_has_no_problem() -> None:
    text = (SHIPPED / "background_jobs.json").read_bytes()
    assert _lines(_read(text)) == []
    Draft202012Validator(jobs_schema()).validate(json.loads(text))


def test_what_is_left_out_has_its_default() -> None:
    entries = _read({"queues": [QUEUE], "routes": [ROUTE]})
    assert _lines(entries) == []
    assert not entries.unreadable
    assert (entries.jobs.namespace, entries.jobs.redis_connection) == (
        "resque",
        "system_daemon_redis",
    )
    (queue,) = entries.jobs.queues
    assert (queue.workers, queue.concurrency, queue.max_attempts) == (1, 1, 3)
    assert (queue.linger, queue.poll_interval, queue.max_interruptions) == (30, 1, 3)
    assert queue.max_shift == 1800
    assert queue.dag_id == "jobs__clinic"
    assert entries.jobs.queue("clinic") is queue
    assert entries.jobs.queue("other") is None
    (route,) = entries.jobs.routes
    assert (route.timeout, route.run, route.params) == (300, None, {})


REFUSED_ROUTES = {
    "no class": (
        {"queues": [QUEUE], "routes": [{"dag": "d"}]},
        '.routes[0].job_class: expected "job_class", a job\'s class such as SendNotification, or a'
        " pattern such as Import*, got nothing",
    ),
    "misspelled key": (
        _route(tiemout=5),
        f'.routes[0].tiemout: expected one of the keys {ROUTE_KEYS}, got "tiemout"; did you mean'
        ' "timeout"?',
    ),
    "two targets": (
        _route(dag="reports"),
        '.routes[0]: expected exactly one of "endpoint", "handler" and "dag", got "endpoint" and'
        ' "dag"',
    ),
    "no target": (
        {"queues": [QUEUE], "routes": [{"job_class": "A"}]},
        '.routes[0]: expected exactly one of "endpoint", "handler" and "dag", got none of them',
    ),
    "no handler's path": (
        _target(handler="clinic.jobs.send"),
        ".routes[0].handler: expected module:function such as my_clinic.jobs:send_letter, got"
        ' "clinic.jobs.send"',
    ),
    "no DAG id": (
        _target(dag="a report"),
        '.routes[0].dag: expected an Airflow DAG id, got "a report"',
    ),
    "no path into args": (
        _target(dag="d", params={"p": "args[0"}),
        '.routes[0].params.p: expected an object such as {"patient": "args[0].patient_id"} of id,'
        ' class, queue, args or a path into args, got "args[0"',
    ),
    "another run": (_route(run="dags"), '.routes[0].run: expected "dag", got "dags"; did you mean "dag"?'),
    "no URL": (
        _route(endpoint="/jobs"),
        ".routes[0].endpoint: expected a complete http or https URL such as"
        ' https://his.example/import, got "/jobs"',
    ),
    "a password in the URL": (
        _route(endpoint="https://u:hunter2@api.example/"),
        ".routes[0].endpoint: expected a URL without user and password, got one with them; put them"
        ' into an Airflow connection and name it in "connection"',
    ),
    "a secret in the URL": (
        _route(endpoint="https://api.example/?api_key=hunter2"),
        '.routes[0].endpoint: expected no secret in the URL, got the query key "api_key"; put it'
        ' into an Airflow connection and name that in "connection"',
    ),
    "timeout of nothing": (
        _route(timeout=0),
        ".routes[0].timeout: expected a number of seconds above 0, up to 604800, got 0",
    ),
    "not an object": (
        {"queues": [QUEUE], "routes": [5]},
        ".routes[0]: expected a route, an object, got 5",
    ),
    "not an array": (
        {"queues": [QUEUE], "routes": {"A": "https://x/"}},
        ".routes: expected an array of routes, got an object",
    ),
    "misspelled namespace": (
        {"queues": [QUEUE], "routes": [ROUTE], "namspace": "linkcare"},
        ".namspace: expected one of the keys redis_connection, namespace, queues, routes,"
        ' notifications, got "namspace"; did you mean "namespace"?',
    ),
    "namespace with a star": (
        {"queues": [QUEUE], "routes": [ROUTE], "namespace": "a*"},
        ".namespace: expected a prefix of Redis keys such as resque, without spaces, *, ?, [, ], \\,"
        ' got "a*"',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line"), REFUSED_ROUTES.values(), ids=REFUSED_ROUTES)
def test_while_something_shared_is_refused_no_queue_is_served(text: Any, line: str) -> None:
    entries = _read(text)
    assert f"error {line}; {WAITING}" in _lines(entries)
    assert entries.unreadable
    assert entries.jobs.queues == ()
    assert "hunter2" not in "".join(_lines(entries))


NUMBERS = {
    "workers": ([0, 101, 1.5, "2", True], "a whole number from 1 to 100"),
    "concurrency": ([0, 1001], "a whole number from 1 to 1000"),
    "linger": ([-1, None, "5"], "a number of seconds from 0 to 31622400"),
    "poll_interval": ([0, 3601], "a number of seconds from 0.1 to 3600"),
    "max_shift": ([59, 86401, "5"], "a number of seconds from 60 to 86400"),
    "max_attempts": ([0, 21], "a whole number from 1 to 20"),
    "max_interruptions": ([0, 101], "a whole number from 1 to 100"),
}


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [(key, value, text) for key, (values, text) in NUMBERS.items() for value in values],
)
def test_a_queue_falls_alone(key: str, value: object, expected: str) -> None:
    entries = _read({"queues": [QUEUE | {key: value}, {"name": "other"}], "routes": [ROUTE]})
    (line,) = _lines(entries)
    assert line.startswith(f"error .queues[0].{key}: expected {expected}, got ")
    assert [queue.name for queue in entries.jobs.queues] == ["other"]
    assert not entries.unreadable
    assert list(Draft202012Validator(jobs_schema()).iter_errors(_queue(**{key: value})))


@pytest.mark.parametrize("name", ["", "a b", "a*", "a?", "a[b]", "x" * 151, 5])
def test_names_of_queues(name: object) -> None:
    entries = _read(_queue(name=name))
    assert _lines(entries)[0].startswith("error .queues[0].name: expected a queue's name: ")
    assert entries.jobs.queues == ()


def test_queues_that_share_a_name_or_a_dag_id_are_all_refused() -> None:
    names = ["a", "b/c", "a", "b:c", "d"]
    entries = _read({"queues": [{"name": name} for name in names], "routes": [ROUTE]})
    assert [queue.name for queue in entries.jobs.queues] == ["d"]
    assert _lines(entries) == [
        'error .queues[0].name: expected a name of its own, got "a", also at .queues[2]',
        'error .queues[2].name: expected a name of its own, got "a", also at .queues[0]',
        'error .queues[1].name: expected a name with a DAG id of its own, got "b/c", whose id'
        " jobs__b_c is also that of .queues[3]",
        'error .queues[3].name: expected a name with a DAG id of its own, got "b:c", whose id'
        " jobs__b_c is also that of .queues[1]",
    ]


def test_all_problems_are_told_at_once() -> None:
    entries = _read(
        b'{"queues": [{"name": "a", "name": "b"}, {}], "routes": [{}, {"job_class": "x"}],'
        b' "namespace": "r", "namespace": "s"}'
    )
    places = [line.split(":")[0] for line in _lines(entries)]
    assert places == [
        "error .namespace",
        "error .routes[0].job_class",
        "error .routes[1]",
        "error .queues[0].name",
        "error .queues[1].name",
    ]


def test_text_is_mended_narrowly_or_refused_whole() -> None:
    mended = _read(b'{"queues": [{"name": "a"},], "routes": []}')
    assert [queue.name for queue in mended.jobs.queues] == ["a"]
    assert _lines(mended)[0].startswith("warning line 1, column 26: expected no comma")
    for data in (b"[]", b'"text"', b"{", b"", b"\xff", b"5"):
        refused = _read(data)
        assert refused.unreadable
        assert _lines(refused)[-1].endswith(WAITING)


SHADOWED = [
    (["*", "Import"], [1]),
    (["Import*", "ImportPatient", "Import"], [1, 2]),
    (["Import", "Import"], [1]),
    (["Im*", "Import?"], [1]),
    (["Import?", "Import*"], []),
    (["Import", "Import*", "*"], []),
    (["A[bc]d", "Abd", "Axd"], [1]),
    (["App\\*", "App\\Send"], [1]),
    (["a?", "a*"], []),
    (["import*", "Import"], []),
]


@pytest.mark.parametrize(("classes", "unreachable"), SHADOWED)
def test_a_route_that_never_counts_is_warned_of(classes: list[str], unreachable: list[int]) -> None:
    routes = [ROUTE | {"job_class": job_class} for job_class in classes]
    entries = _read({"queues": [QUEUE], "routes": routes})
    assert not entries.unreadable
    warned = [line for line in _lines(entries) if "no earlier route takes" in line]
    assert [line.split(":")[0] for line in warned] == [
        f"warning .routes[{index}].job_class" for index in unreachable
    ]


def test_other_warnings() -> None:
    assert _lines(_read({})) == ["warning .queues: expected a queue, got none; no job is run"]
    assert _lines(_read({"queues": [QUEUE]})) == [
        "warning .routes: expected a route, got none; every job is buried"
    ]
    text = {"queues": [QUEUE], "routes": [{"job_class": "A", "dag": "d", "timeout": 5}]}
    assert _lines(_read(text)) == [
        'warning .routes[0].timeout: expected timeout only with "endpoint" or "handler", got it'
        " where it has no effect"
    ]
    strict = Settings(allowed_hosts=("his.example",))
    assert _lines(_read({"queues": [QUEUE], "routes": [ROUTE]}, strict)) == [
        'warning .routes[0].endpoint: expected one of the allowed_hosts in settings.json, got'
        ' "api.example"; until it is added there, every attempt fails without being sent'
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        _route(),
        _route(connection="api", timeout=1.5, run="dag"),
        _target(dag="d", params={"p": "args[0].a-b[1]"}),
        _target(handler="a.b:c"),
        {"$schema": "x", "queues": [], "notifications": {"email": "smtp", "remembered_for": 3600}},
    ],
)
def test_schema_and_models_agree_on_what_is_valid(text: Any) -> None:
    Draft202012Validator(jobs_schema()).validate(text)
    assert not _read(text).unreadable


@pytest.mark.parametrize(
    "text", [case for name, (case, _) in REFUSED_ROUTES.items() if name != "a secret in the URL"]
)
def test_schema_and_models_agree_on_what_is_refused(text: Any) -> None:
    assert list(Draft202012Validator(jobs_schema()).iter_errors(text))
