"""Acknowledgements are repeated while Redis does not answer, but not for ever."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest

from system_daemon.jobs import acks
from system_daemon.jobs.acks import Acks
from system_daemon.jobs.payload import Job
from system_daemon.jobs.shift import Shift

JOB = Job(id="1", job_class="C", args=[], queue="q", raw=b"{}")


async def test_they_give_up_in_the_end_so_that_the_shift_ends_in_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = 0

    async def unanswered(_jobs: Sequence[Job]) -> list[str]:
        nonlocal asked
        asked += 1
        raise ConnectionError

    monkeypatch.setattr(acks, "GIVE_UP_S", 0.2)
    sending = Acks(unanswered, Shift(), logging.getLogger("acks"), concurrency=1)
    sending.add(JOB)
    with pytest.raises(ConnectionError):
        await sending.run()
    assert asked > 1
