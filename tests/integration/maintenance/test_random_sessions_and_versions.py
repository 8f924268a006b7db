"""EXPIRED_SESSIONS and ADMISSIONS_UPDATE over random rows do what plain Python says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.maintenance.linkcare import CASE_MANAGER, NOON, Linkcare

US, HOUR = timedelta(microseconds=1), timedelta(hours=1)
few = settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
sizes = st.sampled_from([1, 2, 3, 100])
# Of several sessions at the same moment, batches end between them.
idle = st.sampled_from([HOUR - US, HOUR, HOUR + US, HOUR + US, 2 * HOUR, 99 * HOUR])


@few
@given(drawn=st.lists(st.tuples(idle, st.integers(0, 3)), max_size=12), size=sizes)
def test_sessions_go_with_their_values(
    linkcare: Linkcare, drawn: list[tuple[timedelta, int]], size: int
) -> None:
    with linkcare.connection.transaction(force_rollback=True):
        user = linkcare.add("app_user", login="u")
        gone, kept, values = set(), {}, 0
        for ago, number in drawn:
            moments = {"started_at": NOON - 100 * HOUR, "last_active_at": NOON - ago}
            key = linkcare.add("session", user_id=user, **moments)
            for name in range(number):
                linkcare.connection.execute(
                    "INSERT INTO session_value VALUES (%s, %s, 'v')", (key, name)
                )
            if ago > HOUR:
                gone.add(key)
                values += number
            else:
                kept[key] = number
        params = {"max_inactive": 3600.0}
        swept = linkcare.run_twice("EXPIRED_SESSIONS", batch_size=size, params=params)
        assert swept.counts == {"sessions_removed": len(gone), "session_values_removed": values}
        assert linkcare.keys("session") == kept.keys()
        assert len(linkcare.rows("session_value")) == sum(kept.values())


versions = st.lists(
    st.tuples(st.sampled_from([None, "New plan"]), st.sampled_from([None, CASE_MANAGER])),
    min_size=1,
    max_size=5,
)
admissions = st.lists(
    st.tuples(
        st.integers(1, 5),
        st.sampled_from([0, 1, 1, 2, 4, 5, 6]),
        st.sampled_from([None, None, NOON]),
        st.booleans(),
    ),
    max_size=8,
)
asked = st.none() | st.integers(1, 6)


@few
@given(drawn=versions, staying=admissions, first=asked, last=asked, size=sizes)
def test_admissions_follow_to_the_version_that_is_asked_for(
    linkcare: Linkcare,
    drawn: list[tuple[str | None, int | None]],
    staying: list[tuple[int, int, Any, bool]],
    first: int | None,
    last: int | None,
    size: int,
) -> None:
    with linkcare.connection.transaction(force_rollback=True):
        program = linkcare.program()
        keys = [
            linkcare.version(program, number, migration_task=task, migration_role_id=role)
            for number, (task, role) in enumerate(drawn, 1)
        ]
        mine, other = linkcare.subscription(program), linkcare.subscription(program)
        # A version that there is not is nobody's.
        wanted = len(keys) if last is None else last if last <= len(keys) else 0
        expected, tasks = {}, []
        for number, status, deleted, of_mine in staying:
            present = min(number, len(keys))
            key = linkcare.admission(
                subscription_id=mine if of_mine else other,
                program_version_id=keys[present - 1],
                status=status,
                deleted_at=deleted,
            )
            lasts = of_mine and status in {1, 5, 6} and not deleted
            follows = lasts and (first or 1) <= present < wanted
            expected[key] = keys[(wanted if follows else present) - 1]
            steps = drawn[present:wanted] if follows else []
            tasks += [(key, task, role) for task, role in steps if task]
        params = {"subscription": mine, "from_version": first, "to_version": last}
        swept = linkcare.run_twice("ADMISSIONS_UPDATE", batch_size=size, params=params)
        assert swept.counts["migration_tasks_added"] == len(tasks)
        found = linkcare.rows("admission")
        assert {row["admission_id"]: row["program_version_id"] for row in found} == expected
        added = [
            (row["admission_id"], row["name"], row["role_id"]) for row in linkcare.rows("task")
        ]
        assert sorted(added, key=str) == sorted(tasks, key=str)
