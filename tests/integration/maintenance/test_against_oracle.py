"""Every task over random small databases does what the same criteria in plain Python do."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.maintenance import oracle
from tests.integration.maintenance.linkcare import NOON, TASK_STATUSES, Linkcare
from tests.integration.maintenance.oracle import Span, Tables

US, HOUR, DAY = timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)
CUT = datetime(2026, 2, 15, 12, tzinfo=UTC)
# Just after the clocks changed in one of the zones, and at the end of a month.
MOMENTS = (NOON, datetime(2026, 3, 29, 1, 30, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC))
ZONES = ("UTC", "Europe/Madrid", "America/New_York", "Asia/Kathmandu")
SPANS: tuple[Span, ...] = (
    (0, 0, 1),
    (0, 0, 7),
    (0, 1, 0),
    (0, 7, 0),
    (1, 0, 0),
    (1, 1, 2),
    (12, 0, 0),
)
NEAR = [
    offset + step * US
    for offset in (
        -HOUR,
        -HOUR / 4,
        0 * HOUR,
        HOUR,
        -DAY,
        -7 * DAY,
        -28 * DAY,
        -59 * DAY,
        -400 * DAY,
    )
    for step in (-1, 0, 1)
]

near = st.sampled_from(NEAR)
marks = st.none() | st.none() | st.sampled_from([CUT - DAY, CUT, CUT + US, NOON])
spans = st.none() | st.sampled_from(SPANS)
tasks = st.fixed_dictionaries(
    {
        "status": st.just(12) | st.sampled_from(TASK_STATUSES),
        "role_id": st.sampled_from([None, None, 24, 47]),
        "timezone": st.sampled_from(ZONES),
        "scheduled_at": near,
        "expires": spans,
        "every": spans,
        "notified_at": st.none() | near,
        "deleted_at": marks,
        "activities": st.integers(0, 2),
        "notifications": st.lists(marks, max_size=2),
    }
)
notifications = st.fixed_dictionaries(
    {
        "status": st.integers(1, 5),
        "due_at": near,
        "queued_at": near,
        "claimed_at": near,
        "deleted_at": marks,
    }
)
admissions = st.fixed_dictionaries(
    {
        "status": st.sampled_from([0, 1, 1, 1, 2, 4, 5, 6]),
        "enrolled_at": st.none() | near,
        "deleted_at": marks,
        "duration": spans,
        "place": st.integers(0, 5),
        "tasks": st.lists(tasks, max_size=4),
    }
)
# Programs by their mark, each with the marks of its subscriptions, and a number of versions.
programs = st.lists(
    st.tuples(marks, st.lists(marks, max_size=2), st.integers(1, 2)), min_size=1, max_size=3
)
cases = st.fixed_dictionaries(
    {
        "deleted_at": marks,
        "admissions": st.lists(admissions, max_size=3),
        "notifications": st.lists(notifications, max_size=2),
    }
)


_COMPUTED = ("expires_after", "recurs_every", "expires_at", "next_iteration_at", "outdated_at")


def interval(span: Span | None) -> str | None:
    return span and "{} months {} days {} hours".format(*span)


class Drawn:
    """A random database, in PostgreSQL and in lists."""

    _NOT_COLUMNS = frozenset({"expires", "every", "activities", "notifications"})

    def __init__(
        self,
        linkcare: Linkcare,
        drawn: list[dict[str, Any]],
        as_of: datetime,
        programs: list[tuple[Any, list[Any], int]],
    ) -> None:
        self.linkcare = linkcare
        self.subscriptions = [key for program in programs for key in self._program(*program)]
        self.as_of = as_of
        self.spans: dict[int, tuple[Span | None, Span | None]] = {}
        self.durations: dict[int, Span] = {}
        for case in drawn:
            key = linkcare.case(deleted_at=case["deleted_at"])
            for admission in case["admissions"]:
                self._admission(key, admission)
            for each in case["notifications"]:
                linkcare.notification(case_id=key, **self._moments(each))

    def _program(self, deleted: Any, subscriptions: list[Any], versions: int) -> list[int]:
        program = self.linkcare.program(deleted_at=deleted)
        for number in range(versions):
            self.linkcare.version(program, number + 1)
        return [self.linkcare.subscription(program, deleted_at=each) for each in subscriptions]

    def _moments(self, columns: dict[str, Any]) -> dict[str, Any]:
        return {
            name: self.as_of + value if isinstance(value, timedelta) else value
            for name, value in columns.items()
        }

    def _admission(self, case: int, drawn: dict[str, Any]) -> None:
        others = {"duration", "place", "tasks"}
        columns = self._moments({k: v for k, v in drawn.items() if k not in others})
        if self.subscriptions:
            subscription = self.subscriptions[drawn["place"] % len(self.subscriptions)]
        else:
            subscription = self.linkcare.subscription(duration=interval(drawn["duration"]))
            if drawn["duration"]:
                self.durations[subscription] = drawn["duration"]
        key = self.linkcare.admission(case_id=case, subscription_id=subscription, **columns)
        for each in drawn["tasks"]:
            task = self._moments({k: v for k, v in each.items() if k not in self._NOT_COLUMNS})
            number = self.linkcare.task(
                admission_id=key,
                expires_after=interval(each["expires"]),
                recurs_every=interval(each["every"]),
                **task,
            )
            self.spans[number] = (each["expires"], each["every"])
            for _ in range(each["activities"]):
                self.linkcare.activity(number)
            for mark in each["notifications"]:
                self.linkcare.notification(case_id=case, task_id=number, status=4, deleted_at=mark)

    def tables(self) -> Tables:
        found = {name: self.linkcare.rows(name) for name in _KEYS}
        for row in found["task"]:
            # Of spans psycopg knows no months, and the computed columns are what is tested.
            row["expires"], row["every"] = self.spans.get(row["task_id"], (None, None))
            for name in _COMPUTED:
                del row[name]
        for row in found["notification"]:
            del row["error"]
        for row in found["subscription"] + found["program"]:
            del row["duration"]
        return found


@contextmanager
def drawn_database(
    linkcare: Linkcare, drawn: Any, as_of: datetime, programs: Any = ()
) -> Iterator[Drawn]:
    with linkcare.connection.transaction(force_rollback=True):
        yield Drawn(linkcare, drawn, as_of, programs)


def compare(
    database: Drawn, task: str, expect: Callable[[Tables], None], size: int, **request: Any
) -> Tables:
    """Run the task and compare; the rows it added."""
    expected = copy.deepcopy(database.tables())
    expect(expected)
    database.linkcare.run_twice(task, as_of=database.as_of, batch_size=size, **request)
    found = database.tables()
    added = {
        name: [
            row for row in rows if row[_KEYS[name]] not in {e[_KEYS[name]] for e in expected[name]}
        ]
        for name, rows in found.items()
    }
    if task == "PURGE_DATABASE":
        assert not any(added.values())
    for name, rows in found.items():
        assert [row for row in rows if row not in added[name]] == expected[name]
    return added


_KEYS = {
    "patient_case": "case_id",
    "admission": "admission_id",
    "task": "task_id",
    "notification": "notification_id",
    "activity": "activity_id",
    "subscription": "subscription_id",
    "program": "program_id",
    "program_version": "program_version_id",
}
databases = st.lists(cases, min_size=1, max_size=3)
few = settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
sizes = st.sampled_from([1, 2, 3, 100])


@few
@given(drawn=databases, as_of=st.sampled_from(MOMENTS), size=sizes, may_expire=st.booleans())
def test_tasks_become_what_the_criteria_say(
    linkcare: Linkcare, drawn: Any, as_of: datetime, size: int, may_expire: bool
) -> None:
    with drawn_database(linkcare, drawn, as_of) as database:
        compare(
            database,
            "OUTDATED_TASKS_CHECK",
            lambda t: oracle.outdated(t, as_of, may_expire=may_expire),
            size,
            params={"may_expire": may_expire},
        )
        compare(database, "SERVICE_TASKS", lambda t: oracle.service(t, as_of), size)
        waiting = {
            row["task_id"] for row in database.tables()["task"] if row["notified_at"] is None
        }
        told = compare(
            database, "AVAILABLE_TASKS_CHECK", lambda t: oracle.available(t, as_of), size
        )["notification"]
        assert sorted(row["task_id"] for row in told) == sorted(
            row["task_id"]
            for row in database.tables()["task"]
            if row["notified_at"] == as_of and row["task_id"] in waiting
        )


@few
@given(drawn=databases, as_of=st.sampled_from(MOMENTS), size=sizes, zone=st.sampled_from(ZONES))
def test_admissions_and_notifications_become_what_the_criteria_say(
    linkcare: Linkcare, drawn: Any, as_of: datetime, size: int, zone: str
) -> None:
    with drawn_database(linkcare, drawn, as_of) as database:
        ended = {
            row["admission_id"] for row in database.tables()["admission"] if row["status"] == 4
        }
        added = compare(
            database,
            "EXPIRED_ADMISSIONS",
            lambda t: oracle.expired_admissions(t, as_of, zone, database.durations),
            size,
            timezone=zone,
        )
        now = {row["admission_id"] for row in database.tables()["admission"] if row["status"] == 4}
        assert sorted(row["admission_id"] for row in added["task"]) == sorted(now - ended)
        compare(database, "DELAYED_NOTIFICATIONS", lambda t: oracle.delayed(t, as_of), size)


@few
@given(drawn=databases, places=programs, size=sizes)
def test_the_purge_keeps_what_the_criteria_keep(
    linkcare: Linkcare, drawn: Any, places: Any, size: int
) -> None:
    with drawn_database(linkcare, drawn, NOON, places) as database:
        compare(database, "PURGE_DATABASE", lambda t: oracle.purge(t, CUT), size)
