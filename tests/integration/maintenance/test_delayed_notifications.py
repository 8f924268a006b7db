"""DELAYED_NOTIFICATIONS (R19): due ones are queued, lost jobs made anew, uncertain ones given up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.maintenance.linkcare import (
    FAILED,
    NOON,
    PENDING,
    QUEUED,
    SENDING,
    SENT,
    Linkcare,
)

TASK = "DELAYED_NOTIFICATIONS"
US = timedelta(microseconds=1)
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)


@pytest.mark.parametrize(
    ("columns", "count", "changes"),
    [
        ({"due_at": NOON - US}, "queued", {"status": QUEUED, "queued_at": NOON}),
        ({"due_at": NOON}, "queued", {"status": QUEUED, "queued_at": NOON}),
        ({"due_at": NOON + US}, None, {}),
        ({"due_at": NOON, "deleted_at": NOON + HOUR}, None, {}),
        ({"status": QUEUED, "queued_at": NOON - QUARTER - US}, "rescued", {"queued_at": NOON}),
        ({"status": QUEUED, "queued_at": NOON - QUARTER}, "rescued", {"queued_at": NOON}),
        ({"status": QUEUED, "queued_at": NOON - QUARTER + US}, None, {}),
        ({"status": QUEUED, "queued_at": NOON - HOUR, "deleted_at": NOON}, None, {}),
        ({"status": SENDING, "claimed_at": NOON - HOUR}, "given_up", {"status": FAILED}),
        ({"status": SENDING, "claimed_at": NOON - HOUR + US}, None, {}),
        ({"status": SENDING, "claimed_at": NOON - HOUR, "deleted_at": NOON}, None, {}),
        ({"status": SENT, "due_at": NOON - HOUR}, None, {}),
        ({"status": FAILED, "due_at": NOON - HOUR}, None, {}),
    ],
)
def test_each_state_at_its_boundary(
    linkcare: Linkcare, columns: dict[str, Any], count: str | None, changes: dict[str, Any]
) -> None:
    key = linkcare.notification(**columns)
    before = linkcare.row("notification", key)
    counts = linkcare.run_twice(TASK).counts
    assert counts == {
        f"notifications_{name}": int(name == count) for name in ("queued", "rescued", "given_up")
    }
    after = linkcare.row("notification", key)
    error = after.pop("error")
    assert after == {**{k: v for k, v in before.items() if k != "error"}, **changes}
    assert (error is not None) == (count == "given_up")


def test_nobody_writes_to_a_patient_who_was_marked_as_deleted(linkcare: Linkcare) -> None:
    case = linkcare.case(deleted_at=NOON)
    waiting = [
        linkcare.notification(case_id=case),
        linkcare.notification(case_id=case, status=QUEUED, queued_at=NOON - HOUR),
    ]
    sending = linkcare.notification(case_id=case, status=SENDING, claimed_at=NOON - HOUR)
    before = [linkcare.row("notification", key) for key in waiting]
    handed: list[int] = []
    linkcare.run(TASK, hand_over=handed.extend)
    assert handed == []
    assert [linkcare.row("notification", key) for key in waiting] == before
    assert linkcare.value("notification", sending, "status") == FAILED


def test_keys_are_handed_over_after_each_commit(linkcare: Linkcare, linkcare_url: str) -> None:
    keys = [linkcare.notification(due_at=NOON - US * number) for number in range(5)]
    lost = linkcare.notification(status=QUEUED, queued_at=NOON - HOUR)
    handed: list[int] = []

    def hand_over(ids: list[int]) -> None:
        # Whoever takes the job must find the row queued: it was committed before.
        with type(linkcare.connection).connect(linkcare_url) as other:
            found = other.execute(
                "SELECT count(*) FROM notification WHERE status = 2 AND notification_id = ANY(%s)",
                (ids,),
            ).fetchone()
        assert found == (len(ids),)
        handed.extend(ids)

    linkcare.run(TASK, batch_size=2, hand_over=hand_over)
    assert sorted(handed) == sorted([*keys, lost])


def test_what_could_not_be_handed_over_is_rescued(linkcare: Linkcare) -> None:
    key = linkcare.notification()

    def away(_: list[int]) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        linkcare.run(TASK, hand_over=away)
    assert linkcare.value("notification", key, "status") == QUEUED
    handed: list[int] = []
    linkcare.run(TASK, as_of=NOON + QUARTER, hand_over=handed.extend)
    assert handed == [key]
    assert linkcare.value("notification", key, "status") != PENDING
