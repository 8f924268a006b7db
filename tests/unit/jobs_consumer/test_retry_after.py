"""Retry-After: seconds or a date, by the server's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from multidict import CIMultiDict

from system_daemon.jobs.handlers.retry_after import LONGEST_S, SHORTEST_S, pause

DATE = datetime(2030, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (429, "7", 7),
        (503, "7", 7),
        (503, None, None),
        (429, None, 5),
        (429, "soon", 5),
        (503, "soon", None),
        (503, "-3", None),
        (503, "99999999999999999999", LONGEST_S),
        (503, "0", SHORTEST_S),
        (500, "7", None),
        (200, "7", None),
        (503, format_datetime(DATE + timedelta(seconds=90), usegmt=True), 90),
        (503, format_datetime(DATE - timedelta(seconds=90), usegmt=True), SHORTEST_S),
        (503, "Mon, 06 May 2030 07:09:09 -0000", 60),
        (503, "٣", None),
    ],
)
def test_pauses(status: int, header: str | None, seconds: float | None) -> None:
    headers = CIMultiDict({"Date": format_datetime(DATE, usegmt=True)})
    if header is not None:
        headers["Retry-After"] = header
    assert pause(status, headers) == seconds
